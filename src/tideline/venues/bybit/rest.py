"""Bybit REST snapshots and listings: ``tickers`` and ``instruments-info``.

Reference: https://bybit-exchange.github.io/docs/v5/market/tickers and …/instrument.
Samples: ``tests/payloads/bybit/rest_tickers_inverse.json``, ``rest_instruments_linear.json``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tideline.domain.errors import BadWire
from tideline.domain.instrument import Instrument
from tideline.venues.bybit.envelope import answer, following
from tideline.venues.bybit.fields import Reading, interval_h
from tideline.venues.bybit.symbols import parse
from tideline.venues.followed import of_row
from tideline.venues.parsed import Listing, Note, Parsed, Trading
from tideline.venues.rows import each
from tideline.venues.strict import millis, need, text, word

_LINEAR = {"linear": True, "inverse": False}

_STATES: dict[str, Trading] = {
    "PreLaunch": "prelisting",
    "Trading": "trading",
    "Settling": "settling",
    "Delivering": "settling",
    "Closed": "delisted",
}

_CONTRACTS = {
    "LinearPerpetual": (True, "perpetual"),
    "LinearFutures": (True, "future"),
    "InversePerpetual": (False, "perpetual"),
    "InverseFutures": (False, "future"),
}


def tickers(raw: bytes, note: Note) -> Parsed:
    """``GET /v5/market/tickers?category=…``: every symbol at the envelope's ``time``.

    A row has no time of its own; ``time`` is the server's clock when it answered.
    """
    found = answer(raw)
    linear = word(need(found.result, "category"), "category", _LINEAR)
    parsed = Parsed(server_time=found.time)

    def read(row: dict[str, Any]) -> None:
        instrument = of_row(row, "symbol", note, parsed)
        if instrument is None:
            return None
        if instrument.linear != linear:
            return parsed.ignore("other product")
        reading = Reading(instrument, found.time)
        observations = reading.amounts_of(row, found.time) + reading.funding_of(row, found.time)
        return parsed.observations.extend(observations)

    each(parsed, found.rows, read)
    return parsed


def listings(raw: bytes, _: Note) -> Parsed:
    """``GET /v5/market/instruments-info?category=…``: what is listed, one page.

    ``launchTime`` is the listing in ms, ``fundingInterval`` is in MINUTES, ``deliveryTime`` "0"
    for perpetuals. A status or contract type that is not known makes the row a bad row.
    """
    found = answer(raw)
    parsed = Parsed(server_time=found.time)

    parsed.controls += following(found)

    def read(row: dict[str, Any]) -> None:
        if (listing := _listing(row)) is None:
            return parsed.ignore("unreadable symbol")
        return parsed.listings.append(listing)

    each(parsed, found.rows, read)
    return parsed


def _listing(row: dict[str, Any]) -> Listing | None:
    """One row, None for a symbol of no known form."""
    state: Trading = word(need(row, "status"), "status", _STATES)
    linear, kind = word(need(row, "contractType"), "contractType", _CONTRACTS)
    instrument = parse(text(need(row, "symbol"), "symbol"))
    if instrument is None:
        return None
    if (instrument.linear, instrument.kind) != (linear, kind):
        raise BadWire("contractType", row["contractType"], f"is not what {instrument.symbol} says")
    if need(row, "settleCoin") != instrument.settle:
        raise BadWire("settleCoin", row["settleCoin"], f"is not what {instrument.symbol} says")
    if row.get("isPreListing") is True and state == "trading":
        state = "prelisting"
    return Listing(
        _since(instrument, row), state, _interval(row), _moment(row.get("deliveryTime", ""))
    )


def _since(instrument: Instrument, row: dict[str, Any]) -> Instrument:
    listed = _moment(need(row, "launchTime"), "launchTime")
    return instrument if listed is None else replace(instrument, listed_us=listed)


def _moment(raw: object, where: str = "deliveryTime") -> int | None:
    """A time in ms, None for "" and "0" (there is none)."""
    return None if raw in ("", "0", 0, None) else millis(raw, where)


def _interval(row: dict[str, Any]) -> float | None:
    """Hours between two settlements; dated futures say 0 or nothing."""
    minutes = row.get("fundingInterval")
    if minutes in (None, "", 0, "0"):
        return None
    return interval_h(minutes, "fundingInterval", per_hour=60)
