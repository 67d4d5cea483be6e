"""How Bitget's ticker fields become stored values; v3 and v2 differ in one name.

===============================  ================================================================
``openInterest`` (v3)            base coin; sides are not documented (conventions table)
``holdingAmount`` (v2)           the same
``markPrice indexPrice``         per quoted unit (1000BONKUSDT: per 1000 BONK)
``fundingRate``                  fraction per interval; "0" for delivery contracts, which pay none
``nextFundingTime``              ms, in the stream only
===============================  ================================================================
"""

from __future__ import annotations

from typing import Any

from tideline.domain.errors import BadWire
from tideline.domain.instrument import Instrument
from tideline.venues.counting import FRACTION, HOURS, LEVELS, MILLIS, Scale, price_scale, scale
from tideline.venues.parsed import Observation
from tideline.venues.strict import millis, number

TICKER_FIELDS = ("open_interest", "mark_price", "index_price", "funding_rate_quoted")
STREAM_FIELDS = (*TICKER_FIELDS, "next_funding_time")

_MOST_HOURS = 24


def given(raw: object) -> bool:
    """Is there anything? (Bitget leaves a value out as "" or null.)"""
    return raw is not None and raw != ""


def ticker(row: dict[str, Any], instrument: Instrument, at: int) -> list[Observation]:
    """The observations of one ticker.

    Raises:
        BadWire: a number or a time out of place.
    """
    held = "openInterest" if "openInterest" in row else "holdingAmount"
    price = price_scale(instrument.multiple)
    found = [
        amount(instrument, name, field, how, at, row[name])
        for name, field, how in (
            (held, "open_interest", scale(instrument, "open_interest", at)),
            ("markPrice", "mark_price", price),
            ("indexPrice", "index_price", price),
        )
        if given(row.get(name))
    ]
    if instrument.kind == "perpetual":
        found += funding(row, instrument, at)
    return found


def amount(
    instrument: Instrument, name: str, field: str, how: Scale, at: int, raw: object
) -> Observation:
    """One amount. A negative open interest is kept: it becomes a suspect.

    Raises:
        BadWire: no number, or a negative price.
    """
    value = how.of(number(raw, name))
    if value < 0.0 and field not in LEVELS:
        raise BadWire(name, raw, "is negative")
    return Observation(instrument.symbol, field, at, value, str(raw), how.counted)


def funding(row: dict[str, Any], instrument: Instrument, at: int) -> list[Observation]:
    """Rate, interval and next settlement, those that are there.

    Raises:
        BadWire: a number or a time out of place.
    """
    symbol, found = instrument.symbol, []
    if given(rate := row.get("fundingRate")):
        value = float(number(rate, "fundingRate"))
        found.append(Observation(symbol, "funding_rate_quoted", at, value, str(rate), FRACTION))
    if given(hours := row.get("fundingRateInterval")):
        interval = interval_h(hours, "fundingRateInterval")
        found.append(Observation(symbol, "funding_interval_h", at, interval, str(hours), HOURS))
    name = "nextUpdate" if "nextUpdate" in row else "nextFundingTime"
    if given(following := row.get(name)) and following != "0":
        us = float(millis(following, name))
        found.append(Observation(symbol, "next_funding_time", at, us, str(following), MILLIS))
    return found


def interval_h(raw: object, where: str) -> float:
    """Hours between two settlements.

    Raises:
        BadWire: no number of hours up to a day.
    """
    hours = float(number(raw, where))
    if not 0 < hours <= _MOST_HOURS:
        raise BadWire(where, raw, "is no funding interval")
    return hours
