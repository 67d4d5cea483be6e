"""The venues a collector can speak to, in catalogue order; the gateway stands apart at the end."""

from __future__ import annotations

from tideline.venues.binance.declaration import BINANCE
from tideline.venues.bitget.declaration import BITGET
from tideline.venues.bybit.declaration import BYBIT
from tideline.venues.coinbase.declaration import COINBASE
from tideline.venues.coinbase.gateway_declaration import COINBASE_GATEWAY
from tideline.venues.declaration import Venue
from tideline.venues.hyperliquid.declaration import HYPERLIQUID
from tideline.venues.okx.declaration import OKX

VENUES: tuple[Venue, ...] = (
    # binance, bybit, okx, bitget, hyperliquid, coinbase, coinbase-gateway
    BINANCE,
    BYBIT,
    OKX,
    BITGET,
    HYPERLIQUID,
    COINBASE,
    COINBASE_GATEWAY,
)


def venue(name: str) -> Venue:
    """The declaration of one venue."""
    return next(venue for venue in VENUES if venue.name == name)
