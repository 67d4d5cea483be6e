"""One instrument of the gateway: how ``ticker`` and ``book_summary`` rows become stored values.

Samples ``tests/payloads/deribit/{ws_ticker_BTC-PERPETUAL,rest_book_summary}.json``; reference:
``ticker.{instrument}.100ms`` and ``public/get_book_summary_by_currency``.

===================  =============================================================================
``open_interest``    inverse: USD; linear: base coin. Sides as the conventions table says
``mark_price``       quote per coin, ``index_price`` (ticker only) too
``current_funding``  the rate that accrues now, fraction per 8 hours; perpetuals only. Stored per
                     hour (/ 8), as the hourly rows of the past are: it accrues without intervals
===================  =============================================================================

The mark price stands in the same row, so both coins and USD are given.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tideline.domain.instrument import Instrument
from tideline.venues.counting import ONE, price_scale, scale
from tideline.venues.parsed import Counted, Observation
from tideline.venues.strict import need, number

SUMMARY_FIELDS = (
    "open_interest",
    "open_interest_usd",
    "mark_price",
    "funding_rate_quoted",
    "funding_interval_h",
)
TICKER_FIELDS = (*SUMMARY_FIELDS, "index_price")

HOURLY = Counted("raw", "-", derived="accrues continuously; stored per hour")
_EIGHT = Decimal(8)
_PER_HOUR = Counted("fraction", "-", None, 0.125)


def observe(row: dict[str, Any], found: Instrument, at: int) -> list[Observation]:
    """What one row says of its instrument at ``at``, µs.

    Raises:
        BadWire: a number missing or out of place.
    """
    values: list[Observation] = []
    price = price_scale(found.multiple)
    mark = _price(row, "mark_price")
    values += _open_interest(row, found, at, None if mark is None else mark * price.factor)
    for name, level in (("mark_price", mark), ("index_price", _price(row, "index_price"))):
        if level is not None:
            values.append(
                Observation(found.symbol, name, at, price.of(level), str(row[name]), price.counted)
            )
    return values + _funding(row, found, at)


def _price(row: dict[str, Any], name: str) -> Decimal | None:
    raw = row.get(name)
    return None if raw is None else number(raw, name)


def _open_interest(
    row: dict[str, Any], found: Instrument, at: int, mark: Decimal | None
) -> list[Observation]:
    """The amount as the venue counts it, and the other one by ``mark`` (per coin)."""
    held = scale(found, "open_interest", at)
    raw = need(row, "open_interest")
    amount = number(raw, "open_interest") * held.factor
    coins, dollars = ("open_interest", "open_interest_usd")
    given, other = (coins, dollars) if found.linear else (dollars, coins)
    values = [Observation(found.symbol, given, at, float(amount), str(raw), held.counted)]
    if mark is not None and mark > 0:
        derived = float(amount * mark if found.linear else amount / mark)
        sign = "x" if found.linear else "/"
        counted = held.counted._replace(derived=f"open_interest {sign} mark_price")
        values.append(Observation(found.symbol, other, at, derived, str(raw), counted))
    return values


def _funding(row: dict[str, Any], found: Instrument, at: int) -> list[Observation]:
    raw = row.get("current_funding")
    if raw is None or found.kind != "perpetual":
        return []
    rate = float(number(raw, "current_funding") / _EIGHT)
    return [
        Observation(found.symbol, "funding_rate_quoted", at, rate, str(raw), _PER_HOUR),
        Observation(found.symbol, "funding_interval_h", at, float(ONE), "1", HOURLY),
    ]
