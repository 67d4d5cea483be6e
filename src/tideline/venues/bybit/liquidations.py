"""Bybit's ``allLiquidation``: every liquidation, in batches of 500 ms.

Reference: https://bybit-exchange.github.io/docs/v5/websocket/public/all-liquidation.
Sample: ``tests/payloads/bybit/ws_allLiquidation_doc.json``.

``S`` is the side of the POSITION: Buy says that a long was liquidated. ``v`` is the size (linear:
base coin, inverse: USD), ``p`` the bankruptcy price, ``T`` when it happened, in ms.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tideline.domain.errors import BadWire
from tideline.domain.instrument import Instrument
from tideline.venues.counting import price_scale, scale
from tideline.venues.followed import followed
from tideline.venues.parsed import Note, Observation, Parsed
from tideline.venues.rows import each
from tideline.venues.strict import millis, need, number, text, word

_POSITIONS = {"Buy": "long", "Sell": "short"}


def liquidations(found: list[Any], linear: bool, note: Note, parsed: Parsed) -> None:
    """Append the observations of one batch to ``parsed``.

    The key is what the venue says of the event and, for events of the same words in one batch, how
    many went before: a batch that comes again repeats its keys, two equal events do not.
    """
    seen: dict[str, int] = {}

    def read(row: dict[str, Any]) -> None:
        symbol = text(need(row, "s"), "s")
        instrument = followed(symbol, note, parsed)
        if instrument is None:
            return None
        if instrument.linear != linear:
            return parsed.ignore("other product")
        words = f"{symbol}:{need(row, 'T')}:{need(row, 'S')}:{need(row, 'v')}:{need(row, 'p')}"
        nth = seen[words] = seen.get(words, -1) + 1
        return parsed.observations.extend(_event(instrument, row, f"{words}:{nth}"))

    each(parsed, found, read)


def _event(instrument: Instrument, row: dict[str, Any], key: str) -> list[Observation]:
    at = millis(row["T"], "T")
    side = word(row["S"], "S", _POSITIONS)
    size, price = number(row["v"], "v"), number(row["p"], "p")
    if not (size > 0 and price > 0):
        raise BadWire("v", f"{row['v']} at {row['p']}", "is no size at a price")
    coin, usd = _amounts(instrument, size, price, at)
    counted = scale(instrument, "liquidation", at).counted
    given, derived = counted, counted._replace(derived="bankruptcy_price")
    first, second = (given, derived) if instrument.linear else (derived, given)
    raw = str(row["v"])
    return [
        Observation(
            instrument.symbol, f"liquidation_{side}_coin", at, float(coin), raw, first, key
        ),
        Observation(instrument.symbol, f"liquidation_{side}_usd", at, float(usd), raw, second, key),
    ]


def _amounts(
    instrument: Instrument, size: Decimal, price: Decimal, at: int
) -> tuple[Decimal, Decimal]:
    """Base coins and quote currency of one event; the price is per quoted unit."""
    amount = size * scale(instrument, "liquidation", at).factor
    per_coin = price * price_scale(instrument.multiple).factor
    if instrument.linear:
        return amount, amount * per_coin
    return amount / per_coin, amount
