"""Facts as known at T: listing times, silences, breaks, the calendar; from the rows of a store."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from tideline.domain.conventions import Conventions, load, product_of
from tideline.domain.fields import BY_NAME, CALENDAR, FEEDS, INSTRUMENT, MARKET
from tideline.domain.instrument import Instrument
from tideline.domain.time import DAY, HOUR
from tideline.log import Log
from tideline.log.legs import Leg
from tideline.log.schema import int_times
from tideline.readings.given import Event, Facts, Stretch
from tideline.store.lived import brought_by
from tideline.venues.symbols import PARSERS, parse_symbol

FACT_FIELDS: frozenset[str] = frozenset(
    {INSTRUMENT, CALENDAR}
    | {f"gap.{name}" for name in (*FEEDS, *BY_NAME)}
    | {f"break.{name}" for name in BY_NAME}
)
OPEN_INTEREST = "open_interest"
KEPT_US = 2 * DAY
"""Silences that ended longer ago than this matter to no reading."""


@dataclass(frozen=True, slots=True)
class FactRow:
    """One row that is a fact and no observation."""

    venue: str
    instrument: str
    field: str
    event: int
    known: int
    value: float
    text: str


class Knowledge:
    """The fact rows of one asset in known order; ``at`` gives those known at a moment."""

    def __init__(
        self, rows: Iterable[FactRow] = (), instruments: Iterable[tuple[int, Instrument]] = ()
    ) -> None:
        """``instruments`` are those with open interest, each with the moment from which it was
        known: how their venues count is told."""
        self._instruments = tuple(instruments)
        self._rows: list[FactRow] = []
        self._known: list[int] = []
        self._seen = (-1, -1)
        self._last = Facts()
        self._counted: tuple[tuple[int, int], tuple[str, ...]] = ((-1, -1), ())
        self.add(rows)

    def add(self, rows: Iterable[FactRow]) -> None:
        """Take in more rows, in the order of the log."""
        self._rows = sorted([*self._rows, *rows], key=lambda row: row.known)
        self._known = [row.known for row in self._rows]
        self._seen = (-1, -1)

    def at(self, as_of: int) -> Facts:
        """What was known at as_of."""
        count = bisect_right(self._known, as_of)
        seen = (count, as_of // DAY)
        if seen != self._seen or any(row.event > as_of for row in self._rows[:count]):
            self._last, self._seen = _facts(self._rows[:count], as_of), seen
        unknown = self._unknown(as_of)
        if unknown != self._last.unknown_sides:
            self._last = replace(self._last, unknown_sides=unknown)
        return self._last

    def _unknown(self, as_of: int) -> tuple[str, ...]:
        """Conventions change by the day: those of the hour's start stand for the hour."""
        key = (as_of // HOUR, sum(known <= as_of for known, _ in self._instruments))
        if key != self._counted[0]:
            there = [one for known, one in self._instruments if known <= as_of]
            self._counted = (key, unknown_sides(there, as_of // HOUR * HOUR))
        return self._counted[1]


def read_knowledge(log: Log, asset: str, last: int, *, lived: bool = False) -> Knowledge:
    """The fact rows of an asset, and the calendar of the whole market, up to ``last``.

    ``lived``: each from its commit on, as the store held them (:mod:`.lived`).
    """
    asks = [(asset, FACT_FIELDS)]
    if asset != MARKET and MARKET in log.assets():
        asks.append((MARKET, frozenset({CALENDAR})))
    rows: list[FactRow] = []
    for name, fields in asks:
        if lived:
            table, _ = log.standing(name, [(fields, None)])
            rows += fact_rows(brought_by(log, table, last))
        else:
            rows += fact_rows(log.read(name, last, fields=fields))
    held = [leg for leg in log.legs(asset) if leg.field == OPEN_INTEREST and leg.venue in PARSERS]
    since = [_since(leg, lived) for leg in held]
    instruments = [parse_symbol(leg.venue, leg.instrument) for leg in held]
    return Knowledge(rows, list(zip(since, instruments, strict=True)))


def _since(leg: Leg, lived: bool) -> int:
    """From when a leg was known; one of suspects alone, from its first."""
    if lived and leg.frontier_brought:
        return leg.frontier_brought[0][0]
    return leg.first_known


def unknown_sides(instruments: Iterable[Instrument], at: int) -> tuple[str, ...]:
    """Venues of these instruments that do not document whether one side is counted or both."""
    found = []
    for one in instruments:
        row = _conventions().find(
            one.venue, product_of(one), OPEN_INTEREST, at, instrument=one.symbol
        )
        if row is not None and row.sides == "unknown":
            found.append(one.venue)
    return tuple(dict.fromkeys(found))


@cache
def _conventions() -> Conventions:
    return load()


def fact_rows(table: Any) -> list[FactRow]:
    """The fact rows among the rows of a table of the log."""
    if not table.num_rows:
        return []
    names = ("venue", "instrument", "field")
    words = [table.column(name).to_pylist() for name in names]
    text = [word or "" for word in table.column("text").to_pylist()]
    event, known = (int_times(table.column(name)).tolist() for name in ("event_time", "known_time"))
    value = table.column("value").to_pylist()
    return [
        FactRow(*row)
        for row in zip(*words, event, known, value, text, strict=True)
        if row[2] in FACT_FIELDS
    ]


def _facts(rows: list[FactRow], as_of: int) -> Facts:
    """Of each (leg, event_time) the row known last; events later than as_of do not exist yet."""
    newest: dict[tuple[str, str, str, int, str], FactRow] = {}
    listed: dict[tuple[str, str], int] = {}
    for row in rows:
        if row.event > as_of:
            continue
        if row.field == INSTRUMENT:
            since = json.loads(row.text or "{}").get("listed_us")
            if since is not None:
                listed[row.venue, row.instrument] = int(since)
            continue
        name = row.text if row.field == CALENDAR else ""
        newest[row.venue, row.instrument, row.field, row.event, name] = row
    gaps, breaks, calendar = [], [], []
    for row in newest.values():
        mark, _, field = row.field.partition(".")
        if mark == CALENDAR:
            calendar.append(Event(row.text or "event", int(row.value)))
        elif mark == "break":
            breaks.append(Stretch(row.venue, row.instrument, field, row.event, row.event))
        elif row.value > as_of - KEPT_US:
            gaps.append(Stretch(row.venue, row.instrument, field, row.event, int(row.value)))
    return Facts(listed, tuple(gaps), tuple(breaks), tuple(calendar))
