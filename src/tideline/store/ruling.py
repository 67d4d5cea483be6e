"""Rules asked of a store: which may be written, and where they were true."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, TypeAlias

import numpy as np
import polars as pl

from tideline.features.rule import Feature, Rule, Term, features_of, readings_of
from tideline.features.rule_parser import parse_rule
from tideline.features.rule_truth import Value, truth
from tideline.readings.price_oi import STATES
from tideline.readings.reading import Reading
from tideline.signals import BY_ADDRESS
from tideline.store.store import Store

PRICE_OI: Final = "price_oi"
RULE_READINGS: Final[dict[str, tuple[str, ...]]] = {
    PRICE_OI: tuple(state.name for state in STATES),
}
"""The readings a rule may name, each with its states. All of them come from ``Store.scan_grid``."""

Numbers: TypeAlias = Mapping[str, Sequence[float | None]]
"""Address -> its number at each moment."""
NumbersOf: TypeAlias = Callable[[str, Sequence[int], list[str]], Numbers]
"""(asset, moments, addresses) -> the numbers."""

Told = dict[tuple[str, str, int], Reading]
"""(reading, window, as_of) -> what it said."""


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
    told: Told = {}
    for reading, window in dict.fromkeys(pair for rule in rules for pair in readings_of(rule)):
        for said in store.scan_grid(list(moments), window=window, assets=[asset]):
            told[reading, window, said.as_of] = said

    def at(place: int) -> tuple[bool | None, ...]:
        def value_of(term: Term) -> Value:
            if isinstance(term, Feature):
                return numbers[str(term)][place]
            said = told[term.reading, term.window, int(moments[place])]
            if not said.told:
                return None
            return said.name if term.facet == "state" else _facet(said, term.facet)

        return tuple(truth(rule, value_of) for rule in rules)

    return [at(place) for place in range(len(moments))]


def _facet(said: Reading, facet: str) -> Value:
    found: Value = getattr(said, facet)
    return found


def numbers_at(store: Store, asset: str, moments: Sequence[int], features: list[str]) -> Numbers:
    """The numbers of one asset at each moment, from the log."""
    rows = pl.DataFrame({"asset": [asset] * len(moments), "as_of": np.asarray(moments, np.int64)})
    frame = store.historical(rows=rows, features=features)
    return {name: frame[name].to_list() for name in features}
