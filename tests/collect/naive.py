"""Slow, obvious models of what the importers do, written from the rules alone."""

from __future__ import annotations

import math


def availability(
    imports: list[list[tuple[int, float]]], lag: int
) -> tuple[dict[int, list[tuple[float, int]]], list[tuple[int, int]]]:
    """Per event its revisions (value, known; known is -k for the k-th import's commit).

    Also per import (duplicates, restatements). One value after the other, no arrays.
    """
    held: dict[int, list[tuple[float, int]]] = {}
    counts = []
    for number, rows in enumerate(imports, start=1):
        duplicates = restated = 0
        chains: dict[int, list[float]] = {}
        for event, value in rows:
            chains.setdefault(event, []).append(value)
        for event, chain in chains.items():
            have = held.setdefault(event, [])
            if len(chain) > 1 and _ends_with([v for v, _ in have], chain):
                duplicates += len(chain)
                continue
            for value in chain:
                if have and have[-1][0] == value:
                    duplicates += 1
                elif have:
                    have.append((value, -number))
                    restated += 1
                else:
                    have.append((value, event + lag))
        counts.append((duplicates, restated))
    return held, counts


def _collapse(values: list[float]) -> list[float]:
    return [v for i, v in enumerate(values) if i == 0 or values[i - 1] != v]


def _ends_with(have: list[float], chain: list[float]) -> bool:
    have, chain = _collapse(have), _collapse(chain)
    return len(chain) <= len(have) and have[len(have) - len(chain) :] == chain


DAY = 86_400_000_000


def suspect(value, event, cadence_us, mark, before, first_event, bars) -> bool:
    """The page's sentence, clause by clause. ``before`` is (event, value, mark) or None."""
    if not math.isfinite(value) or value <= 0:
        return True
    if before is None or event - before[0] > 3 * cadence_us:
        return False
    ratio = value / before[1]
    moved = None
    if mark is not None and before[2] is not None:
        moved = abs(mark / before[2] - 1)
    targets = [2.0, 0.5] + [10.0**n for n in range(-12, 13) if n != 0]
    if any(abs(ratio / t - 1) <= 0.02 + 1e-12 for t in targets) and (moved is None or moved < 0.05):
        return True
    change = abs(value - before[1])
    inside = [(end, length, volume) for end, length, volume in bars if before[0] < end <= event]
    covered = sum(length for _, length, _ in inside)
    if abs(covered - (event - before[0])) <= 0.01 * (event - before[0]):
        return change > 1.05 * sum(volume for _, _, volume in inside)
    return (
        change > 0.35 * before[1]
        and moved is not None
        and moved < 0.05
        and event - first_event > 14 * DAY
    )


def quarantine(shots, cadence_us, first_event, bars):
    """(ok flags, {place: known place of the deciding row}) of (event, value, mark), one a time."""
    ok: list[bool] = []
    standing = None
    for event, value, mark in shots:
        bad = suspect(value, event, cadence_us, mark, standing, first_event, bars)
        ok.append(not bad)
        if not bad:
            standing = (event, value, mark)
    released = {}
    for i, (_, value, _) in enumerate(shots):
        if ok[i] or not (math.isfinite(value) and value > 0):
            continue
        after = shots[i + 1 : i + 4]
        if len(after) == 3 and all(abs(v - value) <= 0.1 * value for _, v, _ in after):
            released[i] = i + 3
    return ok, released
