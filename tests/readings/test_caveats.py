"""R7 as tables, and how caveats lower the confidence of what they touch."""

from __future__ import annotations

import dataclasses
from functools import partial

import numpy as np
import pytest

from tests.readings.handed import BINANCE, T, above, bands, below, given, missing, moves
from tideline.domain.time import DAY, HOUR, MINUTE
from tideline.readings.asking import caveats_of, readings_of, with_caveats
from tideline.readings.bands import baseline_hours
from tideline.readings.catalogue import RULES
from tideline.readings.caveats import (
    BASES,
    BASIS,
    CAVEAT_RULES,
    FUNDING,
    FUNDINGS,
    LIKE_VOLUMES,
    UNTIL_FUNDING,
    VOLUME,
)
from tideline.readings.given import Event, Facts, Stretch
from tideline.readings.reading import Caveat
from tideline.readings.rule import Rule, read

W = "45m"
W_US = 45 * MINUTE
GROUP = ("binance", "BTCUSDT")
OI_BAND = bands(W)[1]


def rule(name: str) -> Rule:
    (found,) = [one for one in CAVEAT_RULES if one.names == (name,)]
    return found


def told(name: str, at) -> bool:
    reading = read(rule(name), at)
    assert reading.name in (name, "quiet")
    return reading.name == name


@pytest.mark.parametrize(
    ("age", "new"), [(14 * DAY - 1, True), (14 * DAY, False), (14 * DAY + 1, False), (0, True)]
)
def test_new_listing_is_under_fourteen_days(age: int, new: bool) -> None:
    assert told("new_listing", given(W, facts=Facts(listed={GROUP: T - age}))) is new
    other = Facts(listed={("bybit", "BTCUSDT"): T - age})
    assert not told("new_listing", given(W, facts=other))  # not among the groups used


@pytest.mark.parametrize(
    ("ago", "inside"), [(0, True), (W_US - 1, True), (W_US, False), (W_US + 1, False)]
)
def test_a_break_in_the_window(ago: int, inside: bool) -> None:
    stretch = Stretch("bybit", "BTCUSDT", "open_interest", T - ago, T - ago)
    assert told("counting_break", given(W, facts=Facts(breaks=[stretch]))) is inside


@pytest.mark.parametrize(("late", "low"), [(17_500.0, False), (17_501.0, True), (1.0, False)])
def test_coverage_under_eighty_percent(late: float, low: bool) -> None:
    slow = dataclasses.replace(BINANCE, venue="bybit", value=late, cadence_s=3600.0)
    assert told("low_coverage", given(W, groups=(BINANCE, slow))) is low


@pytest.mark.parametrize(("age", "stale"), [(900.0, False), (900.1, True)])
def test_older_than_a_third_of_the_window(age: float, stale: bool) -> None:
    late = dataclasses.replace(BINANCE, venue="bybit", value=10.0, age_s=age)
    assert told("stale_inputs", given(W, groups=(BINANCE, late))) is stale
    slow = dataclasses.replace(late, cadence_s=3600.0)
    assert not told("stale_inputs", given(W, groups=(BINANCE, slow)))


@pytest.mark.parametrize(
    ("start", "end", "inside"),
    [
        (T - W_US - HOUR, T - W_US, False), (T - W_US - HOUR, T - W_US + 1, True),
        (T - MINUTE, T, True), (T, T + HOUR, False), (T - 1, T + HOUR, True),
        (T - MINUTE, 0, False),
    ],
)  # fmt: skip
def test_a_silence_in_the_window(start: int, end: int, inside: bool) -> None:
    gap = Stretch("bybit", "BTCUSDT", "liquidation", start, end)
    assert told("gap_in_window", given(W, facts=Facts(gaps=[gap]))) is inside


@pytest.mark.parametrize("away", [-2 * HOUR, 2 * HOUR, 0])
def test_an_event_within_two_hours_either_side(away: int) -> None:
    def at(moment: int) -> bool:
        return told("calendar_event", given(W, facts=Facts(calendar=[Event("CPI", moment)])))

    assert at(T + away)
    assert not at(T + 2 * HOUR + 1)
    assert not at(T - 2 * HOUR - 1)
    reading = read(rule("calendar_event"), given(W, facts=Facts(calendar=[Event("CPI", T + HOUR)])))
    assert reading.because == "CPI in 1h."


