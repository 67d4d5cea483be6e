"""The same hour of the week: what is usual at this time, as known at T.

A quiet Sunday morning is not a quiet Tuesday afternoon. The class of a moment is its hour of the
week (0 is Monday 00:00–01:00 UTC, 167 Sunday 23:00–24:00); its baseline are the samples of
earlier weeks at the same hour, and at ``reach`` hours around it, all with paths as known at T.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tideline.domain.errors import BadInput
from tideline.domain.instrument import Instrument
from tideline.domain.time import DAY, HOUR
from tideline.features.arrays import F64, I64
from tideline.features.groups import Group
from tideline.features.legs import LegSet
from tideline.features.sampling import samples
from tideline.features.signal import Signal

WEEK = 7 * DAY
HOURS = WEEK // HOUR
_MONDAY = 4 * DAY
"""1970-01-05, the first Monday after the epoch, in days since it."""


def hour_of_week(us: int) -> int:
    """0 for Monday 00:00 UTC up to 167 for Sunday 23:00."""
    return int((us - _MONDAY) % WEEK // HOUR)


def same_hours(weeks: int, reach: int = 0) -> I64:
    """Distances before T of the samples of its class, µs, ascending: k·7 d and ``reach`` h around.

    Raises:
        BadInput: no week at all, or a reach that runs into T or into the next week.
    """
    if weeks < 1:
        raise BadInput("weeks", weeks, "is not at least 1", "12")
    if not 0 <= reach < HOURS // 2:
        raise BadInput("reach", reach, f"is not within 0 .. {HOURS // 2 - 1} hours", "1")
    around = np.arange(-reach, reach + 1, dtype=np.int64) * HOUR
    back = np.arange(1, weeks + 1, dtype=np.int64)[:, None] * WEEK + around[None, :]
    return back.ravel()


def of_class(
    legs: LegSet,
    signal: Signal,
    window_us: int,
    instruments: Mapping[Group, Instrument],
    as_of: NDArray[np.int64],
    weeks: int = 12,
    reach: int = 0,
) -> F64:
    """x_w at the same hour of earlier weeks, [moment, sample], paths as known at each moment.

    ``as_of`` ascending. NaN is null. The moment itself is not part of its own baseline.
    """
    return samples(legs, signal, window_us, instruments, as_of, same_hours(weeks, reach))


def rank(value: float, baseline: F64, least: int = 4) -> float:
    """Percentile rank of ``value`` among the non-null samples, as ``pctrank`` counts it.

    NaN where the value is null or fewer than ``least`` samples are known.
    """
    known = baseline[np.isfinite(baseline)]
    if known.size < max(least, 1) or not np.isfinite(value):
        return float("nan")
    below, equal = int((known < value).sum()), int((known == value).sum())
    return (below + 0.5 * equal) / known.size
