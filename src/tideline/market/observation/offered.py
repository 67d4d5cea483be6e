"""What a collector can have of a linear perpetual, venue by venue (it follows the declarations).

============  =========  ==============  =============  ==============  =======================
venue         taker bar  volume bar      ratios         liquidations    open interest comes by
============  =========  ==============  =============  ==============  =======================
binance       1 min      1 min, spot     three          largest / s     poll
bybit         none       1 min           all accounts   every one       push and poll
okx           5 min      1 min           three          first / s       push and poll
bitget        5 min      1 min           all accounts   largest of      push and poll
                                                        each side / s
hyperliquid   none       1 min           none           none            push and poll
coinbase      none       none            none           none            poll
gateway       none       none            none           every one       push and poll
============  =========  ==============  =============  ==============  =======================

A bar is known when it was asked for: ``asked_s`` says how often that is.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from tideline.domain.errors import UnknownName
from tideline.domain.time import MINUTE

Sampling = Literal["full", "largest", "first", "sides", "none"]
TOP_POSITIONS, TOP_ACCOUNTS, GLOBAL = "lsr_top_positions", "lsr_top_accounts", "lsr_global_accounts"
RATIOS = (TOP_POSITIONS, TOP_ACCOUNTS, GLOBAL)
"""In the order of the tape."""


class Bars(NamedTuple):
    """Bars of this length, asked for this often."""

    length_us: int
    asked_s: float


class Offered(NamedTuple):
    """What one venue offers. None or empty: it does not."""

    taker: Bars | None
    volume: Bars | None
    ratios: tuple[str, ...]
    liquidations: Sampling
    pushes: bool
    """Stocks are pushed as well as polled."""
    marks: bool = True
    next_funding: bool = True
    settled: bool = True
    spot: bool = False
    history: bool = False
    """Open interest can be had later, on a grid of 5 min."""


FIVE = 5 * MINUTE
OFFERED: dict[str, Offered] = {
    "binance": Offered(
        Bars(MINUTE, 60.0), Bars(MINUTE, 60.0), RATIOS, "largest", False, spot=True, history=True
    ),
    "bybit": Offered(None, Bars(MINUTE, 300.0), (GLOBAL,), "full", True, history=True),
    "okx": Offered(Bars(FIVE, 300.0), Bars(MINUTE, 60.0), RATIOS, "first", True, history=True),
    "bitget": Offered(Bars(FIVE, 3600.0), Bars(MINUTE, 600.0), (GLOBAL,), "sides", True),
    "hyperliquid": Offered(None, Bars(MINUTE, 900.0), (), "none", True),
    "coinbase": Offered(None, None, (), "none", False, marks=False, settled=False),
    "coinbase-gateway": Offered(None, None, (), "full", True, next_funding=False),
}


def offered(venue: str) -> Offered:
    """What that venue offers.

    Raises:
        UnknownName: no such venue.
    """
    try:
        return OFFERED[venue]
    except KeyError:
        raise UnknownName("venue", venue, OFFERED) from None
