"""The base-rate random detector: it knows how often each class occurs, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tideline.research.scoring.observed import KINDS, Floats, Ints, Observed, Scored
from tideline.research.scoring.runs import Spans
from tideline.research.scoring.tally import Judged, judge, together


@dataclass(frozen=True)
class Chance:
    """Alerts at moments drawn evenly, of classes drawn at the base rates of the true episodes,
    each as long as some episode of the detector it stands beside.

    ``rate`` alerts a day; ``shares`` [kinds] sum to 1; ``lengths`` moments, drawn from.
    """

    rate: float
    shares: Floats
    lengths: Ints

    def spans(self, seen: Observed, draw: np.random.Generator) -> Spans:
        """One draw for one asset, no two at the same moment. An alert ends where the next of its
        class begins."""
        wanted = self.rate * seen.days
        count = min(int(wanted) + int(draw.random() < wanted % 1), seen.size)
        first = np.sort(draw.choice(seen.size, count, replace=False))
        kind = draw.choice(len(KINDS), count, p=self.shares)
        last = np.minimum(first + draw.choice(self.lengths, count), seen.size)
        for one in range(len(KINDS)):
            mine = np.flatnonzero(kind == one)
            last[mine[:-1]] = np.minimum(last[mine[:-1]], first[mine[1:]])
        return Spans(kind, first, last, np.ones(count))


def judge_chance(
    chance: Chance,
    scored: Sequence[Scored],
    true: Sequence[Spans],
    tolerance_us: float,
    draws: int,
    seed: int,
) -> Judged:
    """Counts averaged over ``draws``; the leads of all of them."""
    draw = np.random.default_rng(seed)
    parts = [
        together(
            judge(one.seen, chance.spans(one.seen, draw), spans, tolerance_us)
            for one, spans in zip(scored, true, strict=True)
        )
        for _ in range(draws)
    ]
    return Judged(
        np.mean([part.by_day for part in parts], axis=0),
        np.mean([part.by_kind for part in parts], axis=0),
        np.mean([part.confusion for part in parts], axis=0),
        np.concatenate([part.lead for part in parts]),
    )
