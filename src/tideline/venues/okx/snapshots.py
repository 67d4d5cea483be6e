"""What holds now: open interest, mark and index prices, funding. Rows are the same on REST and WS.

=====================  ===============================================  =======================
REST / channel         row                                              sample
=====================  ===============================================  =======================
public/open-interest   oi contracts, oiCcy coin, oiUsd USD, ts          rest_open_interest
open-interest          the same                                         ws_open_interest_2025
…/mark-price           markPx, ts                                       rest_/ws_mark_price
…/index-tickers        idxPx, ts; instId is the index (BTC-USDT)        OKX.…GetIndexTickers
…/funding-rate         fundingRate, fundingTime, nextFundingTime, ts    rest_/ws_funding_rate
=====================  ===============================================  =======================

OKX v5 documentation: Public Data. ``event_time`` is always the row's ``ts``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from tideline.domain.errors import BadWire
from tideline.domain.instrument import Instrument
from tideline.venues.counting import FRACTION, MILLIS, scale
from tideline.venues.okx.counting import contracts, exact, tidy
from tideline.venues.okx.envelope import data, each
from tideline.venues.parsed import STALE_LISTING, Counted, Note, Observation, Parsed
from tideline.venues.rows import each as each_row
from tideline.venues.strict import millis, need, number, text, word

METHODS = {"current_period": "current_period", "next_period": "next_period"}
"""Both pay ``fundingRate`` at ``fundingTime``: under ``next_period`` (gone today) it was fixed one
interval before and ``nextFundingRate`` was the moving one; under ``current_period`` it moves."""

INTERVALS_H = (1, 2, 4, 6, 8)
HOUR_MS = 3_600_000

_INTERVAL = Counted("raw", "-", derived="nextFundingTime-fundingTime")


def open_interest(raw: bytes, note: Note) -> Parsed:
    """``public/open-interest``; the rows' ``ts`` is the time of the answer."""
    parsed = Parsed()
    take_open_interest(data(raw), note, parsed)
    times = [seen.event_time for seen in parsed.observations]
    parsed.server_time = max(times, default=None)
    return parsed


def mark_price(raw: bytes, note: Note) -> Parsed:
    """``public/mark-price``: quote currency per coin."""
    parsed = Parsed()
    take_mark_price(data(raw), note, parsed)
    return parsed


def funding_rate(raw: bytes, note: Note) -> Parsed:
    """``public/funding-rate?instId=ANY``: perpetuals and X-Perps in one answer."""
    parsed = Parsed()
    take_funding_rate(data(raw), note, parsed)
    return parsed


def index_tickers(raw: bytes, note: Note) -> Parsed:
    """``market/index-tickers?quoteCcy=…``: every contract on the index gets its price."""
    parsed = Parsed()
    take_index(data(raw), by_index(note.instruments), parsed)
    return parsed


def take_open_interest(found: list[Any], note: Note, parsed: Parsed) -> None:
    """Coins from ``oiCcy`` and USD from ``oiUsd``; never contracts x price.

    Where one of them is missing (older frames) the contracts give what they are exactly: coins of
    a linear, USD of an inverse instrument. NEIRO: oi 14,546,007, oiCcy 14,546,007,000.
    """

    def take(row: dict[str, Any], instrument: Instrument) -> None:
        at = millis(need(row, "ts"), "ts")
        held = number(need(row, "oi"), "oi")
        parts = []
        for field, name in (("open_interest", "oiCcy"), ("open_interest_usd", "oiUsd")):
            if row.get(name, "") != "":
                parts.append(amount(instrument, field, at, row[name], name))
            elif instrument.linear == (field == "open_interest"):
                how = contracts(instrument, "open_interest", at)
                value = float(tidy(held * exact(how.factor)))
                parts.append(Observation(instrument.symbol, field, at, value, str(row["oi"]), how))
        parsed.observations += parts
        if not _fits(row, instrument, held, at):
            parsed.ignore(STALE_LISTING)

    each(found, note, parsed, take)


