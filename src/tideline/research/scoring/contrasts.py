"""Two states of one rule that say different things of the same flows: do they?

For each episode the mean of what was true over its moments; then episodes of the one state less
those of the other, with the difference's interval by asset-day. Zero: the name tells nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tideline.research.scoring.bootstrap import Interval, ratio_interval
from tideline.research.scoring.observed import KINDS as CLASSES
from tideline.research.scoring.observed import NOTHING, Floats, Ints, Scored, Track
from tideline.research.scoring.runs import label_runs


@dataclass(frozen=True, slots=True)
class Contrast:
    """``one`` and ``other`` [N] are where each state stands; ``value`` [N] what was true."""

    key: str
    title: str
    says: str
    names: tuple[str, str]
    needs: tuple[Track, ...]
    where: Callable[[Scored, str], tuple[Ints, Ints, Floats]]


@dataclass(frozen=True, slots=True)
class Contrasted:
    """Mean of each over its episodes, their difference, and how many episodes there were."""

    means: tuple[float, float]
    counts: tuple[int, int]
    difference: Interval


def contrasted(
    contrast: Contrast, scored: Sequence[Scored], window: str, weights: Floats, level: float
) -> Contrasted:
    """The contrast over all scored days; ``weights`` as of the other intervals."""
    parts = []
    for asset in scored:
        one, other, value = contrast.where(asset, window)
        parts.append(np.stack([_sums(asset, one, value), _sums(asset, other, value)]))
    by_day = np.concatenate(parts, axis=1)  # [2, days, (sum, episodes)]
    total = by_day.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        means = total[:, 0] / total[:, 1]
        drawn = np.tensordot(weights, by_day, axes=(1, 1))  # [resamples, 2, 2]
        each = drawn[..., 0] / drawn[..., 1]
    difference = ratio_interval(float(means[0] - means[1]), each[:, 0] - each[:, 1], level)
    counts = (int(total[0, 1]), int(total[1, 1]))
    return Contrasted((float(means[0]), float(means[1])), counts, difference)


def _sums(asset: Scored, where: Ints, value: Floats) -> Floats:
    """[days, 2] sum of the episodes' means, and how many, by the day each began."""
    known = np.where(where & ~np.isnan(value), 0, NOTHING)
    found = np.zeros((asset.seen.days, 2))
    spans = label_runs(known)
    for first, last in zip(spans.first, spans.last, strict=True):
        found[asset.seen.day[first]] += value[first:last].mean(), 1.0
    return found


def _states(asset: Scored, track: Track, *names: str) -> Ints:
    said = asset.said[track]
    wanted = [said.names.index(name) for name in said.names if name.split("/")[0] in names]
    return np.isin(said.state, wanted)


def _forced(asset: Scored, window: str) -> tuple[Ints, Ints, Floats]:
    track = ("R3.kind", window)
    share = asset.flows[window].forced_share
    shorts = _states(asset, track, "orderly_covering", "short_squeeze")
    value = np.where(shorts, share[:, 1], share[:, 0])
    return (
        _states(asset, track, "short_squeeze", "liquidation_cascade"),
        _states(asset, track, "orderly_covering", "long_exit"),
        value,
    )


def _goes_on(asset: Scored, window: str) -> tuple[Ints, Ints, Floats]:
    after = asset.flows[window].after
    with np.errstate(divide="ignore", invalid="ignore"):
        share = after[:, CLASSES.index("short_covering")] / after.sum(axis=1)
    left = _states(asset, ("R3.left", window), "more_covering_left")
    covering = _states(asset, ("R3.kind", window), "orderly_covering", "short_squeeze")
    return left, covering & ~left, share


FORCED = Contrast(
    "R3.kind", "forced against orderly",
    "forced share of the takers' closing on that side, while it is named",
    ("squeeze or cascade", "orderly or exit"), (("R3.kind", ""),), _forced,
)  # fmt: skip
GOES_ON = Contrast(
    "R3.left", "more covering left, or not",
    "share of covering in what takers do in the window after",
    ("more_covering_left", "covering without it"), (("R3.left", ""), ("R3.kind", "")), _goes_on,
)  # fmt: skip
CONTRASTS = (FORCED, GOES_ON)
