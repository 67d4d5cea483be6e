"""Every venue server by the name of its venue, and a whole set of them on one market."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from tideline.market.state import Market
from tideline.market.venues.binance import BinanceServer
from tideline.market.venues.bitget import BitgetServer
from tideline.market.venues.bybit import BybitServer
from tideline.market.venues.coinbase import CoinbaseServer
from tideline.market.venues.front import Front
from tideline.market.venues.gateway import GatewayServer
from tideline.market.venues.hyperliquid import HyperliquidServer
from tideline.market.venues.okx import OkxServer
from tideline.market.venues.server import VenueServer
from tideline.venues.declaration import Host, Venue

SERVERS: dict[str, Callable[[Market], VenueServer]] = {
    "binance": BinanceServer,
    "bybit": BybitServer,
    "okx": OkxServer,
    "bitget": BitgetServer,
    "hyperliquid": HyperliquidServer,
    "coinbase": CoinbaseServer,
    "coinbase-gateway": GatewayServer,
}


def served(venues: Iterable[Venue], market: Market) -> Iterator[tuple[Host, Front]]:
    """The hosts of these venues, each behind the front of its venue's server."""
    for venue in venues:
        front = Front(SERVERS[venue.name](market))
        for host in venue.hosts:
            yield host, front
