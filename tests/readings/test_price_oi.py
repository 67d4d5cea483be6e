"""R1 as a table: each number at, just under and just over; every missing input named."""

from __future__ import annotations

import dataclasses
import math

import pytest

from tideline.domain.time import parse_time
from tideline.readings.bands import Band, baseline_hours
from tideline.readings.parameters import DEFAULTS, table
from tideline.readings.price_oi import (
    BY_NAME,
    STATES,
    Baseline,
    PriceOiInputs,
    addresses,
    classify,
    read_price_oi,
    severity_of,
    strength_of,
)
from tideline.readings.reading import GroupEvidence, feature_value

T = parse_time("2026-02-05T12:30:00Z")
W = "45m"
BINANCE = GroupEvidence("binance", "BTCUSDT", 120.0, 300.0, 70_000.0)
BYBIT_1H = GroupEvidence("bybit", "BTCUSDT", 1800.0, 3600.0, 30_000.0)


def given(move: float | None, rate: float | None, **more: object) -> PriceOiInputs:
    ret = None if move is None else math.log1p(move)
    inputs = PriceOiInputs(
        "BTC", W, T, (BINANCE,),
        feature_value(addresses(W)[0], ret, "stale"),
        feature_value(addresses(W)[1], rate, "gap"),
    )  # fmt: skip
    return dataclasses.replace(inputs, **more)


@pytest.mark.parametrize(
    ("move", "rate", "name"),
    [
        (0.02, 0.03, "new_longs"),
        (0.02, -0.03, "short_covering"),
        (-0.02, 0.03, "new_shorts"),
        (-0.02, -0.03, "long_liquidation"),
        (0.02, 0.001, "low_conviction_rally"),
        (-0.02, 0.001, "low_conviction_selloff"),
        (0.001, 0.03, "stored_leverage"),
        (0.001, -0.03, "quiet_deleveraging"),
        (0.001, 0.001, "balanced"),
        # the edges of the published bands, 1 % and 1.5 %
        (0.0099, 0.0149, "balanced"),
        (0.0101, 0.0149, "low_conviction_rally"),
        (0.0099, 0.0151, "stored_leverage"),
        (0.0101, 0.0151, "new_longs"),
        (-0.0101, -0.0151, "long_liquidation"),
        (-0.0101, -0.0149, "low_conviction_selloff"),
        (0.0101, -0.0151, "short_covering"),
        (-0.0099, -0.0151, "quiet_deleveraging"),
        (-0.0101, 0.0151, "new_shorts"),
    ],
)
def test_the_table_of_states(move: float, rate: float, name: str) -> None:
    reading = read_price_oi(given(move, rate), "fixed")
    assert reading.name == name
    assert reading.price_change == pytest.approx(move)
    assert reading.rule.startswith(f"R1 {name}: ")
    assert [e.threshold for e in reading.evidence] == pytest.approx([0.01, 0.015])


def test_open_interest_exactly_at_its_band_is_flat() -> None:
    band = Band(0.01, 0.0066, "fixed"), Band(0.015, 0.01, "fixed")
    assert classify(0.01, 0.015, *band).name == "balanced"
    assert classify(math.nextafter(0.01, 1), math.nextafter(0.015, 1), *band).name == "new_longs"


@pytest.mark.parametrize(
    ("strength", "plain", "raised"),
    [
        (0.999, "none", "none"),
        (1.0, "watch", "elevated"),
        (1.499, "watch", "elevated"),
        (1.5, "elevated", "extreme"),
        (2.499, "elevated", "extreme"),
        (2.5, "extreme", "extreme"),
        (9.0, "extreme", "extreme"),
    ],
)
def test_severity_steps_and_new_shorts_one_higher(strength: float, plain: str, raised: str) -> None:
    for state in STATES:
        wanted = raised if state.name == "new_shorts" else plain
        if state.name == "balanced":
            wanted = "none"
        assert severity_of(state.name, strength) == wanted


