"""The sweep of a sum over all groups, block by block: the question asked most, at full speed.

Gives the same bits as :mod:`.sweep` (same additions in the same order), from another loop order.
Per block of moments:

    1. ``settled_samples``   lag by lag over the block: merged steps, read front to back
    2. ``mend_samples``      moment by moment: groups, x(T), and what was not settled at T
    3. ``transform_block``   transform by transform over the block, several moments an instruction

A stock's x(t) does not depend on the window, so all windows of a signal share one sweep.
"""

from __future__ import annotations

import numpy as np
from numba import types

from tideline.features.arrays import A_I64, F64, I8, I64, M_F64, M_I8, Table
from tideline.features.choose import advance, choose
from tideline.features.formulas import total
from tideline.features.jit import entry, kernel
from tideline.features.merged import merged_find
from tideline.features.plan import T_QUERY, Query, step_at
from tideline.features.reasons import FLAT_BASELINE, NONE, SHORT_HISTORY, STALE, ZERO_BASE
from tideline.features.sweep import all_used, start
from tideline.features.transforms import DELTA, EWMA, LEVEL, PCTRANK, RATE, ZSCORE
from tideline.features.window import EWMA_TERMS

BLOCK = 256
"""Moments at once: the samples of 100 lags then fit the second-level cache."""


@kernel
def settled_samples(q: Query, as_of: I64, back: I64, x: F64, pending: I64) -> None:
    """x[k, r] = S(T - back[k]) where that step is settled at T, else NaN and pending[r] counts."""
    size = as_of.size
    last = q.steps - 1
    pending[:size] = 0
    for k in range(back.size):
        i = merged_find(q, as_of[0] - back[k])
        for r in range(size):
            T = as_of[r]
            t = T - back[k]
            if i < last and step_at(q.step, i + 1).event <= t:
                i = merged_find(q, t)
            if i < 0:
                x[k, r] = np.nan
            elif step_at(q.step, i).settled <= T:
                x[k, r] = step_at(q.step, i).value
            else:
                x[k, r] = np.inf
                pending[r] += 1


@kernel
def mend_samples(
    q: Query, as_of: I64, back: I64, span: int, x: F64, pending: I64, problem: I64
) -> None:
    """Groups of every moment; the samples that its merged steps cannot give."""
    for r in range(as_of.size):
        T = as_of[r]
        advance(q, T)
        problem[r] = choose(q, T, span)
        if problem[r] != NONE:
            continue
        partial = not all_used(q)
        if partial or pending[r] > 0:
            for k in range(back.size):
                if partial or np.isinf(x[k, r]):
                    x[k, r] = total(q, 0, T - back[k], T)


@kernel
def count_samples(x: F64, first: int, n: int, size: int, count: I64) -> None:
    """Non-null samples among the n lags after ``first``."""
    count[:size] = 0
    for k in range(first + 1, first + n + 1):
        for r in range(size):
            count[r] += 0 if np.isnan(x[k, r]) else 1


@kernel
def zscore_block(
    x: F64, first: int, n: int, size: int, count: I64, work: F64, out: F64, reasons: I8
) -> None:
    """As :func:`.transforms.zscore`, for every moment of the block."""
    mean, low, high = work[0], work[1], work[2]
    mean[:size] = 0.0
    low[:size] = np.inf
    high[:size] = -np.inf
    for k in range(first + 1, first + n + 1):
        for r in range(size):
            value = x[k, r]
            known = value == value  # noqa: PLR0124 - NaN is what differs from itself
            mean[r] += value if known else 0.0
            low[r] = value if value < low[r] else low[r]
            high[r] = value if value > high[r] else high[r]
    square = work[3]
    for r in range(size):
        mean[r] = mean[r] / count[r]
        square[r] = 0.0
    for k in range(first + 1, first + n + 1):
        for r in range(size):
            off = x[k, r] - mean[r]
            off = off if off == off else 0.0  # noqa: PLR0124
            square[r] += off * off
    for r in range(size):
        sd = np.sqrt(square[r] / (count[r] - 1))
        flat = low[r] == high[r] or sd == 0.0
        out[r] = np.nan if flat else (x[first, r] - mean[r]) / sd
        reasons[r] = FLAT_BASELINE if flat else NONE


