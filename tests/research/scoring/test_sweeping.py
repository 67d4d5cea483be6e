"""The curve, its area, and the strictness at which alerts are as many as asked."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tideline.research.scoring.sweeping import Point, at_rate, curve, levels, pr_auc
from tideline.research.scoring.tally import Judged, Scores


def point(precision: float, recall: float) -> Point:
    return Point(1.0, 1.0, Scores(precision, recall, 0.0))


def test_area_worked_by_hand() -> None:
    """Recall 0.2 at precision 0.9, 0.5 at 0.8, 0.6 at 0.3: .2·.9 + .3·.8 + .1·.3"""
    points = [point(0.9, 0.2), point(0.8, 0.5), point(0.3, 0.6)]
    assert pr_auc(points) == pytest.approx(0.18 + 0.24 + 0.03)
    assert pr_auc(points[::-1]) == pr_auc(points)


def test_a_better_precision_further_on_counts_from_the_start() -> None:
    assert pr_auc([point(0.4, 0.5), point(0.6, 0.7)]) == pytest.approx(0.42)
    assert pr_auc([point(1.0, 1.0)]) == 1.0
    assert pr_auc([point(math.nan, 0.0)]) == 0.0


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=12))
def test_area_against_a_fine_sum(pairs: list[tuple[float, float]]) -> None:
    points = [point(precision, recall) for precision, recall in pairs]
    steps = np.arange(0.5, 4000) / 4000
    slow = np.mean([max((p for p, r in pairs if r >= at), default=0.0) for at in steps])
    assert pr_auc(points) == pytest.approx(slow, abs=1e-3)


def alerts(count: float, days: int = 10) -> Judged:
    by_day = np.zeros((days, 4))
    by_day[0, 1] = count
    return Judged(by_day, np.zeros((4, 4)), np.zeros((5, 5)), np.zeros(0))


@given(st.floats(0.1, 30))
def test_the_strictness_gives_the_rate(rate: float) -> None:
    def at(level: float) -> Judged:
        return alerts(np.floor(100 / level))

    found = at_rate(at, rate, curve(at, levels(0.02, 8.0, 33).tolist()))
    assert np.floor(100 / found) / 10 == pytest.approx(rate, abs=0.1)


def test_the_default_stands_where_it_has_just_that_rate() -> None:
    def at(level: float) -> Judged:
        return alerts(40.0 if 0.5 < level < 3 else 100 / level)

    assert at_rate(at, 4.0, curve(at, [0.1, 0.6, 1.0, 2.0, 6.0])) == 1.0


def test_out_of_reach_gives_the_most_and_too_strict_is_looked_for() -> None:
    def at(level: float) -> Judged:
        return alerts(min(50.0, 10 / level))

    assert at_rate(at, 9.0, curve(at, [0.05, 0.3, 1.0])) == 0.05
    assert at_rate(at, 0.05, curve(at, [0.05, 0.3, 1.0])) == pytest.approx(20.0, rel=1e-5)
