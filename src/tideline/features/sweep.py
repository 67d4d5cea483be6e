"""Many moments at once, block by block.

    1. ``settled_samples``  of a merged sum: lag by lag over the block, read front to back
    2. ``fill_moment``      moment by moment: the groups, then every sample not filled yet
    3. ``transform``        transform by transform over the block

Every moment is answered from the legs alone; what is carried from one to the next is only where
the newest visible entries are. So a batch, one by one and any split over threads give the same
bits. A stock's x(t) does not depend on the window, so all windows of a sum share one sweep.
"""

from __future__ import annotations

import numpy as np
from numba import carray

from tideline.features.arrays import F64, I8, I64
from tideline.features.choose import advance, choose
from tideline.features.extremes import extremes
from tideline.features.formulas import LOG_CHANGE, SUM, window_value
from tideline.features.jit import inlined, kernel
from tideline.features.kept import keep_samples
from tideline.features.memory import pointer
from tideline.features.merged import merged_find
from tideline.features.plan import (
    Query,
    group_at,
    head_at,
    info_of,
    kept_at,
    leg_at,
    note_of,
    query_at,
    step_at,
    used_at,
)
from tideline.features.reasons import NONE
from tideline.features.transforms import MIN, inside, transform

BLOCK = 256
"""Moments at once: the samples of 100 lags then fit the second-level cache."""
NEAR = 64
"""Steps between two moments up to which walking to the next beats looking it up."""
UNSETTLED = np.inf
"""Stands for a sample whose merged step was not settled; sums of stored values are finite."""


@kernel
def start(q: Query) -> None:
    """Stand the head of every leg in use before its first entry."""
    for j in range(query_at(q, 0).used_count):
        l = used_at(query_at(q, 0).used, j)
        head_at(query_at(q, 0).heads, l).at = leg_at(query_at(q, 0).leg, l).low - 1


@kernel
def whole(q: Query) -> bool:
    """May the merged sum answer for L(T)? Only if every group of the signal is in it."""
    formula = info_of(query_at(q, 0).info, 0).formula
    if query_at(q, 0).steps == 0 or not (formula == SUM or formula == LOG_CHANGE):  # noqa: PLR1714, SIM109
        return False
    for g in range(query_at(q, 0).groups):  # noqa: SIM110 - kernels know no generators
        if not group_at(query_at(q, 0).group, g).used:
            return False
    return True


@inlined
def settled_samples(q: Query, as_of: I64, back: I64, x: F64, pending: I64) -> None:
    """x[k, r] = S(T - back[k]) where that step is settled at T; ``pending[r]`` counts the rest."""
    size, last = as_of.size, query_at(q, 0).steps - 1
    ends = merged_find(q, as_of[0]), merged_find(q, as_of[size - 1])
    dense = ends[1] - ends[0] < NEAR * size
    for r in range(size):
        pending[r] = 0
    for k in range(back.size):
        i = merged_find(q, as_of[0] - back[k])
        for r in range(size):
            T = as_of[r]
            t = T - back[k]
            if dense:
                while i + 8 <= last and step_at(query_at(q, 0).step, i + 8).event <= t:
                    i += 8
                while i < last and step_at(query_at(q, 0).step, i + 1).event <= t:
                    i += 1
            elif i < last and step_at(query_at(q, 0).step, i + 1).event <= t:
                i = merged_find(q, t)
            if i < 0:
                x[k, r] = np.nan
            elif step_at(query_at(q, 0).step, i).settled <= T:
                x[k, r] = step_at(query_at(q, 0).step, i).value
            else:
                x[k, r] = UNSETTLED
                pending[r] += 1


