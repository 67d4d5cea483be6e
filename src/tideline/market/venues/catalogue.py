"""Every venue server by the name of its venue, and a whole set of them on one market."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from tideline.market.state import Market
from tideline.market.venues.binance import BinanceServer
from tideline.market.venues.bitget import BitgetServer
from tideline.market.venues.bybit import BybitServer
from tideline.market.venues.coinbase import CoinbaseServer
from tideline.market.venues.front import Faults, Front
from tideline.market.venues.gateway import GatewayServer
from tideline.market.venues.hyperliquid import HyperliquidServer
from tideline.market.venues.okx import OkxServer
from tideline.market.venues.server import VenueServer
from tideline.venues.declaration import Host, Venue


class MakeServer(Protocol):
    """One venue on a market; ``pace`` multiplies every interval between two pushes."""

    def __call__(self, market: Market, pace: float = 1.0) -> VenueServer: ...


SERVERS: dict[str, MakeServer] = {
    "binance": BinanceServer,
    "bybit": BybitServer,
    "okx": OkxServer,
    "bitget": BitgetServer,
    "hyperliquid": HyperliquidServer,
    "coinbase": CoinbaseServer,
    "coinbase-gateway": GatewayServer,
}


def served(
    venues: Iterable[Venue],
    market: Market,
    faults: Mapping[str, Faults] | None = None,
    pace: Mapping[str, float] | None = None,
) -> Iterator[tuple[Host, Front]]:
    """The hosts of these venues, each behind the front of its venue's server.

    ``faults`` and ``pace`` are by name of the venue; without, it is well and pushes as ever.
    """
    for venue in venues:
        server = SERVERS[venue.name](market, (pace or {}).get(venue.name, 1.0))
        front = Front(server, (faults or {}).get(venue.name))
        for host in venue.hosts:
            yield host, front
