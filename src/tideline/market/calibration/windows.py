"""Samples of one window length: return, change of open interest, volume, taker imbalance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tideline.market.calibration.series import HOUR_S, Floats, Series, coarser, imbalance

LENGTHS = {"5m": 300, "15m": 900, "1h": 3_600, "4h": 14_400, "24h": 86_400}


@dataclass(frozen=True)
class Samples:
    """[n] each; None where the series does not know it."""

    ret: Floats
    dq: Floats
    """ΔOI / OI before."""
    doi: Floats
    """ΔOI, coins."""
    oi: Floats
    """At the end, coins."""
    volume: Floats | None
    imbalance: Floats | None


def over(values: Floats, many: int) -> Floats:
    """Sums of the last ``many``, NaN for the first; each sum on its own, nothing subtracted."""
    out = np.full(values.shape, np.nan)
    if values.size >= many:
        out[many - 1 :] = np.lib.stride_tricks.sliding_window_view(values, many).sum(axis=1)
    return out


def samples(series: Series, length_s: int) -> Samples | None:
    """The samples of windows of ``length_s``; None where the series is too coarse for it."""
    if length_s % series.step_s:
        return None
    grid = min(length_s, max(HOUR_S, series.step_s))
    held = coarser(series, grid)
    many = length_s // grid
    before_price = np.concatenate([np.full(many, np.nan), held.price[:-many]])[: held.steps]
    before_oi = np.concatenate([np.full(many, np.nan), held.oi_coin[:-many]])[: held.steps]
    doi = held.oi_coin - before_oi
    volume = None if held.volume_coin is None else over(held.volume_coin, many)
    return Samples(
        ret=held.price / before_price - 1.0,
        dq=doi / before_oi,
        doi=doi,
        oi=held.oi_coin,
        volume=volume,
        imbalance=_imbalance(held, many),
    )


def _imbalance(held: Series, many: int) -> Floats | None:
    """Of sums of volume where they are fine enough; the steps' own where that is what is known."""
    if many == 1 and held.imbalance is not None:
        return held.imbalance
    if many == 1:
        return imbalance(held)
    if held.volume_coin is None or held.taker_buy_coin is None:
        return None
    with np.errstate(invalid="ignore", divide="ignore"):
        return 2.0 * over(held.taker_buy_coin, many) / over(held.volume_coin, many) - 1.0
