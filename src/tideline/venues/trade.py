"""One trade, whoever the venue: for the test of how many sides open interest counts."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Trade(NamedTuple):
    """``side`` of the taker; quantity in base coins, price in quote per ONE coin.

    ``id`` is the venue's own: it tells a replay.
    """

    instrument: str
    at: int
    side: Literal["buy", "sell"]
    coin: float
    price: float
    id: str
