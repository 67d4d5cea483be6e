"""When a rule's state was entered, left, or changed its severity: one small machine a track.

A track is one rule on one window of one asset. At each moment its judgement is one of: a named
state, quiet (R1: balanced), or cannot_tell.

    quiet, cannot_tell -> X        entered X
    X -> Y                         entered Y (was X)
    X -> quiet                     left X
    X -> cannot_tell               left X, since it can no longer be told
    X, another severity            severity

R1 enters at k_in and is left at k_out, not before w/3 (its rule's ``holds``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from tideline.readings.asking import GivenFor, Track
from tideline.readings.given import Given
from tideline.readings.profiles import DEFAULT, Profile
from tideline.readings.reading import CANNOT_TELL, QUIET, Severity
from tideline.readings.rule import Judgement, Rule, judged

Change = Literal["entered", "left", "severity"]
STILL = (QUIET, "balanced", CANNOT_TELL)
"""Names that are no state."""


@dataclass(frozen=True, slots=True)
class Transition:
    """One change of one track at ``as_of``. ``name`` is the state entered, left or changed;
    ``was`` the state it replaced, if any."""

    asset: str
    rule: str
    window: str
    as_of: int
    change: Change
    name: str
    severity: Severity
    was: str = ""
    strength: float | None = None
    because: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """A state that a track is in: since when, how severe."""

    name: str
    severity: Severity
    since: int


States = dict[Track, Standing]
"""The tracks of one asset that are in a state."""


def advance(
    asset: str,
    states: States,
    given_for: GivenFor,
    windows: Iterable[str],
    rules: Iterable[Rule],
    profile: Profile = DEFAULT,
) -> list[Transition]:
    """Judge every rule on every window; moves ``states`` on and gives what changed, in order."""
    asked, found = tuple(windows), []
    handed: dict[str, Given] = {}
    for rule in rules:
        for window in rule.windows or asked:
            given = handed.get(window) or handed.setdefault(window, given_for(window))
            moved = advance_track(asset, states, given, rule, window, profile)
            if moved is not None:
                found.append(moved)
    return found


def advance_track(
    asset: str,
    states: States,
    given: Given,
    rule: Rule,
    window: str,
    profile: Profile = DEFAULT,
) -> Transition | None:
    """Judge one rule on one window; moves its track on and gives what changed, if anything."""
    parameters = profile.parameters
    judgement = judged(rule, given, parameters)
    track = (rule.key, window)
    standing = states.get(track)
    if standing is None:
        if judgement.name in STILL:
            return None
    elif judgement.name == standing.name:
        if judgement.severity == standing.severity:
            return None
    elif (
        judgement.name != CANNOT_TELL
        and rule.holds is not None
        and rule.holds(given, parameters, standing.name, standing.since)
    ):
        return None
    return _moved(asset, track, given.as_of, states, standing, judgement)


def _moved(
    asset: str,
    track: Track,
    as_of: int,
    states: States,
    standing: Standing | None,
    judgement: Judgement,
) -> Transition:
    if judgement.name in STILL:
        assert standing is not None
        del states[track]
        return Transition(
            asset, *track, as_of, "left", standing.name, "none",
            strength=judgement.strength, because=judgement.because,
        )  # fmt: skip
    same = standing is not None and standing.name == judgement.name
    since = standing.since if same and standing is not None else as_of
    states[track] = Standing(judgement.name, judgement.severity, since)
    return Transition(
        asset,
        *track,
        as_of,
        "severity" if same else "entered",
        judgement.name,
        judgement.severity,
        standing.name if standing is not None and not same else "",
        judgement.strength,
        judgement.because,
    )


def standing_after(transitions: Iterable[Transition]) -> Mapping[str, States]:
    """By asset the states that stand after these transitions, in their order."""
    found: dict[str, States] = {}
    for one in transitions:
        states = found.setdefault(one.asset, {})
        track = (one.rule, one.window)
        before = states.get(track)
        if one.change == "left":
            states.pop(track, None)
        elif one.change == "severity" and before is not None:
            states[track] = Standing(one.name, one.severity, before.since)
        else:
            states[track] = Standing(one.name, one.severity, one.as_of)
    return found
