"""Binance REST snapshots: ``openInterest``, ``premiumIndex``, ``fundingInfo``.

Reference: https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/
rest-api/Open-Interest, …/Mark-Price, …/Get-Funding-Rate-Info, and the same of COIN-M.

**Funding interval.** ``premiumIndex`` and the mark stream give the rate and the next settlement but
not the interval. ``fundingInfo`` lists only the symbols whose interval was changed; one that is
absent pays every 8 h. So each reading of ``fundingInfo`` gives one ``funding_interval_h`` for every
followed perpetual of the product, at the time of receipt since the answer has no time: the rate
quoted meanwhile is a fraction of the interval last read.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from tideline.domain.errors import BadWire
from tideline.domain.instrument import Instrument
from tideline.venues.binance.envelope import body
from tideline.venues.counting import FRACTION, HOURS, MILLIS, price_scale, scale
from tideline.venues.declaration import Read
from tideline.venues.followed import followed, of_row
from tideline.venues.parsed import Note, Observation, Parsed
from tideline.venues.rows import each
from tideline.venues.strict import millis, need, number, record, rows, text

USUAL_INTERVAL_H = 8.0
_MOST_HOURS = 24


def open_interest(raw: bytes, note: Note) -> Parsed:
    """``GET /fapi/v1/openInterest?symbol`` or ``/dapi/…``: one contract at ``time``, one-sided.

    USD-M counts base units (1000PEPEUSDT: thousands), COIN-M contracts: those are USD. Samples:
    ``fapi_openInterest.json``; ``dapi_openInterest.json``, where tardis wraps it as a stream.
    """
    row = record(body(raw), "body")
    if "data" in row and "stream" in row:
        row = record(row["data"], "data")
    parsed = Parsed()
    instrument = of_row(row, "symbol", note, parsed)
    if instrument is None:
        return parsed
    at = millis(need(row, "time"), "time")
    parsed.observations.append(held(instrument, at, need(row, "openInterest"), "openInterest"))
    return parsed


def held(instrument: Instrument, at: int, raw: object, where: str) -> Observation:
    """Open interest of one contract: coins of linear ones, USD of inverse ones.

    Raises:
        BadWire: no number.
    """
    how = scale(instrument, "open_interest", at)
    field = "open_interest" if instrument.linear else "open_interest_usd"
    value = how.of(number(raw, where))
    return Observation(instrument.symbol, field, at, value, str(raw), how.counted)


def premium_index(raw: bytes, note: Note) -> Parsed:
    """``GET /fapi/v1/premiumIndex`` or ``/dapi/…``: mark, index, running rate, next settlement.

    One object when a symbol was asked for (USD-M), else a list. Dated contracts have an empty rate
    and 0 for the next settlement. Samples: ``fapi_premiumIndex.json``, ``dapi_premiumIndex.json``,
    ``CoinFutures.GetMarkPrices.txt``.
    """
    found = body(raw)
    parsed = Parsed()

    def read(row: dict[str, Any]) -> None:
        instrument = of_row(row, "symbol", note, parsed)
        if instrument is None:
            return None
        at = millis(need(row, "time"), "time")
        names = ("markPrice", "indexPrice", "lastFundingRate", "nextFundingTime")
        return parsed.observations.extend(quoted(instrument, at, row, names))

    each(parsed, [found] if type(found) is dict else rows(found, "body"), read)
    return parsed


def quoted(
    instrument: Instrument, at: int, row: dict[str, Any], names: tuple[str, str, str, str]
) -> list[Observation]:
    """Mark, index, rate and next settlement under these four names; what is empty is left out.

    Raises:
        BadWire: a number out of place, or a price that is not above zero.
    """
    price = price_scale(instrument.multiple)
    symbol, found = instrument.symbol, []
    for name, field in zip(names, ("mark_price", "index_price"), strict=False):
        raw = row.get(name) if field == "index_price" else need(row, name)
        if raw not in (None, ""):
            value = price.of(number(raw, name))
            if not value > 0.0:
                raise BadWire(name, raw, "is no price")
            found.append(Observation(symbol, field, at, value, str(raw), price.counted))
    rate, following = row.get(names[2]), row.get(names[3])
    if instrument.kind == "perpetual" and rate not in (None, ""):
        value = float(number(rate, names[2]))
        found.append(Observation(symbol, "funding_rate_quoted", at, value, str(rate), FRACTION))
        if following not in (None, "", 0, "0"):
            us = float(millis(following, names[3]))
            found.append(Observation(symbol, "next_funding_time", at, us, str(following), MILLIS))
    return found


def _funding_info(linear: bool, raw: bytes, note: Note) -> Parsed:
    """``GET /fapi/v1/fundingInfo`` or ``/dapi/…``: see the head of this file.

    A row that does not say whose it is makes the whole answer bad: nobody could be called absent.
    Samples: ``fapi_fundingInfo.json``, ``CoinFutures.GetFundingInfo.txt``.
    """
    found = [record(row, "row") for row in rows(body(raw), "body")]
    told = {text(need(row, "symbol"), "symbol") for row in found}
    parsed = Parsed()

    def give(symbol: str, hours: float, raw_text: str) -> None:
        parsed.observations.append(
            Observation(symbol, "funding_interval_h", note.received, hours, raw_text, HOURS)
        )

    def read(row: dict[str, Any]) -> None:
        instrument = followed(row["symbol"], note, parsed)
        if instrument is None:
            return None
        if not _pays(instrument, linear):
            return parsed.ignore("other product")
        hours = need(row, "fundingIntervalHours")
        value = number(hours, "fundingIntervalHours")
        if not 0 < value <= _MOST_HOURS:
            raise BadWire("fundingIntervalHours", hours, "is no funding interval")
        return give(instrument.symbol, float(value), str(hours))

    each(parsed, found, read)
    for symbol, instrument in note.instruments.items():
        if symbol not in told and _pays(instrument, linear):
            give(symbol, USUAL_INTERVAL_H, "absent")
    return parsed


def _pays(instrument: Instrument, linear: bool) -> bool:
    return instrument.kind == "perpetual" and instrument.linear == linear


def funding_info(linear: bool) -> Read:
    """The reader of ``fundingInfo`` of one product."""
    return partial(_funding_info, linear)
