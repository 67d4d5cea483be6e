"""From the log to legs: which rows a question needs, read in parts that fit in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tideline.domain.fields import MARKS
from tideline.domain.instrument import Instrument
from tideline.domain.time import DAY
from tideline.features.address import Address
from tideline.features.arrays import FAR
from tideline.features.engine import CARRY_US, check_address, lookback_us
from tideline.features.groups import Group
from tideline.features.legs import LegKey, LegSet, make_legs
from tideline.features.resolver import signal_fields
from tideline.features.signal import Formula
from tideline.log import Log
from tideline.log.legs import Leg
from tideline.signals import BY_ADDRESS
from tideline.store.lived import as_lived, brought_by, lived_from
from tideline.venues.symbols import PARSERS, parse_symbol

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

    def __init__(
        self,
        log: Log,
        asset: str,
        addresses: Sequence[str],
        reaches: Iterable[tuple[str, int]] = (),
        lived: bool = False,
    ) -> None:
        """``reaches``: signals that are also sampled so many µs before T (window included).
        ``lived``: at every moment rows are known from the commit that brought them; else from when
        the store began to record the asset (:mod:`.lived`)."""
        self.log, self.asset, self.addresses = log, asset, tuple(addresses)
        parsed = [check_address(text, BY_ADDRESS) for text in addresses]
        self.back = _look_backs(parsed, reaches)
        self.fields = frozenset(self.back)
        self.back_us = max(self.back.values())
        self.known = [leg for leg in log.legs(asset) if leg.venue in PARSERS]
        self.lived_from = -FAR if lived else lived_from(self.known)
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

    def lived(self, as_of: int) -> bool:
        """Is this moment answered as the store knew it (:mod:`.lived`)?"""
        return as_of >= self.lived_from

    def legs(self, first: int, last: int, strict: bool = False) -> LegSet:
        """Legs that answer every moment from ``first`` to ``last``: all of them lived, or none."""
        return self.legs_of(self.table(first, last, strict), first, strict)

    def table(self, first: int, last: int, strict: bool = False) -> pa.Table:
        """The rows behind those legs."""
        asks = self.asks(self.starts(first, strict))
        parts = [self.log.read(self.asset, last, fields=f, event_from=s) for f, s in asks]
        table = pa.concat_tables(parts).unify_dictionaries()
        return as_lived(self.log, table) if self.lived(first) else table

    def standing(self, first: int, followed: int) -> pa.Table:
        """The rows that the commits up to ``followed`` brought, those of events to come too: what
        a follower that asks from ``first`` on begins with."""
        table, _ = self.log.standing(self.asset, self.asks(self.starts(first)))
        return brought_by(self.log, table, followed)

    def legs_of(self, table: pa.Table, first: int, strict: bool = False) -> LegSet:
        """Legs from the rows that :meth:`table` gave for the same ``first``."""
        before = self.before(self.starts(first, strict), lived=self.lived(first))
        return make_legs(table, strict=strict, before=before)

    def asks(self, starts: Mapping[str, int]) -> list[tuple[frozenset[str], int | None]]:
        """What is read together, from which event_time on; None: from the beginning."""
        asks: list[tuple[frozenset[str], int | None]] = [(self.fields - starts.keys(), None)]
        for start in sorted(set(starts.values())):
            asks.append((frozenset(f for f in starts if starts[f] == start), start))
        return asks

    def starts(self, first: int, strict: bool = False) -> dict[str, int]:
        """The fields read no further back than questions from ``first`` on look, and from when.

        Fields that are looked back to about equally far have the same start.
        """
        bounded = frozenset() if strict else self.fields - self._whole()
        return {field: first - _rounded(self.back[field]) for field in bounded}

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
        """As many moments as keep the rows within bounds; never less than one look-back, and none
        beyond the beginning of what was lived."""
        end = next(end for _, end in self.alike(ascending) if low < end)
        return self._bounded(ascending[:end], low, rows_at_once)

    def alike(self, ascending: NDArray[np.int64]) -> list[tuple[int, int]]:
        """The stretches of the moments (positions) that were not lived, and that were."""
        cut, size = int(np.searchsorted(ascending, self.lived_from)), int(ascending.size)
        return [(low, high) for low, high in ((0, cut), (cut, size)) if low < high]

    def _bounded(self, ascending: NDArray[np.int64], low: int, rows_at_once: int) -> int:
        start = int(ascending[low]) - self.back_us
        span = max(int(ascending[-1]) - start, 1)
        rows = self.rows_between(start, int(ascending[-1]))
        if rows <= rows_at_once:
            return int(ascending.size)
        reach = max(int(span * rows_at_once / rows), 2 * self.back_us)
        return max(int(np.searchsorted(ascending, start + reach, side="right")), low + 1)

    def rows_between(self, start: int, end: int) -> float:
        """About how many rows lie between, were each leg even in time."""
        total = 0.0
        for leg in self._read_legs():
            length = max(leg.last_event - leg.first_event, 1)
            shared = min(end, leg.last_event) - max(start, leg.first_event)
            total += leg.rows * max(0.0, min(1.0, shared / length))
        return total

    def _read_legs(self) -> list[Leg]:
        return [leg for leg in self.known if leg.field in self.fields]

    def before(self, starts: Mapping[str, int], *, lived: bool) -> dict[LegKey, int]:
        """When the earliest row older than its start was known, for legs read from there on."""
        found: dict[LegKey, int] = {}
        for leg in self._read_legs():
            if leg.field not in starts:
                continue
            start = starts[leg.field]
            frontier = leg.frontier_brought if lived else leg.frontier
            known = next((known for known, event in frontier if event < start), FAR)
            if known < FAR:
                found[leg.venue, leg.instrument, leg.field] = known
        return found


def _look_backs(parsed: Sequence[Address], reaches: Iterable[tuple[str, int]]) -> dict[str, int]:
    """How far before T the rows of each field may matter, µs."""
    wanted = [(a.signal, lookback_us(a, BY_ADDRESS[a.signal])) for a in parsed]
    for signal, deep in reaches:
        day = DAY if BY_ADDRESS[signal].formula == Formula.OI_VOLUME else 0
        wanted.append((signal, deep + day + CARRY_US))
    back: dict[str, int] = {}
    for signal, far in wanted:
        for field in signal_fields(BY_ADDRESS[signal]):
            back[field] = max(back.get(field, 0), far)
    return back


def _rounded(back_us: int) -> int:
    """Up to 16, 32, 64 … days, so that a store is read a few times and not once for each field."""
    days = 16
    while days * DAY < back_us:
        days *= 2
    return days * DAY


def reach(addresses: Sequence[str]) -> dict[str, int]:
    """The fields that addresses read, each with how far before T its rows may matter, µs.

    Raises:
        BadAddress: not an address of the catalogue.
    """
    return _look_backs([check_address(text, BY_ADDRESS) for text in addresses], ())
