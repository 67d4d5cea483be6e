"""The evaluator at work beside a writer: follow the log, judge every instant, write what changed.

    1. read the head H
    2. take in every commit there is: all rows known at or before H are among them
    3. judge every multiple of 5 s not above H that was not judged yet, and write its transitions
    4. too far behind: the instants up to the newest are skipped, and a row says so

What was written can be worked out again at any time (:func:`replay`): the same transitions, bit
for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from threading import Event
from typing import Any

import numpy as np

from tideline.domain.fields import MARKET
from tideline.domain.time import MINUTE, Clock
from tideline.log import Log
from tideline.readings.catalogue import RULES
from tideline.readings.profiles import DEFAULT, Profile
from tideline.readings.rule import Rule
from tideline.readings.transitions import States, Transition, advance, standing_after
from tideline.store.evaluator import WINDOWS, Evaluator
from tideline.store.scanning import AssetScan
from tideline.store.transition_rows import (
    CADENCE_US,
    Row,
    judged_up_to,
    pulse_row,
    row_of,
    skipped_in,
    skipped_row,
    table_of,
    transitions_in,
)

Append = Callable[[Any], object]
"""A writer's append."""

MOST_BEHIND_US = MINUTE
"""Farther behind the head, instants are skipped."""
PULSE_US = MINUTE
LONGEST_PAUSE_S = 5.0


class Judging:
    """Judges and writes. One at a time for a store."""

    def __init__(
        self,
        log: Log,
        append: Append,
        *,
        rules: Sequence[Rule] = RULES,
        windows: Sequence[str] = WINDOWS,
        profile: Profile = DEFAULT,
        assets: Iterable[str] | None = None,
    ) -> None:
        self._log, self._append = log, append
        state = log.viewer.state()
        self._seq, head = state.last_seq, int(state.head)
        keys = {rule.key for rule in rules}
        states = {
            asset: {track: s for track, s in standing_before(log, asset, head).items()
                    if track[0] in keys}
            for asset in log.assets() if asset != MARKET
        }  # fmt: skip
        self.evaluator = Evaluator(
            log, rules=rules, windows=windows, profile=profile, assets=assets, states=states
        )
        self.evaluator.followed = head
        judged = judged_up_to(log, head)
        last = head if judged is None else max(judged, _last_told(log, head))
        self.next = (last // CADENCE_US + 1) * CADENCE_US
        self.judged = self.skipped = self.written = 0

    def step(self) -> int:
        """One round; how many instants were judged."""
        head = int(self._log.head())
        for commit in self._log.follow(self._seq, poll_s=0.0, idle_s=0.0):
            self._seq = commit.seq
            self.evaluator.follow(commit)
        newest = head // CADENCE_US * CADENCE_US
        if newest - self.next > MOST_BEHIND_US:
            self._write([skipped_row(self.next, newest)])
            self.skipped += (newest - self.next) // CADENCE_US
            self.next = newest
        done = 0
        while self.next <= newest:
            found = self.evaluator.judge(self.next)
            rows = [row_of(one) for one in found]
            if self.next % PULSE_US == 0:
                rows.append(pulse_row(self.next))
            self._write(rows)
            self.written += len(found)
            self.next += CADENCE_US
            done += 1
        self.judged += done
        return done

    def run(self, stop: Event, clock: Clock, pause_s: float = 0.5) -> None:
        """Until told to stop. What took long is followed by as long a pause: others work too."""
        while not stop.is_set():
            began = clock.monotonic()
            self.step()
            took = clock.monotonic() - began
            clock.sleep(min(max(took, pause_s), LONGEST_PAUSE_S))

    def _write(self, rows: list[Row]) -> None:
        if rows:
            self._append(table_of(rows))


def standing_before(log: Log, asset: str, as_of: int, start: int | None = None) -> States:
    """Where the tracks of an asset stand by the transitions known at as_of (before ``start``)."""
    told = [one.transition for one in transitions_in(log, asset, as_of)]
    before = [one for one in told if start is None or one.as_of < start]
    return standing_after(before).get(asset, {})


def replay(
    log: Log,
    start: int,
    end: int,
    *,
    rules: Sequence[Rule] = RULES,
    windows: Sequence[str] = WINDOWS,
    profile: Profile = DEFAULT,
    assets: Iterable[str] | None = None,
    lived: bool = True,
) -> list[Transition]:
    """The transitions of every instant from ``start`` to ``end``, worked out from the log anew.

    Instants that were skipped are skipped again; the tracks stand at first as the transitions
    before ``start`` left them. By moment, then by asset, then in the order of the rules.

    ``lived``: a row counts from the commit that brought it, as it did when the instant was judged;
    else as in any question of the past, before the store began to record the asset from its
    known_time, which of imported history is modelled: how a day that was never judged would have
    been.
    """
    log.check_as_of(end)
    head = int(log.head())
    first = -(-start // CADENCE_US) * CADENCE_US
    grid = np.arange(first, end + 1, CADENCE_US, dtype=np.int64)
    for low, high in skipped_in(log, head):
        grid = grid[(grid < low) | (grid >= high)]
    held = [asset for asset in log.assets() if asset != MARKET]
    found: list[Transition] = []
    for asset in held if assets is None else assets:
        states = standing_before(log, asset, head, first)
        scan = AssetScan(log, asset, windows, rules, profile, lived=lived)
        for filler, moments in scan.fillers(grid):
            for moment in moments.tolist():
                given_for = partial(filler.given, moment)
                found += advance(asset, states, given_for, windows, rules, profile)
    return sorted(found, key=lambda one: (one.as_of, one.asset))


def _last_told(log: Log, head: int) -> int:
    """The newest instant of any transition or skipped stretch."""
    newest = [end - CADENCE_US for _, end in skipped_in(log, head)]
    for asset in log.assets():
        if asset != MARKET:
            newest += [one.transition.as_of for one in transitions_in(log, asset, head)[-1:]]
    return max(newest, default=0)
