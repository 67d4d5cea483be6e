"""The quarantine of one group's open interest, one snapshot after the other.

The same rules as ``collect.quarantine`` applies to a whole series: a snapshot is judged against the
newest represented one of an earlier event; a suspect is released when the next 3 events stay
within 10 % of it; a release that no convention explains, and that would be suspect against the
level before it, is a break. Whatever is not plainly unremarkable is judged by the very function of
the series. Releases do not stand in later judgements, as they do not within one series.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from tideline.collect.quarantine import RELEASE_AFTER, RELEASE_WITHIN
from tideline.collect.suspicion import (
    ABSURD,
    BAR_FIT,
    MAX_CADENCES,
    Snapshots,
    Traded,
    nothing_traded,
    suspicious,
)
from tideline.domain.time import SECOND

NAN = float("nan")
MOST_WAITING = 512
CALM_LOW, CALM_HIGH = 0.70, 1.34
"""Ratios between which neither a step (2, 1/2, 10^n) nor a leap (35 %) can be met."""


class Shot(NamedTuple):
    """A snapshot and what is known beside it; NaN where unknown."""

    event: int
    value: float
    cadence_s: float
    mark: float = NAN
    notional: float = NAN


class Waiting:
    """A suspect that the next events may bear out. ``twin`` is its notional, None without one."""

    __slots__ = ("after", "before", "shot", "tag")

    def __init__(self, shot: Shot, before: Shot | None, tag: object) -> None:
        self.shot, self.before, self.tag = shot, before, tag
        self.after: list[tuple[int, float]] = []


class Freed(NamedTuple):
    """A suspect released. ``break_from`` is the level before it where a break has to be written."""

    shot: Shot
    tag: object
    break_from: Shot | None


_NOTHING = nothing_traded()

Explained = Callable[[int, int], bool]


class Vigil:
    """The judge of one group. Snapshots come in event order; others are judged by ``alone``."""

    __slots__ = ("_earlier", "_last", "_released", "_waiting", "first_event", "newest")

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Forget every level: another instrument bears the name now."""
        self.first_event: int | None = None
        self.newest = -(2**62)
        self._last: Shot | None = None
        self._earlier: Shot | None = None
        self._waiting: list[Waiting] = []
        self._released: Shot | None = None

    def begin(self, last: Shot, first_event: int) -> None:
        """Go on from what the log holds."""
        self._last, self.first_event = last, first_event
        self.newest = max(self.newest, last.event)

    def judge(self, shot: Shot, traded: Traded | None = None, tag: object = None) -> bool:
        """Is this snapshot to be believed? ``tag`` is handed back when a suspect is released."""
        event, value = shot.event, shot.value
        if self.first_event is None or event < self.first_event:
            self.first_event = event
        self.newest = max(self.newest, event)
        last = self._last
        before = last if last is None or last.event < event else self._earlier
        ok = self._believed(shot, before, traded)
        if not ok:
            if 0.0 < value < ABSURD:
                self._waiting.append(Waiting(shot, before, tag))
                del self._waiting[:-MOST_WAITING]
            return False
        if last is None or last.event <= event:
            if last is not None and last.event < event:
                self._earlier = last
            self._last = shot
        if self._waiting and any(one.shot.event == event for one in self._waiting):
            self._waiting = [one for one in self._waiting if one.shot.event != event]
        return True

    def calm(self, shot: Shot, bar_us: int) -> bool:
        """Take a snapshot that nothing could be said against, at once; False: it must be judged.

        ``bar_us``: length of the volume bars, 0 when there are none.
        """
        last, event = self._last, shot[0]
        if last is None or self._waiting or event <= self.newest or last[0] >= event:
            return False
        if bar_us and event - last[0] >= (1 - BAR_FIT) * bar_us:
            return False
        value, before = shot[1], last[1]
        if not CALM_LOW * before < value < CALM_HIGH * before or not value < ABSURD:
            return False
        self.newest, self._earlier, self._last = event, last, shot
        return True

    def alone(self, shot: Shot, before: Shot | None) -> bool:
        """Judge a snapshot that is older than the newest, against its neighbour in memory."""
        return self._believed(shot, before, None)

    def standing(self, event: int) -> int | None:
        """The event of the snapshot that one of ``event`` would be judged against."""
        last = self._last
        if last is not None and last.event >= event:
            last = self._earlier
        return None if last is None else last.event

    @property
    def waiting(self) -> bool:
        """Are there suspects that later snapshots may bear out?"""
        return bool(self._waiting)

    def waits(self, event: int) -> bool:
        """Does a suspect of that event wait?"""
        return any(one.shot.event == event for one in self._waiting)

    def follow(
        self, event: int, value: float, explained: Explained, traded: Traded | None = None
    ) -> list[Freed]:
        """What the snapshot of ``event`` decides about the suspects before it."""
        if not self._waiting:
            return []
        found, left = [], []
        for one in self._waiting:
            if one.shot.event >= event:
                left.append(one)
                continue
            if one.after and one.after[-1][0] == event:
                one.after[-1] = (event, value)
            else:
                one.after.append((event, value))
            if len(one.after) < RELEASE_AFTER:
                left.append(one)
            elif _borne_out(one):
                found.append(self._freed(one, explained, traded))
        self._waiting = left
        return found

    def _believed(self, shot: Shot, before: Shot | None, traded: Traded | None) -> bool:
        value = shot.value
        if not 0.0 < value < ABSURD:
            return False
        if before is None:
            return True
        age = shot.event - before.event
        if age > MAX_CADENCES * shot.cadence_s * SECOND or age <= 0:
            return True
        if traded is None and CALM_LOW * before.value < value < CALM_HIGH * before.value:
            return True
        first = self.first_event if self.first_event is not None else shot.event
        known = _NOTHING if traded is None else traded
        return not bool(suspicious(_one(shot), _one(before), first, known)[0])

    def _freed(self, one: Waiting, explained: Explained, traded: Traded | None) -> Freed:
        shot, before = one.shot, one.before
        released = self._released
        since = before.event if before is not None else -(2**62)
        if released is not None and since < released.event < shot.event:
            before = released
        if released is None or released.event < shot.event:
            self._released = shot
        broken = (
            before is not None
            and not explained(before.event, shot.event)
            and not self._believed(shot, before, traded)
        )
        return Freed(shot, one.tag, before if broken else None)


def _borne_out(one: Waiting) -> bool:
    value = one.shot.value
    return all(abs(later - value) <= RELEASE_WITHIN * value for _, later in one.after)


def _one(shot: Shot) -> Snapshots:
    return Snapshots(
        np.array([shot.event], np.int64),
        np.array([shot.value]),
        np.array([shot.cadence_s]),
        np.array([shot.mark]),
        np.array([shot.notional]),
    )
