"""Bybit symbols.

====================  =======================================
``BTCUSDT``           USDT perpetual
``BTCPERP``           USDC perpetual
``BTCUSD``            inverse perpetual, contracts of 1 USD
``BTC-25DEC26``       USDC future
``BTCUSDT-25DEC26``   USDT future
``BTCUSDZ26``         inverse quarterly (month code, year)
``SHIB1000USDT``      one unit is 1000 SHIB
====================  =======================================
"""

from __future__ import annotations

import re

from tideline.domain.instrument import Instrument, Kind
from tideline.venues.naming import COIN, MONTH_CODES, split_multiple, valid_day_month

FORMS = ("BTCUSDT", "BTCPERP", "BTCUSD", "BTC-25DEC26", "BTCUSDT-25DEC26", "BTCUSDZ26")

_DATED = re.compile(rf"^({COIN}?)(USDT)?-(\d{{1,2}}[A-Z]{{3}}\d{{2}})$")
_INVERSE = re.compile(rf"^({COIN})USD(?:([{MONTH_CODES}])(\d{{2}}))?$")
_PERP = re.compile(rf"^({COIN})(USDT|PERP)$")


def parse(symbol: str) -> Instrument | None:
    """The instrument of one Bybit derivative symbol, None for any other text."""
    if found := _DATED.match(symbol):
        base, quote, date = found.groups()
        return _linear(symbol, base, quote or "USDC", "future") if valid_day_month(date) else None
    if found := _PERP.match(symbol):
        return _linear(symbol, found[1], "USDT" if found[2] == "USDT" else "USDC", "perpetual")
    if found := _INVERSE.match(symbol):
        kind: Kind = "future" if found[2] else "perpetual"
        base = found[1]
        return Instrument("bybit", symbol, base, "USD", base, kind, False, 1.0, 1.0)
    return None


def _linear(symbol: str, base: str, quote: str, kind: Kind) -> Instrument:
    asset, multiple = split_multiple(base)
    return Instrument("bybit", symbol, asset, quote, quote, kind, True, multiple, multiple)
