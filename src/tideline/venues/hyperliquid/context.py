"""One asset context of Hyperliquid: open interest, mark, oracle price and running funding rate.

Samples ``metaAndAssetCtxs``, ``ws_activeAssetCtx``, ``ws_allDexsAssetCtxs`` of
``tests/payloads/hyperliquid``; reference: info endpoint, "perpetuals asset contexts".

=================  ===============================================================================
``openInterest``   base coin (k-prefixed: 1000 coins); sides as the conventions table says
``markPx``         per quoted unit (kPEPE: per 1000 PEPE)
``oraclePx``       the index price, per quoted unit
``funding``        fraction per hour, running, for the settlement at the next full hour
``midPx``          null where a side of the book is empty; not read, as are impactPxs and premium
=================  ===============================================================================

The context carries no time: everything in it holds at the moment it was received.
"""

from __future__ import annotations

from typing import Any

from tideline.domain.instrument import Instrument
from tideline.domain.time import HOUR
from tideline.venues.counting import FRACTION, price_scale, scale
from tideline.venues.parsed import Counted, Observation
from tideline.venues.strict import need, number

CONTEXT_FIELDS = (
    "open_interest",
    "mark_price",
    "index_price",
    "funding_rate_quoted",
    "funding_interval_h",
    "next_funding_time",
)

_PRICES = (("markPx", "mark_price"), ("oraclePx", "index_price"))
HOURLY = Counted("raw", "-", derived="funding settles each full hour")


def observe(entry: dict[str, Any], instrument: Instrument, at: int) -> list[Observation]:
    """What one context says of its instrument at ``at`` (µs, the receive time).

    Raises:
        BadWire: a number missing or out of place.
    """
    symbol = instrument.symbol
    held = scale(instrument, "open_interest", at)
    price = price_scale(instrument.multiple)
    raw = need(entry, "openInterest")
    coins = held.of(number(raw, "openInterest"))
    found = [Observation(symbol, "open_interest", at, coins, str(raw), held.counted)]
    for name, field in _PRICES:
        told = entry.get(name)
        if told is not None:
            level = price.of(number(told, name))
            found.append(Observation(symbol, field, at, level, str(told), price.counted))
    return found + _funding(entry, symbol, at)


def _funding(entry: dict[str, Any], symbol: str, at: int) -> list[Observation]:
    raw = entry.get("funding")
    if raw is None:
        return []
    rate = float(number(raw, "funding"))
    following = next_hour(at)
    return [
        Observation(symbol, "funding_rate_quoted", at, rate, str(raw), FRACTION),
        Observation(symbol, "funding_interval_h", at, 1.0, "1", HOURLY),
        Observation(symbol, "next_funding_time", at, float(following), str(following), HOURLY),
    ]


def next_hour(at: int) -> int:
    """The first full hour after ``at``, µs."""
    return (at // HOUR + 1) * HOUR