def test_strength_is_the_smaller_for_corners_and_the_larger_for_edges() -> None:
    bands = Band(0.01, 0.0066, "fixed"), Band(0.015, 0.01, "fixed")
    assert strength_of(BY_NAME["new_longs"], 0.05, 0.03, *bands) == pytest.approx(2.0)
    assert strength_of(BY_NAME["low_conviction_rally"], 0.03, 0.0015, *bands) == pytest.approx(3.0)


def baseline(ret: float, rate: float, also: tuple[int, ...] = ()) -> Baseline:
    hours = (*baseline_hours(T, W), *also)
    size = len(hours) - len(also)
    return Baseline(hours, [ret] * size + [9.0] * len(also), [rate] * size + [9.0] * len(also))


def test_adaptive_bands_take_three_medians_of_like_hours_only() -> None:
    other = (2, 3, 5, 36)  # wrong hours: their wild moves must not count
    reading = read_price_oi(
        given(0.0071, -0.0037, baseline=baseline(math.log1p(0.002), 0.001, other))
    )
    assert [e.threshold for e in reading.evidence] == pytest.approx([0.006, 0.003])
    assert reading.name == "short_covering"
    assert reading.strength == pytest.approx(0.0071 / 0.006)
    assert "adaptive" in reading.bands


def test_too_short_a_baseline_reads_with_the_fixed_band_and_says_so() -> None:
    hours = baseline_hours(T, W)[:19]
    short = Baseline(hours, [0.001] * 19, [0.001] * 19)
    reading = read_price_oi(given(0.0071, -0.0037, baseline=short))
    assert reading.name == "balanced"
    assert "19 of the 20" in reading.rule
    assert "no baseline" in read_price_oi(given(0.02, 0.02)).bands


@pytest.mark.parametrize(
    ("move", "rate", "named"),
    [(None, 0.1, "price.ret@45m is null (stale)"),
     (0.1, None, "positioning.oi_usdtm_coin@45m:rate is null (gap)")],
)  # fmt: skip
def test_a_missing_input_is_named(move: float | None, rate: float | None, named: str) -> None:
    reading = read_price_oi(given(move, rate))
    assert (reading.name, reading.severity, reading.strength) == ("cannot_tell", "none", None)
    assert named in reading.because


def test_both_missing_are_both_named() -> None:
    because = read_price_oi(given(None, None)).because
    assert "price.ret" in because
    assert "oi_usdtm_coin" in because


@pytest.mark.parametrize(
    ("slow_oi", "told"), [(46_666.0, True), (46_667.0, False), (100.0, True), (700_000.0, False)]
)
def test_sixty_percent_of_open_interest_must_be_left(slow_oi: float, told: bool) -> None:
    slow = dataclasses.replace(BYBIT_1H, value=slow_oi)
    reading = read_price_oi(given(0.02, 0.03, groups=(BINANCE, slow)), "fixed")
    assert reading.told is told
    assert "bybit BTCUSDT (cadence 1h > 15m)" in reading.because
    assert [g.used for g in reading.groups] == [True, False]


@pytest.mark.parametrize(
    ("age", "cadence", "used"),
    [(900.0, 900.0, True), (900.1, 300.0, False), (10.0, 900.1, False), (0.0, 0.0, True)],
)
def test_cadence_and_age_are_held_to_a_third_of_the_window(
    age: float, cadence: float, used: bool
) -> None:
    group = dataclasses.replace(BINANCE, age_s=age, cadence_s=cadence)
    assert read_price_oi(given(0.02, 0.03, groups=(group,)), "fixed").told is used


