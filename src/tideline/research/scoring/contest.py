"""All detectors on the same days: at their defaults, and at equal alerts per asset-day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from tideline.readings.parameters import Parameters
from tideline.research.scoring.chance import Chance, judge_chance
from tideline.research.scoring.detectors import Detector, detectors
from tideline.research.scoring.fingerprint import seed_of
from tideline.research.scoring.observed import KINDS, Ints, Scored
from tideline.research.scoring.parameters import ScoreParameters
from tideline.research.scoring.runs import Spans
from tideline.research.scoring.sweeping import Point, at_rate, curve, levels, pr_auc
from tideline.research.scoring.tally import Judged, judge, scores, together
from tideline.research.scoring.truth_runs import true_runs

RANDOM = "random"


@dataclass(frozen=True)
class Entry:
    """One detector at one alert rate."""

    key: str
    title: str
    strictness: float
    judged: Judged


@dataclass(frozen=True)
class Round:
    """Every detector at the same alerts per asset-day."""

    title: str
    rate: float
    entries: Mapping[str, Entry]


class Contest:
    """The scored days, the detectors, and whatever is asked of them.

    ``truth``, kinds for each asset, stands in for that of the scored days: for a control.
    ``world`` [days] numbers the world of each asset-day, in the order of every ``by_day``.
    """

    def __init__(
        self,
        scored: Sequence[Scored],
        readings: Parameters,
        scorer: ScoreParameters,
        seed: int,
        truth: Sequence[Ints] | None = None,
    ) -> None:
        self.scored, self.scorer, self.seed = tuple(scored), scorer, seed
        self.detectors = {one.key: one for one in detectors(scorer.window, readings)}
        kinds = [one.truth for one in scored] if truth is None else truth
        self.true = tuple(true_runs(each) for each in kinds)
        names = list(dict.fromkeys(one.seed for one in scored))
        self.world = np.concatenate(
            [np.full(one.seen.days, names.index(one.seed)) for one in scored]
        )
        self.points: dict[str, list[Point]] = {}

    def spans(self, key: str, strictness: float) -> list[Spans]:
        """The episodes a detector predicts, asset by asset."""
        detector = self.detectors[key]
        return [detector.spans(one.seen, strictness) for one in self.scored]

    def at(self, key: str, strictness: float) -> Judged:
        """One detector at one strictness, all assets."""
        spans = zip(self.scored, self.spans(key, strictness), self.true, strict=True)
        return together(
            judge(one.seen, said, true, self.scorer.tolerance_us) for one, said, true in spans
        )

    def curve(self, key: str) -> list[Point]:
        """Its precision-recall curve over all strictnesses, the default among them."""
        if key not in self.points:
            s = self.scorer
            each = sorted({1.0, *levels(s.loosest, s.strictest, s.levels).tolist()})
            self.points[key] = curve(partial(self.at, key), each)
        return self.points[key]

    def auc(self, key: str) -> float:
        """Area under that curve."""
        return pr_auc(self.curve(key))

    def true_rate(self) -> float:
        """True episodes per asset-day."""
        days = sum(one.seen.days for one in self.scored)
        return sum(spans.size for spans in self.true) / days

    def round(self, title: str, rate: float) -> Round:
        """Every detector, and chance, at ``rate`` alerts per asset-day."""
        entries: dict[str, Entry] = {}
        for key, one in self.detectors.items():
            strictness = at_rate(partial(self.at, key), rate, self.curve(key))
            entries[key] = Entry(key, one.title, strictness, self.at(key, strictness))
        best = self._best(entries)
        kept = {key: entry for key, entry in entries.items() if not self.detectors[key].hindsight}
        kept["scanner_best"] = Entry(
            "scanner_best", "fixed scanner, best pair in hindsight", best.strictness, best.judged
        )
        kept[RANDOM] = self.chance(rate, entries["adaptive"].strictness)
        return Round(title, rate, kept)

    def _best(self, entries: Mapping[str, Entry]) -> Entry:
        """Of the completed scanner and its other ratios, the one with the greatest F1."""
        rivals = [e for key, e in entries.items() if _rival(self.detectors[key])]
        return max(rivals, key=lambda entry: scores(entry.judged.by_day.sum(axis=0)).f1)

    def chance(self, rate: float, strictness: float) -> Entry:
        """The base-rate random detector at ``rate``; lengths as of adaptive's episodes."""
        lengths = np.concatenate([s.last - s.first for s in self.spans("adaptive", strictness)])
        kinds = np.concatenate([spans.kind for spans in self.true])
        counts = np.bincount(kinds.astype(np.int64), minlength=len(KINDS)).astype(float)
        shares = counts / counts.sum() if counts.sum() else np.full(len(KINDS), 1 / len(KINDS))
        chance = Chance(rate, shares, lengths if lengths.size else np.array([1]))
        s = self.scorer
        seed = seed_of(str(self.seed), f"{rate!r}", RANDOM)
        judged = judge_chance(chance, self.scored, self.true, s.tolerance_us, s.random_draws, seed)
        return Entry(RANDOM, "base-rate random", float("nan"), judged)


def _rival(detector: Detector) -> bool:
    return detector.hindsight or detector.key == "scanner_full"
