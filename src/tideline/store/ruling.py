"""Rules asked of a store: which may be written, and where they were true."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import polars as pl

from tideline.features.rule import (
    Feature,
    NamedReading,
    ReadingTerm,
    Rule,
    Term,
    features_of,
    readings_of,
)
from tideline.features.rule_parser import parse_rule
from tideline.features.rule_truth import Value, truth
from tideline.readings.asking import Track
from tideline.readings.cadence import SUB_WINDOWS
from tideline.readings.given import Given
from tideline.readings.naming import RULE_BY_NAME, SEVERAL, states_of, windows_of
from tideline.readings.reading import CANNOT_TELL, Direction, Reading, Severity
from tideline.readings.rule import Rule as ReadingRule
from tideline.readings.rule import judged, read
from tideline.signals import BY_ADDRESS
from tideline.store.scanning import AssetScan
from tideline.store.store import Store

RULE_READINGS: Final[dict[str, NamedReading]] = {
    name: NamedReading(states_of(rule), windows_of(rule)) for name, rule in RULE_BY_NAME.items()
} | {
    name: NamedReading(
        entry.names,
        tuple(SUB_WINDOWS),
        {state: rule.key for rule in entry.rules for state in rule.names},
    )
    for name, entry in SEVERAL.items()
}
"""The readings a rule may name: all there are."""

Numbers: TypeAlias = Mapping[str, Sequence[float | None]]
"""Address -> its number at each moment."""
NumbersOf: TypeAlias = Callable[[str, Sequence[int], list[str]], Numbers]
"""(asset, moments, addresses) -> the numbers."""


class Said(NamedTuple):
    """What a rule may ask of a reading. ``direction`` \"none\" where nobody asked for it."""

    name: str
    severity: Severity
    strength: float | None
    direction: Direction = "none"


def read_rule(text: str) -> Rule:
    """A rule over the signals and readings of this version.

    Raises:
        BadRule: names part, position and the nearest valid choice.
    """
    return parse_rule(text, BY_ADDRESS, RULE_READINGS)


def rule_truths(
    store: Store,
    rules: Sequence[Rule],
    asset: str,
    moments: Sequence[int],
    numbers_of: NumbersOf | None = None,
) -> list[tuple[bool | None, ...]]:
    """The truth of several rules of one asset at each moment (µs, ascending, none above the head).

    Everything they name is asked once, as known at each moment. One tuple a moment, in the order
    of ``rules``. ``numbers_of`` stands in for ``Store.historical`` where the same numbers are at
    hand elsewhere.

    Raises:
        UnknownName, FutureAsOf, BeforeHorizon: as ``Store.historical``.
    """
    if not moments:
        return []
    features = list(dict.fromkeys(name for rule in rules for name in features_of(rule)))
    ask = numbers_of or partial(numbers_at, store)
    numbers = ask(asset, moments, features) if features else {}
    told = _told(store, asset, moments, _tracks_asked(rules))

    def at(place: int) -> tuple[bool | None, ...]:
        def value_of(term: Term) -> Value:
            if isinstance(term, Feature):
                return numbers[str(term)][place]
            said = told[track_of(term)][place]
            if said.name == CANNOT_TELL:
                return None
            return said.name if term.facet == "state" else _facet(said, term.facet)

        return tuple(truth(rule, value_of) for rule in rules)

    return [at(place) for place in range(len(moments))]


def track_of(term: ReadingTerm) -> Track:
    """The rule and window that a term names."""
    return RULE_BY_NAME[term.reading].key, term.window


def tracks_of(rules: Sequence[Rule]) -> tuple[Track, ...]:
    """The tracks that rules ask, each once, in the order in which they are named."""
    return tuple(_tracks_asked(rules))


def readings_at(
    store: Store, asset: str, as_of: int, tracks: Sequence[Track]
) -> dict[Track, Reading]:
    """These tracks of one asset at one moment, with their evidence."""
    scan = _scan(store, asset, tracks)
    return {
        (key, window): read(RULE_BY_NAME[key], filler.given(moment, window))
        for filler, stretch in scan.fillers(np.array([as_of], np.int64))
        for moment in stretch.tolist()
        for key, window in tracks
    }


def _tracks_asked(rules: Sequence[Rule]) -> dict[Track, bool]:
    """Track -> is its direction asked?"""
    asked: dict[Track, bool] = {}
    for rule in rules:
        for term in readings_of(rule):
            track = track_of(term)
            asked[track] = asked.get(track, False) or term.facet == "direction"
    return asked


def _told(
    store: Store, asset: str, moments: Sequence[int], asked: Mapping[Track, bool]
) -> dict[Track, list[Said]]:
    """What each track said at each moment (ascending), from one reading of the log."""
    told: dict[Track, list[Said]] = {track: [] for track in asked}
    if not asked:
        return told
    for edge in (moments[-1], moments[0]):
        store.log.check_as_of(edge)
    scan = _scan(store, asset, tuple(asked))
    for filler, stretch in scan.fillers(np.asarray(moments, np.int64)):
        for moment in stretch.tolist():
            for (key, window), directed in asked.items():
                given = filler.given(moment, window)
                told[key, window].append(_said(RULE_BY_NAME[key], given, directed))
    return told


def _said(rule: ReadingRule, given: Given, directed: bool) -> Said:
    """The judgement; the whole reading only where it alone has the direction."""
    if directed and rule.finish is not None:
        whole = read(rule, given)
        return Said(whole.name, whole.severity, whole.strength, whole.direction)
    short = judged(rule, given)
    return Said(short.name, short.severity, short.strength, short.direction)


def _scan(store: Store, asset: str, tracks: Sequence[Track]) -> AssetScan:
    rules = [RULE_BY_NAME[key] for key in dict.fromkeys(key for key, _ in tracks)]
    windows = tuple(dict.fromkeys(window for _, window in tracks))
    return AssetScan(store.log, asset, windows, rules)


def _facet(said: Said, facet: str) -> Value:
    found: Value = getattr(said, facet)
    return found


def numbers_at(store: Store, asset: str, moments: Sequence[int], features: list[str]) -> Numbers:
    """The numbers of one asset at each moment, from the log."""
    rows = pl.DataFrame({"asset": [asset] * len(moments), "as_of": np.asarray(moments, np.int64)})
    frame = store.historical(rows=rows, features=features)
    return {name: frame[name].to_list() for name in features}
