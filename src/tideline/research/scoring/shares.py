"""The forced share's interval (R3) against the share that was forced, and against naive ones.

Where R3.kind names a closing, by side, in coin, on the venues whose feed is complete. How often an
interval holds the truth and how wide it is pull against each other; the interval score puts them
together: width + 2/α · how far the truth lies outside, α = 5 %. Smaller is better, and guessing
honestly is best. Each episode counts once, however long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tideline.research.scoring.bootstrap import Interval, ratio_interval
from tideline.research.scoring.observed import NOTHING, Floats, Scored
from tideline.research.scoring.runs import label_runs

ALPHA = 0.05
ROWS = ("R3's interval", "anything: 0 to 1", "usual: middle 95 % of other worlds", "point: L/V")
HOLDS, WIDTH, SCORE = range(3)
WITHIN = 1e-9


@dataclass(frozen=True, slots=True)
class Share:
    """One way to give an interval: how often it holds, its mean width, its mean score, and the
    score less that of R3's (positive: R3's is better)."""

    title: str
    holds: float
    width: float
    score: float
    worse: Interval


def shares(
    scored: Sequence[Scored], window: str, weights: Floats, level: float
) -> tuple[list[Share], int]:
    """Each way of giving an interval, and how many episodes they were judged on."""
    truths = [_truth(one, window) for one in scored]
    by_day = []
    for one, truth in zip(scored, truths, strict=True):
        said = one.said["R3.kind", window]
        others = [t for o, t in zip(scored, truths, strict=True) if o.seed != one.seed]
        pool = np.concatenate(others) if others else truth
        pool = pool[~np.isnan(pool)]
        low, high = np.quantile(pool, [0.025, 0.975]) if pool.size else (0.0, 1.0)
        even = np.ones(truth.size)
        given = ((said.low, said.high), (0 * even, even), (low * even, high * even),
                 (said.low, said.low))  # fmt: skip
        by_day.append(np.stack([_days(one, truth, *interval) for interval in given]))
    table = np.concatenate(by_day, axis=1)  # [rows, days, (holds, width, score, episodes)]
    total = table.sum(axis=1)
    episodes = int(total[0, 3])
    with np.errstate(divide="ignore", invalid="ignore"):
        means = total[:, :3] / total[:, 3:]
        drawn = np.tensordot(weights, table, axes=(1, 1))
        scores = drawn[..., SCORE] / drawn[..., 3]
    found = []
    for row, title in enumerate(ROWS):
        worse = ratio_interval(
            float(means[row, SCORE] - means[0, SCORE]), scores[:, row] - scores[:, 0], level
        )
        holds, width, score = (float(x) for x in means[row])
        found.append(Share(title, holds, width, score, worse))
    return found, episodes


def _truth(one: Scored, window: str) -> Floats:
    """[N] the true share of the side that R3.kind names, NaN where it names none or none closed."""
    said = one.said["R3.kind", window]
    share = one.flows[window].full_share
    shorts = [k for k, name in enumerate(said.names)
              if name.split("/")[0] in ("orderly_covering", "short_squeeze")]  # fmt: skip
    value = np.where(np.isin(said.state, shorts), share[:, 1], share[:, 0])
    named: Floats = np.where((said.state >= 0) & ~np.isnan(said.low), value, np.nan)
    return named


def _days(one: Scored, truth: Floats, low: Floats, high: Floats) -> Floats:
    """[days, 4] sums over the episodes that began that day, each the mean of its moments."""
    outside = np.maximum(low - truth, 0.0) + np.maximum(truth - high, 0.0)
    each = np.stack([outside <= WITHIN, high - low, high - low + 2 / ALPHA * outside], axis=1)
    spans = label_runs(np.where(np.isnan(truth), NOTHING, 0))
    found = np.zeros((one.seen.days, 4))
    for first, last in zip(spans.first, spans.last, strict=True):
        found[one.seen.day[first]] += [*each[first:last].mean(axis=0), 1.0]
    return found
