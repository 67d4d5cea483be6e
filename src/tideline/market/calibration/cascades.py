"""What open interest does where price falls, or rises, the most."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tideline.market.calibration.numbers import Number, median, quantile
from tideline.market.calibration.series import DAY_S, Floats, Series
from tideline.market.calibration.windows import LENGTHS, samples

EVERY_DAYS, LEAST = 6, 3
"""One window in so many days counts as worst, so that short and long series compare; at least 3."""
APART = {"15m": 1, "1h": 1, "4h": 4, "24h": 24}
"""Samples that must lie between the ends of two windows, so that none counts twice."""


def extremes(ret: Floats, apart: int, sign: int, count: int) -> list[int]:
    """The ``count`` windows with the lowest return (highest for ``sign`` +1), none overlapping."""
    order = np.argsort(np.where(np.isfinite(ret), -sign * ret, np.inf), kind="stable")
    taken: list[int] = []
    for candidate in order:
        if len(taken) == count or not np.isfinite(ret[candidate]):
            break
        if all(abs(int(candidate) - other) >= apart for other in taken):
            taken.append(int(candidate))
    return taken


def cascades(series: Series) -> Iterator[tuple[str, Number]]:
    """Return, ΔQ and slope in the worst and best windows of 15 min to 24 h, one in six days."""
    count = max(LEAST, round(series.steps * series.step_s / DAY_S / EVERY_DAYS))
    for name, apart in APART.items():
        one = samples(series, LENGTHS[name])
        if one is None:
            continue
        ret = np.where(np.isfinite(one.dq), one.ret, np.nan)
        for word, sign in (("worst", -1), ("best", 1)):
            rows = extremes(ret, apart, sign, count)
            if len(rows) < count:
                continue
            deep, lost = ret[rows], one.dq[rows]
            yield f"{word}_{name}_ret", median(deep)
            yield f"{word}_{name}_dq", median(lost)
            yield f"{word}_{name}_dq_q25", quantile(lost, 0.25)
            yield f"{word}_{name}_dq_q75", quantile(lost, 0.75)
            moved = float(np.dot(deep, deep))
            slope = float(np.dot(lost, deep)) / moved if moved else np.nan
            yield f"{word}_{name}_slope", Number(slope, len(rows))
