"""Whether takers push the way price goes, by quadrant of price × open interest."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tideline.market.calibration.numbers import Number, corr, mean, median, sd
from tideline.market.calibration.series import Series
from tideline.market.calibration.windows import LENGTHS, Samples, samples

QUADRANTS = {
    "price_up_oi_up": (1, 1),
    "price_up_oi_down": (1, -1),
    "price_down_oi_up": (-1, 1),
    "price_down_oi_down": (-1, -1),
}
NAMES = ("5m", "15m", "1h", "4h")


def takers(series: Series) -> Iterator[tuple[str, Number]]:
    """Quadrant shares by the hour; agreement and imbalance where volume is fine enough."""
    hour = samples(series, LENGTHS["1h"])
    if hour is not None:
        yield from _shares(hour)
    for name in NAMES:
        one = samples(series, LENGTHS[name])
        if one is None or one.imbalance is None:
            continue
        yield from _agreement(name, one)
        yield f"corr_imbalance_ret_{name}", corr(one.imbalance, one.ret)
        yield f"sd_imbalance_{name}", sd(one.imbalance)
        yield f"corr_imbalance_dq_{name}", corr(one.imbalance, one.dq)


def _shares(hour: Samples) -> Iterator[tuple[str, Number]]:
    moved = np.isfinite(hour.ret) & np.isfinite(hour.dq) & (hour.ret != 0.0) & (hour.dq != 0.0)
    for quadrant, (price, oi) in QUADRANTS.items():
        inside = (np.sign(hour.ret) == price) & (np.sign(hour.dq) == oi)
        yield f"share_{quadrant}_1h", mean(inside[moved].astype(np.float64))


def _agreement(name: str, one: Samples) -> Iterator[tuple[str, Number]]:
    """All moves; then by quadrant those above the medians of |ret| and |ΔQ|, where it matters."""
    assert one.imbalance is not None
    agree = (np.sign(one.imbalance) == np.sign(one.ret)).astype(np.float64)
    known = np.isfinite(one.imbalance) & np.isfinite(one.dq) & (one.ret != 0.0)
    yield f"taker_agrees_any_{name}", mean(agree[known])
    large = known & (np.abs(one.ret) >= median(np.abs(one.ret)).value)
    large &= np.abs(one.dq) >= median(np.abs(one.dq)).value
    for quadrant, (price, oi) in QUADRANTS.items():
        inside = large & (np.sign(one.ret) == price) & (np.sign(one.dq) == oi)
        yield f"taker_agrees_{quadrant}_{name}", mean(agree[inside])
