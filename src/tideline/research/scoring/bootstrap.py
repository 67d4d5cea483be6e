"""Intervals by resampling whole asset-days, or whole worlds: paired, from a seed.

The same resamples serve every detector, so that what two of them share (an easy day, a quiet
world) cancels in their difference.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tideline.research.scoring.observed import Floats, Ints
from tideline.research.scoring.tally import f1_of


class Interval(NamedTuple):
    """An estimate on the days as they were, and the ends of its percentile interval."""

    value: float
    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Does it contain ``value``?"""
        return self.low <= value <= self.high


def day_weights(days: int, resamples: int, seed: int) -> Floats:
    """[resamples, days] how often each day was drawn, with replacement."""
    draw = np.random.default_rng(seed)
    weights: Floats = draw.multinomial(days, np.full(days, 1.0 / days), resamples).astype(float)
    return weights


def cluster_weights(world: Ints, resamples: int, seed: int) -> Floats:
    """[resamples, days] as :func:`day_weights`, with whole worlds drawn; ``world`` [days]."""
    _, place = np.unique(world, return_inverse=True)
    return day_weights(int(place.max()) + 1, resamples, seed)[:, place]


def f1_interval(by_day: Floats, weights: Floats, level: float) -> Interval:
    """F1 of one detector."""
    return _interval(_f1(by_day), f1_of(weights @ by_day), level)


def f1_difference(one: Floats, other: Floats, weights: Floats, level: float) -> Interval:
    """F1 of ``one`` minus F1 of ``other`` ([days, 4] each) on the same resamples."""
    drawn = f1_of(weights @ one) - f1_of(weights @ other)
    return _interval(_f1(one) - _f1(other), drawn, level)


def ratio_interval(value: float, drawn: Floats, level: float) -> Interval:
    """An interval from numbers already drawn; NaN among them are left out."""
    return _interval(value, drawn[~np.isnan(drawn)], level)


def _f1(by_day: Floats) -> float:
    return float(f1_of(by_day.sum(axis=0)[None])[0])


def _interval(value: float, drawn: Floats, level: float) -> Interval:
    if not drawn.size:
        return Interval(value, float("nan"), float("nan"))
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(value), float(low), float(high))