def test_a_group_silent_for_more_than_a_week_is_gone_not_late() -> None:
    week = 7 * 86_400.0
    gone = dataclasses.replace(BYBIT_1H, age_s=week + 1, value=1e9)
    late = dataclasses.replace(BYBIT_1H, age_s=week, value=1e9)
    assert read_price_oi(given(0.02, 0.03, groups=(BINANCE, gone)), "fixed").told
    assert not read_price_oi(given(0.02, 0.03, groups=(BINANCE, late)), "fixed").told
    both = read_price_oi(given(0.02, 0.03, groups=(gone,)), "fixed")
    assert "the newest open interest is 7d old" in both.because
    assert "no recent open interest in coin" in read_price_oi(given(0.02, 0.03, groups=())).because


def test_the_usd_split_adds_up_with_its_remainder() -> None:
    inputs = given(
        -0.02,
        -0.03,
        coin=feature_value("c", 97.0),
        coin_delta=feature_value("cd", -3.0),
        mark=feature_value("m", 98.0),
        mark_delta=feature_value("md", -2.0),
        usd_delta=feature_value("ud", 97.0 * 98.0 - 10_000.0 + 5.0),
    )
    split = read_price_oi(inputs, "fixed").split
    assert split is not None
    assert (split.quantity, split.price, split.cross) == (-300.0, -200.0, 6.0)
    assert split.remainder == pytest.approx(5.0)
    assert read_price_oi(given(-0.02, -0.03), "fixed").split is None


def test_pressure_is_the_flow_now_and_fuel_is_what_is_left() -> None:
    # 14 days of hours, newest first: stood at 100, built up to 200, has fallen to 150
    hourly = [150.0, 175.0, 200.0, *[200.0 - k for k in range(1, 101)], *[100.0] * 200]
    covering = read_price_oi(given(0.02, -0.03, oi_hourly=hourly), "fixed")
    assert (covering.pressure, covering.fuel_left) == ("up", pytest.approx(0.5))
    opening = read_price_oi(given(0.02, 0.03, oi_hourly=hourly), "fixed")
    assert (opening.pressure, opening.fuel_left) == ("up", None)


def test_every_parameter_says_where_it_comes_from() -> None:
    rows = table(DEFAULTS)
    assert len(rows) == len(dataclasses.fields(DEFAULTS))
    for row in rows:
        assert row.provenance in ("published", "measured", "judgement")
        assert row.unit
        assert row.meaning


@pytest.mark.parametrize(
    ("volume", "name"),
    [(None, "new_longs"), (100.0, "new_longs"), (133.0, "new_longs"),
     (134.0, "low_conviction_rally"),
     (400.0, "low_conviction_rally"), (4000.0, "low_conviction_rally")],
)  # fmt: skip
def test_the_more_is_traded_the_more_open_interest_has_to_move(
    volume: float | None, name: str
) -> None:
    """The band is 3 × 0.3 % at usual volume; ΔQ of 1.2 % is outside it up to 1.33 × as much."""
    inputs = given(
        0.03, 0.012, baseline=baseline(0.002, 0.003), volume=volume, volumes=[100.0] * 20
    )
    assert read_price_oi(inputs).name == name
    assert read_price_oi(inputs, "fixed").name == "low_conviction_rally"


def test_no_volume_hides_what_the_published_band_counts() -> None:
    """The band of 1.2 % would be 4.8 %, but 1.51 % is a change however much a crash trades."""
    for rate, name in ((-0.0151, "long_liquidation"), (-0.0149, "low_conviction_selloff")):
        crash = given(
            -0.08, rate, baseline=baseline(0.002, 0.004), volume=1e6, volumes=[100.0] * 20
        )
        assert read_price_oi(crash).name == name


def test_longer_windows_do_not_look_at_volume() -> None:
    """The moves of 4 h are 2 bands wide at whatever volume."""
    quiet, busy = (
        read_price_oi(
            given(0.03, 0.018, window="4h", baseline=baseline(0.002, 0.003), volume=volume,
                  volumes=[100.0] * 20)
        )
        for volume in (10.0, 1000.0)
    )  # fmt: skip
    assert quiet.name == busy.name == "new_longs"
    assert quiet.strength == busy.strength == pytest.approx(2.0)
