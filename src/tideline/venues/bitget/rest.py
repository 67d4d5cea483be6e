"""Bitget REST snapshots and listings, v3 and (where it says the same in other words) v2.

References: https://www.bitget.com/api-doc/uta/public/{Tickers,Get-Open-Interest,
Get-Current-Funding-Rate,Instruments}; https://www.bitget.com/api-doc/contract/market/….
Samples: ``tests/payloads/bitget/v3_*.json`` and ``v2_*.json``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tideline.domain.errors import BadWire
from tideline.domain.instrument import Kind
from tideline.venues.bitget.envelope import answer
from tideline.venues.bitget.fields import amount, funding, interval_h, ticker
from tideline.venues.bitget.symbols import parse
from tideline.venues.counting import HOURS, MILLIS, scale
from tideline.venues.followed import of_row
from tideline.venues.parsed import Listing, Note, Observation, Parsed, Trading
from tideline.venues.rows import each
from tideline.venues.strict import millis, need, record, text, word

SETTLES = {"USDT-FUTURES": "USDT", "USDC-FUTURES": "USDC", "COIN-FUTURES": ""}
"""The categories and what their contracts settle in; COIN-FUTURES in the coin itself."""

_STATES: dict[str, Trading] = {
    "listed": "prelisting",
    "online": "trading",
    "normal": "trading",
    "gray": "trading",
    "limit_open": "trading",
    "limit_close": "trading",
    "restrictedAPI": "trading",
    "maintain": "halted",
    "offline": "halted",
    "off": "delisted",
}
"""v3 ``status`` and v2 ``symbolStatus``. Restrictions of orders do not touch the numbers."""

_KINDS: dict[str, Kind] = {"perpetual": "perpetual", "delivery": "future"}


def tickers(raw: bytes, note: Note) -> Parsed:
    """v3 ``market/tickers?category=…`` and v2 ``mix/market/tickers``: all, each at its ``ts``."""
    found = answer(raw)
    parsed = Parsed(server_time=found.time)

    def read(row: dict[str, Any]) -> None:
        instrument = of_row(row, "symbol", note, parsed)
        if instrument is not None:
            at = millis(need(row, "ts"), "ts")
            parsed.observations.extend(ticker(row, instrument, at))

    each(parsed, found.rows(), read)
    return parsed


def open_interest(raw: bytes, note: Note) -> Parsed:
    """v3 ``market/open-interest`` (``list``) and v2 (``openInterestList``), all at one ``ts``."""
    found = answer(raw)
    parsed = Parsed(server_time=found.time)
    at = millis(need(record(found.data, "data"), "ts"), "ts")

    def read(row: dict[str, Any]) -> None:
        instrument = of_row(row, "symbol", note, parsed)
        if instrument is not None:
            name = "openInterest" if "openInterest" in row else "size"
            how = scale(instrument, "open_interest", at)
            seen = amount(instrument, name, "open_interest", how, at, need(row, name))
            parsed.observations.append(seen)

    each(parsed, found.rows("list", "openInterestList"), read)
    return parsed


def funding_rates(raw: bytes, note: Note) -> Parsed:
    """``market/current-fund-rate``: the running rate with its interval, at ``requestTime``.

    Rows carry no time. v2 rows may lack interval and next settlement.
    """
    found = answer(raw)
    parsed = Parsed(server_time=found.time)

    def read(row: dict[str, Any]) -> None:
        instrument = of_row(row, "symbol", note, parsed)
        if instrument is not None:
            need(row, "fundingRate")
            parsed.observations.extend(funding(row, instrument, found.time))

    each(parsed, found.rows(), read)
    return parsed


def funding_times(raw: bytes, note: Note) -> Parsed:
    """v2 ``mix/market/funding-time``: next settlement and interval, at ``requestTime``."""
    found = answer(raw)
    parsed = Parsed(server_time=found.time)

    def read(row: dict[str, Any]) -> None:
        instrument = of_row(row, "symbol", note, parsed)
        if instrument is not None:
            hours, following = need(row, "ratePeriod"), need(row, "nextFundingTime")
            symbol, at = instrument.symbol, found.time
            interval, us = interval_h(hours, "ratePeriod"), millis(following, "nextFundingTime")
            parsed.observations += [
                Observation(symbol, "funding_interval_h", at, interval, str(hours), HOURS),
                Observation(symbol, "next_funding_time", at, float(us), str(following), MILLIS),
            ]

    each(parsed, found.rows(), read)
    return parsed


def listings(raw: bytes, _: Note) -> Parsed:
    """v3 ``market/instruments?category=…`` and v2 ``mix/market/contracts``: what is listed.

    ``launchTime`` often is "" or "0": not known. ``fundInterval`` is in hours.
    """
    found = answer(raw)
    parsed = Parsed(server_time=found.time)

    def read(row: dict[str, Any]) -> None:
        if (listing := _listing(row)) is None:
            return parsed.ignore("unreadable symbol")
        return parsed.listings.append(listing)

    each(parsed, found.rows(), read)
    return parsed


def _listing(row: dict[str, Any]) -> Listing | None:
    """One row, None for a symbol of no known form."""
    v3 = "category" in row
    status, kinds = ("status", "type") if v3 else ("symbolStatus", "symbolType")
    state: Trading = word(need(row, status), status, _STATES)
    kind = word(need(row, kinds), kinds, _KINDS)
    instrument = parse(text(need(row, "symbol"), "symbol"))
    if instrument is None:
        return None
    if instrument.kind != kind:
        raise BadWire(kinds, row[kinds], f"is not what {instrument.symbol} says")
    if v3:
        settle = word(row["category"], "category", SETTLES)
        if instrument.settle != (settle or instrument.asset):
            raise BadWire("category", row["category"], f"is not what {instrument.symbol} says")
    listed = _moment(need(row, "launchTime"), "launchTime")
    if listed is not None:
        instrument = replace(instrument, listed_us=listed)
    hours = row.get("fundInterval")
    interval = None if hours in (None, "", "0") else interval_h(hours, "fundInterval")
    return Listing(instrument, state, interval, _moment(row.get("deliveryTime"), "deliveryTime"))


def _moment(raw: object, where: str) -> int | None:
    """A time in ms; None where the venue says "", "0", "-1" or null."""
    return None if raw in (None, "", "0", "-1") else millis(raw, where)
