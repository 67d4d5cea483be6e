"""Bitget symbols.

==================  ===========================================
``BTCUSDT``         USDT-FUTURES perpetual
``BTCPERP``         USDC-FUTURES perpetual
``BTCUSD``          COIN-FUTURES perpetual (also ``BTCUSD_CM``)
``BTCUSDZ26``       COIN-FUTURES delivery (month code, year)
``1000BONKUSDT``    one unit is 1000 BONK
==================  ===========================================
"""

from __future__ import annotations

import re

from tideline.domain.instrument import Instrument, Kind
from tideline.venues.naming import COIN, MONTH_CODES, split_multiple

FORMS = ("BTCUSDT", "BTCPERP", "BTCUSD", "BTCUSD_CM", "BTCUSDZ26", "1000BONKUSDT")

_LINEAR = re.compile(rf"^({COIN})(USDT|USDC|PERP)$")
_INVERSE = re.compile(rf"^({COIN})USD(?:([{MONTH_CODES}])(\d{{2}})|_CM)?$")


def parse(symbol: str) -> Instrument | None:
    """The instrument of one Bitget futures symbol, None for any other text."""
    if found := _LINEAR.match(symbol):
        asset, multiple = split_multiple(found[1])
        quote = "USDT" if found[2] == "USDT" else "USDC"
        return Instrument(
            "bitget", symbol, asset, quote, quote, "perpetual", True, multiple, multiple
        )
    if found := _INVERSE.match(symbol):
        kind: Kind = "future" if found[2] else "perpetual"
        return Instrument("bitget", symbol, found[1], "USD", found[1], kind, False)
    return None
