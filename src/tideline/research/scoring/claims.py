"""Each reading's claims against truth: episodes, beside the obvious baseline and chance.

A rule is judged as it is in use, without a strictness. Its baseline is loosened or tightened until
it speaks as often, chance speaks as often by construction. True episodes are those of the classes
the rule can claim at all: nobody is asked to find what it has no name for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tideline.features.window import WINDOWS
from tideline.research.scoring.bootstrap import Interval, f1_difference, f1_interval
from tideline.research.scoring.chance import Chance, judge_chance
from tideline.research.scoring.controls import shuffled
from tideline.research.scoring.fingerprint import seed_of
from tideline.research.scoring.named import Named
from tideline.research.scoring.observed import KINDS, NOTHING, Floats, Ints, Scored
from tideline.research.scoring.parameters import ScoreParameters
from tideline.research.scoring.runs import Spans, label_runs
from tideline.research.scoring.skill import Skill, class_counts, peirce, skill_of
from tideline.research.scoring.sweeping import at_rate, levels, rate_of
from tideline.research.scoring.sweeping import curve as swept
from tideline.research.scoring.tally import Judged, judge, together


@dataclass(frozen=True)
class Claimed:
    """One entry of the readings that make claims, over all scored days."""

    entry: Named
    scored: tuple[Scored, ...]
    scorer: ScoreParameters

    @property
    def window(self) -> str:
        """The window it is judged on."""
        return self.entry.window or self.scorer.window

    @cached_property
    def said(self) -> list[Ints]:
        """What it claims at each moment of each asset, as kinds."""
        found = []
        for one in self.scored:
            said = one.said[self.entry.rule.key, self.window]
            kinds = [self.entry.kind(*name.split("/")) for name in said.names]
            found.append(np.array([*kinds, NOTHING], np.int64)[said.state])
        return found

    @cached_property
    def true(self) -> list[Ints]:
        """The kinds that were true, of those it can claim; −1 else."""
        found = []
        for one in self.scored:
            kinds = self.entry.family.kinds(one.flows[self.window])
            found.append(np.where(np.isin(kinds, self.entry.claimed), kinds, NOTHING))
        return found

    @cached_property
    def own(self) -> Judged:
        """Its own episodes against the true ones."""
        return self.judged([label_runs(kinds) for kinds in self.said])

    @property
    def told(self) -> float:
        """Share of moments at which it could tell."""
        track = self.entry.rule.key, self.window
        return float(np.concatenate([one.said[track].told for one in self.scored]).mean())

    def judged(self, spans: Sequence[Spans], true: Sequence[Ints] | None = None) -> Judged:
        """Any episodes against the true ones, all assets."""
        truths = self.true if true is None else true
        tolerance = WINDOWS[self.window] * self.scorer.tolerance
        return together(
            judge(one.seen, said, label_runs(kinds), tolerance)
            for one, said, kinds in zip(self.scored, spans, truths, strict=True)
        )

    def simple(self) -> Judged:
        """Its baseline, as often as it speaks itself, as nearly as can be."""
        spoken = [self.entry.simple.says(*one.moves[self.window]) for one in self.scored]
        usual = np.concatenate([score for _, score in spoken])
        unit = float(np.median(usual[usual > 0])) if (usual > 0).any() else 1.0

        def at(strictness: float) -> Judged:
            spans = []
            for kind, score in spoken:
                loud = (score >= strictness * unit) & np.isin(kind, self.entry.claimed)
                spans.append(label_runs(np.where(loud, kind, NOTHING), score))
            return self.judged(spans)

        s = self.scorer
        points = swept(at, levels(s.loosest, 40.0, s.levels).tolist())
        return at(at_rate(at, rate_of(self.own), points))

    def chance(self, seed: int) -> Judged:
        """Classes at the base rates of its true episodes, as often as it speaks."""
        own = [label_runs(kinds) for kinds in self.said]
        true = [label_runs(kinds) for kinds in self.true]
        lengths = np.concatenate([spans.last - spans.first for spans in own])
        kinds = np.concatenate([spans.kind for spans in true]).astype(np.int64)
        counts = np.bincount(kinds, minlength=len(KINDS)).astype(float)
        if not counts.sum():
            counts[self.entry.claimed] = 1.0
        chance = Chance(rate_of(self.own), counts / counts.sum(), lengths)
        tolerance = WINDOWS[self.window] * self.scorer.tolerance
        return judge_chance(
            chance, self.scored, true, tolerance, self.scorer.random_draws,
            seed_of(str(seed), self.entry.rule.key, self.window),
        )  # fmt: skip

    def skill(self, weights: Floats, level: float) -> Skill:
        """Peirce skill in its classes on the grid."""
        return skill_of(self._counts(self.true), weights, level)

    def shuffled_skill(self, seed: int, times: int) -> Floats:
        """[times] the same with the true states of all asset-days dealt out anew each time.

        As every moment gets any true state as often as any other, the mean is 0 but for chance,
        however rare the classes and however seldom the rule speaks.
        """
        found = np.empty(times)
        for k in range(times):
            dealt = shuffled(
                self.scored,
                self.true,
                seed_of(str(seed), self.window, f"{self.entry.rule.key} {k}"),
            )
            total = np.concatenate(self._counts(dealt)).sum(axis=0)
            found[k] = peirce(total[None])[0]
        return found

    def _counts(self, true: Sequence[Ints]) -> list[Floats]:
        parts = []
        for one, said, kinds in zip(self.scored, self.said, true, strict=True):
            counts = class_counts(said, kinds, one.seen.day, one.seen.days)
            parts.append(counts[:, self.entry.claimed])
        return parts

    def f1(self, weights: Floats) -> Interval:
        """Its F1."""
        return f1_interval(self.own.by_day, weights, self.scorer.level)

    def minus(self, other: Judged, weights: Floats) -> Interval:
        """Its F1 less that of another on the same days."""
        return f1_difference(self.own.by_day, other.by_day, weights, self.scorer.level)
