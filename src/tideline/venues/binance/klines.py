"""Binance klines: traded and taker volume, the spot pair beside a perpetual, the mark price.

Reference: https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/
rest-api/Kline-Candlestick-Data, …/Mark-Price-Kline-Candlestick-Data, and the same of COIN-M and
spot. A row is a list of 12, labelled by its START; the values hold at its END:

=====  ====================  =================================================================
0, 6   open and close time   ms; the close is the last millisecond
4      close                 mark_price of markPriceKlines, spot_price of spot klines
5, 9   volume, taker buy     base units (USD-M); contracts (COIN-M)
7      quote volume          spot_volume_usd of spot klines; COIN-M: volume in BASE coin
10     taker buy quote       COIN-M: taker buy in BASE coin
=====  ====================  =================================================================

Nothing in a row says whose it is: the symbol and the interval are those that were asked for. As in
the archives, what the spot pair did is kept on the perpetual beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache

from tideline.domain.errors import BadWire
from tideline.domain.instrument import Instrument
from tideline.domain.time import DAY, HOUR, MINUTE
from tideline.venues.binance.envelope import body
from tideline.venues.counting import Scale, price_scale, scale
from tideline.venues.parsed import Note, Observation, Parsed
from tideline.venues.rows import every
from tideline.venues.strict import millis, number, rows, text, word

INTERVALS = {
    "1m": MINUTE,
    "3m": 3 * MINUTE,
    "5m": 5 * MINUTE,
    "15m": 15 * MINUTE,
    "30m": 30 * MINUTE,
    "1h": HOUR,
    "2h": 2 * HOUR,
    "4h": 4 * HOUR,
    "6h": 6 * HOUR,
    "8h": 8 * HOUR,
    "12h": 12 * HOUR,
    "1d": DAY,
}
SELL = "volume-taker_buy"
"""How the taker sells are derived; the archives' word for it."""

Cells = list[object]


def klines(raw: bytes, note: Note) -> Parsed:
    """``GET /fapi/v1/klines`` or ``/dapi/v1/klines``: coins traded and bought by takers."""
    instrument = note.instruments.get(text(note.params.get("symbol"), "symbol"))

    def read(cells: Cells, end: int, found: Instrument) -> list[Observation]:
        total_at, buy_at = (5, 9) if found.linear else (7, 10)
        how = scale(found, "volume_coin", end)
        total, bought = (_amount(cells, at) for at in (total_at, buy_at))
        if bought > total:
            raise BadWire("taker buy volume", bought, f"is more than the volume {total}")
        sold = total - bought
        symbol, told = found.symbol, how.counted
        sells = told._replace(derived=SELL)
        return [
            Observation(symbol, "volume_coin", end, how.of(total), str(cells[total_at]), told),
            Observation(symbol, "taker_buy_coin", end, how.of(bought), str(cells[buy_at]), told),
            Observation(symbol, "taker_sell_coin", end, how.of(sold), str(sold), sells),
        ]

    return _read(raw, note, instrument, read)


def spot_klines(raw: bytes, note: Note) -> Parsed:
    """``GET /api/v3/klines``: USD traded in a spot pair and its last price, on the perpetual.

    The pair of 1000PEPEUSDT is PEPEUSDT: spot is quoted per ONE coin.
    """
    instrument = _beside(text(note.params.get("symbol"), "symbol"), note)

    def read(cells: Cells, end: int, found: Instrument) -> list[Observation]:
        how = scale(_spot(found), "spot_volume_usd", end)
        volume, close = _amount(cells, 7), _price(cells[4])
        one = price_scale(1.0)
        return [
            Observation(
                found.symbol, "spot_volume_usd", end, how.of(volume), str(cells[7]), how.counted
            ),
            Observation(found.symbol, "spot_price", end, one.of(close), str(cells[4]), one.counted),
        ]

    return _read(raw, note, instrument, read)


def mark_klines(raw: bytes, note: Note) -> Parsed:
    """``GET /fapi/v1/markPriceKlines`` or ``/dapi/…``: the close is the mark price at the END.

    Samples: ``UsdFutures.GetMarkPriceKlines.txt``, ``CoinFutures.….txt``; their volumes are empty
    words and not read.
    """
    instrument = note.instruments.get(text(note.params.get("symbol"), "symbol"))

    def read(cells: Cells, end: int, found: Instrument) -> list[Observation]:
        how: Scale = price_scale(found.multiple)
        value = how.of(_price(cells[4]))
        return [Observation(found.symbol, "mark_price", end, value, str(cells[4]), how.counted)]

    return _read(raw, note, instrument, read)


def spot_symbol(instrument: Instrument) -> str:
    """The spot pair beside a linear contract: coin and quote without a multiple."""
    return f"{instrument.asset}{instrument.quote}"


Row = Callable[[Cells, int, Instrument], list[Observation]]


def _read(raw: bytes, note: Note, instrument: Instrument | None, read: Row) -> Parsed:
    """Every finished bar."""
    found = rows(body(raw), "body")
    parsed = Parsed()
    if instrument is None:
        parsed.ignore("unknown instrument", max(1, len(found)))
        return parsed
    length = int(word(note.params.get("interval"), "interval", INTERVALS))

    def one(row: object) -> None:
        cells = rows(row, "bar")
        if len(cells) < 11:
            raise BadWire("bar", len(cells), "cells are not the 12 of a kline")
        start, close = millis(cells[0], "open time"), millis(cells[6], "close time")
        if start % length or close != start + length - 1000:
            raise BadWire("open time", cells[0], "is not that of a bar of the interval asked for")
        if start + length > note.received:
            return parsed.ignore("unfinished bar")
        return parsed.observations.extend(read(cells, start + length, instrument))

    every(parsed, found, one)
    return parsed


def _amount(cells: Cells, at: int) -> Decimal:
    value = number(cells[at], f"kline field {at}")
    if value < 0:
        raise BadWire(f"kline field {at}", cells[at], "is negative")
    return value


def _price(cell: object) -> Decimal:
    value = number(cell, "close")
    if not float(value) > 0.0:
        raise BadWire("close", cell, "is no price")
    return value


def _beside(pair: str, note: Note) -> Instrument | None:
    """The followed perpetual whose spot pair this is."""
    found = note.instruments.get(pair)
    if found is not None and has_spot(found) and spot_symbol(found) == pair:
        return found
    each = note.instruments.values()
    return next((one for one in each if has_spot(one) and spot_symbol(one) == pair), None)


def has_spot(instrument: Instrument) -> bool:
    """Is it a perpetual beside which a spot pair may stand?"""
    return instrument.linear and instrument.kind == "perpetual"


@lru_cache(maxsize=4096)
def _spot(instrument: Instrument) -> Instrument:
    """The spot pair as an instrument: how it counts stands under ``spot`` in the table."""
    return replace(instrument, symbol=spot_symbol(instrument), kind="spot", multiple=1.0)
