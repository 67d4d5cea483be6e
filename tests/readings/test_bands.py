"""Bands: the numbers of R1, at, just under and just over each."""

from __future__ import annotations

import math

import pytest

from tideline.domain.time import HOUR, parse_time, to_datetime
from tideline.features.window import WINDOWS
from tideline.readings.bands import activity, adaptive_band, baseline_hours, fixed_band

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


@pytest.mark.parametrize(
    ("now", "factor"),
    [(100.0, 1.0), (150.0, 1.5), (399.0, 3.99), (400.0, 4.0), (401.0, 4.0), (25.0, 0.25),
     (24.9, 0.25), (26.0, 0.26), (0.0, 0.25)],
)  # fmt: skip
def test_activity_is_volume_next_to_its_median_at_most_four_times(
    now: float, factor: float
) -> None:
    assert activity(now, [100.0] * 20) == pytest.approx(factor)


def test_activity_that_cannot_be_told_changes_nothing() -> None:
    assert activity(None, [100.0] * 20) == 1.0
    assert activity(math.nan, [100.0] * 20) == 1.0
    assert activity(225.0, [100.0] * 19 + [None, math.nan]) == 1.0
    assert activity(225.0, [0.0] * 20) == 1.0
    assert activity(150.0, [100.0] * 20) == 1.5


def test_a_busier_band_is_wider_on_both_edges_and_says_so() -> None:
    band = adaptive_band("oi", "45m", [0.003] * 20).busier(1.5, "45m")
    assert band.enter == pytest.approx(0.0135)
    assert band.leave == pytest.approx(0.009)
    assert band.words() == "adaptive, 20 samples, × 1.50 for volume"


def test_a_quiet_band_is_never_finer_than_the_floor_and_a_fixed_one_stays() -> None:
    fine = adaptive_band("oi", "45m", [0.0003] * 20).busier(0.25, "45m")
    assert fine.enter == pytest.approx(0.0005)
    assert fine.leave == pytest.approx(0.0005 * 2 / 3)
    fixed = fixed_band("oi", "45m")
    assert fixed.busier(3.0, "45m") == fixed


@pytest.mark.parametrize(
    ("usual", "times", "enter"),
    [(0.002, 2.0, 0.012), (0.0024, 2.0, 0.0144), (0.0025, 2.0, 0.015), (0.0026, 2.0, 0.015),
     (0.004, 2.0, 0.015), (0.005, 2.0, 0.015), (0.006, 2.0, 0.018), (0.006, 0.5, 0.009)],
)  # fmt: skip
def test_volume_never_widens_a_band_beyond_the_published_one(
    usual: float, times: float, enter: float
) -> None:
    """3 × 0.6 % is wider than the published 1.5 % by itself: it stays, and is not widened."""
    band = adaptive_band("oi", "45m", [usual] * 20).busier(times, "45m")
    assert band.enter == pytest.approx(enter)
    assert band.leave == pytest.approx(enter * 2 / 3)
    assert band.activity == pytest.approx(enter / (3 * usual))
