"""What trades on a venue at a moment."""

from __future__ import annotations

from tideline.market.state import Listed, Market


def listed_at(one: Listed, at: int) -> bool:
    """Is it between listing and delisting?"""
    return one.listed_us <= at and (one.delisted_us is None or at < one.delisted_us)


def trading(market: Market, venue: str, at: int) -> dict[str, Listed]:
    """What is listed at ``at`` and not yet delivered, by symbol."""
    return {
        one.instrument.symbol: one
        for one in market.listed(venue, at)
        if listed_at(one, at) and (one.delivery_us is None or at < one.delivery_us)
    }
