"""Hyperliquid symbols.

==============  ==========================================================
``BTC``         perpetual of the main dex, settled in USDC
``kPEPE``       one unit is 1000 PEPE
``xyz:TSLA``    perpetual of the builder-deployed dex ``xyz``
``@107``        a spot pair by number: no derivative, refused
==============  ==========================================================
"""

from __future__ import annotations

import re

from tideline.domain.instrument import Instrument
from tideline.venues.naming import COIN

FORMS = ("BTC", "kPEPE", "xyz:TSLA")

_PERPETUAL = re.compile(rf"^(?:[a-z][a-z0-9]{{0,11}}:)?(k?)({COIN})$")


def parse(symbol: str) -> Instrument | None:
    """The instrument of one Hyperliquid coin name, None for any other text."""
    found = _PERPETUAL.match(symbol)
    if not found:
        return None
    multiple = 1000.0 if found[1] else 1.0
    return Instrument(
        "hyperliquid", symbol, found[2], "USD", "USDC", "perpetual", True, multiple, multiple
    )
