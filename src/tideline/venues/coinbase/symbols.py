"""Coinbase symbols: US derivatives (CDE) and the international gateway, which is Deribit's book.

=====================  ==============================================================
``BIP-20DEC30-CDE``    perpetual: a listed future that expires in 2030 and pays funding
``BIT-24APR26-CDE``    dated nano future
``BTC_USDC-PERPETUAL`` gateway, linear perpetual
``BTC-PERPETUAL``      gateway, inverse perpetual
``BTC-25DEC26``        gateway, inverse future
=====================  ==============================================================

Product codes say nothing about the coin, so the table below is the only reading; a code that is
not in it is refused. The size is in coins per contract.
"""

from __future__ import annotations

import re

from tideline.domain.instrument import Instrument, Kind
from tideline.domain.venue import GATEWAY
from tideline.venues.naming import COIN, split_multiple, valid_day_month

FORMS = ("BIP-20DEC30-CDE", "BIT-24APR26-CDE")
GATEWAY_FORMS = ("BTC_USDC-PERPETUAL", "BTC-PERPETUAL", "BTC-25DEC26", "BTC_USDC-25DEC26")

PERPETUAL_EXPIRY = "20DEC30"

PERPETUALS: dict[str, tuple[str, float]] = {
    "BIP": ("BTC", 0.01),
    "ETP": ("ETH", 0.1),
    "SLP": ("SOL", 5.0),
    "XPP": ("XRP", 500.0),
    "DOP": ("DOGE", 5000.0),
    "ADP": ("ADA", 1000.0),
    "LNP": ("LINK", 50.0),
    "AVP": ("AVAX", 10.0),
    "LCP": ("LTC", 5.0),
    "POP": ("DOT", 100.0),
    "BCP": ("BCH", 1.0),
    "HEP": ("HBAR", 5000.0),
    "XLP": ("XLM", 5000.0),
    "SUP": ("SUI", 500.0),
    "NER": ("NEAR", 500.0),
    "AVE": ("AAVE", 5.0),
}
"""Perpetual-style codes: coin and coins per contract (2026)."""

FUTURES: dict[str, tuple[str, float]] = {
    "BIT": ("BTC", 0.01),
    "BTI": ("BTC", 1.0),
    "ET": ("ETH", 0.1),
    "ETI": ("ETH", 10.0),
    "SOL": ("SOL", 5.0),
    "XRP": ("XRP", 500.0),
    "DOG": ("DOGE", 5000.0),
    "ADA": ("ADA", 1000.0),
    "LNK": ("LINK", 50.0),
    "AVA": ("AVAX", 10.0),
    "LC": ("LTC", 5.0),
    "DOT": ("DOT", 100.0),
    "BCH": ("BCH", 1.0),
}
"""Dated codes: coin and coins per contract (2026)."""

_CDE = re.compile(r"^([A-Z]{2,4})-(\d{1,2}[A-Z]{3}\d{2})-CDE$")
_GATEWAY = re.compile(rf"^({COIN})(?:_(USDC|USDT|USD))?-(PERPETUAL|\d{{1,2}}[A-Z]{{3}}\d{{2}})$")


def parse(symbol: str) -> Instrument | None:
    """The instrument of one CDE product id, None for any other text or unknown code."""
    found = _CDE.match(symbol)
    if not found or not valid_day_month(found[2]):
        return None
    perpetual = found[2] == PERPETUAL_EXPIRY and found[1] in PERPETUALS
    known = PERPETUALS if perpetual else FUTURES
    if found[1] not in known:
        return None
    asset, size = known[found[1]]
    kind: Kind = "perpetual" if perpetual else "future"
    return Instrument("coinbase", symbol, asset, "USD", "USD", kind, True, 1.0, size)


def parse_gateway(symbol: str) -> Instrument | None:
    """The instrument of one gateway (Deribit) name, None for any other text."""
    found = _GATEWAY.match(symbol)
    if not found or (found[3] != "PERPETUAL" and not valid_day_month(found[3])):
        return None
    kind: Kind = "perpetual" if found[3] == "PERPETUAL" else "future"
    asset, multiple = split_multiple(found[1])
    if found[2]:
        quote = found[2]
        return Instrument(GATEWAY, symbol, asset, quote, quote, kind, True, multiple, multiple)
    return Instrument(GATEWAY, symbol, asset, "USD", asset, kind, False, 1.0, 1.0)


def nearest_code(symbol: str) -> str | None:
    """A product id of the table that starts like ``symbol``."""
    code = symbol.split("-", maxsplit=1)[0].upper()
    for known, (asset, _) in PERPETUALS.items():
        if code in (known, asset):
            return f"{known}-{PERPETUAL_EXPIRY}-CDE"
    return None
