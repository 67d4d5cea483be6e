"""Are odds right on weeks they were not counted from? Curve, Brier score, and an interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tideline.research.odds.counting import Check
from tideline.research.odds.curve import Bin

Z90 = 1.6449
RESAMPLES = 2_000


@dataclass(frozen=True, slots=True)
class Skill:
    """Mean squared error of the odds and of the base rates; by how much the odds are better, with
    a 95 % interval by whole weeks."""

    odds: float
    base: float
    better: float
    low: float
    high: float


def curve(checks: Sequence[Check], bins: int = 8) -> list[Bin]:
    """Bins of about as many cases each, by what was expected, with 90 % intervals."""
    ordered = sorted(checks, key=lambda check: check.p)
    cuts = np.linspace(0, len(ordered), bins + 1).round().astype(int)
    found = []
    for low, high in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
        part = ordered[low:high]
        if part:
            n, hits = len(part), sum(check.followed for check in part)
            expected = sum(check.p for check in part) / n
            found.append(Bin(n, expected, hits / n, wilson(hits, n)))
    return found


def wilson(hits: int, n: int, z: float = Z90) -> tuple[float, float]:
    """The interval of a frequency."""
    seen, more = hits / n, z * z / n
    middle = (seen + more / 2) / (1 + more)
    half = z * math.sqrt(seen * (1 - seen) / n + more / (4 * n)) / (1 + more)
    return max(0.0, middle - half), min(1.0, middle + half)


def skill(checks: Sequence[Check], seed: int = 20_261_128) -> Skill:
    """Brier scores; whole weeks are drawn, since what happens in one week is alike."""
    hit = np.array([check.followed for check in checks], float)
    odds = (np.array([check.p for check in checks]) - hit) ** 2
    base = (np.array([check.base_rate for check in checks]) - hit) ** 2
    _, place = np.unique([check.week for check in checks], return_inverse=True)
    weeks = int(place.max()) + 1
    gain = np.bincount(place, base - odds, weeks)
    size = np.bincount(place, minlength=weeks)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(weeks, np.full(weeks, 1 / weeks), RESAMPLES)
    low, high = np.quantile((drawn @ gain) / (drawn @ size), (0.025, 0.975))
    better = float((base - odds).mean())
    return Skill(float(odds.mean()), float(base.mean()), better, float(low), float(high))
