"""Binance ``metrics`` archive files: what each column is stored as, and at which instant.

================================  ==========================================================
sum_open_interest                 open_interest (USD-M: coins; COIN-M: contracts)
sum_open_interest_value           open_interest_usd (COIN-M: base coins)
value / coins                     mark_price, derived: notional/coin
count_toptrader_long_short_ratio  lsr_top_accounts
sum_toptrader_long_short_ratio    lsr_top_positions
count_long_short_ratio            lsr_global_accounts
sum_taker_long_short_vol_ratio    taker_ratio_bar
================================  ==========================================================

All at the label (END files) or at the label + 5 min (START files; the taker ratio is the flow over
[T, T + 5 min), so its END is there too). A blank cell is no row; a zero is a row, and suspect.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl

from tideline.collect.archives.archive_file import Content
from tideline.collect.archives.binance_labels import PERIOD, Labels, Prices, read_labels
from tideline.collect.archives.csv_block import header_of, read_block
from tideline.collect.derived_marks import NOTIONAL
from tideline.collect.legrows import Bools, Floats, Ints, LegRows
from tideline.domain.amounts import coin_scale, price_factor
from tideline.domain.conventions import load, product_of
from tideline.domain.errors import BadFile
from tideline.domain.instrument import Instrument
from tideline.domain.time import DAY, from_datetime
from tideline.log import Source
from tideline.venues.symbols import parse_symbol

TIME, SYMBOL = "create_time", "symbol"
COINS, VALUE = "sum_open_interest", "sum_open_interest_value"
RATIOS = {
    "count_toptrader_long_short_ratio": "lsr_top_accounts",
    "sum_toptrader_long_short_ratio": "lsr_top_positions",
    "count_long_short_ratio": "lsr_global_accounts",
    "sum_taker_long_short_vol_ratio": "taker_ratio_bar",
}
COLUMNS = (TIME, SYMBOL, COINS, VALUE, *RATIOS)
CADENCE_S = 300.0

_NAME = re.compile(r"^(.+)-metrics-(\d{4}-\d{2}-\d{2})\.")


@dataclass(frozen=True, slots=True)
class MetricsFile:
    """Rows of one file and symbol: labels (µs) as they stand, ``given`` False where blank."""

    content: Content
    instrument: Instrument
    label: Ints
    numbers: dict[str, Floats]
    given: dict[str, Bools]
    day: int | None

    @property
    def implied(self) -> Floats:
        """The price in the file's own numbers, quote per coin."""
        raw, value = self.numbers[COINS], self.numbers[VALUE]
        with np.errstate(all="ignore"):
            if self.instrument.linear:
                return value / raw / self.instrument.multiple
            return raw * _contract_usd(self.instrument, int(self.label[0])) / value


def is_metrics(content: Content) -> bool:
    """Does the first line name the columns of a metrics file?"""
    return TIME in header_of(content)


def parse_metrics(contents: Sequence[Content]) -> list[MetricsFile]:
    """Read files of one layout together, in the order given.

    Raises:
        BadFile: missing columns, an unreadable time or number, a symbol or day that contradicts
            the file's name.
    """
    by_header: dict[tuple[str, ...], list[int]] = {}
    for place, content in enumerate(contents):
        header = header_of(content)
        missing = [name for name in COLUMNS if name not in header]
        if missing:
            raise BadFile(content.path, f"has no column {missing[0]!r}")
        by_header.setdefault(header, []).append(place)
    found: dict[int, list[MetricsFile]] = {}
    for header, places in by_header.items():
        found.update(_parse([contents[p] for p in places], places, header))
    return [piece for place in sorted(found) for piece in found[place]]


def _parse(
    contents: list[Content], places: list[int], header: tuple[str, ...]
) -> dict[int, list[MetricsFile]]:
    types: dict[str, Any] = dict.fromkeys((COINS, VALUE, *RATIOS), pl.Float64)
    block = read_block(contents, header, types, header=True)
    label = _labels(block.frame, block.file, contents)
    codes, names = _symbols(block.frame)
    given = {name: block.frame[name].is_not_null().to_numpy() for name in types}
    numbers = {name: block.frame[name].fill_null(0.0).to_numpy() for name in types}
    edges = np.searchsorted(block.file, np.arange(len(contents) + 1)).tolist()
    found: dict[int, list[MetricsFile]] = {}
    for i, (place, content) in enumerate(zip(places, contents, strict=True)):
        low, high = edges[i], edges[i + 1]
        if low == high:
            raise BadFile(content.path, "holds no rows")
        found[place] = [
            _file(content, names[code], label, numbers, given, rows)
            for code, rows in _by_symbol(codes[low:high], low, high)
        ]
    return found


def _labels(frame: pl.DataFrame, file: Ints, contents: list[Content]) -> Ints:
    text = frame[TIME].str.strip_chars()
    read = text.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False)
    if read.null_count():
        row = int(read.is_null().arg_max() or 0)
        raise BadFile(
            contents[int(file[row])].path,
            f"has an unreadable create_time {text[row]!r}",
            "2026-02-05 00:05:00",
        )
    return read.dt.timestamp("us").to_numpy()


