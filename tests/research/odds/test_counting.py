"""Odds from cases: against a slow count, and nothing of a held-out week in them."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from tideline.domain.time import DAY, HOUR, parse_time, to_datetime
from tideline.features.window import WINDOWS
from tideline.research.odds.cases import HORIZON, Case, Counted, Moments, Stretch
from tideline.research.odds.counting import (
    HELD,
    MIN_CASES,
    MIN_WEEKS,
    PRIOR,
    Line,
    fitted,
    kind_of,
    usual,
    week_of,
)
from tideline.research.odds.reliability import curve, skill, wilson

START = int(parse_time("2026-01-05T00:00:00Z"))
STRETCH = Stretch("BTC", START, START + 180 * DAY, HOUR, ("4h",))
TRACK = ("R1.state", "new_longs", "4h")


def drawn(seed: int, share: float = 0.4, cases: int = 300) -> Counted:
    """Random signs, and cases that go on in that share."""
    rng = np.random.default_rng(seed)
    at = np.arange(START, STRETCH.end, HOUR, dtype=np.int64)
    signs = rng.choice(np.array([-1, 1], np.int8), (4, at.size))
    told = rng.random(at.size) < 0.9
    moments = Moments("4h", at, signs[0], signs[1], signs[2], signs[3], told)
    where = np.sort(rng.choice(at, cases, replace=False)).tolist()
    found = tuple(Case(*TRACK, one, 1, 1, bool(rng.random() < share)) for one in where)
    return Counted(STRETCH, found, {"4h": moments})


def slow_kind(at: int, window: str) -> int:
    """The calendar, day by day: which weeks does the case touch?"""
    first, last = at - WINDOWS[window], at + WINDOWS[HORIZON[window]]
    mondays = [to_datetime(one) for one in (first, last)]
    held = {(moment.toordinal() - 719_167) // 7 % 3 == HELD for moment in mondays}
    return int(held.pop()) if len(held) == 1 else -1


@pytest.mark.parametrize("window", ["15m", "4h", "24h"])
def test_weeks_are_those_of_the_calendar(window: str) -> None:
    rng = np.random.default_rng(2)
    at = rng.integers(START, START + 400 * DAY, 500)
    assert to_datetime(4 * DAY).weekday() == 0
    assert kind_of(at, window).tolist() == [slow_kind(one, window) for one in at.tolist()]
    assert Counter(kind_of(at, window).tolist())[0] > Counter(kind_of(at, window).tolist())[1]


def test_the_base_rate_is_counted_over_the_weeks_that_are_fitted() -> None:
    moments = drawn(3).moments["4h"]
    alike = on = 0
    for k, at in enumerate(moments.at.tolist()):
        if slow_kind(at, "4h") or not moments.told[k]:
            continue
        if moments.price[k] == 1 and moments.oi[k] == -1:
            alike += 1
            on += moments.next_price[k] == 1 and moments.next_oi[k] == -1
    assert usual(moments, 1, -1) == on / alike
    assert usual(replace(moments, told=np.zeros_like(moments.told)), 1, -1) != usual(moments, 1, -1)


def test_odds_are_a_count_drawn_to_the_base_rate() -> None:
    counted = drawn(4)
    ((line,), checks) = fitted([counted])
    fit = [case for case in counted.cases if slow_kind(case.at, "4h") == 0]
    held = [case for case in counted.cases if slow_kind(case.at, "4h") == 1]
    assert (line.n, line.followed) == (len(fit), sum(case.followed for case in fit))
    assert (line.held_n, line.held_followed) == (len(held), sum(case.followed for case in held))
    base = usual(counted.moments["4h"], 1, 1)
    assert line.base_rate == pytest.approx(base)
    assert line.p == pytest.approx((line.followed + PRIOR * base) / (line.n + PRIOR))
    assert len(checks) == len(held)


def test_outcomes_of_held_out_weeks_do_not_move_the_odds() -> None:
    counted = drawn(5)
    other = tuple(
        replace(case, followed=not case.followed) if slow_kind(case.at, "4h") else case
        for case in counted.cases
    )
    moments = counted.moments["4h"]
    apart = kind_of(moments.at, "4h") != 0
    turned = replace(
        moments,
        next_price=np.where(apart, -moments.next_price, moments.next_price),
        next_oi=np.where(apart, -moments.next_oi, moments.next_oi),
    )
    (before,), _ = fitted([counted])
    (after,), _ = fitted([Counted(STRETCH, other, {"4h": turned})])
    assert (before.p, before.n, before.base_rate) == (after.p, after.n, after.base_rate)
    assert before.held_followed != after.held_followed


@pytest.mark.parametrize(
    ("n", "weeks", "enough"),
    [(MIN_CASES, MIN_WEEKS, True), (MIN_CASES - 1, 99, False), (99, MIN_WEEKS - 1, False)],
)
def test_enough_is_cases_and_weeks(n: int, weeks: int, enough: bool) -> None:
    assert Line(*TRACK, "4h", n, weeks, 3, 0.3, 0, 0).enough is enough


def test_sides_that_do_not_count_may_go_anywhere() -> None:
    moments = drawn(6).moments["4h"]
    alike, on = moments.followed(1, 0)
    assert alike.sum() == (moments.told & (moments.price == 1)).sum()
    assert on.sum() == (alike & (moments.next_price == 1)).sum()


def test_skill_is_found_where_it_is_and_nowhere_else() -> None:
    _, some = fitted([drawn(seed, 0.6, 600) for seed in range(6)])
    _, none = fitted([drawn(seed, 0.25, 600) for seed in range(6)])
    assert skill(some).low > 0
    assert skill(none).low < 0.002
    (one, *_) = curve(some, 1)
    low, high = one.ends
    assert low < one.expected < high
    assert sum(each.n for each in curve(some)) == len(some)


def test_wilson_is_the_published_interval() -> None:
    low, high = wilson(81, 263, 1.96)
    assert low == pytest.approx(0.2553, abs=5e-4)
    assert high == pytest.approx(0.3662, abs=5e-4)
    assert wilson(0, 10)[0] == 0.0
    assert math.isclose(wilson(10, 10)[1], 1.0)


def test_weeks_begin_on_monday() -> None:
    assert week_of(START) == week_of(START + 7 * DAY - 1) == week_of(START - 1) + 1
