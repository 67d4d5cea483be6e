"""Every statistic of a market, in the order of the table.

ret is the change of price over a window, ΔQ that of open interest in coin, both as fractions;
taker imbalance is (bought − sold) / volume by takers. Windows of 5 min to 1 h do not overlap,
those of 4 h and 24 h end with every hour.
"""

from __future__ import annotations

from tideline.market.calibration.cascades import cascades
from tideline.market.calibration.churn import churn
from tideline.market.calibration.funding import funding
from tideline.market.calibration.numbers import Number
from tideline.market.calibration.rhythm import rhythm
from tideline.market.calibration.series import HOUR_S, Series, spread_volume
from tideline.market.calibration.tails import tails
from tideline.market.calibration.takers import takers

GROUPS = (churn, takers, cascades, tails, rhythm, funding)


def statistics(series: Series, volume_bar_s: int = HOUR_S) -> dict[str, Number]:
    """Name → number for whatever the series knows; volume as recorded in bars of that length."""
    evened = spread_volume(series, volume_bar_s)
    return {name: number for group in GROUPS for name, number in group(evened)}
