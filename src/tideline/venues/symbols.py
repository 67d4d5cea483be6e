"""From a venue and its own symbol to the instrument."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from tideline.domain.errors import UnknownName, nearest_of
from tideline.domain.instrument import Instrument
from tideline.domain.venue import GATEWAY, REFERENCE
from tideline.venues import reference
from tideline.venues.binance import symbols as binance
from tideline.venues.bitget import symbols as bitget
from tideline.venues.bybit import symbols as bybit
from tideline.venues.coinbase import symbols as coinbase
from tideline.venues.hyperliquid import symbols as hyperliquid
from tideline.venues.naming import unreadable
from tideline.venues.okx import symbols as okx

Parser = Callable[[str], Instrument | None]

PARSERS: dict[str, tuple[Parser, tuple[str, ...]]] = {
    "binance": (binance.parse, binance.FORMS),
    "bybit": (bybit.parse, bybit.FORMS),
    "okx": (okx.parse, okx.FORMS),
    "bitget": (bitget.parse, bitget.FORMS),
    "hyperliquid": (hyperliquid.parse, hyperliquid.FORMS),
    "coinbase": (coinbase.parse, coinbase.FORMS),
    GATEWAY: (coinbase.parse_gateway, coinbase.GATEWAY_FORMS),
    REFERENCE: (reference.parse, reference.FORMS),
}
"""Each venue's parser and an example of every form it reads."""

_TEMPLATES: dict[str, tuple[str, str]] = {
    "binance": ("{base}{quote}", "{base}USD_PERP"),
    "bybit": ("{base}{quote}", "{base}USD"),
    "okx": ("{base}-{quote}-SWAP", "{base}-USD-SWAP"),
    "bitget": ("{base}{quote}", "{base}USD"),
    "hyperliquid": ("{base}", "{base}"),
    GATEWAY: ("{base}_USDC-PERPETUAL", "{base}-PERPETUAL"),
    REFERENCE: ("{base}", "{base}"),
}
"""How each venue writes a linear and an inverse perpetual: for the nearest form in an error."""

_WORDS = re.compile(r"[^\W_]+")


@lru_cache(maxsize=65536)
def parse_symbol(venue: str, symbol: str) -> Instrument:
    """The instrument that ``venue`` calls ``symbol``.

    Raises:
        UnknownName: no such venue.
        BadInput: not a symbol of that venue; names it and the nearest form.
    """
    if venue not in PARSERS:
        raise UnknownName("venue", venue, PARSERS)
    found = PARSERS[venue][0](symbol)
    if found is None:
        raise unreadable(venue, symbol, _nearest(venue, symbol))
    return found


def perpetual_symbols(venue: str, asset: str) -> tuple[str, ...]:
    """How ``venue`` would write the perpetuals of a coin, the linear one first.

    Whether it lists them is for its listings to say.
    """
    if venue == "coinbase":
        codes = (code for code, (coin, _) in coinbase.PERPETUALS.items() if coin == asset)
        return tuple(f"{code}-{coinbase.PERPETUAL_EXPIRY}-CDE" for code in codes)
    linear, inverse = (form.format(base=asset, quote="USDT") for form in _TEMPLATES[venue])
    return (linear,) if linear == inverse else (linear, inverse)


def _nearest(venue: str, symbol: str) -> str | None:
    """A symbol of this venue that ``symbol`` may have meant, or the nearest example."""
    parse, forms = PARSERS[venue]
    if venue == "coinbase":
        return coinbase.nearest_code(symbol.strip()) or nearest_of(symbol, forms) or forms[0]
    base, quote = _base_and_quote(symbol)
    linear, inverse = _TEMPLATES[venue]
    guess = (inverse if quote == "USD" else linear).format(base=base, quote=quote or "USDT")
    if base and parse(guess) is not None:
        return guess
    return nearest_of(symbol, forms) or forms[0]


def _base_and_quote(symbol: str) -> tuple[str, str]:
    words = _WORDS.findall(symbol.upper())
    if not words:
        return "", ""
    base, quote = words[0], words[1] if len(words) > 1 else ""
    for ending in ("USDT", "USDC", "PERP", "USD"):
        if base.endswith(ending) and len(base) > len(ending):
            return base.removesuffix(ending), ending if ending != "PERP" else "USDC"
    return base, quote if quote in ("USDT", "USDC", "USD") else ""
