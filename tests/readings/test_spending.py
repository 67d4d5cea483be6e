"""What is handed to ``spent``: the episode, its sub-windows, its extremes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tideline.domain.time import HOUR, MINUTE
from tideline.readings.bands import Band
from tideline.readings.flow_left import spent
from tideline.readings.spending import spent_inputs

T = 1_000 * HOUR
BANDS = (Band(0.005, 0.0033, "adaptive"), Band(0.005, 0.0033, "adaptive"))


def market(held: Callable, price: Callable, forced: Callable):
    """``sampled`` over three functions of minutes before T (what flows: over the length given)."""

    def sampled(signal: str, length: int, back: np.ndarray) -> np.ndarray:
        ago = np.asarray(back) / MINUTE
        if signal == "price.ret":
            return np.log(price(ago) / price(ago + length / MINUTE))
        if signal == "price.mark":
            return price(ago)
        if signal == "positioning.oi_usdtm_coin":
            return held(ago)
        return forced(ago)

    return sampled


def ramp(ago: np.ndarray, start: float, end: float, low: float) -> np.ndarray:
    """1.0 until ``start`` minutes before T, down to ``low`` at ``end``, and flat from then on."""
    return np.interp(-ago, [-start, -end], [1.0, low])


def flushed(ago: np.ndarray) -> np.ndarray:
    return ramp(ago, 60, 32, 0.95)


@pytest.mark.parametrize(
    ("price", "forced_now", "verdict"),
    [
        (lambda ago: ramp(ago, 60, 32, 0.9), 0.0, True),
        (lambda ago: ramp(ago, 60, 32, 0.9), 25.0, True),
        (lambda ago: ramp(ago, 60, 32, 0.9), 26.0, False),
        (lambda ago: ramp(ago, 60, 10, 0.9), 0.0, False),  # still falling: a new low
    ],
)
def test_a_flush_that_is_over(price: Callable, forced_now: float, verdict: bool) -> None:
    def forced(ago: np.ndarray) -> np.ndarray:
        return np.where(ago < 30, forced_now, np.where(ago < 75, 100.0, 0.0))

    given = spent_inputs(market(flushed, price, forced), "long_liquidation", "45m", T, BANDS)
    assert given.forced_peak == 100.0
    assert given.upward is False
    assert spent(given, BANDS[1].scaled(3**-0.5))[0] is verdict


def test_what_is_missing_stays_missing() -> None:
    def none(ago: np.ndarray) -> np.ndarray:
        return np.full(ago.shape, np.nan)

    steady = market(flushed, lambda ago: ramp(ago, 60, 32, 0.9), none)
    given = spent_inputs(steady, "long_liquidation", "45m", T, BANDS)
    assert given.forced is None
    assert "liquidation feed" in spent(given, BANDS[1])[1]
    empty = spent_inputs(market(none, none, none), "short_covering", "45m", T, BANDS)
    assert (empty.oi_rates, empty.extreme_before, empty.upward) == ((None, None), None, True)


def test_the_extreme_of_covering_is_a_high() -> None:
    given = spent_inputs(
        market(flushed, lambda ago: 2.0 - ramp(ago, 60, 32, 0.9), np.zeros_like),
        "short_covering", "45m", T, BANDS,
    )  # fmt: skip
    assert given.extreme_before == pytest.approx(1.1, abs=0.01)
    assert given.extreme_within == pytest.approx(1.1)
