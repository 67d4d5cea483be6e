"""Every asset's rules at every multiple of five seconds, and what changed.

    follow(commit)   new rows to the assets they belong to
    judge(T)         every rule of every asset at T, as known at T: the transitions

Only the rows of commits that were followed are looked at, so T must not be above the last of them
(or above a head read before following). A row is known from the commit that brought it
(:mod:`.lived`): what is back-filled while instants are judged was not there before. The same engine
answers as for any other question, so a replay from the log gives the same transitions, bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from tideline.domain.fields import MARKET, TEXTS
from tideline.domain.time import SECOND
from tideline.log import Log
from tideline.log.records import Commit
from tideline.log.schema import int_times
from tideline.readings.catalogue import RULES
from tideline.readings.profiles import DEFAULT, Profile
from tideline.readings.rule import Rule
from tideline.readings.transitions import States, Transition, advance
from tideline.store.filling import wants_of
from tideline.store.held import HeldAsset, NewRow
from tideline.store.knowledge import FACT_FIELDS, FactRow, fact_rows
from tideline.store.lived import commit_as_lived
from tideline.store.transition_rows import VENUE

WINDOWS: tuple[str, ...] = ("15m", "45m", "4h")
"""The windows judged all the time."""


class Evaluator:
    """The rules of all assets, held in memory and moved on commit by commit."""

    def __init__(
        self,
        log: Log,
        *,
        rules: Sequence[Rule] = RULES,
        windows: Sequence[str] = WINDOWS,
        profile: Profile = DEFAULT,
        assets: Iterable[str] | None = None,
        states: Mapping[str, States] | None = None,
    ) -> None:
        """``assets``: these alone; else every asset of the store, new ones as they appear.
        ``states``: where the tracks stand to begin with."""
        self._log, self._rules, self._windows = log, tuple(rules), tuple(windows)
        self._profile = profile
        self._wants = wants_of(self._rules, self._windows, profile.parameters)
        self._only = None if assets is None else frozenset(assets)
        self.held: dict[str, HeldAsset] = {}
        self.states: dict[str, States] = {k: dict(v) for k, v in (states or {}).items()}
        self.followed = 0
        for asset in log.assets():
            self._hold(asset)

    def follow(self, commit: Commit) -> None:
        """Take in the rows of the next commit."""
        self.followed = max(self.followed, commit.known_time)
        for asset, rows, facts in _by_asset(commit):
            if asset == MARKET:
                for held in self.held.values():
                    held.take(commit.known_time, (), facts)
            elif self._hold(asset):
                self.held[asset].take(commit.known_time, rows, facts)

    def judge(self, as_of: int) -> list[Transition]:
        """What changes at as_of, by asset and in the order of the rules."""
        found: list[Transition] = []
        for asset in sorted(self.held):
            held = self.held[asset]
            held.ready(max(self.followed, as_of), as_of)
            states = self.states.setdefault(asset, {})
            given_for = partial(held.given, as_of)
            found += advance(asset, states, given_for, self._windows, self._rules, self._profile)
        return found

    def drop(self, asset: str) -> None:
        """Let go of an asset's rows; they are read again when it is next asked."""
        self.held.pop(asset, None)
        self._hold(asset)

    def _hold(self, asset: str) -> bool:
        if asset == MARKET or (self._only is not None and asset not in self._only):
            return False
        if asset not in self.held:
            self.held[asset] = HeldAsset(self._log, asset, self._wants, self._profile)
        return True


def _by_asset(commit: Commit) -> list[tuple[str, list[NewRow], list[FactRow]]]:
    """The rows of a commit by asset: observations (suspects do not represent) and facts.

    All are known from the commit on (:mod:`.lived`).
    """
    if commit.table is None or not commit.table.num_rows:
        return []
    table = commit_as_lived(commit)
    words = [
        table.column(name).to_pylist()
        for name in ("asset", "venue", "instrument", "field", "status", "basis")
    ]
    event, known = int_times(table.column("event_time")).tolist(), commit.known_time
    value, cadence = (table.column(name).to_pylist() for name in ("value", "cadence_s"))
    rows: dict[str, list[NewRow]] = {}
    facts: dict[str, list[FactRow]] = {}
    for k, (asset, venue, instrument, field, status, basis) in enumerate(zip(*words, strict=True)):
        if venue == VENUE:
            continue
        mine = rows.setdefault(asset, [])
        if status == "ok" and field not in TEXTS:
            us = round((cadence[k] or 0.0) * SECOND)
            key = (venue, instrument, field)
            mine.append((key, event[k], known, value[k], us, int(basis != "recorded")))
        if field in FACT_FIELDS:
            one = [replace(row, known=known) for row in fact_rows(table.slice(k, 1))]
            facts.setdefault(asset, []).extend(one)
    return [(asset, mine, facts.get(asset, [])) for asset, mine in rows.items()]