@kernel
def pctrank_block(x: F64, first: int, n: int, size: int, count: I64, work: F64, out: F64) -> None:
    """As :func:`.transforms.pctrank`, for every moment of the block."""
    rank = work[0]
    rank[:size] = 0.0
    for k in range(first + 1, first + n + 1):
        for r in range(size):
            rank[r] += 1.0 if x[k, r] < x[first, r] else 0.0
            rank[r] += 0.5 if x[k, r] == x[first, r] else 0.0
    for r in range(size):
        out[r] = rank[r] / count[r]


@kernel
def ewma_block(x: F64, first: int, size: int, work: F64, out: F64) -> None:
    """As :func:`.transforms.ewma`, for every moment of the block."""
    top, bottom = work[0], work[1]
    top[:size] = 0.0
    bottom[:size] = 0.0
    weight = 1.0
    for k in range(first, first + EWMA_TERMS):
        for r in range(size):
            known = not np.isnan(x[k, r])
            top[r] += weight * x[k, r] if known else 0.0
            bottom[r] += weight if known else 0.0
        weight *= 0.5
    for r in range(size):
        out[r] = top[r] / bottom[r]


@kernel
def difference_block(
    x: F64, first: int, then: int, relative: bool, size: int, out: F64, reasons: I8
) -> None:
    """As :func:`.transforms.difference`, for every moment of the block."""
    for r in range(size):
        base = x[then, r]
        out[r] = x[first, r] - base
        reasons[r] = SHORT_HISTORY if np.isnan(base) else NONE
        if relative:
            if base == 0.0:
                out[r] = np.nan
                reasons[r] = ZERO_BASE
            else:
                out[r] = out[r] / np.abs(base)


@kernel
def transform_block(
    code: int,
    n: int,
    first: int,
    slot: int,
    x: F64,
    size: int,
    problem: I64,
    count: I64,
    work: F64,
    out: F64,
    reasons: I8,
) -> None:
    """One transform of a block; ``first`` is the row of its x(T), ``slot`` that of its own lag."""
    reasons[:size] = NONE
    if code == LEVEL:
        out[:size] = x[first, :size]
    elif code == DELTA or code == RATE:  # noqa: SIM109, PLR1714 - kernels know no tuples here
        difference_block(x, first, slot, code == RATE, size, out, reasons)
    elif code == EWMA:
        ewma_block(x, first, size, work, out)
    else:
        count_samples(x, first, n, size, count)
        if code == ZSCORE:
            zscore_block(x, first, n, size, count, work, out, reasons)
        elif code == PCTRANK:
            pctrank_block(x, first, n, size, count, work, out)
        for r in range(size):
            if count[r] < 2 or 3 * count[r] < n:
                out[r] = np.nan
                reasons[r] = SHORT_HISTORY
    for r in range(size):
        if problem[r] != NONE:
            out[r] = np.nan
            reasons[r] = problem[r]
        elif np.isnan(x[first, r]):
            out[r] = np.nan
            reasons[r] = STALE


@entry((T_QUERY, A_I64, A_I64, A_I64, A_I64, A_I64, A_I64, types.int64, M_F64, M_I8))
def sweep_sums(
    queries: Table,
    as_of: I64,
    back: I64,
    code: I64,
    n: I64,
    first: I64,
    slot: I64,
    span: int,
    values: F64,
    reasons: I8,
) -> None:
    """Answer ``len(code)`` transforms of a merged sum at every as_of (ascending).

    ``back`` are the sample distances in µs: transform j finds its x(T) at ``first[j]``, its
    baseline in the rows after that, its own lag at ``slot[j]``. Otherwise as ``sweep``.
    """
    q = queries[0]
    start(q)
    x = np.empty((back.size, BLOCK), np.float64)
    work = np.empty((4, BLOCK), np.float64)
    pending = np.zeros(BLOCK, np.int64)
    problem = np.zeros(BLOCK, np.int64)
    count = np.zeros(BLOCK, np.int64)
    for low in range(0, as_of.size, BLOCK):
        block = as_of[low : low + BLOCK]
        size = block.size
        settled_samples(q, block, back, x, pending)
        mend_samples(q, block, back, span, x, pending, problem)
        for j in range(code.size):
            out, why = values[j, low : low + size], reasons[j, low : low + size]
            transform_block(
                code[j], n[j], first[j], slot[j], x, size, problem, count, work, out, why
            )
