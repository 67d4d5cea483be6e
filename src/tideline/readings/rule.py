"""What a rule is: what it wants, what it can name, how it judges; and how a reading is made of it.

    wants    window, numbers -> addresses at T and paths before it
    judge    what was given, numbers -> a short Judgement; raises Missing when an input is null
    finish   (R1 alone) adds to the reading what goes with it

A rule has one state at a time: one of its ``names``, ``quiet``, or ``cannot_tell``. So the history
of a rule is a sequence of states entered and left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from tideline.readings.cadence import name_left_out
from tideline.readings.given import Given, Missing, Wants
from tideline.readings.odds.table import odds_table
from tideline.readings.parameters import DEFAULTS, Parameters
from tideline.readings.profiles import DEFAULT, Profile
from tideline.readings.reading import (
    CANNOT_TELL,
    QUIET,
    SEVERITIES,
    Direction,
    Evidence,
    FeatureValue,
    ForcedShare,
    Reading,
    Severity,
    evidence_of,
)

Mark: TypeAlias = tuple[str, float | None]
"""(address, the threshold it was held against)"""


@dataclass(slots=True)
class Judgement:
    """What a rule saw, in short. ``because`` is a plain clause without a full stop.

    Not frozen: one is made for every rule, window, asset and instant, and making a frozen one
    takes 1.7 µs instead of 0.8.

    ``marks`` are the addresses it stood on with their thresholds; ``seen`` further evidence whose
    number is not a feature's own (a quantile, a share).
    """

    name: str = QUIET
    severity: Severity = "none"
    direction: Direction = "none"
    strength: float | None = None
    because: str = ""
    rule: str = ""
    marks: tuple[Mark, ...] = ()
    seen: tuple[Evidence, ...] = ()
    notes: tuple[str, ...] = ()
    forced_share: ForcedShare | None = None


Judge: TypeAlias = Callable[[Given, Parameters], Judgement]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a reading.

    Attributes:
        key: ``R3.kind``: the reading, a dot, the rule.
        names: what it can say besides quiet and cannot_tell.
        says: what it means, for a trader and a sceptic; one paragraph.
        formula: the rule itself with its numbers as they are by default.
        windows: the windows it is judged on whatever is asked; empty: the window asked.
        rest: what it says where it looked and nothing held.
        finish: see the module.
        holds: does a state entered at that moment still hold, although it would not be entered
            now? Only of rules that are left at another number than they are entered at.
        counted: are the shipped odds those of this rule? Not of one with other numbers.
    """

    key: str
    title: str
    names: tuple[str, ...]
    says: str
    formula: str
    wants: Callable[[str, Parameters], Wants]
    judge: Judge
    windows: tuple[str, ...] = ()
    finish: Callable[[Given, Parameters, Reading], Reading] | None = None
    holds: Callable[[Given, Parameters, str, int], bool] | None = None
    rest: str = QUIET
    counted: bool = True

    @property
    def reading(self) -> str:
        """``R3``"""
        return self.key.partition(".")[0]

    def windows_for(self, window: str) -> tuple[str, ...]:
        """The windows it is judged on when ``window`` is asked."""
        return self.windows or (window,)


def judged(rule: Rule, given: Given, parameters: Parameters = DEFAULTS) -> Judgement:
    """The rule's judgement; ``cannot_tell`` naming what is missing."""
    try:
        given.enough()
        return rule.judge(given, parameters)
    except Missing as missing:
        marks = tuple((address, None) for address in missing.addresses)
        return Judgement(CANNOT_TELL, because=f"Cannot tell: {missing.why}", marks=marks)


def read(rule: Rule, given: Given, profile: Profile = DEFAULT) -> Reading:
    """The rule's reading, in full."""
    return told(rule, given, judged(rule, given, profile.parameters), profile)


def told(rule: Rule, given: Given, judgement: Judgement, profile: Profile = DEFAULT) -> Reading:
    """A reading from a judgement: evidence, groups and profile put beside it."""
    because = judgement.because or f"Nothing of {rule.title.lower()}"
    if given.chosen.left_out and judgement.name != CANNOT_TELL:
        because += f"; left out: {name_left_out(given.chosen.left_out)}"
    evidence = tuple(_evidence(given, mark) for mark in judgement.marks)
    reading = Reading(
        name=judgement.name,
        asset=given.asset,
        window=given.window,
        as_of=given.as_of,
        severity=judgement.severity,
        direction=judgement.direction,
        strength=judgement.strength,
        evidence=evidence + judgement.seen,
        because=because.rstrip(".") + ".",
        rule=judgement.rule or f"{rule.key}: {rule.formula}",
        groups=given.groups,
        notes=judgement.notes,
        forced_share=judgement.forced_share,
        entry=rule.key,
        profile=profile.name,
        differs=profile.differs,
    )
    if rule.finish is not None:
        finished = rule.finish(given, profile.parameters, reading)
        reading = replace(finished, entry=rule.key, profile=profile.name, differs=profile.differs)
    return with_odds(reading) if rule.counted and not profile.differs else reading


def with_odds(reading: Reading) -> Reading:
    """The reading with what the shipped tables know of its state."""
    if reading.quiet or not reading.told:
        return reading
    key = (reading.entry, reading.name, reading.window)
    label_p, follow_p = odds_table("label").of(*key), odds_table("follow").of(*key)
    return replace(reading, label_p=label_p, follow_p=follow_p)


def _evidence(given: Given, mark: Mark) -> Evidence:
    address, threshold = mark
    value: FeatureValue = given.source.value(address)
    return evidence_of(value, threshold)


def step(value: float, *limits: float) -> Severity:
    """none, watch, elevated, extreme: how many of the ascending limits the value reaches."""
    return SEVERITIES[sum(value >= limit for limit in limits)]
