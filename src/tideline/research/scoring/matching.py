"""Which predicted episode meets which true one.

Two meet when they are of the same class and overlap, or lie no further apart than the tolerance.
Each meets at most one other, and as many meet as can: both sides are in order of time and do not
overlap among themselves, so that taking, for each true one in turn, the earliest predicted one
that is left and reaches it gives the most.
"""

from __future__ import annotations

import numpy as np

from tideline.research.scoring.observed import KINDS, Ints
from tideline.research.scoring.runs import Spans

NONE = -1


def matched(predicted: Spans, true: Spans, tolerance: float) -> Ints:
    """For each predicted episode the place of the true one of its class it meets, −1 for none.

    ``tolerance`` is in steps of the grid: the gap between the last moment of one and the first of
    the other may be so many.
    """
    found = np.full(predicted.size, NONE, np.int64)
    for kind in range(len(KINDS)):
        mine, theirs = np.flatnonzero(predicted.kind == kind), np.flatnonzero(true.kind == kind)
        found[mine] = _paired(predicted, true, mine, theirs, tolerance)
    return found


def matched_to_any(predicted: Spans, true: Spans, same: Ints, tolerance: float) -> Ints:
    """As ``same`` (from :func:`matched`), and what is still single on both sides paired whatever
    its class: what a wrong label was held for."""
    found = same.copy()
    single = np.flatnonzero(same == NONE)
    left = np.setdiff1d(np.arange(true.size), same[same != NONE])
    found[single] = _paired(predicted, true, single, left, tolerance)
    return found


def _paired(predicted: Spans, true: Spans, mine: Ints, theirs: Ints, tolerance: float) -> Ints:
    """Pairs of predicted ``mine`` and true ``theirs``, both in order of time."""
    found = np.full(mine.size, NONE, np.int64)
    firsts, lasts = predicted.first[mine].tolist(), (predicted.last[mine] - 1).tolist()
    p = 0
    for place in theirs.tolist():
        first, last = int(true.first[place]), int(true.last[place]) - 1
        while p < mine.size and lasts[p] + tolerance < first:
            p += 1
        if p < mine.size and firsts[p] - tolerance <= last:
            found[p] = place
            p += 1
    return found
