"""Readings as the interface gives them: asked of the store, kept for a few seconds at the head."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import msgspec

from tideline.domain.errors import UnknownName
from tideline.domain.time import SECOND
from tideline.readings.asking import Track
from tideline.readings.bands import MODES, Mode
from tideline.readings.cadence import SUB_WINDOWS
from tideline.readings.catalogue import PRICE_OI, RULES, rule_named
from tideline.readings.naming import rules_called, states_of, windows_of
from tideline.readings.parameters import DEFAULTS
from tideline.readings.position_report import PositionReport
from tideline.readings.price_oi import addresses
from tideline.readings.price_oi_rule import price_oi_rule
from tideline.readings.reading import Reading
from tideline.readings.rule import Rule
from tideline.serve.asking import names_in
from tideline.serve.entitlement import allowed, require
from tideline.serve.shapes import ReadingEntry
from tideline.serve.times import moment
from tideline.settings import PLANS, Plan
from tideline.store import Store

_R1 = {mode: price_oi_rule(mode) for mode in MODES}
_Kind: TypeAlias = tuple[str, Mode, tuple[str, ...]]

KEPT_US = 5 * SECOND
"""A scan at the head is worked out anew after so long; it always bears the moment it is of."""


def needed(window: str) -> tuple[str, ...]:
    """The addresses a reading on ``window`` stands on: what a plan must allow.

    Raises:
        UnknownName: no window of readings.
    """
    if window not in SUB_WINDOWS:
        raise UnknownName("window", window[:20], SUB_WINDOWS)
    return addresses(window)


def mode_named(name: str) -> Mode:
    """adaptive or fixed.

    Raises:
        UnknownName: neither.
    """
    if name not in MODES:
        raise UnknownName("bands", name[:20], MODES)
    return "fixed" if name == "fixed" else "adaptive"


def wire_reading(reading: Reading) -> dict[str, Any]:
    """A reading as JSON data; what is not finite is null."""
    facts: dict[str, Any] = msgspec.to_builtins(reading)
    return {**facts, "as_of": moment(reading.as_of)}


def rules_named(text: str | None, mode: Mode, plan: Plan, window: str) -> tuple[Rule, ...]:
    """The rules named, ``R1,R3.kind``, in the order of the catalogue; None: all whose numbers the
    plan may ask.

    Raises:
        UnknownName: no such reading.
        NotEntitled: a reading that was named stands on what the plan lacks.
    """
    if text is None:
        found = [rule for rule in RULES if may_read(plan, tracks_on(rule, window))]
    else:
        names = names_in(text, "readings", len(RULES))
        keys = {rule.key for name in names for rule in rules_called(name)}
        found = [rule for rule in RULES if rule.key in keys]
        require_readings(plan, [track for rule in found for track in tracks_on(rule, window)])
    return tuple(_R1[mode] if rule.key == PRICE_OI.key else rule for rule in found)


def tracks_on(rule: Rule, window: str) -> list[Track]:
    """What is judged of a rule when ``window`` is asked."""
    return [(rule.key, each) for each in rule.windows_for(window)]


def require_readings(plan: Plan, tracks: Iterable[Track]) -> None:
    """May the plan ask all that these tracks stand on?

    Raises:
        NotEntitled: names what is missing and the first plan that has it.
    """
    require(plan, addresses=[name for track in tracks for name in track_addresses(track)])


def may_read(plan: Plan, tracks: Iterable[Track]) -> bool:
    """The same as a question."""
    return all(allowed(plan, name) for track in tracks for name in track_addresses(track))


@lru_cache(maxsize=1024)
def track_addresses(track: Track) -> tuple[str, ...]:
    """The addresses a rule stands on when it is judged on a window."""
    key, window = track
    if key == PRICE_OI.key:
        return needed(window)
    wants = rule_named(key).wants(window, DEFAULTS)
    paths = [f"{path.signal}@{path.window}" for path in wants.paths]
    return tuple(dict.fromkeys((*wants.at, *paths)))


def worth_telling(reading: Reading) -> bool:
    """A state; R1 also where nothing is going on or nothing can be told, so that no asset is
    left out of a scan."""
    return reading.entry == PRICE_OI.key or (reading.told and not reading.quiet)


def reading_entries(plan: Plan, plans: Sequence[Plan] = PLANS) -> list[ReadingEntry]:
    """The rules of all readings as the catalogue shows them."""
    return [
        ReadingEntry(
            name=rule.key,
            reading=rule.reading,
            title=rule.title,
            says=rule.says,
            formula=rule.formula,
            states=list(states_of(rule)),
            windows=list(windows_of(rule)),
            unlocked_by=next((one.name for one in plans if _reads(one, rule)), None),
            entitled=_reads(plan, rule),
        )
        for rule in RULES
    ]


def _reads(plan: Plan, rule: Rule) -> bool:
    """On whatever window."""
    return any(may_read(plan, [(rule.key, window)]) for window in windows_of(rule))


def wire_report(report: PositionReport, *, simulated: bool) -> dict[str, Any]:
    """A position report as JSON data; moments in RFC 3339."""
    facts: dict[str, Any] = msgspec.to_builtins(report)
    like = facts["analogues"]
    like["as_of"] = moment(report.analogues.as_of)
    for chosen in like["chosen"]:
        chosen["at"] = moment(chosen["at"])
    return {"simulated": simulated, **facts, "as_of": moment(report.as_of)}


class Scans:
    """Scans of every asset, each worked out once for all who ask."""

    def __init__(self, store: Store) -> None:
        self._store, self._lock = store, threading.Lock()
        self._kept: dict[_Kind, tuple[int, list[Reading]]] = {}

    def at_head(
        self, head: int, window: str, mode: Mode, rules: Sequence[Rule] = (PRICE_OI,)
    ) -> tuple[int, list[Reading]]:
        """The newest scan, at most a few seconds old: its moment and the readings, ranked."""
        kind = (window, mode, tuple(rule.key for rule in rules))
        with self._lock:  # whoever comes meanwhile waits for the same scan
            found = self._kept.get(kind)
            if found is None or head - found[0] > KEPT_US:
                found = (head, self.of(head, window, mode, rules))
                self._kept[kind] = found
            return found

    def of(
        self, as_of: int, window: str, mode: Mode, rules: Sequence[Rule] = (PRICE_OI,)
    ) -> list[Reading]:
        """The readings of every asset at one moment, ranked: R1 alone by strength."""
        if [rule.key for rule in rules] == [PRICE_OI.key]:
            return self._store.scan(as_of, window=window, bands=mode)
        found = self._store.readings(None, as_of, window, rules=rules)
        return [reading for reading in found if worth_telling(reading)]

    def asset(self, asset: str, as_of: int, window: str, rules: Sequence[Rule]) -> list[Reading]:
        """The readings of one asset at one moment, in the order of the catalogue."""
        return self._store.readings(asset, as_of, window, rules=rules)
