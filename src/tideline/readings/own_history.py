"""An asset's own past as a yardstick: how far its open interest usually falls in such a window."""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from tideline.domain.time import DAY, HOUR
from tideline.readings.given import Given, Path
from tideline.readings.parameters import Parameters

OI_CHANGE = "positioning.oi_change"
WEEK_H = 168


def changes_path(window: str, parameters: Parameters) -> Path:
    """ln Q(t)/Q(t−w) at every hour of the last 90 days, T itself left out."""
    return _changes(window, int(parameters.building_days) * (DAY // HOUR))


@cache
def _changes(window: str, hours: int) -> Path:
    return Path(OI_CHANGE, window, HOUR, hours, HOUR)


@cache
def week_path(window: str) -> Path:
    """The same over the last week: enough to see that a fall is nothing special."""
    return Path(OI_CHANGE, window, HOUR, WEEK_H, HOUR)


def own_quantiles(
    given: Given, shares: tuple[float, ...], parameters: Parameters
) -> tuple[float, ...] | None:
    """Quantiles of ΔQ over the window, from hourly samples; None with too few of them."""
    found = given.path(changes_path(given.window, parameters))
    known = np.sort(np.expm1(found[~np.isnan(found)]))
    if known.size < parameters.building_min_samples:
        return None
    return tuple(quantile(known, share) for share in shares)


def quantile(ascending: np.ndarray, share: float) -> float:
    """The value below which ``share`` of the ascending samples lie, straight between two."""
    at = (ascending.size - 1) * share
    low = math.floor(at)
    high = min(low + 1, ascending.size - 1)
    return float(ascending[low] + (at - low) * (ascending[high] - ascending[low]))


def cannot_be_rare(given: Given, rate: float, share: float, parameters: Parameters) -> bool:
    """Is ``rate`` surely above the own quantile, seen from last week alone?

    The quantile of N samples lies at or under the ⌈(N−1)·share⌉-th smallest (from 0); when last
    week alone holds more lower ones than that, the whole 90 days need not be looked at.
    """
    most = math.ceil((int(parameters.building_days) * (DAY // HOUR) - 1) * share)
    lower = np.expm1(given.path(week_path(given.window))) < rate
    return int(lower.sum()) > most
