"""All rules on what was given: readings with their caveats, or judgements alone.

Caveats (R7) are judged first, on each window; every reading they touch is printed with them and
weighs less.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeAlias

from tideline.readings.caveats import CAVEAT_RULES, touches
from tideline.readings.given import Given
from tideline.readings.profiles import DEFAULT, Profile
from tideline.readings.reading import CANNOT_TELL, QUIET, SEVERITIES, Caveat, Reading
from tideline.readings.rule import Judgement, Rule, judged, read

GivenFor: TypeAlias = Callable[[str], Given]
"""From a window to what is given on it, of one asset at one moment."""

Track: TypeAlias = tuple[str, str]
"""(rule key, window): what has one state at a time."""


def readings_of(
    given_for: GivenFor,
    window: str,
    rules: Iterable[Rule],
    profile: Profile = DEFAULT,
) -> list[Reading]:
    """The readings of one asset at one moment when ``window`` is asked, in the rules' order."""
    found = []
    caveats: dict[str, tuple[Caveat, ...]] = {}
    for rule in rules:
        for each in rule.windows_for(window):
            given = given_for(each)
            if each not in caveats:
                caveats[each] = caveats_of(given, profile)
            found.append(with_caveats(read(rule, given, profile), caveats[each], profile))
    return found


def caveats_of(given: Given, profile: Profile = DEFAULT) -> tuple[Caveat, ...]:
    """The caveats in force on what was given."""
    found = []
    for rule in CAVEAT_RULES:
        judgement = judged(rule, given, profile.parameters)
        if judgement.name not in (QUIET, CANNOT_TELL):
            found.append(Caveat(judgement.name, judgement.because))
    return tuple(found)


def with_caveats(
    reading: Reading, caveats: Sequence[Caveat], profile: Profile = DEFAULT
) -> Reading:
    """The reading with the caveats that touch it; each lowers its confidence."""
    mine = tuple(caveat for caveat in caveats if touches(caveat.name, reading))
    if not mine:
        return reading
    weight = profile.parameters.caveat_weight ** len(mine)
    return replace(reading, caveats=mine, confidence=weight)


def judgements_of(
    given_for: GivenFor,
    windows: Sequence[str],
    rules: Iterable[Rule],
    profile: Profile = DEFAULT,
) -> dict[Track, Judgement]:
    """The judgement of every rule on every window it is judged on, without its words."""
    return {
        (rule.key, window): judged(rule, given_for(window), profile.parameters)
        for rule in rules
        for window in rule.windows or windows
    }


def ranked(readings: Iterable[Reading]) -> list[Reading]:
    """By severity, then strength, then confidence; what could not be told comes last."""
    return sorted(
        readings,
        key=lambda one: (
            not one.told,
            -SEVERITIES.index(one.severity),
            -(one.strength or 0.0) * one.confidence,
            one.asset,
            one.entry,
            one.window,
        ),
    )
