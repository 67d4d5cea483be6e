"""Margin tiers: leverage allowed and maintenance kept back, by the notional of a position.

Maintenance is taken tier by tier, like income tax: each rate on the part of the notional that lies
in its tier. The table shipped is dated, and every answer says which it used.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from tideline.domain.errors import BadInput, UnknownName
from tideline.domain.time import format_time, parse_time


@dataclass(frozen=True, slots=True)
class Tier:
    """Notional up to ``cap_usd``, at most ``max_leverage``, ``maintenance`` a fraction of it."""

    cap_usd: float
    max_leverage: float
    maintenance: float


@dataclass(frozen=True, slots=True)
class MarginTiers:
    """The tiers of one asset, lowest first, and where they are from.

    ``early`` says that they were recorded after the moment asked about.
    """

    venue: str
    tiers: tuple[Tier, ...]
    source: str
    valid_from: int | None = None
    early: bool = False

    def tier_of(self, notional_usd: float) -> Tier:
        """The tier a notional falls in; the last one where it is larger than all."""
        return next((t for t in self.tiers if notional_usd <= t.cap_usd), self.tiers[-1])

    def maintenance_usd(self, notional_usd: float) -> float:
        """Margin that has to stay, USD."""
        kept, floor = 0.0, 0.0
        for tier in self.tiers:
            top = tier.cap_usd if tier is not self.tiers[-1] else float("inf")
            kept += tier.maintenance * max(0.0, min(notional_usd, top) - floor)
            floor = tier.cap_usd
        return kept

    @property
    def words(self) -> str:
        """Source and date, in words."""
        when = "" if self.valid_from is None else f", as of {format_time(self.valid_from)[:10]}"
        late = ", later than the moment asked about" if self.early else ""
        return f"{self.source}{when}{late}"


def shipped(asset: str, as_of: int, venue: str = "binance") -> MarginTiers | None:
    """The shipped tiers of an asset at a moment; None where there are none.

    Of several tables the newest that was in force; before the first, the first, marked ``early``.
    """
    tables = [t for t in _load() if t.venue == venue and asset in t.tiers]
    if not tables:
        return None
    held = [t for t in tables if t.valid_from <= as_of]
    table = max(held or tables, key=lambda t: t.valid_from if held else -t.valid_from)
    return MarginTiers(venue, table.tiers[asset], table.source, table.valid_from, not held)


def parse_tiers(text: str, name: str = "tiers") -> MarginTiers:
    """One asset's own tiers from TOML: ``tiers = [[cap_usd, max_leverage, maintenance], …]``.

    ``venue`` and ``source`` are optional words.

    Raises:
        BadInput, UnknownName: not TOML, an unknown key, or tiers that are none.
    """
    try:
        body = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput("tiers", name, f"is not TOML: {error}") from None
    for key in body:
        if key not in ("venue", "source", "tiers"):
            raise UnknownName("tiers", key, ("venue", "source", "tiers"))
    venue, source = str(body.get("venue", "given")), str(body.get("source", f"given in {name}"))
    return MarginTiers(venue, _tiers(body.get("tiers"), name), source)


@dataclass(frozen=True, slots=True)
class _Table:
    venue: str
    valid_from: int
    source: str
    tiers: dict[str, tuple[Tier, ...]]


@cache
def _load() -> tuple[_Table, ...]:
    text = resources.files("tideline.readings").joinpath("margin_tiers.toml").read_text("utf-8")
    return tuple(
        _Table(
            entry["venue"],
            int(parse_time(entry["valid_from"], field="valid_from")),
            entry["source"],
            {asset: _tiers(rows, asset) for asset, rows in entry["tiers"].items()},
        )
        for entry in tomllib.loads(text)["table"]
    )


def _tiers(rows: Any, name: str) -> tuple[Tier, ...]:
    shape = "[[50000, 125, 0.004], …]"
    if not isinstance(rows, Sequence) or isinstance(rows, str) or not rows:
        raise BadInput("tiers", rows, f"of {name} are no list of tiers", shape)
    tiers: list[Tier] = []
    for row in rows:
        if not isinstance(row, Sequence) or len(row) != 3 or not all(map(_is_number, row)):
            raise BadInput("tiers", row, f"of {name} is no tier of three numbers", shape)
        tier = Tier(*(float(cell) for cell in row))
        if not (tier.cap_usd > (tiers[-1].cap_usd if tiers else 0.0)):
            raise BadInput("tiers", row, f"of {name} does not lie above the tier before it", shape)
        if not (tier.max_leverage >= 1 and 0 < tier.maintenance < 1):
            raise BadInput("tiers", row, f"of {name} has no leverage or rate that can be", shape)
        if tiers and tier.maintenance < tiers[-1].maintenance:
            raise BadInput(
                "tiers", row, f"of {name} keeps back less than the tier before it", shape
            )
        if tier.maintenance * tier.max_leverage >= 1:
            problem = f"of {name} keeps back as much as the margin it asks for"
            raise BadInput("tiers", row, problem, shape)
        tiers.append(tier)
    return tuple(tiers)


def _is_number(cell: object) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool) and abs(cell) < 1e18
