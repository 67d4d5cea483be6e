"""From samples to the number: level, delta, rate, zscore, pctrank, ewma.

``x[k]`` is x(T - lag), NaN where null; ``why[k]`` the reason it is null. Each transform returns
its value and writes its reason to the query's note (0 where there is a value).
"""

from __future__ import annotations

import numpy as np

from tideline.features.arrays import F64, I64
from tideline.features.jit import kernel
from tideline.features.plan import Query, note_of
from tideline.features.reasons import FLAT_BASELINE, GAP, NONE, SHORT_HISTORY, ZERO_BASE
from tideline.features.window import EWMA_TERMS, TRANSFORMS

LEVEL = TRANSFORMS.index("level")
DELTA = TRANSFORMS.index("delta")
RATE = TRANSFORMS.index("rate")
ZSCORE = TRANSFORMS.index("zscore")
PCTRANK = TRANSFORMS.index("pctrank")
EWMA = TRANSFORMS.index("ewma")
MIN = TRANSFORMS.index("min")
MAX = TRANSFORMS.index("max")
RANGE = TRANSFORMS.index("range")


@kernel
def past_reason(why: int) -> int:
    """A sample of the past is missing: a gap is said, anything else is short history."""
    return GAP if why == GAP else SHORT_HISTORY


@kernel
def difference(q: Query, x: F64, why: I64, slot: int, relative: bool) -> float:
    """x(T) - x(T - n·w), as a fraction of |x(T - n·w)| when ``relative``."""
    then = x[slot]
    if np.isnan(then):
        note_of(q.note, 0).cause = past_reason(why[slot])
        return np.nan
    if not relative:
        return x[0] - then
    if then == 0.0:
        note_of(q.note, 0).cause = ZERO_BASE
        return np.nan
    return (x[0] - then) / np.abs(then)


@kernel
def baseline(q: Query, x: F64, why: I64, n: int) -> int:
    """Non-null samples among x[1..n]; 0 and the reason when there are fewer than max(2, n/3)."""
    count = 0
    gap = False
    for k in range(1, n + 1):
        if np.isnan(x[k]):
            gap = gap or why[k] == GAP
        else:
            count += 1
    if count < 2 or 3 * count < n:
        note_of(q.note, 0).cause = GAP if gap else SHORT_HISTORY
        return 0
    return count


@kernel
def zscore(q: Query, x: F64, why: I64, n: int) -> float:
    """(x(T) - mean) / sd over the n samples before; two passes, n-1."""
    count = baseline(q, x, why, n)
    if count == 0:
        return np.nan
    total, low, high = 0.0, np.inf, -np.inf
    for k in range(1, n + 1):
        if not np.isnan(x[k]):
            total += x[k]
            low = min(low, x[k])
            high = max(high, x[k])
    mean = total / count
    square = 0.0
    for k in range(1, n + 1):
        if not np.isnan(x[k]):
            off = x[k] - mean
            square += off * off
    sd = np.sqrt(square / (count - 1))
    if low == high or sd == 0.0:
        note_of(q.note, 0).cause = FLAT_BASELINE
        return np.nan
    return (x[0] - mean) / sd


@kernel
def pctrank(q: Query, x: F64, why: I64, n: int) -> float:
    """Share of the n samples before that lie below x(T), equals counting half."""
    count = baseline(q, x, why, n)
    if count == 0:
        return np.nan
    below, equal = 0, 0
    for k in range(1, n + 1):
        below += x[k] < x[0]
        equal += x[k] == x[0]
    return (below + 0.5 * equal) / count


@kernel
def ewma(x: F64) -> float:
    """Mean of the last 8 window values, each half the weight of the one after it."""
    top, bottom, weight = 0.0, 0.0, 1.0
    for k in range(EWMA_TERMS):
        if not np.isnan(x[k]):
            top += weight * x[k]
            bottom += weight
        weight *= 0.5
    return top / bottom


@kernel
def transformed(q: Query, code: int, n: int, slot: int, x: F64, why: I64) -> float:
    """One transform of the samples; every one is null where x(T) is."""
    note_of(q.note, 0).cause = NONE
    if np.isnan(x[0]):
        note_of(q.note, 0).cause = why[0]
        return np.nan
    if code == LEVEL:
        return x[0]
    if code in (DELTA, RATE):
        return difference(q, x, why, slot, code == RATE)
    if code == ZSCORE:
        return zscore(q, x, why, n)
    if code == PCTRANK:
        return pctrank(q, x, why, n)
    return ewma(x)
