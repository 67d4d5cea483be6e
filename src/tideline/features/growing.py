"""Legs that take in the rows of commits, without all being sorted anew.

    rows that come newest       are appended in place (:mod:`.in_place`)
    a leg with any other row    is sorted again by itself, and put back where it was if it fits
    no room for it, a new leg   everything is laid out anew, with more room

The answers are those of :func:`tideline.features.legs.make_legs` on all rows together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tideline.domain.time import SECOND
from tideline.features.arrays import I32
from tideline.features.in_place import InPlaceLegs, sizes
from tideline.features.legs import (
    LegKey,
    LegSet,
    assemble,
    columns_of,
    kept_rows,
    make_legs,
    name_legs,
    twins_of,
    with_twins,
)

Columns = tuple[NDArray[Any], ...]
"""(leg, event, known, value, cadence in µs, assumed), as :meth:`InPlaceLegs.append` takes them."""


class GrowingLegs:
    """A leg set that grows. ``generation`` changes when the arrays were laid out anew: whatever
    holds their addresses has to be made again."""

    def __init__(self, rows: pa.Table, before: Mapping[LegKey, int] | None = None) -> None:
        """``before`` as in :func:`make_legs`."""
        self.generation = 1
        self._held = InPlaceLegs(make_legs(rows, before=before))

    @property
    def legs(self) -> LegSet:
        """What the engine is asked with; valid until the next ``append``."""
        return self._held.legs

    @property
    def rows(self) -> int:
        """How many rows are held; those of a leg with a twin count twice."""
        return int(sizes(self.legs.arrays)[1].sum())

    def append(self, rows: pa.Table) -> None:
        """Take in the rows of one commit, in its order."""
        if not rows.num_rows:
            return
        keys, number = name_legs(rows)
        names = self._named(keys)
        new, held = _columns(rows, keys, number, names), len(self.legs.index)
        if len(names) > held:
            coming = _picked(new, new[0] >= held)
            self._sort(list(names)[held:], held, [*self._second_lives(names), coming])
        left = _picked(new, new[0] < held)
        while (done := self._held.append(*left)) < left[0].size:
            left = _picked(left, slice(done, None))
            l = int(left[0][0])
            mine = left[0] == l
            self._sort([list(names)[l]], l, [self._taken(l, l), _picked(left, mine)])
            left = _picked(left, ~mine)

    def _named(self, keys: Sequence[LegKey]) -> dict[LegKey, int]:
        """The numbers of all legs; after those held, the ones that come with ``keys``."""
        names = dict.fromkeys([*self.legs.index, *keys])
        return {key: l for l, key in enumerate(names | dict.fromkeys(twins_of(names).values()))}

    def _second_lives(self, names: Mapping[LegKey, int]) -> list[Columns]:
        """What is held of legs whose twin is new, as rows of the twin."""
        index = self.legs.index
        return [
            self._taken(index[key], names[twin])
            for key, twin in twins_of(names).items()
            if key in index and twin not in index
        ]

    def _taken(self, l: int, name: int) -> Columns:
        """The rows of a leg in (event, known, log) order, as rows of leg ``name``."""
        leg, entry, version, _ = self.legs.arrays
        low, high = int(leg[l]["low"]), int(leg[l]["high"])
        edges = entry["versions"][low : high + 1]
        event = np.repeat(entry["event"][low:high], np.diff(edges))
        part = version[edges[0] : edges[-1]]
        rest = (part[column] for column in ("known", "value", "cadence", "assumed"))
        return np.full(part.size, name), event, *rest

    def _sort(self, keys: list[LegKey], first: int, parts: list[Columns]) -> None:
        """Make the legs numbered from ``first`` on of rows, each leg's in the order of the log."""
        leg, event, known, value, cadence, assumed = map(np.concatenate, zip(*parts, strict=True))
        columns = {
            "event": event,
            "known": known,
            "value": value,
            "cadence": cadence / SECOND,
            "assumed": assumed.astype(np.uint8),
            "log": np.empty(0, np.int64),
        }
        before = dict(zip(self.legs.index, self.legs.arrays.leg["before"].tolist(), strict=True))
        made = assemble(keys, (leg - first).astype(np.int32), columns, before)
        if self._held.put(LegSet({key: l for l, key in enumerate(keys)}, made)):
            self.generation += 1


def _picked(columns: Columns, which: Any) -> Columns:
    return tuple(column[which] for column in columns)


def _columns(
    rows: pa.Table, keys: Sequence[LegKey], number: I32, names: Mapping[LegKey, int]
) -> Columns:
    """A commit's rows and those of twins, each leg's in the commit's order; no suspects."""
    number_of = np.array([*(names[key] for key in keys), -1], np.int32)
    leg, keep = number_of[number], kept_rows(rows, strict=False)
    if keep is not None:
        leg = np.where(keep, leg, np.int32(-1))
    pairs = [(names[key], names[twin]) for key, twin in twins_of(names).items() if key in keys]
    leg, source = with_twins(leg, pairs)
    c = columns_of(rows, source)
    size = leg.size
    cadence = np.nan_to_num(c["cadence"]) if c["cadence"].size else np.zeros(size)
    assumed = c["assumed"] if c["assumed"].size else np.zeros(size)
    cadence_us = np.rint(cadence * SECOND).astype(np.int64)
    whole = (leg.astype(np.int64), c["event"], c["known"], c["value"], cadence_us)
    return _picked((*whole, assumed.astype(np.int64)), leg >= 0)
