"""What funding follows: the premium, and the returns that came before."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tideline.market.calibration.numbers import Number, autocorr, corr, mean, sd
from tideline.market.calibration.series import HOUR_S, Floats, Series

BASELINE_8H = 1e-4
"""What an 8-hour funding is where the premium stays inside the clamp of ±0.05 %: 0.01 %."""
EIGHT_HOURS_S = 8 * HOUR_S


def funding(series: Series) -> Iterator[tuple[str, Number]]:
    """Mean, spread and share at the baseline of settled rates per 8 h, and what they follow."""
    if series.funding is None or series.funding_at_s is None or series.funding.size < 3:
        return
    interval = float(np.median(np.diff(series.funding_at_s)))
    rate = series.funding * (EIGHT_HOURS_S / interval)
    at = series.funding_at_s
    yield "funding_8h_mean", mean(rate)
    yield "funding_8h_sd", sd(rate)
    yield "funding_negative_share", mean((rate < 0.0).astype(np.float64))
    yield "funding_baseline_share", mean((np.abs(rate - BASELINE_8H) < 1e-9).astype(np.float64))
    yield "funding_autocorr_lag1", autocorr(rate, 1)
    for word, hours in (("8h", 8), ("24h", 24), ("72h", 72)):
        yield f"corr_funding_ret_{word}", corr(rate, _ret(series, at, hours * HOUR_S))
    if series.premium is not None:
        premium = _mean_before(series, series.premium, at, interval)
        yield "premium_mean", mean(series.premium)
        yield "premium_sd", sd(series.premium)
        yield "corr_funding_premium", corr(rate, premium)


def _step(series: Series, at: Floats) -> Floats:
    """Index of the step that ends at each moment, nearest; −1 where outside."""
    found = np.rint((at - series.start_s) / series.step_s).astype(np.int64) - 1
    out: Floats = np.where((found >= 0) & (found < series.steps), found, -1)
    return out


def _ret(series: Series, at: Floats, seconds: int) -> Floats:
    now, then = _step(series, at).astype(int), _step(series, at - seconds).astype(int)
    ret = series.price[now] / series.price[then] - 1.0
    out: Floats = np.where((now >= 0) & (then >= 0), ret, np.nan)
    return out


def _mean_before(series: Series, values: Floats, at: Floats, seconds: float) -> Floats:
    """Mean of the values over the interval that ends at each moment."""
    many = max(1, round(seconds / series.step_s))
    out = np.full(at.shape, np.nan)
    for row, end in enumerate(_step(series, at).astype(int)):
        if end + 1 >= many:
            part = values[end + 1 - many : end + 1]
            part = part[np.isfinite(part)]
            out[row] = part.mean() if part.size else np.nan
    return out
