"""R2 as a table."""

from __future__ import annotations

import pytest

from tests.readings.handed import above, bands, below, given, missing, moves
from tideline.domain.time import MINUTE
from tideline.readings.divergence import DAY_HIGH, DAY_LOW, DIVERGENCE
from tideline.readings.given import Path
from tideline.readings.rule import read

W = "45m"
OI_BAND = bands(W)[1]
RET_Z, OI_Z = f"price.ret@{W}:zscore", f"positioning.oi_change@{W}:zscore"
START = Path("price.mark", W, count=1, start_us=45 * MINUTE)


def at(rate=-0.02, high=110.0, low=100.0, day_high=110.0, day_low=90.0, start=105.0, now=109.0,
       ret_z=2.5, oi_z=-2.5):  # fmt: skip
    numbers = moves(W, 0.01, rate) | {
        f"price.mark@{W}:max": high,
        f"price.mark@{W}:min": low,
        DAY_HIGH: day_high,
        DAY_LOW: day_low,
        f"price.mark@{W}": now,
        RET_Z: ret_z,
        OI_Z: oi_z,
    }
    return given(W, numbers, {START: [start]})


def test_a_new_high_without_positions_is_bearish_and_a_new_low_bullish() -> None:
    high = read(DIVERGENCE, at())
    assert (high.name, high.direction, high.severity) == ("bearish_divergence", "down", "elevated")
    low = read(DIVERGENCE, at(high=109.0, low=90.0, now=91.0))
    assert (low.name, low.direction) == ("bullish_divergence", "up")
    assert "new 24h low" in low.because


@pytest.mark.parametrize(
    ("rate", "named"),
    [(below(-OI_BAND), "bearish_divergence"), (-OI_BAND, "quiet"), (above(-OI_BAND), "quiet"),
     (0.05, "quiet")],
)  # fmt: skip
def test_open_interest_must_leave_by_more_than_its_band(rate: float, named: str) -> None:
    assert read(DIVERGENCE, at(rate=rate)).name == named


@pytest.mark.parametrize(
    ("high", "start", "named"),
    [
        (110.0, 109.99, "bearish_divergence"),
        (below(110.0), 109.0, "quiet"),  # the day's high is older
        (110.0, 110.0, "quiet"),  # it stood there already at the window's start
    ],
)
def test_the_extreme_must_be_of_24_hours_and_new(high: float, start: float, named: str) -> None:
    assert read(DIVERGENCE, at(high=high, start=start)).name == named


@pytest.mark.parametrize(
    ("z", "severity"),
    [(below(1.0), "none"), (1.0, "watch"), (below(2.0), "watch"), (2.0, "elevated"),
     (below(3.0), "elevated"), (3.0, "extreme"), (9.0, "extreme")],
)  # fmt: skip
def test_severity_follows_the_smaller_of_both(z: float, severity: str) -> None:
    for reading in (
        read(DIVERGENCE, at(ret_z=z, oi_z=-9.0)),
        read(DIVERGENCE, at(ret_z=-z, oi_z=-9.0)),
        read(DIVERGENCE, at(ret_z=9.0, oi_z=-z)),
    ):
        assert reading.name == "bearish_divergence"
        assert reading.severity == severity
        assert reading.strength == z


def test_an_unusual_inflow_of_open_interest_gives_no_strength() -> None:
    reading = read(DIVERGENCE, at(oi_z=3.0))
    assert (reading.severity, reading.strength) == ("none", 0.0)


def test_both_extremes_at_once_are_told_by_where_price_is() -> None:
    both = {"high": 110.0, "low": 90.0, "start": 100.0}
    assert read(DIVERGENCE, at(**both, now=101.0)).name == "bearish_divergence"
    assert read(DIVERGENCE, at(**both, now=99.0)).name == "bullish_divergence"


@pytest.mark.parametrize(
    ("lost", "words"),
    [({"ret_z": None}, RET_Z), ({"oi_z": None}, OI_Z), ({"day_high": None}, DAY_HIGH),
     ({"rate": None}, "oi_usdtm_coin@45m:rate")],
)  # fmt: skip
def test_what_is_missing_is_named(lost: dict, words: str) -> None:
    assert missing(read(DIVERGENCE, at(**lost)), words)


def test_over_24_hours_every_extreme_is_new_and_it_says_so() -> None:
    numbers = moves("24h", 0.01, -0.5)
    reading = read(DIVERGENCE, given("24h", numbers))
    assert reading.name == "quiet"
    assert "shorter window" in reading.because
