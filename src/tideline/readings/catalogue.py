"""All readings, in the order in which they are evaluated and printed."""

from __future__ import annotations

from dataclasses import dataclass

from tideline.domain.errors import UnknownName
from tideline.readings.breadth import BREADTH
from tideline.readings.caveats import CAVEAT_RULES
from tideline.readings.cohorts import COHORTS
from tideline.readings.covering.building import BUILDING
from tideline.readings.covering.flush import FLUSH, REVERSAL, REVERSAL_PUBLISHED, SHARP
from tideline.readings.covering.kind import KIND, LEFT
from tideline.readings.crowding.funding import FUNDING
from tideline.readings.crowding.leverage import MARKET_CAP, SPOT_LED, TAIL, VOLUME
from tideline.readings.crowding.pace import CONTRARIAN, PACE, WEEK
from tideline.readings.divergence import DIVERGENCE
from tideline.readings.persistence import PERSISTENCE
from tideline.readings.price_oi_rule import price_oi_rule
from tideline.readings.rule import Rule


@dataclass(frozen=True, slots=True)
class Entry:
    """One reading: its short name, title, what it is for, and its rules.

    ``page`` is its page of the documentation, without the ending.
    """

    key: str
    title: str
    says: str
    page: str
    rules: tuple[Rule, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Every state its rules can give."""
        return tuple(dict.fromkeys(name for rule in self.rules for name in rule.names))


PRICE_OI = price_oi_rule()

READINGS: tuple[Entry, ...] = (
    Entry(
        "R1",
        "Price × open interest",
        "Where price went, and whether positions were opened or closed on the way.",
        "price_oi",
        (PRICE_OI,),
    ),
    Entry(
        "R2",
        "Divergence",
        "Price at a new extreme that positions do not follow.",
        "divergence",
        (DIVERGENCE,),
    ),
    Entry(
        "R3",
        "Covering, squeeze, cascade",
        "Who closes, whether they leave or are thrown out, and what is left of it.",
        "covering",
        (BUILDING, KIND, LEFT, SHARP, FLUSH, REVERSAL, REVERSAL_PUBLISHED),
    ),
    Entry(
        "R4",
        "Crowding and leverage",
        "How fast the book grows, who pays for it, and how much stands on the coin.",
        "crowding",
        (FUNDING, PACE, WEEK, CONTRARIAN, MARKET_CAP, TAIL, VOLUME, SPOT_LED),
    ),
    Entry(
        "R5",
        "Breadth",
        "On how many venues the flow is seen.",
        "breadth",
        (BREADTH,),
    ),
    Entry(
        "R6",
        "Persistence",
        "For how many days the same anomaly has been running.",
        "persistence",
        (PERSISTENCE,),
    ),
    Entry(
        "R7",
        "Caveats",
        "When open interest lies: each lowers the confidence of the readings it touches.",
        "caveats",
        CAVEAT_RULES,
    ),
    Entry(
        "R10",
        "Who is doing the work",
        "Whether the top accounts or the crowd moved the way takers pressed.",
        "cohorts",
        (COHORTS,),
    ),
)

RULES: tuple[Rule, ...] = tuple(rule for entry in READINGS for rule in entry.rules)
"""Every rule, in order."""

NAMES: tuple[str, ...] = tuple(dict.fromkeys(name for entry in READINGS for name in entry.names))
"""Every state there is, besides quiet (R1: balanced) and cannot_tell."""


def rule_named(key: str) -> Rule:
    """The rule called ``R3.kind``.

    Raises:
        UnknownName: there is none.
    """
    for rule in RULES:
        if rule.key == key:
            return rule
    raise UnknownName("rule", key, [rule.key for rule in RULES])
