"""The exact greedy choice: nearest first, each well apart from all chosen before it.

Moments are taken in order of (distance, time); one that stands closer than ``gap`` to a chosen
one is passed over. Each chosen moment rules out only its own neighbours, so the nearest few
thousand settle the choice: those are partitioned off and sorted, and more only where they did not
suffice. No index, nothing approximate.
"""

from __future__ import annotations

from bisect import bisect_left, insort

import numpy as np
from numpy.typing import NDArray

FIRST_LOOK = 4096
"""So many of the nearest are sorted at first: 50 choices a day apart, hour by hour, need 2,400."""


def nearest_apart(
    distance: NDArray[np.float64], at: NDArray[np.int64], count: int, gap: int
) -> NDArray[np.int64]:
    """Places of the chosen moments, in order of choice; fewer than ``count`` where none is left.

    Args:
        distance: finite, one a moment.
        at: the moments, µs, each once; in any order.
        count: how many to choose.
        gap: the least distance in time between two chosen ones, µs.
    """
    size = distance.size
    look = min(max(FIRST_LOOK, count), size)
    while True:
        chosen = _greedy(_nearest(distance, at, look), at, count, gap)
        if len(chosen) == count or look >= size:
            return np.array(chosen, np.int64)
        look = min(4 * look, size)


def _nearest(distance: NDArray[np.float64], at: NDArray[np.int64], look: int) -> NDArray[np.int64]:
    """The nearest ``look`` and all that tie with the last of them, in order."""
    if look < distance.size:
        edge = np.partition(distance, look - 1)[look - 1]
        pool = np.flatnonzero(distance <= edge)
    else:
        pool = np.arange(distance.size)
    order: NDArray[np.int64] = pool[np.lexsort((at[pool], distance[pool]))]
    return order


def _greedy(order: NDArray[np.int64], at: NDArray[np.int64], count: int, gap: int) -> list[int]:
    taken: list[int] = []  # moments, ascending
    chosen: list[int] = []
    for place, moment in zip(order.tolist(), at[order].tolist(), strict=True):
        if len(chosen) == count:
            break
        k = bisect_left(taken, moment)
        if k < len(taken) and taken[k] - moment < gap:
            continue
        if k and moment - taken[k - 1] < gap:
            continue
        insort(taken, moment)
        chosen.append(place)
    return chosen
