"""What was met and what was missed, by asset-day, and the scores that follow from it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from tideline.research.scoring.matching import NONE, matched, matched_to_any
from tideline.research.scoring.observed import KINDS, Floats, Ints, Observed
from tideline.research.scoring.runs import Spans

RIGHT, ALERTS, FOUND, TRUE = range(4)
"""Columns of a tally: alerts that met a true episode, all alerts, true episodes that were met, all
true episodes. An alert counts on the day it was entered, a true episode on the day it began."""


class Scores(NamedTuple):
    """Fractions; NaN where nothing was there to be divided by."""

    precision: float
    recall: float
    f1: float


class Judged(NamedTuple):
    """One detector on one asset.

    ``by_day`` [days, 4]; ``by_kind`` [kinds, 4]; ``confusion`` [kinds + 1, kinds + 1]: rows what
    was true (the last: nothing), columns what was said (the last: nothing); ``lead`` [pairs]
    minutes from the true episode's first moment to the alert's (negative: the alert was earlier).
    """

    by_day: Floats
    by_kind: Floats
    confusion: Floats
    lead: Floats


def judge(seen: Observed, predicted: Spans, true: Spans, tolerance_us: float) -> Judged:
    """Hold the predicted episodes of one asset against the true ones."""
    steps = tolerance_us / seen.step
    pairs = matched(predicted, true, steps)
    right = pairs != NONE
    found = np.zeros(true.size, bool)
    found[pairs[right]] = True
    day = seen.day
    by_day = np.stack(
        [
            _counts(day, predicted.first[right], seen.days),
            _counts(day, predicted.first, seen.days),
            _counts(day, true.first[found], seen.days),
            _counts(day, true.first, seen.days),
        ],
        axis=1,
    )
    by_kind = np.stack(
        [
            np.bincount(kinds, minlength=len(KINDS))
            for kinds in (predicted.kind[right], predicted.kind, true.kind[found], true.kind)
        ],
        axis=1,
    ).astype(float)
    lead = (predicted.first[right] - true.first[pairs[right]]) * (seen.step / 60e6)
    return Judged(by_day, by_kind, _confusion(predicted, true, pairs, steps), lead)


def _counts(day: Ints, at: Ints, days: int) -> Floats:
    counted: Floats = np.bincount(day[at], minlength=days).astype(float)
    return counted


def _confusion(predicted: Spans, true: Spans, same: Ints, steps: float) -> Floats:
    pairs = matched_to_any(predicted, true, same, steps)
    table = np.zeros((len(KINDS) + 1, len(KINDS) + 1))
    met = pairs != NONE
    np.add.at(table, (true.kind[pairs[met]], predicted.kind[met]), 1.0)
    np.add.at(table, (len(KINDS), predicted.kind[~met]), 1.0)
    missed = np.setdiff1d(np.arange(true.size), pairs[met])
    np.add.at(table, (true.kind[missed], len(KINDS)), 1.0)
    return table


def together(parts: Iterable[Judged]) -> Judged:
    """Many assets as one: their days behind each other."""
    listed = list(parts)
    return Judged(
        np.concatenate([part.by_day for part in listed]),
        np.sum([part.by_kind for part in listed], axis=0),
        np.sum([part.confusion for part in listed], axis=0),
        np.concatenate([part.lead for part in listed]),
    )


def scores(counts: Floats) -> Scores:
    """Precision, recall and F1 of one row of counts [4]."""
    precision = _share(counts[RIGHT], counts[ALERTS])
    recall = _share(counts[FOUND], counts[TRUE])
    return Scores(precision, recall, float(f1_of(counts[None])[0]))


def f1_of(counts: Floats) -> Floats:
    """F1 of each row of counts [n, 4]: 2·P·R / (P + R), 0 where nothing was met."""
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = counts[:, RIGHT] / counts[:, ALERTS]
        recall = counts[:, FOUND] / counts[:, TRUE]
        f1 = 2 * precision * recall / (precision + recall)
    return np.nan_to_num(f1)


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else float("nan")
