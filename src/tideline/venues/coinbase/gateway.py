"""Answers of the gateway's REST methods: instruments, summaries, settled funding.

Samples ``tests/payloads/deribit/rest_*.json``; reference: ``public/get_instruments``,
``public/get_book_summary_by_currency``, ``public/get_funding_rate_history``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tideline.domain.errors import BadWire
from tideline.domain.instrument import Instrument
from tideline.domain.time import HOUR
from tideline.venues.coinbase import symbols
from tideline.venues.coinbase.answer import result
from tideline.venues.coinbase.book import HOURLY, observe
from tideline.venues.counting import FRACTION
from tideline.venues.followed import of_row
from tideline.venues.parsed import Listing, Note, Observation, Parsed, Trading
from tideline.venues.rows import each
from tideline.venues.strict import millis, need, number, rows, text, word

SETTLED_FIELDS = ("funding_rate_settled", "funding_interval_h")

_KINDS = {
    "future": True,
    "option": False,
    "spot": False,
    "future_combo": False,
    "option_combo": False,
}
_LINEAR = {"linear": True, "reversed": False}


def instruments(raw: bytes, note: Note) -> Parsed:
    """Futures and perpetuals as they are listed; options, spot and combinations are counted."""
    listed, parsed = result(raw)

    def read(entry: dict[str, Any]) -> None:
        if not word(need(entry, "kind"), "kind", _KINDS):
            parsed.ignore("other product")
            return
        listing = _listing(entry, note.received)
        if listing is None:
            parsed.ignore("unknown code")
        else:
            parsed.listings.append(listing)

    each(parsed, rows(listed, "result"), read)
    return parsed


def _listing(entry: dict[str, Any], received: int) -> Listing | None:
    found = symbols.parse_gateway(text(need(entry, "instrument_name"), "instrument_name"))
    if found is None:
        return None
    linear = word(need(entry, "instrument_type"), "instrument_type", _LINEAR)
    if linear is not found.linear:
        raise BadWire("instrument_type", entry["instrument_type"], f"is not that of {found.symbol}")
    size = number(need(entry, "contract_size"), "contract_size")
    if size <= 0:
        raise BadWire("contract_size", size, "is not positive")
    instrument = replace(
        found,
        contract_size=float(size),
        listed_us=millis(need(entry, "creation_timestamp"), "creation_timestamp"),
    )
    active = need(entry, "is_active")
    if type(active) is not bool:
        raise BadWire("is_active", active, "is not true or false")
    state: Trading = "trading" if active else "halted"
    if found.kind == "perpetual":
        return Listing(instrument, state)
    expiry = millis(need(entry, "expiration_timestamp"), "expiration_timestamp")
    return Listing(instrument, "delisted" if expiry <= received else state, None, expiry)


def summaries(raw: bytes, note: Note) -> Parsed:
    """One row an instrument of a currency, at its own ``creation_timestamp``."""
    found, parsed = result(raw)

    def read(entry: dict[str, Any]) -> None:
        instrument = of_row(entry, "instrument_name", note, parsed)
        if instrument is None:
            return
        at = millis(need(entry, "creation_timestamp"), "creation_timestamp")
        parsed.observations += observe(entry, instrument, at)

    each(parsed, rows(found, "result"), read)
    return parsed


def funding_history(raw: bytes, note: Note) -> Parsed:
    """What accrued in each hour, at the END of the hour; the rows name no instrument."""
    found, parsed = result(raw)
    instrument = note.instruments.get(note.params.get("instrument_name", ""))

    def read(entry: dict[str, Any]) -> None:
        if instrument is None:
            parsed.ignore("unknown instrument")
        else:
            parsed.observations += _settled(entry, instrument)

    each(parsed, rows(found, "result"), read)
    return parsed


def _settled(entry: dict[str, Any], instrument: Instrument) -> list[Observation]:
    at = millis(need(entry, "timestamp"), "timestamp")
    if at % HOUR:
        raise BadWire("timestamp", entry["timestamp"], "is no full hour")
    raw = need(entry, "interest_1h")
    rate = float(number(raw, "interest_1h"))
    symbol = instrument.symbol
    return [
        Observation(symbol, "funding_rate_settled", at, rate, str(raw), FRACTION),
        Observation(symbol, "funding_interval_h", at, 1.0, "1", HOURLY),
    ]
