"""The venues, in the order in which every sum over venues is taken."""

from __future__ import annotations

VENUES: tuple[str, ...] = ("binance", "bybit", "okx", "bitget", "hyperliquid", "coinbase")
"""Catalogue order: part of the definition of a number, since sums run left to right."""

REFERENCE = "reference"
"""Facts about a coin that belong to no venue (circulating supply)."""

GATEWAY = "coinbase-gateway"
"""Coinbase's international gateway is Deribit's own order book: a venue apart, in no total."""

OWN = "tideline"
"""In place of a venue where tideline itself judged: rows that can be worked out anew."""

ALL_VENUES: tuple[str, ...] = (*VENUES, GATEWAY, REFERENCE)


def venue_order(venue: str) -> int:
    """Position in catalogue order; unknown venues come last."""
    return ALL_VENUES.index(venue) if venue in ALL_VENUES else len(ALL_VENUES)