def _fits(row: dict[str, Any], instrument: Instrument, held: Decimal, at: int) -> bool:
    """Are the contracts, in the size we know, what the row gives beside them (within 2 %)?"""
    name = "oiCcy" if instrument.linear else "oiUsd"
    if instrument.contract_size is None or row.get(name, "") == "":
        return True
    said = number(row[name], name)
    meant = held * exact(contracts(instrument, "open_interest", at).factor)
    return abs(meant - said) <= said / 50


def amount(instrument: Instrument, field: str, at: int, cell: object, name: str) -> Observation:
    """A coin or USD amount; ``name`` is OKX's own word for it in the conventions table."""
    how = scale(instrument, name, at)
    value = how.of(tidy(number(cell, name)))
    return Observation(instrument.symbol, field, at, value, str(cell), how.counted)


def take_mark_price(found: list[Any], note: Note, parsed: Parsed) -> None:
    """``markPx`` at ``ts``."""

    def take(row: dict[str, Any], instrument: Instrument) -> None:
        at = millis(need(row, "ts"), "ts")
        price = number(need(row, "markPx"), "markPx")
        parsed.observations.append(
            Observation(instrument.symbol, "mark_price", at, float(price), str(row["markPx"]))
        )

    each(found, note, parsed, take)


def take_funding_rate(found: list[Any], note: Note, parsed: Parsed) -> None:
    """The rate paid next, when that is, and the interval: all three at the row's ``ts``.

    ``next_funding_time`` is ``fundingTime``, the settlement ``fundingRate`` belongs to;
    ``nextFundingTime`` is the one after it, so that the difference is the interval.
    """

    def take(row: dict[str, Any], instrument: Instrument) -> None:
        word(row.get("method", "current_period"), "method", METHODS)
        at = millis(need(row, "ts"), "ts")
        rate = number(need(row, "fundingRate"), "fundingRate")
        due = millis(need(row, "fundingTime"), "fundingTime")
        then = millis(need(row, "nextFundingTime"), "nextFundingTime")
        hours = interval_h(then // 1000 - due // 1000)
        name = instrument.symbol
        quoted = str(row["fundingRate"])
        apart = f"{row['nextFundingTime']}-{row['fundingTime']}"
        parsed.observations += (
            Observation(name, "funding_rate_quoted", at, float(rate), quoted, FRACTION),
            Observation(name, "funding_interval_h", at, hours, apart, _INTERVAL),
            Observation(name, "next_funding_time", at, float(due), str(row["fundingTime"]), MILLIS),
        )

    each(found, note, parsed, take)


def interval_h(apart_ms: int) -> float:
    """The funding interval in hours of two settlements.

    Raises:
        BadWire: not one of the intervals OKX has (1, 2, 4, 6, 8 h).
    """
    hours, rest = divmod(apart_ms, HOUR_MS)
    if rest or hours not in INTERVALS_H:
        raise BadWire("nextFundingTime", apart_ms, "ms apart is no funding interval of OKX")
    return float(hours)


def index_of(instrument: Instrument) -> str:
    """The index a contract is on: ``BTC-USDT`` of BTC-USDT-SWAP, ``BTC-USD`` of inverse ones."""
    return f"{instrument.asset}-{instrument.quote}"


def by_index(instruments: Mapping[str, Instrument]) -> dict[str, list[str]]:
    """The followed contracts on each index, by name."""
    found: dict[str, list[str]] = {}
    for symbol in sorted(instruments):
        if instruments[symbol].derivative:
            found.setdefault(index_of(instruments[symbol]), []).append(symbol)
    return found


def take_index(found: Sequence[Any], on: Mapping[str, Sequence[str]], parsed: Parsed) -> None:
    """``idxPx`` at ``ts``, once for every contract on that index."""

    def take(row: dict[str, Any]) -> None:
        index = text(need(row, "instId"), "instId")
        if index not in on:
            return parsed.ignore("unknown instrument")
        at = millis(need(row, "ts"), "ts")
        price = float(number(need(row, "idxPx"), "idxPx"))
        said = str(row["idxPx"])
        parsed.observations += [
            Observation(symbol, "index_price", at, price, said) for symbol in on[index]
        ]
        return None

    each_row(parsed, found, take)
