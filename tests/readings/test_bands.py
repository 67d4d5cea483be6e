"""Bands: the numbers of R1, at, just under and just over each."""

from __future__ import annotations

import math

import pytest

from tideline.domain.time import HOUR, parse_time, to_datetime
from tideline.features.window import WINDOWS
from tideline.readings.bands import adaptive_band, baseline_hours, fixed_band

THURSDAY = parse_time("2026-02-05T12:30:00Z")
SATURDAY_LATE = parse_time("2026-02-07T23:30:00Z")


@pytest.mark.parametrize(
    ("window", "price", "oi"),
    [("45m", 0.01, 0.015), ("15m", 0.01 / math.sqrt(3), 0.015 / math.sqrt(3)),
     ("4h", 0.01 * math.sqrt(240 / 45), 0.015 * math.sqrt(240 / 45))],
)  # fmt: skip
def test_the_fixed_band_scales_with_the_root_of_time(window: str, price: float, oi: float) -> None:
    assert fixed_band("price", window).enter == pytest.approx(price, rel=1e-12)
    assert fixed_band("oi", window).enter == pytest.approx(oi, rel=1e-12)


def test_a_move_equal_to_the_band_is_flat_and_one_bit_more_is_not() -> None:
    band = fixed_band("price", "45m")
    assert band.side(0.01) == 0
    assert band.side(-0.01) == 0
    assert band.side(math.nextafter(0.01, 1)) == 1
    assert band.side(math.nextafter(-0.01, -1)) == -1


def test_nineteen_samples_give_the_fixed_band_and_say_so_twenty_do_not() -> None:
    short = adaptive_band("oi", "45m", [0.004] * 19)
    assert (short.mode, short.enter) == ("fixed", 0.015)
    assert "19 of the 20 samples" in short.words()
    enough = adaptive_band("oi", "45m", [0.004] * 20)
    assert (enough.mode, enough.samples) == ("adaptive", 20)
    assert enough.enter == pytest.approx(0.012)
    assert enough.leave == pytest.approx(0.008)


def test_nulls_are_no_samples() -> None:
    assert adaptive_band("oi", "45m", [0.004] * 19 + [None, math.nan]).mode == "fixed"


def test_the_median_is_of_sizes_not_of_signed_moves() -> None:
    moves = [0.001, -0.002, 0.003, -0.004, 0.005] * 5
    assert adaptive_band("price", "45m", moves).enter == pytest.approx(3 * 0.003)


@pytest.mark.parametrize(
    ("median", "width"), [(0.0001, 0.0005), (0.0005 / 3, 0.0005), (0.0002, 0.0006), (0.0, 0.0005)]
)
def test_no_band_is_finer_than_the_floor(median: float, width: float) -> None:
    assert adaptive_band("price", "45m", [median] * 30).enter == pytest.approx(width)


def test_samples_stand_at_like_hours_and_like_days() -> None:
    hours = baseline_hours(THURSDAY, "45m")
    moments = [to_datetime(THURSDAY - j * HOUR) for j in hours]
    assert {moment.hour for moment in moments} == {11, 12, 13}
    assert all(moment.weekday() < 5 for moment in moments)
    assert max(hours) <= 720
    # every like hour of the last 30 days is there: 21 whole weekdays and the earlier hour today
    wanted = [
        j
        for j in range(1, 721)
        if abs(to_datetime(THURSDAY - j * HOUR).hour - 12) <= 1
        and to_datetime(THURSDAY - j * HOUR).weekday() < 5
    ]
    assert list(hours) == wanted


def test_hours_go_around_midnight_and_weekends_stay_among_themselves() -> None:
    moments = [to_datetime(SATURDAY_LATE - j * HOUR) for j in baseline_hours(SATURDAY_LATE, "45m")]
    assert {moment.hour for moment in moments} == {22, 23, 0}
    assert {moment.weekday() for moment in moments} == {5, 6}


@pytest.mark.parametrize(("window", "first"), [("45m", 1), ("1h", 1), ("2h", 23), ("24h", 24)])
def test_no_sample_lies_inside_the_window(window: str, first: int) -> None:
    hours = baseline_hours(THURSDAY, window)
    assert hours[0] == first
    assert first * HOUR >= WINDOWS[window]
