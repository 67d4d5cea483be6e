"""Peirce skill on the grid: hit rate minus false alarm rate, which knowing nothing makes zero.

Zero whatever the base rates are, however alerts bunch and however long they last: only what truth
and detector have in common moves it. Two of them:

    class    mean over the classes c of P(says c | c is true) − P(says c | c is not true)
    opened   among moments at which both name a class of the same direction of price:
             P(says opened | opened) − P(says opened | closed). What open interest adds to price.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tideline.research.scoring.bootstrap import Interval, ratio_interval
from tideline.research.scoring.observed import KINDS, NOTHING, Floats, Ints
from tideline.research.scoring.runs import Spans

RISES = np.array([name in ("new_longs", "short_covering") for name in KINDS])
OPENS = np.array([name in ("new_longs", "new_shorts") for name in KINDS])


def painted(spans: Spans, size: int) -> Ints:
    """[size] the kind of the episode each moment lies in, −1 for none."""
    kinds = np.full(size, NOTHING, np.int64)
    for kind, first, last in zip(spans.kind, spans.first, spans.last, strict=True):
        kinds[first:last] = kind
    return kinds


def class_counts(said: Ints, truth: Ints, day: Ints, days: int) -> Floats:
    """[days, kinds, 4]: moments with said and true, true, said and not true, not true."""
    table = np.zeros((days, len(KINDS), 4))
    for kind in range(len(KINDS)):
        claims, holds = said == kind, truth == kind
        for column, mask in enumerate((claims & holds, holds, claims & ~holds, ~holds)):
            table[:, kind, column] = np.bincount(day[mask], minlength=days)
    return table


def opened_counts(said: Ints, truth: Ints, day: Ints, days: int) -> Floats:
    """[days, 1, 4]: as :func:`class_counts` with *opened* for the class, where directions agree."""
    both = (said != NOTHING) & (truth != NOTHING)
    both &= RISES[said] == RISES[truth]
    claims, holds = both & OPENS[said], both & OPENS[truth]
    masks = (claims & holds, holds, claims & ~holds, both & ~holds)
    table = np.zeros((days, 1, 4))
    for column, mask in enumerate(masks):
        table[:, 0, column] = np.bincount(day[mask], minlength=days)
    return table


def peirce(counts: Floats) -> Floats:
    """[n] mean skill over the classes of counts [n, classes, 4]; classes never true left out."""
    with np.errstate(divide="ignore", invalid="ignore"):
        each = counts[..., 0] / counts[..., 1] - counts[..., 2] / counts[..., 3]
    told = ~np.isnan(each)
    total = np.where(told, each, 0.0).sum(axis=-1)
    with np.errstate(invalid="ignore"):
        found: Floats = total / told.sum(axis=-1)
    return found


class Skill(NamedTuple):
    """Skill with its interval, and on how many asset-days there was any claim to judge."""

    interval: Interval
    days: int


def skill_of(parts: Sequence[Floats], weights: Floats, level: float) -> Skill:
    """Skill of all days behind each other, with its interval over the resamples of days."""
    by_day = np.concatenate(parts)
    claimed = by_day[..., 0] + by_day[..., 2]
    drawn = peirce(np.tensordot(weights, by_day, axes=1))
    interval = ratio_interval(float(peirce(by_day.sum(axis=0)[None])[0]), drawn, level)
    return Skill(interval, int((claimed.sum(axis=1) > 0).sum()))
