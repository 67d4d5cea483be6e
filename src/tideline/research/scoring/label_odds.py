"""How often the flow a state names really dominated, from simulated truth: ``label_p``.

A case is one episode of a state: a maximal run of moments at which its rule gave that name. Of each
the share of moments at which the claimed class was true is taken; ``p`` is their mean, so that long
episodes count no more than short ones. The base rate is the share of all moments at which the same
class was true, in the mix of classes that the state claimed.

Worlds the table was counted from are never those it is checked on.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from tideline.readings.price_oi_rule import price_oi_rule
from tideline.readings.reading import SEVERITIES
from tideline.research.odds.curve import Bin
from tideline.research.scoring.families import FLOWS
from tideline.research.scoring.named import NAMED, QUADRANT, Named
from tideline.research.scoring.observed import KINDS, NOTHING, Scored
from tideline.research.scoring.runs import label_runs

R1 = Named(price_oi_rule(), FLOWS, {name: name for name in KINDS}, QUADRANT)
ENTRIES: tuple[Named, ...] = (R1, *NAMED)

Key = tuple[str, str, str]
"""(rule, state, window)"""


@dataclass
class Cases:
    """Episodes of one state: of each the share of its moments that were right, its world, its
    greatest severity; and how often the same class was true anyway, a sum and its weight."""

    right: list[float] = field(default_factory=list)
    world: list[int] = field(default_factory=list)
    severity: list[int] = field(default_factory=list)
    usual: float = 0.0

    @property
    def n(self) -> int:
        """How many episodes."""
        return len(self.right)

    @property
    def worlds(self) -> int:
        """In how many different worlds."""
        return len(set(self.world))

    @property
    def p(self) -> float:
        """Mean share; NaN without a case."""
        return float(np.mean(self.right)) if self.right else float("nan")

    @property
    def base_rate(self) -> float:
        """How often the classes it claimed were true at any moment."""
        return self.usual / self.n if self.right else float("nan")

    def of_severity(self, place: int) -> tuple[float, int]:
        """(p, cases) of the episodes that reached that severity and no more."""
        mine = [r for r, s in zip(self.right, self.severity, strict=True) if s == place]
        return (float(np.mean(mine)) if mine else float("nan")), len(mine)


def cases_of(
    scored: Sequence[Scored], window: str, entries: Iterable[Named] = ENTRIES
) -> dict[Key, Cases]:
    """The cases of every state that claims a class, on the worlds given.

    ``window``: the one the rules without a window of their own were judged on.
    """
    found: dict[Key, Cases] = {}
    for entry in entries:
        length = entry.window or window
        truths = [entry.family.kinds(one.flows[length]) for one in scored]
        everything = np.concatenate(truths)
        usual = [float((everything == k).mean()) for k in range(len(entry.family.classes))]
        for one, truth in zip(scored, truths, strict=True):
            said = one.said[entry.rule.key, length]
            for name in dict.fromkeys(each.split("/")[0] for each in said.names):
                places = [k for k, each in enumerate(said.names) if each.split("/")[0] == name]
                kinds = np.full(len(said.names) + 1, NOTHING)
                for k in places:
                    kinds[k] = entry.kind(*said.names[k].split("/"))
                claimed = kinds[said.state]
                spans = label_runs(np.where(claimed != NOTHING, 0, NOTHING))
                cases = found.setdefault((entry.rule.key, name, length), Cases())
                for first, last in zip(spans.first, spans.last, strict=True):
                    mine = claimed[first:last]
                    cases.right.append(float((mine == truth[first:last]).mean()))
                    cases.world.append(one.seed)
                    cases.severity.append(int(said.severity[first:last].max()))
                    cases.usual += float(np.mean([usual[k] for k in mine]))
    return {key: cases for key, cases in found.items() if cases.n}


EDGES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)


def reliability(fitted: dict[Key, float], held: dict[Key, Cases]) -> dict[tuple[float, float], Bin]:
    """By the edges of a bin what was given there and what was seen, on worlds that gave none of
    the table."""
    pairs = [(fitted[key], right) for key, cases in held.items() if key in fitted
             for right in cases.right]  # fmt: skip
    if not pairs:
        return {}
    given, seen = (np.array(column) for column in zip(*pairs, strict=True))
    bins = {}
    for low, high in itertools.pairwise(EDGES):
        mine = (given >= low) & ((given < high) | (high == EDGES[-1]))
        if mine.any():
            bins[low, high] = Bin(
                int(mine.sum()), float(given[mine].mean()), float(seen[mine].mean())
            )
    return bins


def skill(fitted: dict[Key, float], held: dict[Key, Cases]) -> float:
    """1 − squared error of the table / that of the base rates, over held-out cases; above 0 the
    table knows more than the base rates do. NaN without a case."""
    own = plain = 0.0
    for key, cases in held.items():
        if key in fitted:
            right = np.array(cases.right)
            own += float(((right - fitted[key]) ** 2).sum())
            plain += float(((right - cases.base_rate) ** 2).sum())
    return 1.0 - own / plain if plain else float("nan")


def severities(cases: Cases) -> list[tuple[str, float, int]]:
    """(severity, p, cases) of each severity that occurred."""
    rows = [(name, *cases.of_severity(place)) for place, name in enumerate(SEVERITIES)]
    return [(name, p, n) for name, p, n in rows if n]
