"""Binance kline and fundingRate archive files.

=====================  ==========================================================
kline field            stored at the END of the bar
=====================  ==========================================================
4 close                mark_price, derived: trade_close (spot: spot_price)
5 volume               volume_coin (COIN-M: field 7)
7 quote volume         spot_volume_usd, for spot
9 taker buy volume     taker_buy_coin (COIN-M: field 10)
5 − 9                  taker_sell_coin, derived: volume-taker_buy
=====================  ==========================================================

The label is the START of the bar, in ms or, in later spot files, in µs; a file that mixes both is
refused. fundingRate files give the rate as settled and its interval in hours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from tideline.collect.archives.archive_file import Content
from tideline.collect.archives.csv_block import header_of, read_block
from tideline.collect.archives.time_units import to_us
from tideline.collect.derived_marks import TRADE_CLOSE
from tideline.collect.legrows import Floats, Ints, LegRows, leg_rows
from tideline.domain.errors import BadFile
from tideline.domain.instrument import Instrument
from tideline.domain.time import SECOND
from tideline.log import Source
from tideline.venues.binance.klines import INTERVALS as ASKED_INTERVALS
from tideline.venues.binance.klines import SELL
from tideline.venues.symbols import parse_symbol

KLINE_COLUMNS = (
    "open_time",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "close_time",
    "quote_volume",
    "count",
    "taker_buy_volume",
    "taker_buy_quote_volume",
    "ignore",
)
FUNDING_COLUMNS = ("calc_time", "funding_interval_hours", "last_funding_rate")

INTERVALS = {"1s": SECOND, **ASKED_INTERVALS}
"""Archives of spot have bars of a second, too."""

_KLINES = re.compile(r"^(.+)-(\d+[smhd])-(\d{4}-\d{2}(?:-\d{2})?)\.")
_FUNDING = re.compile(r"^(.+)-fundingRate-(\d{4}-\d{2}(?:-\d{2})?)\.")

_NUMBERS: dict[str, Any] = dict.fromkeys(
    ("close", "volume", "quote_volume", "taker_buy_volume", "taker_buy_quote_volume"), pl.Float64
)


@dataclass(frozen=True, slots=True)
class KlineFile:
    """One file of bars: their END (µs) and the numbers as written."""

    content: Content
    instrument: Instrument
    spot: bool
    length_us: int
    end: Ints
    numbers: dict[str, Floats]

    @property
    def close(self) -> Floats:
        """Last price of each bar, quote per coin."""
        return self.numbers["close"] / self.instrument.multiple


def is_klines(content: Content) -> bool:
    """Does the name or the first line speak of klines?"""
    return bool(_KLINES.match(content.path.name)) or header_of(content)[:1] == ("open_time",)


def is_funding(content: Content) -> bool:
    """Does the first line name the columns of a fundingRate file?"""
    return header_of(content)[:1] == ("calc_time",)


def parse_klines(contents: Sequence[Content]) -> list[KlineFile]:
    """Read kline files.

    Raises:
        BadFile: a name without symbol and interval, columns or bars that do not fit.
    """
    return [_klines(content) for content in contents]


def _klines(content: Content) -> KlineFile:
    named = _KLINES.match(content.path.name) or _KLINES.match(content.name)
    if not named or named[2] not in INTERVALS:
        raise BadFile(
            content.path, "does not name symbol and interval", "BTCUSDT-5m-2026-02-05.zip"
        )
    header = header_of(content)
    headed = header[:1] == ("open_time",)
    width = len(header)
    if width != len(KLINE_COLUMNS):
        raise BadFile(content.path, f"has {width} columns, not the 12 of a kline file")
    types = {"open_time": pl.Int64, "close_time": pl.Int64, **_NUMBERS}
    frame = read_block([content], KLINE_COLUMNS, types, header=headed).frame
    if not frame.height:
        raise BadFile(content.path, "holds no rows")
    if any(frame[name].null_count() for name in types):
        raise BadFile(content.path, "has blank cells")
    length = INTERVALS[named[2]]
    start = to_us(frame["open_time"].to_numpy(), content.path, "open_time")
    _regular(
        content, start, to_us(frame["close_time"].to_numpy(), content.path, "close_time"), length
    )
    spot = "spot" in content.path.parts
    numbers = {name: frame[name].to_numpy() for name in _NUMBERS}
    instrument = parse_symbol("binance", named[1])
    return KlineFile(content, instrument, spot, length, start + length, numbers)


def _regular(content: Content, start: Ints, close: Ints, length: int) -> None:
    """Bars of the named length: the close stands in the last millisecond of each."""
    off = (close - start >= length) | (close - start < length - 1000) | (start % length != 0)
    if off.any():
        row = int(np.flatnonzero(off)[0])
        raise BadFile(content.path, f"row {row} is not a bar of the length its name says")


def kline_legs(file: KlineFile, source: int, lag_us: Callable[[str], int]) -> list[LegRows]:
    """Offered rows; sources ``source`` as written, +1 the trade close, +2 volume less taker buy."""
    cadence = file.length_us / SECOND
    group = (file.instrument.asset, "binance", file.instrument.symbol)

    def leg(name: str, value: Floats, which: int) -> LegRows:
        return leg_rows(
            (*group, name),
            file.end,
            value,
            cadence_s=cadence,
            source=source + which,
            lag_us=lag_us(name),
        )

    if file.spot:
        return [
            leg("spot_volume_usd", file.numbers["quote_volume"], 0),
            leg("spot_price", file.close, 0),
        ]
    volume, bought = _coins(file)
    return [
        leg("volume_coin", volume, 0),
        leg("taker_buy_coin", bought, 0),
        leg("taker_sell_coin", np.maximum(volume - bought, 0.0), 2),
        leg("mark_price", file.close, 1),
    ]


def _coins(file: KlineFile) -> tuple[Floats, Floats]:
    if not file.instrument.linear:
        return file.numbers["quote_volume"], file.numbers["taker_buy_quote_volume"]
    multiple = file.instrument.multiple
    return file.numbers["volume"] * multiple, file.numbers["taker_buy_volume"] * multiple


def kline_sources(file: KlineFile) -> list[Source]:
    """As written, the trade close, and the taker sells."""
    raw = {"labels": "start", "member": file.content.name, "spot": file.spot}
    return [
        Source(
            source_id=0,
            kind="binance-vision klines",
            name=file.content.path.name,
            sha256=file.content.sha256,
            unit=unit,
            sides="1" if unit == "coin" else "-",
            factor=file.instrument.multiple if unit == "coin" else 1 / file.instrument.multiple,
            derived=derived,
            raw=raw,
        )
        for unit, derived in (("coin", ""), ("quote per coin", TRADE_CLOSE), ("coin", SELL))
    ]


def funding_legs(content: Content, source: int, lag_us: Callable[[str], int]) -> list[LegRows]:
    """The settled rates of one fundingRate file and the interval each belongs to.

    Raises:
        BadFile: a name without a symbol, or columns and cells that do not fit.
    """
    named = _FUNDING.match(content.path.name) or _FUNDING.match(content.name)
    if not named:
        raise BadFile(content.path, "does not name a symbol", "BTCUSDT-fundingRate-2026-02.zip")
    header = header_of(content)
    if header != FUNDING_COLUMNS:
        raise BadFile(content.path, f"has columns {', '.join(header)}", ", ".join(FUNDING_COLUMNS))
    types = dict(zip(FUNDING_COLUMNS, (pl.Int64, pl.Float64, pl.Float64), strict=True))
    frame = read_block([content], FUNDING_COLUMNS, types, header=True).frame
    if not frame.height or any(frame[name].null_count() for name in types):
        raise BadFile(content.path, "has no rows, or blank cells")
    event = to_us(frame["calc_time"].to_numpy(), content.path, "calc_time")
    hours = frame["funding_interval_hours"].to_numpy()
    instrument = parse_symbol("binance", named[1])
    group = (instrument.asset, "binance", instrument.symbol)
    sources = np.full(len(event), source, np.int64)
    rate = frame["last_funding_rate"].to_numpy()
    return [
        LegRows(*group, name, event, value, hours * 3600.0, sources, lag_us(name))
        for name, value in (("funding_rate_settled", rate), ("funding_interval_h", hours))
    ]


def funding_source(content: Content) -> Source:
    """The source record of one fundingRate file."""
    return Source(
        source_id=0,
        kind="binance-vision fundingRate",
        name=content.path.name,
        sha256=content.sha256,
        unit="fraction per interval",
        sides="-",
        factor=1.0,
        raw={"member": content.name},
    )
