"""Chance scores what chance has to."""

from __future__ import annotations

import numpy as np
import pytest

from tests.research.scoring.spans import SIZE, blank, scored
from tideline.research.scoring.chance import Chance, judge_chance
from tideline.research.scoring.observed import KINDS
from tideline.research.scoring.tally import ALERTS, scores
from tideline.research.scoring.truth_runs import true_runs

SHARES = np.array([0.4, 0.3, 0.2, 0.1])


def busy(seed: int, days: int) -> np.ndarray:
    """Every other moment is a true episode of its own, of a class drawn at SHARES."""
    truth = np.full(days * SIZE, -1, np.int64)
    truth[::2] = np.random.default_rng(seed).choice(len(KINDS), days * SIZE // 2, p=SHARES)
    return truth


def test_points_are_right_as_often_as_the_base_rate() -> None:
    """Few alerts of one moment and no tolerance: right when a true one of the class is there."""
    one = scored(1, busy(1, 40))
    share = np.bincount(one.truth[one.truth >= 0], minlength=4) / one.truth.size
    chance = Chance(5.0, SHARES, np.array([1]))
    found = judge_chance(chance, [one], [true_runs(one.truth)], 0.0, 100, seed=3)
    expected = float((share * SHARES).sum())
    assert scores(found.by_day.sum(axis=0)).precision == pytest.approx(expected, abs=0.01)


def test_it_says_as_much_as_it_is_told() -> None:
    one, other = scored(1, busy(1, 3)), scored(2, busy(2, 5))
    chance = Chance(7.3, SHARES, np.array([3, 9]))
    true = [true_runs(each.truth) for each in (one, other)]
    found = judge_chance(chance, [one, other], true, 0.0, 200, seed=1)
    assert found.by_day[:, ALERTS].mean() == pytest.approx(7.3, abs=0.05)
    kinds = found.by_kind[:, ALERTS] / found.by_kind[:, ALERTS].sum()
    assert kinds == pytest.approx(SHARES, abs=0.02)


def test_alerts_of_a_class_do_not_overlap_and_stay_inside() -> None:
    draw = np.random.default_rng(5)
    for _ in range(50):
        found = Chance(40.0, SHARES, np.array([2, 30])).spans(blank(2), draw)
        assert (found.last > found.first).all()
        assert found.last.max() <= 2 * SIZE
        for kind in range(len(KINDS)):
            mine = found.kind == kind
            assert (found.first[mine][1:] >= found.last[mine][:-1]).all()


def test_the_same_seed_says_the_same() -> None:
    one = scored(1, busy(1, 2))
    true = [true_runs(one.truth)]
    chance = Chance(6.0, SHARES, np.array([4]))
    first, again = (judge_chance(chance, [one], true, 0.0, 3, seed=9) for _ in range(2))
    assert np.array_equal(first.by_day, again.by_day)
