"""OKX symbols.

==========================  =====================================
``BTC-USDT-SWAP``           linear perpetual (also USDC)
``BTC-USD-SWAP``            inverse perpetual
``BTC-USDT-261225``         linear future
``BTC-USD-261225``          inverse future
``BTC-USD_UM_XPERP-310404`` linear X-Perp: funding, far expiry
``BTC-USDT``                spot pair
==========================  =====================================

Contract sizes differ per instrument and over time: they come from the conventions table or from
the instrument facts of the log, not from the name.
"""

from __future__ import annotations

import re

from tideline.domain.instrument import Instrument, Kind
from tideline.venues.naming import COIN, valid_yymmdd

FORMS = ("BTC-USDT-SWAP", "BTC-USD-SWAP", "BTC-USDT-261225", "BTC-USD-261225", "BTC-USDT")

_CONTRACT = re.compile(rf"^({COIN})-(USDT|USDC|USD|USD_UM_XPERP)-(SWAP|\d{{6}})$")
_SPOT = re.compile(rf"^({COIN})-(USDT|USDC|USD|EUR|BTC|ETH)$")


def parse(symbol: str) -> Instrument | None:
    """The instrument of one OKX instId, None for any other text."""
    if found := _CONTRACT.match(symbol):
        return _contract(symbol, *found.groups())
    if found := _SPOT.match(symbol):
        base, quote = found.groups()
        return Instrument("okx", symbol, base, quote, quote, "spot", True, 1.0, 1.0)
    return None


def _contract(symbol: str, base: str, quote: str, term: str) -> Instrument | None:
    if term != "SWAP" and not valid_yymmdd(term):
        return None
    if quote == "USD_UM_XPERP":
        return Instrument("okx", symbol, base, "USD", "USD", "perpetual", True)
    kind: Kind = "perpetual" if term == "SWAP" else "future"
    if quote == "USD":
        return Instrument("okx", symbol, base, "USD", base, kind, False)
    return Instrument("okx", symbol, base, quote, quote, kind, True)
