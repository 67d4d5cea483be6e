"""When volume comes: by the hour of the day, from day to day, and beside volatility."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tideline.market.calibration.numbers import Number, autocorr, corr, sd
from tideline.market.calibration.series import DAY_S, HOUR_S, Floats, Series, coarser
from tideline.market.calibration.windows import samples


def profile(series: Series) -> Floats | None:
    """[24] share of a day's volume in each UTC hour, the mean over whole days; None if unknown."""
    if series.volume_coin is None or HOUR_S % series.step_s:
        return None
    hours = coarser(series, HOUR_S)
    assert hours.volume_coin is not None
    skip = (-hours.start_s % DAY_S) // HOUR_S
    count = (hours.steps - skip) // 24
    days = hours.volume_coin[skip : skip + count * 24].reshape(count, 24)
    days = days[np.isfinite(days).all(axis=1) & (days.sum(axis=1) > 0.0)]
    if not days.size:
        return None
    shares: Floats = (days / days.sum(axis=1, keepdims=True)).mean(axis=0)
    return shares


def rhythm(series: Series) -> Iterator[tuple[str, Number]]:
    """Peak over trough of the day's profile, spread of daily volume, and volume beside |ret|."""
    shares = profile(series)
    hour = samples(series, HOUR_S)
    if shares is None or hour is None or hour.volume is None:
        return
    with np.errstate(divide="ignore"):
        volume = np.log(np.where(hour.volume > 0.0, hour.volume, np.nan))
    yield "volume_profile_peak_over_trough", Number(float(shares.max() / shares.min()), 24)
    yield "volume_1h_log_sd", sd(volume)
    yield "volume_1h_log_autocorr_lag1", autocorr(volume, 1)
    yield "volume_1h_log_autocorr_lag24", autocorr(volume, 24)
    with np.errstate(divide="ignore"):
        yield "corr_log_volume_log_abs_ret_1h", corr(volume, _log(np.abs(hour.ret)))
        yield "corr_log_volume_log_abs_dq_1h", corr(volume, _log(np.abs(hour.dq)))
    day = coarser(series, DAY_S).volume_coin
    if day is not None and day.size > 2:
        yield "volume_24h_log_sd", sd(_log(day))


def _log(values: Floats) -> Floats:
    out: Floats = np.log(np.where(values > 0.0, values, np.nan))
    return out