@pytest.mark.parametrize(("minutes", "near"), [(30.0, True), (above(30.0), False), (1.0, True)])
def test_settlement_within_thirty_minutes(minutes: float, near: bool) -> None:
    assert told("settlement", given(W, {UNTIL_FUNDING: minutes})) is near


def test_a_thin_session_is_under_the_twentieth_percentile_of_like_hours() -> None:
    usual = np.arange(1.0, 102.0)  # 1 … 101: the 20 % quantile is 21
    for volume, thin in ((21.0, False), (below(21.0), True), (above(21.0), False)):
        assert told("thin_session", given(W, {VOLUME: volume}, {LIKE_VOLUMES: usual})) is thin
    few = {LIKE_VOLUMES: usual[:19]}
    assert not told("thin_session", given(W, {VOLUME: 0.0}, few))
    assert len(baseline_hours(T, "1h")) >= 20


BUILT = 1000.0
STILL = {
    BASIS: 0.0005, FUNDING: 0.00005, f"flow.cvd@{W}": 100.0,
    f"positioning.oi_usdtm_coin@{W}:delta": BUILT,
}  # fmt: skip
USUAL = {BASES: [0.001] * 720, FUNDINGS: [0.0001] * 180}


@pytest.mark.parametrize(
    ("changed", "hedge"),
    [
        ({}, True), ({BASIS: -0.0005}, True), ({BASIS: above(0.0005)}, False),
        ({FUNDING: above(0.00005)}, False), ({FUNDING: below(0.00005)}, True),
        ({f"flow.cvd@{W}": -100.0}, True), ({f"flow.cvd@{W}": above(100.0)}, False),
    ],
)  # fmt: skip
def test_a_hedge_book_grows_while_nothing_else_moves(changed: dict, hedge: bool) -> None:
    numbers = moves(W, 0.0, 0.02) | STILL | changed
    assert told("hedge_book", given(W, numbers, USUAL)) is hedge


def test_a_book_that_does_not_grow_is_no_hedge_but_a_stablecoins_is() -> None:
    assert not told("hedge_book", given(W, moves(W, 0.0, OI_BAND) | STILL, USUAL))
    assert told("hedge_book", given(W, moves(W, 0.0, above(OI_BAND)) | STILL, USUAL))
    assert told("hedge_book", given(W, asset="USDC"))


def test_unknown_sides_are_told_and_touch_totals_alone() -> None:
    assert told("sides_unknown", given(W, facts=Facts(unknown_sides=("okx",))))
    assert not told("sides_unknown", given(W))


def test_caveats_name_what_is_missing() -> None:
    assert missing(read(rule("settlement"), given(W)), UNTIL_FUNDING)
    assert missing(read(rule("thin_session"), given(W)), VOLUME)
    up = moves(W, 0.0, 0.02)
    assert missing(read(rule("hedge_book"), given(W, up)), BASIS, FUNDING, f"flow.cvd@{W}")


def test_each_caveat_lowers_confidence_by_the_same_factor() -> None:
    reading = read(RULES[0], given(W, moves(W, 0.02, 0.03)))
    assert (reading.name, reading.confidence) == ("new_longs", 1.0)
    two = with_caveats(reading, [Caveat("settlement", "x"), Caveat("hedge_book", "y")])
    assert two.confidence == pytest.approx(0.8 * 0.8)
    assert [c.name for c in two.caveats] == ["settlement", "hedge_book"]
    closing = read(RULES[0], given(W, moves(W, -0.02, -0.03)))
    one = with_caveats(closing, [Caveat("settlement", "x"), Caveat("hedge_book", "y")])
    assert one.confidence == pytest.approx(0.8)  # a hedge book says nothing of closing


def test_healthy_inflow_and_hedge_book_are_both_shown() -> None:
    """They rest on the same facts and contradict each other: neither hides the other."""
    from tests.readings.test_crowding import CALM, DAILY, daily

    numbers = moves(W, 0.0, 0.02) | CALM | STILL
    at = given(W, numbers, USUAL | {DAILY: daily(0.0)})
    found = readings_of(partial(lambda one, _: one, at), W, RULES)
    healthy = next(one for one in found if one.name == "healthy_inflow")
    assert "hedge_book" in [one.name for one in found]
    assert "hedge_book" in [caveat.name for caveat in healthy.caveats]
    assert healthy.confidence < 1.0
    assert [c.name for c in caveats_of(at)] == ["hedge_book"]
