"""A batch worked out: numbers of every asset in request order, and the legs behind them if asked.

The hard time-out is looked at between parts, so that a question nobody waits for stops.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tideline.features.answers import EVIDENCE, Answers
from tideline.features.engine import evaluate_legs
from tideline.features.legs import LegSet
from tideline.serve.cost import Ask
from tideline.serve.kept_legs import KeptLegs
from tideline.signals import BY_ADDRESS
from tideline.store import Store
from tideline.store.origins import Origins
from tideline.store.rows import AssetRows
from tideline.store.value import Telling

ROWS_AT_ONCE = 1_000_000
"""Rows of the store held at a time; never less than one look-back."""
Alive = Callable[[], None]
"""Raises when nobody waits any more."""


@dataclass
class Batch:
    """What was asked: one asset and one as_of (µs) a row.

    ``columns``: evidence in numbers beside every value; ``told``: the whole of it, for JSON.
    """

    assets: list[str]
    as_of: NDArray[np.int64]
    features: list[str]
    strict: bool = False
    columns: bool = True
    told: bool = False
    places: dict[str, NDArray[np.int64]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        number = {asset: at for at, asset in enumerate(dict.fromkeys(self.assets))}
        if len(number) == 1:
            self.places = dict.fromkeys(number, np.arange(len(self.assets)))
            return
        which = np.fromiter(map(number.__getitem__, self.assets), np.int64, len(self.assets))
        order = np.argsort(which, kind="stable")
        edges = np.searchsorted(which[order], np.arange(len(number) + 1))
        self.places = {asset: order[edges[at] : edges[at + 1]] for asset, at in number.items()}

    @property
    def asks(self) -> list[Ask]:
        """The parts of it, as its cost is estimated."""
        found = []
        for asset, places in self.places.items():
            moments = self.as_of[places]
            found.append(Ask(asset, places.size, int(moments.min()), int(moments.max())))
        return found


@dataclass
class Answered:
    """Every number, in request order, and behind each row what is told of it (JSON alone)."""

    batch: Batch
    answers: Answers
    told: list[list[dict[str, Any]] | None]


def answer_batch(store: Store, batch: Batch, alive: Alive, kept: KeptLegs) -> Answered:
    """Work it out, asset by asset, each in parts that fit in memory."""
    size = len(batch.assets)
    shape = (size, len(batch.features))
    whole = Answers(
        tuple(batch.features), batch.as_of, np.full(shape, np.nan), np.zeros(shape, np.int8)
    )
    if batch.columns or batch.told:
        whole.age_s, whole.coverage = np.full(shape, np.nan), np.full(shape, np.nan)
        whole.n, whole.revised = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        whole.basis = np.zeros(shape, np.int8)
    done = Answered(batch, whole, [None] * size if batch.told else [])
    for asset, places in batch.places.items():
        for at, found in _asset(store, batch, asset, places, done.told, alive, kept):
            for name in ("values", "reason", *(EVIDENCE if batch.columns or batch.told else ())):
                getattr(whole, name)[at] = getattr(found, name)
    return done


def _asset(
    store: Store,
    batch: Batch,
    asset: str,
    places: NDArray[np.int64],
    told: list[list[dict[str, Any]] | None],
    alive: Alive,
    kept: KeptLegs,
) -> Iterator[tuple[NDArray[np.int64], Answers]]:
    """The parts of one asset: where they belong, and their answers."""
    rows = AssetRows(store.log, asset, batch.features)
    moments = batch.as_of[places]
    in_order = bool((moments[1:] >= moments[:-1]).all())
    order = places if in_order else places[np.argsort(moments, kind="stable")]
    ascending = moments if in_order else batch.as_of[order]
    evidence = batch.columns or batch.told

    def work(low: int, high: int, legs: LegSet, origins: Origins) -> Answers:
        alive()
        found = evaluate_legs(
            *(legs, BY_ADDRESS, rows.instruments, ascending[low:high], batch.features),
            evidence=evidence,
        )
        if batch.told:
            telling = Telling(legs, rows.instruments, origins, batch.features, store.simulated)
            _tell(telling, found, order[low:high], told, alive)
        return found

    low = 0
    if not batch.strict:
        for start, end in rows.alike(ascending):
            with kept.borrowed(rows, int(ascending[start]), int(ascending[end - 1])) as lent:
                if lent is None:
                    break
                yield order[start:end], work(start, end, lent.legs, lent.origins)
                low = end
    while low < ascending.size:
        alive()
        high = rows.stretch(ascending, low, ROWS_AT_ONCE)
        first, last = int(ascending[low]), int(ascending[high - 1])
        table = rows.table(first, last, batch.strict)
        origins = Origins(store.log)
        if batch.told:
            origins.add(table)
        legs = rows.legs_of(table, first, batch.strict)
        yield order[low:high], work(low, high, legs, origins)
        low = high


def _tell(
    telling: Telling,
    found: Answers,
    at: Sequence[Any] | NDArray[np.int64],
    told: list[list[dict[str, Any]] | None],
    alive: Alive,
) -> None:
    for row, place in enumerate(at):
        if row % 256 == 0:
            alive()
        told[int(place)] = telling.at(found, row)