@inlined
def fill_moment(
    q: Query, T: int, r: int, back: I64, merged: bool, pending: int, x: F64, why: I8
) -> None:
    """The samples of one moment; of a merged sum only those that its steps could not give."""
    note = note_of(query_at(q, 0).note, 0)
    note.whole = 1 if whole(q) else 0
    if merged and note.whole and pending == 0:
        return
    if query_at(q, 0).kept:
        keep_samples(q, T)
        for k in range(back.size):
            kept = kept_at(query_at(q, 0).kept, k)
            x[k, r], why[k, r] = kept.value, kept.cause
        return
    w = info_of(query_at(q, 0).info, 0).window
    for k in range(back.size):
        if not (merged and note.whole) or x[k, r] == UNSETTLED:
            x[k, r] = window_value(q, T - back[k], w, T)
            why[k, r] = note.cause


@kernel
def sweep(
    q: Query,
    as_of: I64,
    back: I64,
    code: I64,
    n: I64,
    first: I64,
    slot: I64,
    merged: bool,
    span: int,
    values: F64,
    reasons: I8,
) -> None:
    """Answer ``len(code)`` transforms of one signal at every as_of (ascending).

    ``back`` are the sample distances in µs: transform j finds its x(T) at ``first[j]``, its
    baseline in the rows after that, its own lag at ``slot[j]``. ``merged`` says that the signal is
    a sum with merged steps; ``span`` how far back breaks count. Fills values[j, r], reasons[j, r].
    """
    start(q)
    width = min(BLOCK, as_of.size)  # a single moment does without most of it
    x = np.empty((back.size, width), np.float64)
    why = np.zeros((back.size, width), np.int8)
    work, bounds = np.empty((4, width), np.float64), np.empty((width, 2), np.float64)
    pending, problem = np.zeros(width, np.int64), np.zeros(width, np.int64)
    cause, count = np.zeros(width, np.int64), np.zeros(width, np.int64)
    ranged = False
    for j in range(code.size):
        ranged = ranged or code[j] >= MIN
    for low in range(0, as_of.size, BLOCK):
        block = as_of[low : low + BLOCK]
        size = block.size
        if merged:
            settled_samples(q, block, back, x, pending)
        for r in range(size):
            advance(q, block[r])
            problem[r] = choose(q, block[r], span)
            if problem[r] == NONE:
                fill_moment(q, block[r], r, back, merged, pending[r], x, why)
                if ranged:
                    extremes(q, block[r], bounds[r])
                    cause[r] = note_of(query_at(q, 0).note, 0).cause
        for j in range(code.size):
            out, told = values[j, low : low + size], reasons[j, low : low + size]
            if code[j] >= MIN:
                for r in range(size):
                    told[r] = NONE
                inside(code[j], bounds, cause, size, out, told)
            else:
                transform(code[j], n[j], first[j], slot[j], x, why, size, count, work, out, told)
            for r in range(size):
                if problem[r] != NONE:
                    out[r] = np.nan
                    told[r] = problem[r]


@inlined
def sweep_again(q: Query, T: int) -> int:
    """One moment of what is asked at every moment (:class:`tideline.features.plan.Asked`).

    Returns how many samples were worked out anew; -1 where no group may answer.
    """
    size, answers = query_at(q, 0).samples, query_at(q, 0).answers
    if answers == 0:
        start(q)
        advance(q, T)
        if choose(q, T, query_at(q, 0).span) != NONE:
            return -1
        return keep_samples(q, T)
    as_of = np.empty(1, np.int64)
    as_of[0] = T
    sweep(
        q,
        as_of,
        carray(pointer(query_at(q, 0).back), size, np.int64),
        carray(pointer(query_at(q, 0).code), answers, np.int64),
        carray(pointer(query_at(q, 0).n), answers, np.int64),
        carray(pointer(query_at(q, 0).first), answers, np.int64),
        carray(pointer(query_at(q, 0).slot), answers, np.int64),
        False,
        query_at(q, 0).span,
        carray(pointer(query_at(q, 0).values), (answers, 1), np.float64),
        carray(pointer(query_at(q, 0).reasons), (answers, 1), np.int8),
    )
    return 0
