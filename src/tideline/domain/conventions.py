"""The conventions table: how each venue counts, and since when.

A raw number becomes a stored one only through a row of ``conventions.toml``: its unit, whether one
or both sides of a contract are counted, the contract size, each with the period it holds for. Rows
of one (venue, product, field, instrument) may not overlap in time; a row that names an instrument
goes before one that does not.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Any, Literal

from tideline.domain.errors import BadInput, UnknownName, nearest_of
from tideline.domain.instrument import Instrument
from tideline.domain.time import format_time, parse_time
from tideline.domain.venue import ALL_VENUES, GATEWAY

Sides = Literal["1", "2", "unknown", "-"]

UNITS = ("coin", "contracts", "usd", "quote", "ratio", "fraction", "raw")
SIDES: tuple[Sides, ...] = ("1", "2", "unknown", "-")
PRODUCTS = ("linear", "inverse", "cde", "spot")
COMPLETENESS = ("", "full", "sampled")

OPEN_FROM = -(2**62)
OPEN_TO = 2**62


@dataclass(frozen=True, slots=True)
class Convention:
    """One row: what a raw field of one venue's product means in [valid_from, valid_to)."""

    venue: str
    product: str
    field: str
    unit: str
    sides: Sides
    source: str
    instrument: str = ""
    contract_size: float | None = None
    completeness: str = ""
    label: str = ""
    break_at_start: bool = False
    valid_from: int = OPEN_FROM
    valid_to: int = OPEN_TO

    @property
    def divisor(self) -> float:
        """What the raw number is divided by to be one-sided (unknown sides are left as given)."""
        return 2.0 if self.sides == "2" else 1.0

    @property
    def period(self) -> str:
        """The period in words: ``since …``, ``until …``, ``always``."""
        start = "" if self.valid_from == OPEN_FROM else format_time(self.valid_from)
        end = "" if self.valid_to == OPEN_TO else format_time(self.valid_to)
        if start and end:
            return f"{start} until {end}"
        if start or end:
            return f"since {start}" if start else f"until {end}"
        return "always"

    def speaks_of(self, instrument: str) -> bool:
        """Does this row hold for that symbol? (``BTCUSD*`` is a pattern, empty holds for all.)"""
        return not self.instrument or fnmatchcase(instrument, self.instrument)


class Conventions:
    """The whole table, checked: every word known, no two rows for the same moment."""

    def __init__(self, rows: Iterable[Convention]) -> None:
        self.rows = tuple(rows)
        self._by_key: dict[tuple[str, str, str], list[Convention]] = {}
        for row in self.rows:
            _check(row)
            self._by_key.setdefault((row.venue, row.product, row.field), []).append(row)
        for group in self._by_key.values():
            _refuse_overlaps(group)

    def __iter__(self) -> Iterator[Convention]:
        return iter(self.rows)

    def find(
        self, venue: str, product: str, field: str, at: int, *, instrument: str = ""
    ) -> Convention | None:
        """The row that holds at ``at`` (µs UTC), the one naming the instrument first; or None."""
        held = [
            row
            for row in self._by_key.get((venue, product, field), ())
            if row.valid_from <= at < row.valid_to and row.speaks_of(instrument)
        ]
        return max(held, key=lambda row: len(row.instrument), default=None)

    def lookup(
        self, venue: str, product: str, field: str, at: int, *, instrument: str = ""
    ) -> Convention:
        """As :meth:`find`.

        Raises:
            UnknownName: no row holds at that moment.
        """
        found = self.find(venue, product, field, at, instrument=instrument)
        if found is None:
            known = (f"{row.venue} {row.product} {row.field}" for row in self.rows)
            raise UnknownName("convention", f"{venue} {product} {field}", known)
        return found

    def breaks(
        self, venue: str, product: str, field: str, *, instrument: str = ""
    ) -> tuple[Convention, ...]:
        """The rows whose start cannot be rescaled into, for one instrument, oldest first."""
        found = [
            row
            for row in self._by_key.get((venue, product, field), ())
            if row.break_at_start and row.speaks_of(instrument)
        ]
        return tuple(sorted(found, key=lambda row: row.valid_from))


def product_of(instrument: Instrument) -> str:
    """The product a row of the table calls this instrument."""
    if instrument.venue == "coinbase":
        return "cde"
    if instrument.kind == "spot":
        return "spot"
    return "linear" if instrument.linear else "inverse"


def as_markdown(table: Conventions) -> str:
    """The table as the documentation prints it, one line a row."""
    lines = [
        "| venue | product | field | instrument | unit | sides | holds | source |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in table:
        unit = row.unit
        if row.contract_size is not None:
            unit += f" of {row.contract_size:g}"
        if row.completeness:
            unit += f", {row.completeness} feed"
        if row.label:
            unit = f"label is the {row.label}"
        holds = row.period + (", after a break" if row.break_at_start else "")
        cells = (row.venue, row.product, row.field, row.instrument, unit, row.sides, holds)
        lines.append("| " + " | ".join((*(cell or "all" for cell in cells), row.source)) + " |")
    return "\n".join(lines) + "\n"


@cache
def load() -> Conventions:
    """The table that is shipped with tideline."""
    text = resources.files("tideline.domain").joinpath("conventions.toml").read_text("utf-8")
    return parse(text)


def parse(text: str) -> Conventions:
    """A table from TOML text.

    Raises:
        BadInput: unknown key, word out of place, or rows that overlap; names it.
    """
    try:
        body = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput("conventions", str(error), "is not TOML") from None
    return Conventions(_row(entry) for entry in body.get("convention", ()))


_KEYS = frozenset(f.name for f in fields(Convention))


def _row(entry: Mapping[str, Any]) -> Convention:
    given = dict(entry)
    for key in given:
        if key not in _KEYS:
            raise BadInput("conventions key", key, "is unknown", nearest_of(key, _KEYS))
    for key in ("venue", "product", "field", "unit", "sides", "source"):
        if not given.get(key):
            raise BadInput("conventions key", key, f"is missing in {given}")
    for key, otherwise in (("valid_from", OPEN_FROM), ("valid_to", OPEN_TO)):
        text = given.get(key) or ""
        given[key] = int(parse_time(text, field=key)) if text else otherwise
    return Convention(**given)


def _check(row: Convention) -> None:
    if row.venue not in ALL_VENUES:
        raise UnknownName("venue", row.venue, ALL_VENUES)
    products = (*PRODUCTS, "gateway") if row.venue == GATEWAY else PRODUCTS
    for field, value, choices in (
        ("product", row.product, products),
        ("unit", row.unit, UNITS),
        ("sides", row.sides, SIDES),
        ("completeness", row.completeness, COMPLETENESS),
        ("label", row.label, ("", "start", "end", "instant")),
    ):
        if value not in choices:
            raise UnknownName(field, value, choices)
    if row.contract_size is not None and not row.contract_size > 0:
        raise BadInput("contract_size", row.contract_size, f"of {row.source!r} is not positive")
    if row.valid_from >= row.valid_to:
        raise BadInput("valid_to", row.period, f"of {row.venue} {row.field} is not after its start")


def _refuse_overlaps(group: list[Convention]) -> None:
    ordered = sorted(group, key=lambda row: (row.instrument, row.valid_from))
    for before, after in pairwise(ordered):
        if before.instrument == after.instrument and after.valid_from < before.valid_to:
            name = f"{after.venue} {after.product} {after.field} {after.instrument}".strip()
            raise BadInput(
                "conventions", name, f"has two rows for {after.period} and {before.period}"
            )
