"""What a world is drawn from: every number of the population, with a wide prior.

A world is one draw of all of them. None was taken from the readings; ranges were moved until the
median world churned like the recordings of the fit dates, as the page of the calibration says.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log
from typing import NamedTuple

import numpy as np


class Prior(NamedTuple):
    """Between ``low`` and ``high``, even in the logarithm if ``log``, else even."""

    name: str
    low: float
    high: float
    log: bool
    unit: str
    meaning: str


PRIORS: tuple[Prior, ...] = (
    # value and news
    Prior("vol_day", 0.014, 0.028, True, "per √day", "volatility of the coin's value"),
    Prior("vol_swing", 0.4, 0.7, False, "log", "how far volatility wanders, one sd"),
    Prior("vol_tau_h", 3, 20, True, "h", "how long it stays there"),
    Prior("jumps_day", 1, 6, True, "per day", "news that moves value at once"),
    Prior("jump_size", 1.0, 2.5, True, "× hourly vol", "its size"),
    Prior("news_share", 0.65, 0.9, False, "share", "of value that makers see without a trade"),
    Prior(
        "spot_share", 0.1, 0.4, False, "share", "of the gap to value that spot trades away an hour"
    ),
    # impact and liquidity
    Prior("impact", 0.2, 0.5, True, "ln / OI", "lasting move of price by net taking of all OI"),
    Prior("local_impact", 0.005, 0.02, True, "ln / OI", "of one book next to the others"),
    Prior("premium_gain", 0.0007, 0.002, True, "ln / OI", "of perpetuals next to spot"),
    Prior("premium_tau_h", 1, 6, True, "h", "how long that stays"),
    Prior("premium_bias", -6.5e-4, -3.5e-4, False, "fraction", "where that rests"),
    Prior("depth", 0.004, 0.010, True, "of OI", "quoted on each side of a book"),
    Prior("depth_fear", 0.3, 0.9, False, "power", "how depth thins as volatility grows"),
    Prior("half_spread", 0.5, 1.5, False, "ticks", "of the makers' best quotes"),
    Prior("skew", 0.15, 0.8, True, "ticks", "quotes lean by a full inventory"),
    Prior("inventory", 0.006, 0.018, True, "of OI", "what the makers of a book can hold"),
    Prior("lean", 0.008, 0.03, True, "ln per h", "makers mark down what fills their books"),
    # who trades how often
    Prior("activity", 0.7, 1.05, True, "×", "how often everyone trades"),
    Prior("activity_swing", 0.45, 0.8, False, "log", "how far that wanders, one sd"),
    Prior("activity_vol", 0.8, 1.3, False, "power", "how activity follows volatility"),
    Prior("retail_hold_h", 24, 80, True, "h", "how long retail holds"),
    Prior("scalp_hold_m", 6, 25, True, "min", "how long scalpers hold"),
    Prior("scalp_turnover", 0.7, 1.4, True, "of OI a day", "what scalpers trade"),
    Prior("size_spread", 0.4, 0.7, False, "log sd", "sizes of accounts"),
    Prior("passive", 0.1, 0.35, False, "share", "of voluntary orders that wait in the book"),
    # what they think
    Prior("herding", 0.04, 0.15, False, "bias", "retail follows the last four hours"),
    Prior("chase", 0.0, 0.4, False, "log", "retail enters more often into rises than into falls"),
    Prior("long_bias", 0.0, 0.2, False, "bias", "retail likes the long side"),
    Prior("sentiment", 0.02, 0.15, False, "bias", "a common mood of retail, one sd"),
    Prior("sentiment_tau_h", 6, 40, True, "h", "how long a mood lasts"),
    Prior("appetite", 0.03, 0.12, False, "log", "common will to hold positions at all, one sd"),
    Prior("appetite_tau_h", 4, 30, True, "h", "how long it lasts"),
    Prior("trend_share", 0.06, 0.16, False, "share", "of accounts that follow trends"),
    Prior("value_share", 0.15, 0.3, False, "share", "of accounts that trade to value"),
    Prior("revert_share", 0.05, 0.15, False, "share", "of accounts that fade moves"),
    Prior("value_gap", 0.004, 0.012, True, "fraction", "mispricing at which value traders act"),
    Prior("round_pull", 0.0, 1.5, False, "×", "more retail entries near round prices"),
    # leverage
    Prior("leverage", 3, 8, True, "×", "median of retail"),
    Prior("leverage_spread", 0.5, 0.9, False, "log sd", "of it"),
    Prior("isolated", 0.4, 0.9, False, "share", "of retail on isolated margin"),
    Prior("stops", 0.15, 0.4, False, "share", "of retail with a stop"),
    Prior("stop_at", 0.025, 0.08, True, "fraction", "distance of a stop"),
    Prior("profit_at", 0.02, 0.07, True, "fraction", "distance of a resting take-profit"),
    # large and neutral
    Prior("whales_day", 2, 7, True, "per day", "programs of whales"),
    Prior("whale_size", 0.001, 0.004, True, "of OI", "median of one"),
    Prior("whale_hours", 0.3, 2.5, True, "h", "median time one takes"),
    Prior("carry_at", 0.0001, 0.0004, True, "fraction", "premium at which hedgers sell"),
    Prior("carry_size", 0.05, 0.2, True, "of OI", "what hedgers can hold"),
    Prior("migrants", 0.05, 0.3, True, "of OI a day", "closed here and opened there"),
    Prior("arbitrage_at", 0.00015, 0.0005, True, "fraction", "gap between books that is traded"),
    Prior("fund_share", 0.0002, 0.002, True, "of OI", "insurance fund to begin with"),
)
"""All drawn independently."""

NAMES = tuple(prior.name for prior in PRIORS)

MECHANISMS = (
    "news_repricing",
    "spot_repricing",
    "passive_profit_taking",
    "insurance_fund",
    "adl",
    "stop_orders",
    "hedgers",
    "arbitrage",
    "whales",
    "migration",
    "round_numbers",
)
"""What can be switched off, to see what each does to the labels."""


@dataclass(frozen=True)
class Drawn:
    """One world's numbers, by name, and the mechanisms that are off."""

    values: dict[str, float]
    off: frozenset[str] = frozenset()

    def __getitem__(self, name: str) -> float:
        return self.values[name]


def draw(rng: np.random.Generator, off: frozenset[str] = frozenset()) -> Drawn:
    """A world's numbers."""
    return Drawn({prior.name: _one(prior, rng.random()) for prior in PRIORS}, off)


def middle() -> Drawn:
    """The world in the middle of every prior."""
    return Drawn({prior.name: _one(prior, 0.5) for prior in PRIORS})


def _one(prior: Prior, at: float) -> float:
    if prior.log:
        return exp(log(prior.low) + at * (log(prior.high) - log(prior.low)))
    return prior.low + at * (prior.high - prior.low)
