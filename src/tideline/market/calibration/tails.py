"""Fat tails and volatility clustering."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tideline.market.calibration.numbers import (
    Number,
    autocorr,
    kurtosis,
    median,
    ratio,
    robust_kurtosis,
    sd,
)
from tideline.market.calibration.series import HOUR_S, Series
from tideline.market.calibration.windows import LENGTHS, samples

LAGS = {"5m": (1, 3, 12, 72, 288), "1h": (1, 3, 6, 24, 72)}


def tails(series: Series) -> Iterator[tuple[str, Number]]:
    """Kurtosis of returns and ΔQ, autocorrelation of returns and their sizes, daily volatility."""
    for name, lags in LAGS.items():
        one = samples(series, LENGTHS[name])
        if one is None:
            continue
        yield f"kurtosis_ret_{name}", kurtosis(one.ret)
        yield f"robust_kurtosis_ret_{name}", robust_kurtosis(one.ret)
        yield f"kurtosis_dq_{name}", kurtosis(one.dq)
        yield f"robust_kurtosis_dq_{name}", robust_kurtosis(one.dq)
        yield f"autocorr_ret_{name}_lag1", autocorr(one.ret, 1)
        for lag in lags:
            yield f"autocorr_abs_ret_{name}_lag{lag}", autocorr(np.abs(one.ret), lag)
    hour, day = samples(series, HOUR_S), samples(series, LENGTHS["24h"])
    if hour is None or day is None:
        return
    for word, short, long in (("ret", hour.ret, day.ret), ("dq", hour.dq, day.dq)):
        by_root = Number(sd(short).value * np.sqrt(24.0), short.size)
        yield f"variance_growth_{word}", ratio(sd(long), by_root)
    days = hour.ret[: hour.ret.size // 24 * 24].reshape(-1, 24)
    realised = np.sqrt(np.mean(days**2, axis=1))
    yield "realised_vol_1h_median_day", median(realised)
    yield "realised_vol_1h_log_sd", sd(np.log(np.where(realised > 0.0, realised, np.nan)))
