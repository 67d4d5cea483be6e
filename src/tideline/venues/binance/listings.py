"""What Binance lists: ``exchangeInfo`` of both products, and ``contractInfo`` pushes.

Reference: https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/
rest-api/Exchange-Information and …/coin-margined-futures/….
Samples: ``fapi_exchangeInfo.json``, ``dapi_exchangeInfo.json``, ``ws_fapi_contractInfo.json``.

=================  ==========================================================================
status (USD-M), contractStatus (COIN-M), cs (push)    the state, by the same words
onboardDate, ot    listing, ms
deliveryDate, dt   ms; of a perpetual in 2100 until it is to be delisted, then that moment
contractSize       USD in one contract (COIN-M); must be what the conventions table counts with
underlyingType     COIN and PREMARKET are coins, everything else (INDEX, EQUITY, …) is left out
=================  ==========================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tideline.domain.errors import BadWire
from tideline.domain.instrument import Instrument
from tideline.venues.binance.envelope import CONTRACT_TYPES, body, named
from tideline.venues.binance.symbols import parse
from tideline.venues.parsed import Listing, Note, Parsed, Trading
from tideline.venues.rows import each
from tideline.venues.strict import millis, need, number, record, rows, text

STATES: dict[str, Trading] = {
    "PENDING_TRADING": "prelisting",
    "TRADING": "trading",
    "TRADING_HALT": "halted",
    "TRADING_CANCEL_ONLY": "halted",
    "PRE_SETTLE": "settling",
    "SETTLING": "delisted",
    "PRE_DELIVERING": "settling",
    "DELIVERING": "settling",
    "DELIVERED": "delisted",
    "CLOSE": "delisted",
}
"""SETTLING is what delisted perpetuals say for ever."""

COINS = frozenset({"COIN", "PREMARKET"})
FOR_EVER = 4_133_404_800_000
"""2100-12-25: the delivery date of what is not to be delivered, ms."""


def exchange_info(raw: bytes, _: Note) -> Parsed:
    """``GET /fapi/v1/exchangeInfo`` or ``/dapi/v1/exchangeInfo``: everything listed.

    A row with an unknown status, contract type or a size that contradicts the conventions table is
    a bad row and its word is named; contracts on anything but coins are counted and left out.
    """
    found = record(body(raw), "body")
    parsed = Parsed(server_time=millis(need(found, "serverTime"), "serverTime"))

    def read(row: dict[str, Any]) -> None:
        status = "contractStatus" if "contractStatus" in row else "status"
        underlying = text(row.get("underlyingType", "COIN"), "underlyingType")
        if underlying not in COINS:
            return parsed.ignore("not a coin")
        instrument = _instrument(row, "symbol", "contractType")
        if instrument is None:
            return parsed.ignore("unreadable symbol")
        instrument = _checked(row, instrument)
        return parsed.listings.append(
            _listing(row, instrument, status, "onboardDate", "deliveryDate")
        )

    each(parsed, rows(need(found, "symbols"), "symbols"), read)
    return parsed


def contract_info(event: dict[str, Any], known: Mapping[str, Instrument]) -> Listing | None:
    """One ``contractInfo`` event of a stream; None for a symbol of no known form.

    It does not say the contract size: that of the ``known`` instrument stays.

    Raises:
        BadWire: a word or time out of place.
    """
    instrument = _instrument(event, "s", "ct")
    if instrument is None:
        return None
    held = known.get(instrument.symbol)
    if held is not None:
        instrument = replace(instrument, contract_size=held.contract_size)
    return _listing(event, instrument, "cs", "ot", "dt")


def _instrument(row: Mapping[str, Any], symbol: str, contract: str) -> Instrument | None:
    """By its symbol, which must be of the kind that the contract type says."""
    kind = text(row.get(contract), contract)
    if kind and kind not in CONTRACT_TYPES:
        raise BadWire(named(contract, kind), kind, "is a word we do not know")
    instrument = parse(text(row.get(symbol), symbol))
    if instrument is not None and kind and CONTRACT_TYPES[kind] != instrument.kind:
        raise BadWire(contract, kind, f"is not what {instrument.symbol} says")
    return instrument


def _checked(row: dict[str, Any], instrument: Instrument) -> Instrument:
    """Hold the row's own facts against those of the symbol; the contract size is the row's."""
    for name, said in (("quoteAsset", instrument.quote), ("marginAsset", instrument.settle)):
        if need(row, name) != said:
            raise BadWire(name, row[name], f"is not what {instrument.symbol} says: {said}")
    if instrument.linear:
        return instrument
    size = number(need(row, "contractSize"), "contractSize")
    if not size > 0:
        raise BadWire("contractSize", size, "is not positive")
    return replace(instrument, contract_size=float(size))


def _listing(
    row: Mapping[str, Any], instrument: Instrument, status: str, listed: str, delivery: str
) -> Listing:
    word = row.get(status)
    if type(word) is not str or word not in STATES:
        raise BadWire(named(status, word), word, "is a word we do not know")
    ends = row.get(delivery)
    ends_us = None if ends in (None, 0) or ends == FOR_EVER else millis(ends, delivery)
    since = replace(instrument, listed_us=millis(row.get(listed), listed))
    return Listing(since, STATES[word], None, ends_us)
