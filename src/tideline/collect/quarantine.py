"""Which offered snapshots are suspect, which suspects are released, and the breaks that remain.

1. Snapshots stand in event order, revisions of one event in log order. A snapshot is judged
   against the newest snapshot before it that is represented (not suspect itself).
2. Nearly always nothing is suspect, so all are first judged at once as if each possible predecessor
   were represented; only where one fails does a walk follow, until it meets that assumption again.
3. A suspect is released when the next 3 snapshots stay within 10 % of it: a new row, ok, known when
   the last of them is. Impossible values are released by hand only.
4. A released level that no convention explains is a break.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tideline.collect.availability import AT_COMMIT
from tideline.collect.legrows import Bools, Ints
from tideline.collect.suspicion import Snapshots, Traded, impossible, suspicious

RELEASE_AFTER = 3
RELEASE_WITHIN = 0.10

Explained = Callable[[int, int], bool]
"""Does a convention change between two event times (after the first, up to the second)?"""


@dataclass(frozen=True, slots=True)
class Level:
    """The snapshots of one leg as the quarantine sees them, stored and fresh together.

    ``fresh`` marks the offered rows; ``ok`` is meant for stored ones only; ``known`` may be
    AT_COMMIT; ``confirmed`` are event times looked at by hand.
    """

    shots: Snapshots
    fresh: Bools
    ok: Bools
    known: Ints
    first_event: int
    traded: Traded
    confirmed: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Release:
    """A suspect (its place in the level) that turned out to be a level; known when decided.

    ``break_ratio`` is new over old where a break has to be written, else None.
    """

    place: int
    known: int
    break_ratio: float | None
    previous: int | None = None


def judge(level: Level) -> Bools:
    """``ok`` of every snapshot of the level, the fresh ones judged."""
    ok = level.ok | (level.fresh & ~impossible(level.shots.value))
    before = _before(level.shots.event, ok)
    seen = np.flatnonzero(level.fresh)
    if not len(seen):
        return ok
    flagged = np.zeros(len(ok), np.bool_)
    flagged[seen] = _against(level, seen, before[seen])
    if flagged.any():
        _walk(level, ok, before, flagged)
    return ok


def _before(event: Ints, ok: Bools) -> Ints:
    """Per snapshot the place of the last ok one of an earlier event, -1 when there is none."""
    place = np.where(ok, np.arange(len(event)), -1)
    newest = np.maximum.accumulate(place) if len(place) else place
    starts = np.searchsorted(event, event, side="left")
    return np.where(starts > 0, newest[np.maximum(starts - 1, 0)], -1)


def _against(level: Level, now: Ints, before: Ints) -> Bools:
    shots = level.shots
    lone = before < 0
    found = suspicious(
        shots.at(now), shots.at(np.where(lone, now, before)), level.first_event, level.traded
    )
    return np.where(lone, impossible(shots.value[now]), found)


def _walk(level: Level, ok: Bools, assumed: Ints, flagged: Bools) -> None:
    """Settle ``ok`` in event order from each flagged snapshot until the assumption holds again."""
    event = level.shots.event
    marks = np.flatnonzero(flagged)
    at = 0
    for mark in marks.tolist():
        if mark < at:
            continue
        at = int(np.searchsorted(event, event[mark], side="left"))
        before = int(assumed[at])
        while at < len(event):
            end = int(np.searchsorted(event, event[at], side="right"))
            for place in range(at, end):
                if level.fresh[place]:
                    ok[place] = not _one(level, place, before, int(assumed[place]), flagged)
            standing = np.flatnonzero(ok[at:end])
            before = at + int(standing[-1]) if len(standing) else before
            at = end
            if at < len(event) and before == int(assumed[at]):
                break


def _one(level: Level, place: int, before: int, assumed: int, flagged: Bools) -> bool:
    if before == assumed:
        return bool(flagged[place])
    return bool(_against(level, np.array([place]), np.array([before]))[0])


def releases(level: Level, ok: Bools, explained: Explained) -> list[Release]:
    """The suspects that the next three snapshots bear out, in event order."""
    event, value = level.shots.event, level.shots.value
    standing = ok.copy()
    found: list[Release] = []
    for place in np.flatnonzero(~ok).tolist():
        deciding = _next_three(event, place)
        if deciding is None or impossible(value[place : place + 1])[0]:
            continue
        if int(event[place]) in level.confirmed or _corrected(level, ok, place):
            continue
        if not (level.fresh[place] or level.fresh[deciding].any()):
            continue
        off = np.abs(value[deciding] - value[place])
        if not bool((off <= RELEASE_WITHIN * value[place]).all()):
            continue
        known = level.known[np.append(deciding, place)]
        when = AT_COMMIT if (known == AT_COMMIT).any() else int(known.max())
        previous = int(_before(event, standing)[place])
        standing[place] = True
        found.append(_released(level, place, when, previous, explained))
    return found


def _next_three(event: Ints, place: int) -> Ints | None:
    """The latest revisions of the next three events, None if there are not three yet."""
    found: list[int] = []
    at = int(np.searchsorted(event, event[place], side="right"))
    while at < len(event) and len(found) < RELEASE_AFTER:
        at = int(np.searchsorted(event, event[at], side="right"))
        found.append(at - 1)
    return np.array(found, np.int64) if len(found) == RELEASE_AFTER else None


def _corrected(level: Level, ok: Bools, place: int) -> bool:
    """Has a later revision of the same event already taken this suspect's place?"""
    end = int(np.searchsorted(level.shots.event, level.shots.event[place], side="right"))
    return bool(ok[place + 1 : end].any())


def _released(level: Level, place: int, known: int, previous: int, explained: Explained) -> Release:
    if previous < 0:
        return Release(place, known, None)
    shots = level.shots
    if explained(int(shots.event[previous]), int(shots.event[place])):
        return Release(place, known, None, previous)
    if not _against(level, np.array([place]), np.array([previous]))[0]:
        return Release(place, known, None, previous)
    return Release(place, known, float(shots.value[place] / shots.value[previous]), previous)
