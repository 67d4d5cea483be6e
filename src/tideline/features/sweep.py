"""Many moments at once: one pass over requests in time order.

Every request is answered from the legs alone; what is carried from one to the next is only where
the newest visible entries are. So a batch, one by one and any split over threads give the same
bits.
"""

from __future__ import annotations

import numpy as np
from numba import types

from tideline.features.arrays import A_I64, F64, I8, I64, M_F64, M_I8, Table
from tideline.features.choose import advance, choose
from tideline.features.extremes import extremes
from tideline.features.formulas import LOG_CHANGE, SUM, total, window_value
from tideline.features.jit import entry, kernel
from tideline.features.merged import merged_find
from tideline.features.plan import (
    T_QUERY,
    Query,
    group_at,
    head_at,
    info_of,
    leg_at,
    note_of,
    step_at,
)
from tideline.features.reasons import NONE, STALE
from tideline.features.transforms import MAX, MIN, transformed


@kernel
def start(q: Query) -> None:
    """Stand the head of every leg before its first entry."""
    for l in range(q.legs):
        head_at(q.heads, l).at = leg_at(q.leg, l).low - 1


@kernel
def all_used(q: Query) -> bool:
    """Is every group of the signal in L(T)?"""
    for g in range(q.groups):  # noqa: SIM110 - kernels know no generators
        if not group_at(q.group, g).used:
            return False
    return True


@kernel
def whole(q: Query) -> bool:
    """May the merged sum answer for L(T)?"""
    formula = info_of(q.info, 0).formula
    return q.steps > 0 and formula in (SUM, LOG_CHANGE) and all_used(q)


@kernel
def sum_samples(q: Query, T: int, lags: I64, x: F64, why: I64) -> None:
    """``window_value`` of a merged sum at every lag: the hot loop, without what it never needs."""
    w = info_of(q.info, 0).window
    for k in range(lags.size):
        t = T - lags[k] * w
        i = merged_find(q, t)
        why[k] = STALE
        if i < 0:
            x[k] = np.nan
        elif step_at(q.step, i).settled <= T:
            x[k] = step_at(q.step, i).value
        else:
            x[k] = total(q, 0, t, T)


@kernel
def bounded(code: int, bounds: F64) -> float:
    """min, max or range of the bounds found; NaN if none were."""
    if bounds[0] > bounds[1]:
        return np.nan
    if code == MIN:
        return bounds[0]
    return bounds[1] if code == MAX else bounds[1] - bounds[0]


@entry((T_QUERY, A_I64, A_I64, A_I64, A_I64, A_I64, types.int64, M_F64, M_I8))
def sweep(
    queries: Table,
    as_of: I64,
    lags: I64,
    code: I64,
    n: I64,
    slot: I64,
    span: int,
    values: F64,
    reasons: I8,
) -> None:
    """Answer ``len(code)`` transforms of one signal at every as_of (ascending).

    ``lags`` are the sample lags in windows, ascending from 0 and contiguous as far as any baseline
    reaches; ``slot[j]`` is where transform j finds its own lag; ``span`` how far back breaks
    count. Fills values[j, r] and reasons[j, r].
    """
    q = queries[0]
    start(q)
    info = info_of(q.info, 0)
    note = note_of(q.note, 0)
    w = info.window
    bounds = np.empty(2, np.float64)
    x = np.empty(lags.size, np.float64)
    why = np.empty(lags.size, np.int64)
    inside = code.max() >= MIN
    for r in range(as_of.size):
        T = as_of[r]
        advance(q, T)
        problem = choose(q, T, span)
        if problem != NONE:
            for j in range(code.size):
                values[j, r] = np.nan
                reasons[j, r] = problem
            continue
        note.whole = 1 if whole(q) else 0
        if note.whole and info.formula == SUM:
            sum_samples(q, T, lags, x, why)
        else:
            for k in range(lags.size):
                x[k] = window_value(q, T - lags[k] * w, w, T)
                why[k] = note.cause
        if inside:
            extremes(q, T, bounds)
        outside = note.cause
        for j in range(code.size):
            if code[j] >= MIN:
                value = bounded(code[j], bounds)
                note.cause = outside
            else:
                value = transformed(q, code[j], n[j], slot[j], x, why)
            values[j, r] = value
            cause = note.cause if note.cause != NONE else STALE
            reasons[j, r] = cause if np.isnan(value) else NONE
