"""How much of what is traded changes what is open, and how open interest moves beside price."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tideline.market.calibration.numbers import Number, autocorr, corr, median, ratio, sd
from tideline.market.calibration.series import Series
from tideline.market.calibration.windows import LENGTHS, samples

NAMES = ("5m", "15m", "1h", "24h")


def churn(series: Series) -> Iterator[tuple[str, Number]]:
    """|ΔOI| / volume, OI / volume of 24 h, and ΔQ against the return, by window."""
    found = {name: samples(series, LENGTHS[name]) for name in NAMES}
    held = {name: one for name, one in found.items() if one is not None}
    for name, one in held.items():
        if one.volume is not None:
            with np.errstate(divide="ignore", invalid="ignore"):
                yield f"doi_over_volume_{name}", median(np.abs(one.doi) / one.volume)
    day = held.get("24h")
    if day is not None and day.volume is not None:
        yield "oi_over_volume_24h", median(day.oi / day.volume)
    for name, one in held.items():
        yield f"sd_dq_{name}", sd(one.dq)
    for name, one in held.items():
        yield f"sd_ret_{name}", sd(one.ret)
    for name, one in held.items():
        yield f"sd_dq_over_sd_ret_{name}", ratio(sd(one.dq), sd(one.ret))
    for name, one in held.items():
        yield f"corr_dq_ret_{name}", corr(one.dq, one.ret)
    for name, one in held.items():
        yield f"corr_abs_dq_abs_ret_{name}", corr(np.abs(one.dq), np.abs(one.ret))
    for name, lags in (("5m", (1, 2, 12)), ("1h", (1, 2, 24))):
        if name in held:
            for lag in lags:
                yield f"autocorr_dq_{name}_lag{lag}", autocorr(held[name].dq, lag)
