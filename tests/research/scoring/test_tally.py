"""Scores against numbers worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given

from tests.research.scoring.spans import SIZE, blank, some_spans, spans
from tideline.domain.time import MINUTE
from tideline.research.scoring.runs import Spans
from tideline.research.scoring.tally import f1_of, judge, scores, together

L, S, Q, C = "new_longs", "new_shorts", "long_liquidation", "short_covering"
TOLERANCE = 15 * MINUTE


def test_worked_by_hand() -> None:
    """Four true, five alerts. L and S are met (S by the first of two), Q is called C, C is missed,
    one alert meets nothing."""
    true = spans((L, 10, 20), (S, 40, 50), (Q, 100, 110), (C, 200, 205))
    said = spans((L, 12, 18), (S, 38, 43), (S, 46, 49), (C, 101, 108), (L, 250, 255))
    found = judge(blank(), said, true, TOLERANCE)
    assert found.by_day.tolist() == [[2, 5, 2, 4]]
    assert scores(found.by_day[0]) == pytest.approx((2 / 5, 2 / 4, 2 * 0.4 * 0.5 / 0.9))
    assert found.lead.tolist() == [10.0, -10.0]
    assert found.by_kind.tolist() == [[1, 2, 1, 1], [1, 2, 1, 1], [0, 0, 0, 1], [0, 1, 0, 1]]
    assert found.confusion.tolist() == [
        [1, 0, 0, 0, 0],
        [0, 1, 0, 0, 0],
        [0, 0, 0, 1, 0],
        [0, 0, 0, 0, 1],
        [1, 1, 0, 0, 0],
    ]


def test_an_episode_counts_on_the_day_it_began() -> None:
    late = SIZE - 1
    found = judge(blank(2), spans((L, SIZE + 1, SIZE + 5)), spans((L, late, SIZE + 6)), TOLERANCE)
    assert found.by_day.tolist() == [[0, 0, 1, 1], [1, 1, 0, 0]]
    assert scores(found.by_day.sum(axis=0)).f1 == 1.0


@given(some_spans())
def test_a_perfect_detector_scores_one(true: Spans) -> None:
    found = judge(blank(), true, true, 0.0)
    assert found.lead.tolist() == [0.0] * true.size
    total = scores(found.by_day.sum(axis=0))
    if true.size:
        assert total == (1.0, 1.0, 1.0)
        assert np.trace(found.confusion) == found.confusion.sum() == true.size
    else:
        assert math.isnan(total.precision)
        assert total.f1 == 0.0


@pytest.mark.parametrize(("shift", "lead"), [(2, 10.0), (-3, -15.0), (0, 0.0)])
def test_a_shifted_detector_has_that_lead(shift: int, lead: float) -> None:
    true = spans((L, 10, 30), (S, 60, 80), (C, 120, 150), (Q, 200, 230))
    said = Spans(true.kind, true.first + shift, true.last + shift, true.strength)
    found = judge(blank(), said, true, 0.0)
    assert found.lead.tolist() == [lead] * 4
    assert scores(found.by_day[0]).f1 == 1.0


def test_nothing_said_and_nothing_true() -> None:
    nothing, some = spans(), spans((L, 1, 2))
    said_nothing = scores(judge(blank(), nothing, some, 0.0).by_day[0])
    assert math.isnan(said_nothing.precision)
    assert (said_nothing.recall, said_nothing.f1) == (0.0, 0.0)
    nothing_true = scores(judge(blank(), some, nothing, 0.0).by_day[0])
    assert nothing_true.precision == 0.0
    assert math.isnan(nothing_true.recall)


def test_f1_of_many_rows_is_that_of_each() -> None:
    rows = np.array([[2.0, 5, 2, 4], [0, 3, 0, 2], [1, 1, 1, 1], [0, 0, 0, 0]])
    assert f1_of(rows).tolist() == [scores(row).f1 for row in rows]


def test_assets_together_are_their_sums() -> None:
    one = judge(blank(), spans((L, 1, 9)), spans((L, 2, 9)), 0.0)
    other = judge(blank(2), spans((S, 1, 9)), spans((S, 4, 9), (C, 300, 310)), 0.0)
    both = together([one, other])
    assert both.by_day.tolist() == [*one.by_day.tolist(), *other.by_day.tolist()]
    assert both.lead.tolist() == [-5.0, -15.0]
    assert both.by_kind.sum() == one.by_kind.sum() + other.by_kind.sum()