def _symbols(frame: pl.DataFrame) -> tuple[Ints, list[str]]:
    words = frame[SYMBOL].fill_null("")
    names = words.unique(maintain_order=True).to_list()
    if len(names) == 1:
        return np.zeros(len(words), np.int64), names
    places = {name: place for place, name in enumerate(names)}
    return np.array([places[word] for word in words.to_list()], np.int64), names


def _by_symbol(codes: Ints, low: int, high: int) -> list[tuple[int, Any]]:
    if (codes == codes[0]).all():
        return [(int(codes[0]), slice(low, high))]
    return [(int(code), low + np.flatnonzero(codes == code)) for code in np.unique(codes)]


def _file(
    content: Content,
    symbol: str,
    label: Ints,
    numbers: dict[str, Floats],
    given: dict[str, Bools],
    rows: Any,
) -> MetricsFile:
    named = _NAME.match(content.path.name) or _NAME.match(content.name)
    day = None
    if named:
        if named[1] != symbol:
            raise BadFile(content.path, f"speaks of {symbol!r}", named[1])
        day = int(from_datetime(datetime.fromisoformat(named[2]).replace(tzinfo=UTC)))
        _in_day(content, label[rows], day)
    return MetricsFile(
        content,
        parse_symbol("binance", symbol),
        label[rows],
        {name: values[rows] for name, values in numbers.items()},
        {name: cells[rows] for name, cells in given.items()},
        day,
    )


def _in_day(content: Content, label: Ints, day: int) -> None:
    outside = (label < day) | (label > day + DAY + PERIOD // 10)
    if outside.any():
        from tideline.domain.time import format_time

        first = int(label[np.flatnonzero(outside)[0]])
        raise BadFile(content.path, f"has a row of {format_time(first)}, not of its day")


def metrics_legs(
    file: MetricsFile, labels: Labels, source: int, lag_us: Callable[[str], int]
) -> list[LegRows]:
    """The offered rows of one file, of source ``source`` as written and ``source + 1`` derived."""
    event = file.label + (PERIOD if labels == "start" else 0)
    found: list[LegRows] = []

    def offer(name: str, value: Floats, given: Bools, derived: bool = False) -> None:
        key = (file.instrument.asset, "binance", file.instrument.symbol, name)
        count = int(given.sum())
        everything = count == len(value)
        found.append(
            LegRows(
                *key,
                event if everything else event[given],
                value if everything else value[given],
                np.full(count, CADENCE_S),
                np.full(count, source + derived, np.int64),
                lag_us(name),
            )
        )

    coins, usd = _amounts(file)
    has_coins, has_usd = file.given[COINS], file.given[VALUE]
    if not file.instrument.linear:
        has_coins, has_usd = has_usd, has_coins
    offer("open_interest", coins, has_coins)
    offer("open_interest_usd", usd, has_usd)
    with np.errstate(all="ignore"):
        mark = usd / coins
        priced = has_coins & has_usd & np.isfinite(mark) & (mark > 0)
    offer("mark_price", mark, priced, derived=True)
    for column, name in RATIOS.items():
        offer(name, file.numbers[column], file.given[column])
    return found


def _amounts(file: MetricsFile) -> tuple[Floats, Floats]:
    """One-sided coins and USD of the file's two open-interest columns."""
    raw, value = file.numbers[COINS], file.numbers[VALUE]
    instrument, at = file.instrument, int(file.label[0])
    if not instrument.linear:
        return value, raw * _contract_usd(instrument, at)
    row = load().lookup("binance", "linear", "open_interest", at)
    return raw * coin_scale(instrument, row).factor, value


def _contract_usd(instrument: Instrument, at: int) -> float:
    row = load().lookup("binance", "inverse", "open_interest", at, instrument=instrument.symbol)
    return coin_scale(instrument, row).factor


def metrics_sources(file: MetricsFile, labels: Labels, decided: str) -> list[Source]:
    """The two source records of one file."""
    product = product_of(file.instrument)
    row = load().lookup(
        "binance",
        product,
        "open_interest",
        int(file.label[0]),
        instrument=file.instrument.symbol,
    )
    raw = {"labels": labels, "decided_by": decided, "member": file.content.name}
    scale = coin_scale(file.instrument, row)
    given = Source(
        source_id=0,
        kind="binance-vision metrics",
        name=file.content.path.name,
        sha256=file.content.sha256,
        unit=row.unit,
        sides=row.sides,
        contract_size=scale.contract_size,
        factor=scale.factor,
        raw=raw,
    )
    derived = Source(
        source_id=0,
        kind="binance-vision metrics",
        name=file.content.path.name,
        sha256=file.content.sha256,
        unit="quote per coin",
        sides="-",
        factor=price_factor(file.instrument),
        derived=NOTIONAL,
        raw=raw,
    )
    return [given, derived]


def decide_labels(file: MetricsFile, prices: Prices, forced: Labels | None) -> tuple[Labels, str]:
    """The label convention of one file; ``forced`` is the caller's own word for all files."""
    if forced is not None:
        return forced, "as told"
    if not file.instrument.linear:
        return "start", "conventions table (COIN-M)"
    return read_labels(file.content.path, file.label, file.implied, file.day, prices)
