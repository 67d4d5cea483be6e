"""From a venue's raw number to the stored one, by the conventions table.

A scale says once, for one instrument and one stretch of time, by what exact decimal a raw number is
multiplied and how the venue counts it. Sides, units and contract sizes come from the table alone.
"""

from __future__ import annotations

from bisect import bisect_right
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from tideline.domain import conventions
from tideline.domain.conventions import Convention, product_of
from tideline.domain.errors import BadInput, BadWire
from tideline.domain.instrument import Instrument
from tideline.venues.parsed import Counted

RATIO = Counted("ratio", "-")
FRACTION = Counted("fraction", "-")
HOURS = Counted("raw", "-")
MILLIS = Counted("raw", "-", None, 1000.0)
ONE = Decimal(1)
LEVELS = ("open_interest", "open_interest_usd")
"""Fields whose impossible values are held back as suspects, not thrown away with their frame."""


class Scale(NamedTuple):
    """Stored value = raw number x ``factor``, for event times in [since, until)."""

    factor: Decimal
    counted: Counted
    since: int
    until: int

    def of(self, raw: Decimal) -> float:
        """The stored value of a raw number."""
        return float(raw if self.factor == ONE else raw * self.factor)


def scale(instrument: Instrument, name: str, at: int) -> Scale:
    """How the raw amount ``name`` (a field of the table) of an instrument counts at ``at``.

    The result is in base coins where the table says coin, in quote currency where it says usd or
    quote; contracts become coins (linear) or quote currency (inverse). Both halves are one-sided.

    Raises:
        BadWire: the table has no row for that moment, or the contract size is not known.
    """
    edges = _edges()
    return _scale(instrument, name, bisect_right(edges, at), edges)


@lru_cache(maxsize=1)
def _edges() -> tuple[int, ...]:
    """Every moment at which a row of the table begins or ends, with both open ends."""
    table = conventions.load()
    return tuple(sorted({edge for row in table for edge in (row.valid_from, row.valid_to)}))


@lru_cache(maxsize=65536)
def _scale(instrument: Instrument, name: str, slot: int, edges: tuple[int, ...]) -> Scale:
    since = edges[slot - 1] if slot else conventions.OPEN_FROM
    until = edges[slot] if slot < len(edges) else conventions.OPEN_TO
    try:
        row = conventions.load().lookup(
            instrument.venue, product_of(instrument), name, since, instrument=instrument.symbol
        )
    except BadInput:
        raise BadWire(name, instrument.symbol, "has no convention for that moment") from None
    factor, size = _factor(instrument, row)
    return Scale(factor, Counted(row.unit, row.sides, size, float(factor)), since, until)


def _factor(instrument: Instrument, row: Convention) -> tuple[Decimal, float | None]:
    """The exact multiplier, and the contract size where contracts are counted.

    A size of the past is the table's; today's is what the listing says, which is newer than any
    table, and the table's open row where the listing says none.
    """
    sides = Decimal(1) / 2 if row.sides == "2" else ONE
    if row.unit == "coin":
        return _decimal(instrument.multiple) * sides, None
    if row.unit in ("usd", "quote"):
        return sides, None
    if row.unit == "contracts":
        size = instrument.contract_size
        if row.contract_size is not None and (size is None or row.valid_to != conventions.OPEN_TO):
            size = row.contract_size
        if size is None:
            raise BadWire(row.field, instrument.symbol, "has no known contract size")
        return _decimal(size) * sides, size
    raise BadWire(row.field, row.unit, "is no quantity")


@lru_cache(maxsize=65536)
def price_scale(multiple: float) -> Scale:
    """Stored price per ONE coin = the venue's price / the coins one quoted unit stands for."""
    factor = ONE / _decimal(multiple)
    counted = Counted("quote", "-", None, float(factor))
    return Scale(factor, counted, conventions.OPEN_FROM, conventions.OPEN_TO)


def _decimal(value: float) -> Decimal:
    """The decimal that a float is written as (0.01 is 0.01, 1000.0 is 1000)."""
    return Decimal(repr(value)).normalize()
