"""The readings that make claims truth can judge: which of their names claims which class.

A reading is added to the scorecard by one entry of :data:`NAMED`; what truth cannot judge stands
in :data:`SILENT` with the reason. Names outside an entry's map claim nothing. R1 is taken apart in
:mod:`.detectors`, so that its bands can be swept; here a rule is judged as it is in use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from tideline.readings.breadth import BREADTH as BREADTH_RULE
from tideline.readings.covering.building import BUILDING
from tideline.readings.covering.flush import FLUSH, SHARP
from tideline.readings.covering.kind import KIND
from tideline.readings.crowding.funding import FUNDING
from tideline.readings.crowding.leverage import VOLUME
from tideline.readings.divergence import DIVERGENCE
from tideline.readings.persistence import PERSISTENCE
from tideline.readings.rule import Rule
from tideline.research.scoring.families import BREADTH, CROWD, FLOWS, LASTING, SIDES, Family
from tideline.research.scoring.observed import KINDS, NOTHING, Floats, Ints


@dataclass(frozen=True, slots=True)
class Simple:
    """The obvious thing to do instead: (ΔP, ΔQ) → kind, −1 nothing, and how loudly it says so."""

    title: str
    says: Callable[[Floats, Floats], tuple[Ints, Floats]]


@dataclass(frozen=True, slots=True)
class Named:
    """One rule and the classes of truth it claims.

    Attributes:
        classes: ``name`` or ``name/direction`` of the rule to a class of the family.
        window: the window it is judged on; empty: the scorecard's.
    """

    rule: Rule
    family: Family
    classes: Mapping[str, str]
    simple: Simple
    window: str = ""

    def kind(self, name: str, direction: str) -> int:
        """The place in the family's classes that a state claims, −1 none."""
        claimed = self.classes.get(f"{name}/{direction}", self.classes.get(name))
        return NOTHING if claimed is None else self.family.classes.index(claimed)

    @property
    def claimed(self) -> Ints:
        """Places of the classes it can claim at all, ascending."""
        return np.unique([self.family.classes.index(name) for name in self.classes.values()])


def _known(move: Floats, rate: Floats, kind: Ints, score: Floats) -> tuple[Ints, Floats]:
    told = ~np.isnan(move + rate)
    return np.where(told, kind, NOTHING), np.where(told, score, 0.0)


def _quadrant(move: Floats, rate: Floats) -> tuple[Ints, Floats]:
    """R1's table by signs alone."""
    up, into = move > 0, rate > 0
    places = [KINDS.index(name) for name in
              ("new_longs", "short_covering", "new_shorts", "long_liquidation")]  # fmt: skip
    kind = np.where(up, np.where(into, *places[:2]), np.where(into, *places[2:]))
    return _known(move, rate, kind, np.abs(move))


def _side(up: int, down: int) -> Callable[[Floats, Floats], tuple[Ints, Floats]]:
    def says(move: Floats, rate: Floats) -> tuple[Ints, Floats]:
        return _known(move, rate, np.where(rate > 0, up, down), np.abs(rate))

    return says


def _openers(move: Floats, rate: Floats) -> tuple[Ints, Floats]:
    kind = np.where(rate > 0, np.where(move > 0, 0, 1), NOTHING)
    return _known(move, rate, kind, np.abs(rate))


QUADRANT = Simple("quadrant signs", _quadrant)
OPENERS = Simple("OI up: the side price went", _openers)
FALL_OR_RISE = Simple("sign of ΔOI", _side(0, 1))

NAMED: tuple[Named, ...] = (
    Named(DIVERGENCE, FLOWS,
          {"bearish_divergence": "short_covering", "bullish_divergence": "long_liquidation"},
          QUADRANT),
    Named(BUILDING, FLOWS, {"covering_building": "short_covering"}, QUADRANT, "15m"),
    Named(BUILDING, FLOWS, {"covering_building": "short_covering"}, QUADRANT, "30m"),
    Named(KIND, FLOWS,
          {"orderly_covering": "short_covering", "short_squeeze": "short_covering",
           "long_exit": "long_liquidation", "liquidation_cascade": "long_liquidation"}, QUADRANT),
    Named(SHARP, SIDES, {"sharp_deleveraging": "closed"}, FALL_OR_RISE, "1h"),
    Named(FLUSH, FLOWS, {"forced_deleveraging": "long_liquidation"}, QUADRANT, "1h"),
    Named(FUNDING, CROWD,
          {"crowding": "longs_open", "healthy_inflow": "both_open",
           "one_sided_overheating/down": "longs_open", "one_sided_overheating/up": "shorts_open"},
          OPENERS),
    Named(VOLUME, SIDES, {"fresh_capital": "opened", "churn": "even"}, FALL_OR_RISE, "24h"),
    Named(BREADTH_RULE, BREADTH,
          {"broad/up": "many_open", "broad/down": "many_close", "partial/up": "few_open",
           "partial/down": "few_close", "local/up": "few_open", "local/down": "few_close"},
          FALL_OR_RISE),
    Named(PERSISTENCE, LASTING,
          {"structural/up": "opening_on", "structural/down": "closing_on", "noise": "turned"},
          FALL_OR_RISE, "24h"),
)  # fmt: skip
"""An entry is all it takes."""

SILENT: tuple[tuple[str, str], ...] = (
    ("R3.reversal, R3.reversal_published", "a set-up for what price does next: truth knows who "
     "did what, not what should follow"),
    ("R4.pace, R4.week", "they measure the book itself; who moved it they do not say"),
    ("R4.contrarian", "a set-up for what price does next"),
    ("R4.mcap", "a level against market value; made coins have no supply"),
    ("R4.tail, R4.spot_led", "perpetuals against spot: spot trades have no opener and no closer"),
    ("R7", "caveats are facts (a listing, a silence, a settlement), not claims about flows"),
    ("R8, R9", "what followed like moments, and sums over a position: no claims about flows"),
    ("R10.cohorts", "truth records what was opened and closed and in which role, not how large "
     "the account was"),
)  # fmt: skip
"""What truth cannot judge, and why."""
