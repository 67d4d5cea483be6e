"""One instrument of the gateway: how ``ticker`` and ``book_summary`` rows become stored values.

Samples ``tests/payloads/deribit/{ws_ticker_BTC-PERPETUAL,rest_book_summary}.json``; reference:
``ticker.{instrument}.100ms`` and ``public/get_book_summary_by_currency``.

===================  =============================================================================
``open_interest``    inverse: USD; linear: base coin. Sides as the conventions table says
``mark_price``       quote per coin, ``index_price`` (ticker only) too
``current_funding``  the rate that accrues now, fraction per 8 hours; perpetuals only. Stored per
                     hour (/ 8), as the hourly rows of the past are: it accrues without intervals
===================  =============================================================================

Only the amount that the venue counts is given; the other one is made with the mark of the same row.
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
    held = scale(found, "open_interest", at)
    raw = need(row, "open_interest")
    amount = held.of(number(raw, "open_interest"))
    field = "open_interest" if found.linear else "open_interest_usd"
    values = [Observation(found.symbol, field, at, amount, str(raw), held.counted)]
    price = price_scale(found.multiple)
    for name in ("mark_price", "index_price"):
        told = row.get(name)
        if told is not None:
            level = price.of(number(told, name))
            values.append(Observation(found.symbol, name, at, level, str(told), price.counted))
    return values + _funding(row, found, at)


def _funding(row: dict[str, Any], found: Instrument, at: int) -> list[Observation]:
    raw = row.get("current_funding")
    if raw is None or found.kind != "perpetual":
        return []
    rate = float(number(raw, "current_funding") / _EIGHT)
    return [
        Observation(found.symbol, "funding_rate_quoted", at, rate, str(raw), _PER_HOUR),
        Observation(found.symbol, "funding_interval_h", at, float(ONE), "1", HOURLY),
    ]
