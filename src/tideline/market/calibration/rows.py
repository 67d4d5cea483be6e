"""Which statistics a made market is judged by, in words, and how near is near enough.

A row is met when |made − real| <= max(30 % of |real|, slack). The slack, in the row's own unit, is
for numbers that live near 0, where 30 % of next to nothing would judge noise: correlations and
slopes 0.10, shares of hours 0.05, open interest lost in a cascade 0.5 % of it, mean funding half a
basis point, mean premium two.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

WITHIN = 0.30
CORRELATION, SHARE, LOST = 0.10, 0.05, 0.005


class Row(NamedTuple):
    """One judged statistic."""

    name: str
    words: str
    slack: float = 0.0


def near(made: float, real: float, slack: float) -> bool:
    """Whether ``made`` is near enough; NaN never is."""
    return abs(made - real) <= max(WITHIN * abs(real), slack)


def _churn() -> Iterator[Row]:
    for window in ("5m", "15m", "1h", "24h"):
        yield Row(f"doi_over_volume_{window}", f"abs(ΔOI) / volume, median, {window}")
    yield Row("oi_over_volume_24h", "OI / volume of 24 h, median")
    for window in ("5m", "1h", "24h"):
        yield Row(f"sd_dq_over_sd_ret_{window}", f"sd(ΔQ) / sd(ret), {window}")
    for window in ("5m", "1h", "24h"):
        yield Row(f"corr_dq_ret_{window}", f"corr(ΔQ, ret), {window}", CORRELATION)
    yield Row("corr_abs_dq_abs_ret_1h", "corr of their sizes, 1h", CORRELATION)
    yield Row("autocorr_dq_5m_lag1", "autocorrelation of ΔQ, 5m", CORRELATION)
    yield Row("autocorr_dq_1h_lag1", "autocorrelation of ΔQ, 1h", CORRELATION)
    yield Row("variance_growth_dq", "sd(ΔQ) of 24 h / (√24 sd of 1 h)")


def _takers() -> Iterator[Row]:
    yield Row("taker_agrees_any_5m", "taker sign agrees with return, every move, 5m")
    yield Row("taker_agrees_any_1h", "taker sign agrees with return, every move, 1h")
    for price in ("up", "down"):
        for oi in ("up", "down"):
            words = f"the same, price {price}, OI {oi}, moves above their medians, 1h"
            yield Row(f"taker_agrees_price_{price}_oi_{oi}_1h", words)
    for price in ("up", "down"):
        for oi in ("up", "down"):
            name = f"share_price_{price}_oi_{oi}_1h"
            yield Row(name, f"share of hours with price {price}, OI {oi}", SHARE)
    yield Row("corr_imbalance_ret_1h", "corr(taker imbalance, ret), 1h", CORRELATION)
    yield Row("corr_imbalance_dq_1h", "corr(taker imbalance, ΔQ), 1h", CORRELATION)
    yield Row("sd_imbalance_1h", "sd of taker imbalance, 1h")


def _cascades() -> Iterator[Row]:
    for window in ("15m", "1h", "4h"):
        yield Row(f"worst_{window}_ret", f"return in the worst {window}, median")
        yield Row(f"worst_{window}_dq", f"ΔQ in the worst {window}, median", LOST)
        yield Row(f"worst_{window}_slope", f"ΔQ per return there, {window}", CORRELATION)
    yield Row("best_15m_dq", "ΔQ in the best 15m, median", LOST)
    yield Row("best_1h_dq", "ΔQ in the best 1h, median", LOST)


def _tails() -> Iterator[Row]:
    yield Row("sd_ret_1h", "sd of return, 1h")
    yield Row("sd_dq_1h", "sd of ΔQ, 1h")
    for of, words in (("ret", "return"), ("dq", "ΔQ")):
        for window in ("5m", "1h"):
            yield Row(f"kurtosis_{of}_{window}", f"excess kurtosis of {words}, {window}")
            yield Row(f"robust_kurtosis_{of}_{window}", f"robust kurtosis of {words}, {window}")
    yield Row("autocorr_ret_5m_lag1", "autocorrelation of return, 5m", CORRELATION)
    for window, lags in (("5m", (1, 12, 288)), ("1h", (1, 3, 24))):
        for lag in lags:
            name = f"autocorr_abs_ret_{window}_lag{lag}"
            yield Row(name, f"autocorrelation of abs(ret), {window}, lag {lag}", CORRELATION)
    yield Row("variance_growth_ret", "sd(ret) of 24 h / (√24 sd of 1 h)")
    yield Row("realised_vol_1h_log_sd", "log sd of realised volatility from day to day")


def _rhythm() -> Iterator[Row]:
    yield Row("volume_profile_peak_over_trough", "volume by hour of day, peak / trough")
    yield Row("volume_1h_log_sd", "log sd of volume, 1h")
    yield Row("volume_24h_log_sd", "log sd of volume, 24h")
    yield Row("volume_1h_log_autocorr_lag1", "autocorrelation of log volume, 1h", CORRELATION)
    yield Row("corr_log_volume_log_abs_ret_1h", "corr(log volume, log abs(ret)), 1h", CORRELATION)
    yield Row("corr_log_volume_log_abs_dq_1h", "corr(log volume, log abs(ΔQ)), 1h", CORRELATION)


def _funding() -> Iterator[Row]:
    yield Row("funding_8h_mean", "mean of funding per 8 h", 5e-5)
    yield Row("funding_8h_sd", "sd of funding per 8 h")
    yield Row("funding_negative_share", "share of negative fundings", SHARE)
    yield Row("funding_autocorr_lag1", "autocorrelation of funding", CORRELATION)
    yield Row("corr_funding_ret_24h", "corr(funding, return of 24 h before)", CORRELATION)
    yield Row("premium_mean", "mean of the premium", 2e-4)
    yield Row("premium_sd", "sd of the premium")
    yield Row("corr_funding_premium", "corr(funding, mean premium before)", CORRELATION)


ROWS: tuple[Row, ...] = (
    *_churn(),
    *_takers(),
    *_cascades(),
    *_tails(),
    *_rhythm(),
    *_funding(),
)
