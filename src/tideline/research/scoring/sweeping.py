"""Each detector at many strictnesses: the precision-recall curve, and equal alerts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from tideline.research.scoring.observed import Floats
from tideline.research.scoring.tally import ALERTS, Judged, Scores, scores

At = Callable[[float], Judged]
"""Strictness → what came of it, over all assets."""
HALVINGS, DOUBLINGS = 24, 12


class Point(NamedTuple):
    """One strictness: alerts a day and the scores."""

    strictness: float
    rate: float
    scores: Scores


def rate_of(judged: Judged) -> float:
    """Alerts per asset-day."""
    return float(judged.by_day[:, ALERTS].mean())


def levels(loosest: float, strictest: float, count: int) -> Floats:
    """Strictness levels, evenly spaced in logarithm, 1 (the default) among them or not."""
    return np.geomspace(loosest, strictest, count)


def curve(at: At, strictness: Sequence[float]) -> list[Point]:
    """A point for each level."""
    found = []
    for level in strictness:
        judged = at(level)
        found.append(Point(level, rate_of(judged), scores(judged.by_day.sum(axis=0))))
    return found


def pr_auc(points: Sequence[Point]) -> float:
    """Area under precision against recall: over each stretch of recall the best precision among
    points with at least that recall; 0 beyond the largest recall reached."""
    pairs = sorted(
        (p.scores.recall, p.scores.precision) for p in points if not np.isnan(p.scores.precision)
    )
    area, before = 0.0, 0.0
    for k, (recall, _) in enumerate(pairs):
        area += (recall - before) * max(precision for _, precision in pairs[k:])
        before = recall
    return area


def at_rate(at: At, rate: float, points: Sequence[Point]) -> float:
    """The strictness at which alerts per asset-day come nearest to ``rate``.

    A point of the curve with just that rate is taken as it is, the one nearest to the default.
    Else halved from the stricter end, beyond it where that still gives too many: stricter means
    fewer alerts, but for small turns back where long episodes break up. Where no strictness gives
    so many, the one that gives the most.
    """
    just = [point.strictness for point in points if point.rate == rate]
    if just:
        return min(just, key=lambda level: abs(float(np.log(level))))
    falling = sorted(points, key=lambda point: -point.strictness)
    enough = next((k for k, point in enumerate(falling) if point.rate >= rate), None)
    if enough is None:
        return max(points, key=lambda point: point.rate).strictness
    low = falling[enough].strictness
    tried = {low: falling[enough].rate}
    high = low
    if enough:
        high = falling[enough - 1].strictness
        tried[high] = falling[enough - 1].rate
    for _ in range(0 if enough else DOUBLINGS):
        high *= 2.0
        tried[high] = rate_of(at(high))
        if tried[high] < rate:
            break
    for _ in range(HALVINGS):
        middle = float(np.sqrt(low * high))
        tried[middle] = rate_of(at(middle))
        if tried[middle] == rate:
            break
        low, high = (middle, high) if tried[middle] > rate else (low, middle)
    return min(tried, key=lambda level: (abs(tried[level] - rate), level))
