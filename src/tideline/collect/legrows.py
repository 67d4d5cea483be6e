"""The rows one import offers for one leg, as plain arrays in file-name order, then row order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

Ints: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]
Floats: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]
Bools: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]

LegKey: TypeAlias = tuple[str, str, str, str]
"""(asset, venue, instrument, field)"""

GroupKey: TypeAlias = tuple[str, str, str]
"""(asset, venue, instrument)"""


@dataclass(frozen=True, slots=True)
class LegRows:
    """Offered rows of one leg.

    Attributes:
        event: event_time in µs UTC.
        value: in the field's normalised unit.
        cadence_s: the source's own cadence per row, seconds.
        source: per row, index into the import's list of sources.
        lag_us: modelled availability after event_time.
    """

    asset: str
    venue: str
    instrument: str
    field: str
    event: Ints
    value: Floats
    cadence_s: Floats
    source: Ints
    lag_us: int = 0

    @property
    def key(self) -> LegKey:
        return (self.asset, self.venue, self.instrument, self.field)

    @property
    def group(self) -> GroupKey:
        return (self.asset, self.venue, self.instrument)

    def __len__(self) -> int:
        return len(self.event)

    def at(self, keep: Any) -> LegRows:
        """The rows a mask or an index array picks, in its order."""
        return LegRows(
            *self.key,
            self.event[keep],
            self.value[keep],
            self.cadence_s[keep],
            self.source[keep],
            self.lag_us,
        )


def leg_rows(
    key: LegKey, event: Ints, value: Floats, *, cadence_s: float, source: int, lag_us: int = 0
) -> LegRows:
    """Rows of one leg with one cadence from one source."""
    count = len(event)
    return LegRows(
        *key,
        np.ascontiguousarray(event, np.int64),
        np.ascontiguousarray(value, np.float64),
        np.full(count, cadence_s),
        np.full(count, source, np.int64),
        lag_us,
    )


def joined(pieces: Iterable[LegRows]) -> list[LegRows]:
    """One LegRows per leg: pieces of the same leg one after the other, as given."""
    found: dict[LegKey, list[LegRows]] = {}
    for piece in pieces:
        if len(piece):
            found.setdefault(piece.key, []).append(piece)
    return [_one(parts) for parts in found.values()]


def _one(parts: list[LegRows]) -> LegRows:
    if len(parts) == 1:
        return parts[0]
    first = parts[0]
    return LegRows(
        *first.key,
        np.concatenate([part.event for part in parts]),
        np.concatenate([part.value for part in parts]),
        np.concatenate([part.cadence_s for part in parts]),
        np.concatenate([part.source for part in parts]),
        first.lag_us,
    )


def same_value(a: Floats, b: Floats) -> Bools:
    """Equal as stored values: a NaN equals a NaN."""
    return (a == b) | (np.isnan(a) & np.isnan(b))  # type: ignore[no-any-return]
