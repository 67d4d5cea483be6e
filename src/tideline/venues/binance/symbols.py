"""Binance symbols.

=====================  ====================================================
``BTCUSDT``            USD-M perpetual (also USDC, FDUSD, BUSD, USD1)
``BTCUSDT_261225``     USD-M future
``BTCUSD_PERP``        COIN-M perpetual, contracts of 100 USD (BTC) or 10 USD
``BTCUSD_261225``      COIN-M future
``1000PEPEUSDT``       one unit is 1000 PEPE
=====================  ====================================================

The spot pair of the same name shares the perpetual's rows: its fields (``spot_price``,
``spot_volume_usd``) say that they are spot.
"""

from __future__ import annotations

import re

from tideline.domain.instrument import Instrument, Kind
from tideline.venues.naming import COIN, STABLE_QUOTES, split_multiple, valid_yymmdd

FORMS = ("BTCUSDT", "BTCUSDC", "BTCUSDT_261225", "BTCUSD_PERP", "BTCUSD_261225", "1000PEPEUSDT")

_LINEAR = re.compile(rf"^({COIN})({'|'.join(STABLE_QUOTES)})(?:_(\d{{6}}))?$")
_INVERSE = re.compile(rf"^({COIN})USD_(PERP|\d{{6}})$")


def parse(symbol: str) -> Instrument | None:
    """The instrument of one Binance derivative symbol, None for any other text."""
    if found := _INVERSE.match(symbol):
        return _inverse(symbol, found[1], found[2])
    if found := _LINEAR.match(symbol):
        base, quote, date = found.groups()
        if date and not valid_yymmdd(date):
            return None
        asset, multiple = split_multiple(base)
        kind: Kind = "future" if date else "perpetual"
        return Instrument("binance", symbol, asset, quote, quote, kind, True, multiple, multiple)
    return None


def _inverse(symbol: str, base: str, term: str) -> Instrument | None:
    if term != "PERP" and not valid_yymmdd(term):
        return None
    kind: Kind = "perpetual" if term == "PERP" else "future"
    size = 100.0 if base == "BTC" else 10.0
    return Instrument("binance", symbol, base, "USD", base, kind, False, 1.0, size)
