"""Intervals: seeded, paired, and those of a slow reference."""

from __future__ import annotations

import numpy as np
import pytest

from tideline.research.scoring.bootstrap import (
    Interval,
    cluster_weights,
    day_weights,
    f1_difference,
    f1_interval,
)
from tideline.research.scoring.tally import scores

DAYS = 30


def counts(seed: int, right: float) -> np.ndarray:
    draw = np.random.default_rng(seed)
    alerts, true = draw.poisson(4, DAYS), draw.poisson(5, DAYS)
    met = draw.binomial(np.minimum(alerts, true), right)
    return np.stack([met, alerts, met, true], axis=1).astype(float)


def test_against_days_drawn_one_by_one() -> None:
    one, other = counts(1, 0.8), counts(2, 0.5)
    weights = day_weights(DAYS, 200, seed=7)
    drawn, apart = [], []
    for row in weights:
        picked = [day for day in range(DAYS) for _ in range(int(row[day]))]
        assert len(picked) == DAYS
        f1 = [scores(np.sum([table[day] for day in picked], axis=0)).f1 for table in (one, other)]
        drawn.append(f1[0])
        apart.append(f1[0] - f1[1])
    whole = scores(one.sum(axis=0)).f1
    found = f1_interval(one, weights, 0.9)
    assert found == pytest.approx((whole, *np.quantile(drawn, [0.05, 0.95])))
    difference = f1_difference(one, other, weights, 0.9)
    assert difference == pytest.approx(
        (whole - scores(other.sum(axis=0)).f1, *np.quantile(apart, [0.05, 0.95]))
    )


def test_a_detector_against_itself_differs_by_nothing() -> None:
    one = counts(3, 0.6)
    assert f1_difference(one, one, day_weights(DAYS, 50, 1), 0.95) == Interval(0.0, 0.0, 0.0)


def test_pairing_takes_out_what_days_have_in_common() -> None:
    one = counts(4, 0.7)
    worse = one.copy()
    worse[:, 1] += 1
    weights = day_weights(DAYS, 2000, 1)
    alone, paired = f1_interval(one, weights, 0.95), f1_difference(one, worse, weights, 0.95)
    assert paired.high - paired.low < (alone.high - alone.low) / 2
    assert paired.low > 0


def test_the_same_seed_draws_the_same_days() -> None:
    assert np.array_equal(day_weights(9, 20, 5), day_weights(9, 20, 5))
    assert not np.array_equal(day_weights(9, 20, 5), day_weights(9, 20, 6))


def test_worlds_are_drawn_whole() -> None:
    world = np.array([0, 0, 0, 1, 1, 2])
    weights = cluster_weights(world, 50, 3)
    assert weights.shape == (50, 6)
    for one in range(3):
        mine = weights[:, world == one]
        assert (mine == mine[:, :1]).all()
    assert (weights[:, [0, 3, 5]].sum(axis=1) == 3).all()


def test_an_interval_covers_what_it_says() -> None:
    """Of 200 samples from a known process 95 % intervals hold its F1 between 89 % and 99 %."""
    exact = counts(0, 0.6)
    draw = np.random.default_rng(11)
    truth = scores(exact.sum(axis=0)).f1
    held = 0
    for k in range(200):
        sample = exact[draw.integers(0, DAYS, DAYS)]
        held += f1_interval(sample, day_weights(DAYS, 400, k), 0.95).holds(truth)
    assert 178 <= held <= 198
