"""From the log to legs: which rows a question needs, read in parts that fit in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tideline.domain.fields import MARKS
from tideline.domain.instrument import Instrument
from tideline.features.arrays import FAR
from tideline.features.engine import check_address, lookback_us
from tideline.features.groups import Group
from tideline.features.legs import LegKey, LegSet, make_legs
from tideline.features.resolver import signal_fields
from tideline.log import Log
from tideline.log.legs import Leg
from tideline.signals import BY_ADDRESS
from tideline.venues.symbols import parse_symbol

FEW_ROWS = 5_000
"""A field whose legs all have at most so many rows is read whole."""
ROWS_AT_ONCE = 4_000_000
"""Rows held in one part: about 100 bytes each while they are sorted into legs."""


@dataclass(frozen=True)
class Part:
    """Legs that answer the moments ``low .. high-1`` (positions in ascending order)."""

    low: int
    high: int
    legs: LegSet


class AssetRows:
    """The rows of one asset for a set of addresses."""

    def __init__(self, log: Log, asset: str, addresses: Sequence[str]) -> None:
        self.log, self.asset = log, asset
        self.fields, self.back_us = reach(addresses)
        self.known = log.legs(asset)
        self.instruments: dict[Group, Instrument] = {
            (leg.venue, leg.instrument): parse_symbol(leg.venue, leg.instrument)
            for leg in self.known
        }

    def parts(
        self,
        ascending: NDArray[np.int64],
        *,
        strict: bool = False,
        rows_at_once: int = ROWS_AT_ONCE,
    ) -> Iterator[Part]:
        """Legs for stretches of the moments, each with the rows it looks back to."""
        low = 0
        while low < ascending.size:
            high = self.stretch(ascending, low, rows_at_once)
            yield Part(low, high, self.legs(int(ascending[low]), int(ascending[high - 1]), strict))
            low = high

    def legs(self, first: int, last: int, strict: bool = False) -> LegSet:
        """Legs that answer every moment from ``first`` to ``last``."""
        return self.legs_of(self.table(first, last, strict), first, strict)

    def table(self, first: int, last: int, strict: bool = False) -> pa.Table:
        """The rows behind those legs."""
        bounded = self.bounded(strict)
        parts = [self.log.read(self.asset, last, fields=self.fields - bounded)]
        if bounded:
            start = first - self.back_us
            parts.append(self.log.read(self.asset, last, fields=bounded, event_from=start))
        return pa.concat_tables(parts).unify_dictionaries()

    def legs_of(self, table: pa.Table, first: int, strict: bool = False) -> LegSet:
        """Legs from the rows that :meth:`table` gave for the same ``first``."""
        before = self.before(first - self.back_us, self.bounded(strict))
        return make_legs(table, strict=strict, before=before)

    def bounded(self, strict: bool = False) -> frozenset[str]:
        """Fields read no further back than the questions look."""
        return frozenset() if strict else self.fields - self._whole()

    def _whole(self) -> frozenset[str]:
        """Fields read from their beginning: gaps and breaks, and those with few rows, whose
        cadence may let a value live longer than any look-back."""
        most: dict[str, int] = {}
        for leg in self._read_legs():
            most[leg.field] = max(most.get(leg.field, 0), leg.rows)
        marks = {field for field in self.fields if field.partition(".")[0] in MARKS}
        return frozenset(marks | {field for field, rows in most.items() if rows <= FEW_ROWS})

    def stretch(
        self, ascending: NDArray[np.int64], low: int, rows_at_once: int = ROWS_AT_ONCE
    ) -> int:
        """As many moments as keep the rows within bounds; never less than one look-back."""
        start = int(ascending[low]) - self.back_us
        span = max(int(ascending[-1]) - start, 1)
        rows = self._rows_between(start, int(ascending[-1]))
        if rows <= rows_at_once:
            return int(ascending.size)
        reach = max(int(span * rows_at_once / rows), 2 * self.back_us)
        return max(int(np.searchsorted(ascending, start + reach, side="right")), low + 1)

    def _rows_between(self, start: int, end: int) -> float:
        """About how many rows lie between, were each leg even in time."""
        total = 0.0
        for leg in self._read_legs():
            length = max(leg.last_event - leg.first_event, 1)
            shared = min(end, leg.last_event) - max(start, leg.first_event)
            total += leg.rows * max(0.0, min(1.0, shared / length))
        return total

    def _read_legs(self) -> list[Leg]:
        return [leg for leg in self.known if leg.field in self.fields]

    def before(self, start: int, bounded: frozenset[str]) -> dict[LegKey, int]:
        """When the earliest row older than ``start`` was known, for legs read from there on."""
        found: dict[LegKey, int] = {}
        for leg in self._read_legs():
            if leg.field not in bounded:
                continue
            known = next((known for known, event in leg.frontier if event < start), FAR)
            if known < FAR:
                found[leg.venue, leg.instrument, leg.field] = known
        return found


def reach(addresses: Sequence[str]) -> tuple[frozenset[str], int]:
    """The fields that addresses read, and how far before T (µs).

    Raises:
        BadAddress: not an address of the catalogue.
    """
    parsed = [check_address(text, BY_ADDRESS) for text in addresses]
    fields = {field for address in parsed for field in signal_fields(BY_ADDRESS[address.signal])}
    return frozenset(fields), max(lookback_us(a, BY_ADDRESS[a.signal]) for a in parsed)
