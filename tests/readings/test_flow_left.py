"""Fuel, spent, and episodes: at and around each number."""

from __future__ import annotations

import dataclasses

import pytest

from tideline.domain.time import MINUTE
from tideline.readings.bands import Band
from tideline.readings.episodes import Episode, Moment, episodes
from tideline.readings.flow_left import SpentInputs, fuel_left, spent

BAND = Band(0.01, 0.01 * 2 / 3, "fixed")
DONE = SpentInputs((0.001, -0.002), (10.0, 25.0), 100.0, 50.0, 50.0, upward=False)


def test_fuel_is_clamped_and_null_without_a_base() -> None:
    day = [5.0] * 24
    assert fuel_left([10.0, *day]) == 1.0  # now is the peak
    assert fuel_left([4.0, 10.0, *day]) == 0.0  # below the base
    assert fuel_left([7.5, 10.0, *day]) == pytest.approx(0.5)
    assert fuel_left([]) is None
    assert fuel_left([None, 10.0, *day]) is None
    assert fuel_left([5.0, 5.0, 5.0]) is None  # nothing was ever built
    assert fuel_left([5.0, 10.0]) is None  # nothing known before the peak


def test_the_peak_lies_within_seven_days_and_the_base_within_seven_before_it() -> None:
    old = [5.0, 9.0, *[1.0] * 167, 1000.0, *[1.0] * 200]  # the 1000 is 169 h back: too old
    assert fuel_left(old) == pytest.approx(0.5)
    deep = [5.0, 10.0, *[2.0] * 168, 0.0]  # the 0 is 169 h before the peak
    assert fuel_left(deep) == pytest.approx(3 / 8)


def test_spent_needs_all_three() -> None:
    assert spent(DONE, BAND)[0] is True
    replace = dataclasses.replace
    assert spent(replace(DONE, oi_rates=(0.001, -0.0101)), BAND)[0] is False
    assert spent(replace(DONE, oi_rates=(0.001, -0.01)), BAND)[0] is True
    assert spent(replace(DONE, forced=(10.0, 25.1)), BAND)[0] is False
    assert spent(replace(DONE, extreme_within=49.9), BAND)[0] is False
    assert spent(replace(DONE, extreme_within=50.1), BAND)[0] is True
    assert spent(replace(DONE, extreme_within=50.1, upward=True), BAND)[0] is False


def test_spent_cannot_be_told_without_its_inputs() -> None:
    assert spent(None, BAND)[0] is None
    verdict, why = spent(dataclasses.replace(DONE, forced=None), BAND)
    assert verdict is None
    assert "liquidation feed" in why
    assert spent(dataclasses.replace(DONE, oi_rates=(None, 0.0)), BAND)[0] is None


def grid(*steps: tuple[float | None, float | None]) -> list[Moment]:
    return [Moment(k * 5 * MINUTE, move, rate, BAND, BAND) for k, (move, rate) in enumerate(steps)]


def test_an_episode_is_entered_at_k_in_and_left_at_k_out() -> None:
    steps = grid(
        (0.0, 0.0), (0.011, -0.011), (0.011, -0.02), (0.008, -0.008), (0.0067, -0.0067),
        (0.0066, -0.009), (0.0, 0.0),
    )  # fmt: skip
    (only,) = episodes(steps, "45m")
    assert (only.state, only.entered, only.left) == ("short_covering", 5 * MINUTE, 25 * MINUTE)
    assert only.ended_by == "balanced"
    assert only.peak_strength == pytest.approx(1.1)


def test_at_k_in_exactly_nothing_is_entered() -> None:
    assert episodes(grid((0.01, -0.01), (0.01, -0.01)), "45m") == []


def test_it_is_not_left_before_a_third_of_the_window() -> None:
    back = (0.0, 0.0)
    (only,) = episodes(grid((0.02, 0.02), back, back, back, back), "45m")
    assert only.left == 15 * MINUTE  # w/3, although the move was over after 5 minutes


def test_a_moment_that_cannot_be_told_ends_it() -> None:
    (only,) = episodes(grid((0.02, 0.02), (None, 0.02)), "45m")
    assert (only.left, only.ended_by) == (5 * MINUTE, "cannot_tell")


def test_one_still_running_has_no_end() -> None:
    assert episodes(grid((0.0, 0.0), (0.02, 0.03)), "45m") == [
        Episode("new_longs", 5 * MINUTE, None, pytest.approx(2.0), 5 * MINUTE)
    ]
