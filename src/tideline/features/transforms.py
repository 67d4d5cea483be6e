"""From samples to the number: the nine transforms, for a block of moments at once.

``x[k, r]`` is the sample at distance k of moment r, NaN where null, ``why[k, r]`` the reason it is.
Row ``first`` holds x(T), the rows after it the baseline, row ``slot`` the transform's own lag.
Each moment is computed as if alone: additions run over k in order, r by r, so a block of one and a
block of many give the same bits, while the machine does several r in one instruction.
"""

from __future__ import annotations

import numpy as np

from tideline.features.arrays import F64, I8, I64
from tideline.features.jit import kernel
from tideline.features.reasons import FLAT_BASELINE, GAP, NONE, SHORT_HISTORY, STALE, ZERO_BASE
from tideline.features.window import EWMA_TERMS, TRANSFORMS

LEVEL = TRANSFORMS.index("level")
DELTA = TRANSFORMS.index("delta")
RATE = TRANSFORMS.index("rate")
ZSCORE = TRANSFORMS.index("zscore")
PCTRANK = TRANSFORMS.index("pctrank")
EWMA = TRANSFORMS.index("ewma")
MIN = TRANSFORMS.index("min")
MAX = TRANSFORMS.index("max")


@kernel
def difference(
    x: F64, why: I8, first: int, slot: int, relative: bool, size: int, out: F64, reasons: I8
) -> None:
    """x(T) - x(T - n·w), as a fraction of |x(T - n·w)| when ``relative``."""
    for r in range(size):
        then = x[slot, r]
        out[r] = x[first, r] - then
        if np.isnan(then):
            reasons[r] = past(why[slot, r])
        elif relative and then == 0.0:
            out[r] = np.nan
            reasons[r] = ZERO_BASE
        elif relative:
            out[r] = out[r] / np.abs(then)


@kernel
def past(why: int) -> int:
    """A sample of the past is missing: a gap is said, anything else is short history."""
    return GAP if why == GAP else SHORT_HISTORY


@kernel
def count_baseline(x: F64, first: int, n: int, size: int, count: I64) -> None:
    """Non-null samples among the n before T."""
    for r in range(size):
        count[r] = 0
    for k in range(first + 1, first + n + 1):
        for r in range(size):
            count[r] += 0 if np.isnan(x[k, r]) else 1


@kernel
def judge_baseline(
    x: F64, why: I8, first: int, n: int, size: int, count: I64, out: F64, reasons: I8
) -> None:
    """Fewer than max(2, n/3) non-null samples make the answer null."""
    for r in range(size):
        if count[r] < 2 or 3 * count[r] < n:
            out[r] = np.nan
            reasons[r] = SHORT_HISTORY
            for k in range(first + 1, first + n + 1):
                if np.isnan(x[k, r]) and why[k, r] == GAP:
                    reasons[r] = GAP


@kernel
def zscore(
    x: F64, first: int, n: int, size: int, count: I64, work: F64, out: F64, reasons: I8
) -> None:
    """(x(T) - mean) / sd over the n samples before; two passes, n-1."""
    mean, low, high, square = work[0], work[1], work[2], work[3]
    for r in range(size):
        mean[r], low[r], high[r], square[r] = 0.0, np.inf, -np.inf, 0.0
    for k in range(first + 1, first + n + 1):
        for r in range(size):
            value = x[k, r]
            mean[r] += 0.0 if np.isnan(value) else value
            low[r] = value if value < low[r] else low[r]
            high[r] = value if value > high[r] else high[r]
    for r in range(size):
        mean[r] = mean[r] / count[r]
    for k in range(first + 1, first + n + 1):
        for r in range(size):
            off = x[k, r] - mean[r]
            square[r] += 0.0 if np.isnan(off) else off * off
    for r in range(size):
        sd = np.sqrt(square[r] / (count[r] - 1))
        out[r] = (x[first, r] - mean[r]) / sd
        if low[r] == high[r] or sd == 0.0:
            out[r] = np.nan
            reasons[r] = FLAT_BASELINE


@kernel
def pctrank(x: F64, first: int, n: int, size: int, count: I64, work: F64, out: F64) -> None:
    """Share of the n samples before that lie below x(T), equals counting half."""
    rank = work[0]
    for r in range(size):
        rank[r] = 0.0
    for k in range(first + 1, first + n + 1):
        for r in range(size):
            rank[r] += 1.0 if x[k, r] < x[first, r] else 0.0
            rank[r] += 0.5 if x[k, r] == x[first, r] else 0.0
    for r in range(size):
        out[r] = rank[r] / count[r]


@kernel
def ewma(x: F64, first: int, size: int, work: F64, out: F64) -> None:
    """Mean of the last 8 window values, each half the weight of the one after it."""
    top, bottom = work[0], work[1]
    for r in range(size):
        top[r], bottom[r] = 0.0, 0.0
    weight = 1.0
    for k in range(first, first + EWMA_TERMS):
        for r in range(size):
            top[r] += 0.0 if np.isnan(x[k, r]) else weight * x[k, r]
            bottom[r] += 0.0 if np.isnan(x[k, r]) else weight
        weight *= 0.5
    for r in range(size):
        out[r] = top[r] / bottom[r]


@kernel
def inside(code: int, bounds: F64, cause: I64, size: int, out: F64, reasons: I8) -> None:
    """min, max or range of the bounds found; null if none were."""
    for r in range(size):
        low, high = bounds[r, 0], bounds[r, 1]
        out[r] = low if code == MIN else high
        if low > high:
            out[r] = np.nan
            reasons[r] = cause[r] if cause[r] != NONE else STALE
        elif code > MAX:
            out[r] = high - low


@kernel
def transform(
    code: int,
    n: int,
    first: int,
    slot: int,
    x: F64,
    why: I8,
    size: int,
    count: I64,
    work: F64,
    out: F64,
    reasons: I8,
) -> None:
    """One transform of samples; every one is null where x(T) is."""
    for r in range(size):
        out[r] = x[first, r]
        reasons[r] = NONE
    if code == DELTA or code == RATE:  # noqa: SIM109, PLR1714 - kernels build no tuples
        difference(x, why, first, slot, code == RATE, size, out, reasons)
    elif code == EWMA:
        ewma(x, first, size, work, out)
    elif code != LEVEL:
        count_baseline(x, first, n, size, count)
        if code == ZSCORE:
            zscore(x, first, n, size, count, work, out, reasons)
        elif code == PCTRANK:
            pctrank(x, first, n, size, count, work, out)
        judge_baseline(x, why, first, n, size, count, out, reasons)
    for r in range(size):
        if np.isnan(x[first, r]):
            out[r] = np.nan
            reasons[r] = why[first, r]
