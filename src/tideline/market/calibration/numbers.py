"""The few numbers every statistic is made of; NaN samples do not count."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tideline.market.calibration.series import Floats

GAUSSIAN_QUANTILES = 2.9058
"""(q97.5 − q2.5) / (q75 − q25) of a normal distribution."""


class Number(NamedTuple):
    """A statistic: its value (NaN where it cannot be had) and the samples it rests on."""

    value: float
    n: int


def known(*columns: Floats) -> tuple[Floats, ...]:
    """The columns, where all of them are finite."""
    keep = np.logical_and.reduce([np.isfinite(column) for column in columns])
    return tuple(column[keep] for column in columns)


def change(values: Floats) -> Floats:
    """values[k] / values[k−1] − 1, NaN at 0."""
    out = np.full(values.shape, np.nan)
    out[1:] = values[1:] / values[:-1] - 1.0
    return out


def median(values: Floats) -> Number:
    """The middle."""
    (held,) = known(values)
    return Number(float(np.median(held)) if held.size else np.nan, held.size)


def quantile(values: Floats, share: float) -> Number:
    """The value below which ``share`` lies."""
    (held,) = known(values)
    return Number(float(np.quantile(held, share)) if held.size else np.nan, held.size)


def mean(values: Floats) -> Number:
    """The arithmetic mean."""
    (held,) = known(values)
    return Number(float(np.mean(held)) if held.size else np.nan, held.size)


def sd(values: Floats) -> Number:
    """The standard deviation with n − 1."""
    (held,) = known(values)
    return Number(float(np.std(held, ddof=1)) if held.size > 1 else np.nan, held.size)


def corr(one: Floats, other: Floats) -> Number:
    """Pearson's correlation."""
    one, other = known(one, other)
    if one.size < 3 or one.std() == 0.0 or other.std() == 0.0:
        return Number(np.nan, one.size)
    return Number(float(np.corrcoef(one, other)[0, 1]), one.size)


def autocorr(values: Floats, lag: int) -> Number:
    """Correlation of the values with themselves ``lag`` steps before."""
    return corr(values[lag:], values[:-lag])


def kurtosis(values: Floats) -> Number:
    """Excess kurtosis, 0 for a normal distribution."""
    (held,) = known(values)
    if held.size < 4 or held.std() == 0.0:
        return Number(np.nan, held.size)
    centred = held - held.mean()
    return Number(float(np.mean(centred**4) / np.mean(centred**2) ** 2 - 3.0), held.size)


def robust_kurtosis(values: Floats) -> Number:
    """(q97.5 − q2.5) / (q75 − q25), 1 for a normal distribution: no single day can make it."""
    (held,) = known(values)
    if held.size < 40:
        return Number(np.nan, held.size)
    low, q25, q75, high = np.quantile(held, [0.025, 0.25, 0.75, 0.975])
    if q75 == q25:
        return Number(np.nan, held.size)
    return Number(float((high - low) / (q75 - q25) / GAUSSIAN_QUANTILES), held.size)


def ratio(one: Number, other: Number) -> Number:
    """One over the other."""
    value = one.value / other.value if other.value else np.nan
    return Number(value, min(one.n, other.n))
