"""Where some tracks of some assets stand, moved on head by head from the commits that come.

    begin    the states the log says were entered, judged again at the first moment
    move     every multiple of 5 s would do; the newest not above the head is taken

The machine is that of the evaluator, on the same grid: where both look at every instant, what
changes here is what it writes to the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from tideline.domain.errors import UnknownName
from tideline.log import Log
from tideline.readings.asking import Track
from tideline.readings.catalogue import RULES, rule_named
from tideline.readings.transitions import Standing, States, Transition, advance_track
from tideline.store.evaluator import Evaluator
from tideline.store.held import HeldAsset
from tideline.store.judging import standing_before
from tideline.store.scanning import AssetScan
from tideline.store.transition_rows import CADENCE_US

Stand = tuple[tuple[Track, Standing], ...]
"""The tracks that are in a state, in the order asked."""


def instant_of(head: int) -> int:
    """The newest instant that is judged at this head."""
    return head // CADENCE_US * CADENCE_US


class Tracking:
    """Tracks of any assets. One thread at a time."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._evaluator: Evaluator | None = None
        self._windows: frozenset[str] = frozenset()
        self._seq = 0
        self._states: dict[str, States] = {}
        self._begun: dict[str, set[Track]] = {}
        self._at: dict[str, int] = {}

    def move(self, asset: str, tracks: Sequence[Track], head: int) -> list[Transition]:
        """What changed up to the newest instant not above ``head``, in the order of ``tracks``.

        Tracks that are new only begin: where they stand is told by :meth:`standing`.
        """
        at = max(instant_of(head), self._at.get(asset, 0))
        begun = self._begun.setdefault(asset, set())
        new = set(tracks) - begun
        if at == self._at.get(asset) and not new:
            return []
        states = self._states.setdefault(asset, {})
        if new:
            told = standing_before(self._log, asset, at)
            states.update({track: told[track] for track in new if track in told})
        held = self._ready(asset, tracks, at)
        found = []
        for key, window in tracks:
            given = held.given(at, window)
            moved = advance_track(asset, states, given, rule_named(key), window)
            if moved is not None and (key, window) not in new:
                found.append(moved)
        begun |= new
        self._at[asset] = at
        return found

    def standing(self, asset: str, tracks: Iterable[Track]) -> Stand:
        """Of these tracks, which were moved before, those that are in a state."""
        states = self._states.get(asset, {})
        return tuple((track, states[track]) for track in tracks if track in states)

    def keep(self, wanted: Iterable[tuple[str, Track]]) -> None:
        """Forget every track but these, and the rows of assets without any."""
        kept: dict[str, set[Track]] = {}
        for asset, track in wanted:
            kept.setdefault(asset, set()).add(track)
        for asset in list(self._begun):
            left = self._begun[asset] & kept.get(asset, set())
            if left:
                self._begun[asset] = left
                states = self._states[asset]
                self._states[asset] = {t: one for t, one in states.items() if t in left}
                continue
            del self._begun[asset], self._states[asset]
            self._at.pop(asset, None)
            if self._evaluator is not None:
                self._evaluator.drop(asset)

    def _ready(self, asset: str, tracks: Iterable[Track], at: int) -> HeldAsset:
        """The asset's rows up to now; ``at`` must not lie above a head read before."""
        asked = {window for key, window in tracks if not rule_named(key).windows}
        if self._evaluator is None or not asked <= self._windows:
            self._windows |= asked
            state = self._log.viewer.state()
            self._seq = state.last_seq
            self._evaluator = Evaluator(self._log, rules=RULES, windows=sorted(self._windows))
            self._evaluator.followed = int(state.head)
        for commit in self._log.follow(self._seq, poll_s=0.0, idle_s=0.0):
            self._seq = commit.seq
            self._evaluator.follow(commit)
        if asset not in self._evaluator.held:
            raise UnknownName("asset", asset, self._evaluator.held)
        held = self._evaluator.held[asset]
        held.ready(max(self._evaluator.followed, at), at)
        return held


def stood_at(log: Log, asset: str, tracks: Sequence[Track], as_of: int) -> Stand:
    """Where these tracks stood at a moment of the past, from the log alone, as it was lived."""
    at = instant_of(as_of)
    told = standing_before(log, asset, at)
    states = {track: told[track] for track in tracks if track in told}
    rules = [rule_named(key) for key in dict.fromkeys(key for key, _ in tracks)]
    windows = list(dict.fromkeys(window for _, window in tracks))
    scan = AssetScan(log, asset, windows, rules, lived=True)
    for filler, moments in scan.fillers(np.array([at], np.int64)):
        for moment in moments.tolist():
            for key, window in tracks:
                given = filler.given(moment, window)
                advance_track(asset, states, given, rule_named(key), window)
    return tuple((track, states[track]) for track in tracks if track in states)
