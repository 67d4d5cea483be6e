"""Which groups a signal speaks of, in the order in which they are summed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from tideline.domain.instrument import Instrument
from tideline.domain.venue import REFERENCE, VENUES, venue_order
from tideline.features.signal import Groups

Group = tuple[str, str]
"""(venue, instrument)"""

CENTRAL = ("binance", "bybit", "okx")
FULL_LIQUIDATIONS = ("bybit",)
"""Venues whose public liquidation feed carries every liquidation (conventions table)."""


def _usdtm(i: Instrument) -> bool:
    return i.venue in CENTRAL and i.usdt_linear_perpetual


def _all(i: Instrument) -> bool:
    if i.venue == "coinbase":
        return i.kind == "perpetual"
    return i.venue in VENUES and i.derivative


_RULES: dict[Groups, Callable[[Instrument], bool]] = {
    Groups.USDTM: _usdtm,
    Groups.FULL: lambda i: _usdtm(i) and i.venue in FULL_LIQUIDATIONS,
    Groups.ALL: _all,
    Groups.ALL_REFERENCE: lambda i: _all(i) or i.venue == REFERENCE,
    Groups.COINM: lambda i: i.venue in CENTRAL and i.derivative and not i.linear,
    Groups.HYPERLIQUID: lambda i: i.venue == "hyperliquid" and i.kind == "perpetual",
    Groups.BIN: lambda i: i.venue == "binance" and i.usdt_linear_perpetual,
    Groups.PERP: lambda i: i.venue in VENUES and i.kind == "perpetual",
}


SINGLE = (Groups.BIN, Groups.HYPERLIQUID)
"""Where one instrument is meant: the first by name that has had a row, as known at T."""


def members(
    which: Groups, present: Iterable[Group], instruments: Mapping[Group, Instrument]
) -> list[Group]:
    """The groups of ``which`` among those present: venues in catalogue order, then by name."""
    rule = _RULES[which]
    found = [group for group in set(present) if group in instruments and rule(instruments[group])]
    found.sort(key=lambda group: (venue_order(group[0]), group[1]))
    return found
