"""From a table and its map to offered rows: scaled, placed in time, derived where asked."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl

from tideline.collect.archives.map import ImportMap, Take
from tideline.collect.archives.table_file import TableFile
from tideline.collect.archives.table_scale import Scale, in_file_order, scales
from tideline.collect.archives.table_times import read_times
from tideline.collect.availability import default_lag_us
from tideline.collect.derived_marks import NOTIONAL, TRADE_CLOSE
from tideline.collect.legrows import Bools, Floats, Ints, LegRows, leg_rows
from tideline.domain.errors import BadFile, BadInput, BadMap
from tideline.domain.fields import HOURLY_FUNDING
from tideline.domain.instrument import Instrument
from tideline.domain.time import HOUR, MINUTE, SECOND
from tideline.log import Source
from tideline.venues.symbols import parse_symbol

StoredMarks = Callable[[Instrument, int, int], tuple[Ints, Floats]]
"""(instrument, from, to) -> events and values of marks the log holds, in event order."""

INTERVAL_ASSUMED = "interval_assumed"
MARK_AGE_US = 30 * MINUTE


@dataclass(slots=True)
class TableOffer:
    """Offered rows of one file, their sources, and what was understood, in words."""

    legs: list[LegRows]
    sources: list[Source]
    understood: list[dict[str, Any]]
    conventions: list[str]


@dataclass(frozen=True, slots=True)
class Reading:
    """What every column of one file is read with."""

    file: TableFile
    map: ImportMap
    lag_us: int | None
    stored_marks: StoredMarks
    numbers: dict[str, tuple[Floats, Bools]] = field(default_factory=dict)


def table_legs(reading: Reading) -> TableOffer:
    """Offered rows of one file under one map.

    Raises:
        BadFile, BadMap, BadInput: what does not fit, named.
    """
    offer = TableOffer([], [], [], [])
    frame = _filtered(reading)
    label = read_times(frame[reading.map.time.column], reading.map.time, reading.file.path)
    for symbol, rows in _instruments(reading, frame):
        for override, takes in _by_instrument(reading.map):
            instrument = _parse(reading.map.venue, override or symbol)
            _one_instrument(reading, offer, instrument, takes, frame, label, rows)
    return offer


def _filtered(reading: Reading) -> pl.DataFrame:
    frame = reading.file.frame
    for rule in reading.map.filter:
        frame = frame.filter(pl.col(rule.column).cast(pl.String).is_in(list(rule.words)))
    if not frame.height:
        raise BadFile(reading.file.path, "has no row that passes the map's filters")
    return frame


def _instruments(reading: Reading, frame: pl.DataFrame) -> list[tuple[str, Any]]:
    rule = reading.map.instrument
    if rule.constant:
        return [(rule.constant, slice(None))]
    if rule.column:
        words = frame[rule.column].cast(pl.String)
        if words.null_count():
            raise BadFile(reading.file.path, f"has a row without {rule.column}")
        places = words.to_frame("word").with_row_index("at").group_by("word", maintain_order=True)
        return [
            (rule.pattern.replace("{}", str(name)), at.to_numpy())
            for name, at in places.agg("at").iter_rows()
            for at in (pl.Series(at, dtype=pl.Int64),)
        ]
    for pattern, symbol in rule.file:
        if found := re.search(pattern, reading.file.path.name):
            return [(found.expand(symbol), slice(None))]
    raise BadMap(
        "instrument.file",
        reading.file.path.name,
        "matches none of the patterns",
        rule.file[0][0] if rule.file else None,
    )


def _by_instrument(rules: ImportMap) -> list[tuple[str, list[Take]]]:
    names = dict.fromkeys(take.instrument for take in rules.take)
    return [(name, [t for t in rules.take if t.instrument == name]) for name in names]


def _parse(venue: str, symbol: str) -> Instrument:
    try:
        return parse_symbol(venue, symbol)
    except BadInput as error:
        raise BadMap("instrument", symbol, f"is not a symbol of {venue}", error.nearest) from None


def _one_instrument(
    reading: Reading,
    offer: TableOffer,
    instrument: Instrument,
    takes: list[Take],
    frame: pl.DataFrame,
    label: Ints,
    rows: Any,
) -> None:
    taken: dict[str, LegRows] = {}
    for take in takes:
        leg = _take(reading, offer, instrument, take, frame[take.column], label, rows)
        taken[take.field] = leg
        offer.legs.append(leg)
        if take.field == "funding_rate_settled" and "funding_interval_h" not in taken:
            offer.legs.append(_interval(reading, offer, instrument, take, leg))
    for rule in reading.map.derive:
        leg = _derived(reading, offer, instrument, rule.of, taken)
        offer.legs.append(leg)


def _take(
    reading: Reading,
    offer: TableOffer,
    instrument: Instrument,
    take: Take,
    column: pl.Series,
    label: Ints,
    rows: Any,
) -> LegRows:
    if column.name not in reading.numbers:
        reading.numbers[column.name] = _numbers(column, reading.file.path)
    value, given = reading.numbers[column.name]
    value, given, at = value[rows], given[rows], label[rows]
    if take.every_s:
        given = given & (at % (take.every_s * SECOND) == 0)
    value, at = value[given], at[given]
    cadence = reading.map.cadence_of(take)
    meaning = reading.map.label_of(take)
    event = at + round(cadence * SECOND) if meaning == "start" else at
    lag = _lag(reading, instrument.venue, take)
    key = (instrument.asset, instrument.venue, instrument.symbol, take.field)
    pieces = []
    for rows_here, scale in scales(instrument, take, at):
        source = len(offer.sources)
        offer.sources.append(_source(reading, take, scale, meaning))
        offer.understood.append(
            _understood(take, instrument, scale, meaning, cadence, lag, at[rows_here])
        )
        if scale.convention and scale.convention not in offer.conventions:
            offer.conventions.append(scale.convention)
        scaled = value[rows_here] * scale.factor
        pieces.append(
            leg_rows(key, event[rows_here], scaled, cadence_s=cadence, source=source, lag_us=lag)
        )
    return in_file_order(pieces)


def _understood(
    take: Take,
    instrument: Instrument,
    scale: Scale,
    label: str,
    cadence: float,
    lag: int,
    at: Ints,
) -> dict[str, Any]:
    return {
        "column": take.column,
        "instrument": instrument.symbol,
        "field": take.field,
        "unit": take.unit,
        "sides": scale.sides,
        "label": label,
        "cadence_s": cadence,
        "times": scale.factor,
        "lag_s": lag / SECOND,
        "rows": len(at),
        "derived": take.derived,
    }


def _numbers(column: pl.Series, path: object) -> tuple[Floats, Bools]:
    given = column.is_not_null()
    if column.dtype == pl.String:
        given = given & (column.str.strip_chars() != "")
        read = column.str.strip_chars().cast(pl.Float64, strict=False)
        wrong = given & read.is_null()
        if wrong.any():
            row = int(wrong.arg_max() or 0)
            raise BadFile(path, f"row {row}: {column[row]!r} in {column.name} is not a number")
        column = read
    elif not column.dtype.is_numeric() and column.dtype != pl.Null:
        raise BadFile(path, f"column {column.name} holds {column.dtype}, not numbers")
    values = column.cast(pl.Float64).fill_null(0.0).to_numpy()
    return values, given.to_numpy()


def _lag(reading: Reading, venue: str, take: Take) -> int:
    if reading.lag_us is not None:
        return reading.lag_us
    if take.lag_s is not None:
        return round(take.lag_s * SECOND)
    return default_lag_us(venue, take.field, kline=take.kline)


def _source(reading: Reading, take: Take, scale: Scale, label: str) -> Source:
    return Source(
        source_id=0,
        kind=f"table {reading.map.name}",
        name=reading.file.path.name,
        sha256=reading.file.sha256,
        unit=take.unit,
        sides=scale.sides,
        contract_size=scale.contract_size,
        factor=scale.factor,
        derived=take.derived,
        raw={"column": take.column, "label": label},
    )


def _derived_source(reading: Reading, unit: str, derived: str, of: str) -> Source:
    return Source(
        source_id=0,
        kind=f"table {reading.map.name}",
        name=reading.file.path.name,
        sha256=reading.file.sha256,
        unit=unit,
        sides="-",
        factor=1.0,
        derived=derived,
        raw={"of": of},
    )


def _interval(
    reading: Reading, offer: TableOffer, instrument: Instrument, take: Take, rates: LegRows
) -> LegRows:
    """Hours between settlements, written with each rate; assumed where nobody says."""
    hours = take.interval_h or (1.0 if instrument.venue in HOURLY_FUNDING else 8.0)
    source = len(offer.sources)
    offer.sources.append(_derived_source(reading, "hours", INTERVAL_ASSUMED, take.column))
    key = (*rates.group, "funding_interval_h")
    return leg_rows(
        key,
        rates.event,
        np.full(len(rates), hours),
        cadence_s=hours * HOUR / SECOND,
        source=source,
        lag_us=rates.lag_us,
    )


def _derived(
    reading: Reading, offer: TableOffer, instrument: Instrument, how: str, taken: dict[str, LegRows]
) -> LegRows:
    source = len(offer.sources)
    derived = NOTIONAL if how == "notional/coin" else how
    first = (
        taken["open_interest" if "open_interest" in taken else "volume_coin"]
        if how != ("usd/mark")
        else taken["open_interest_usd"]
    )
    if how == "notional/coin":
        event, coins, usd = _paired(first, taken["open_interest_usd"])
        with np.errstate(all="ignore"):
            value, name = usd / coins, "mark_price"
    elif how == "volume-taker_buy":
        event, volume, bought = _paired(first, taken["taker_buy_coin"])
        value, name = np.maximum(volume - bought, 0.0), "taker_sell_coin"
    else:
        event = first.event
        mark, close = _mark_at(reading, instrument, event, taken.get("mark_price"))
        derived = f"{how} ({TRADE_CLOSE})" if close else how
        value = first.value * mark if how == "coin*mark" else first.value / mark
        name = "open_interest_usd" if how == "coin*mark" else "open_interest"
    good = np.isfinite(value) & (value > 0) if name != "taker_sell_coin" else np.isfinite(value)
    unit = {"mark_price": "quote per coin", "open_interest_usd": "usd"}.get(name, "coin")
    offer.sources.append(_derived_source(reading, unit, derived, how))
    offer.understood.append(
        {
            "column": how,
            "instrument": instrument.symbol,
            "field": name,
            "unit": unit,
            "sides": "-",
            "label": "derived",
            "cadence_s": float(first.cadence_s[0]) if len(first) else 0.0,
            "times": 1.0,
            "lag_s": first.lag_us / SECOND,
            "rows": int(good.sum()),
            "derived": derived,
        }
    )
    leg = leg_rows(
        (*first.group, name),
        event[good],
        value[good],
        cadence_s=0.0,
        source=source,
        lag_us=first.lag_us,
    )
    return replace(leg, cadence_s=np.full(len(leg), first.cadence_s[0] if len(first) else 0.0))


def _paired(a: LegRows, b: LegRows) -> tuple[Ints, Floats, Floats]:
    """Values of two columns at the instants both have, row by row where rows repeat."""
    if len(a) == len(b) and bool((a.event == b.event).all()):
        return a.event, a.value, b.value
    events, left, right = np.intersect1d(a.event, b.event, return_indices=True)
    return events, a.value[left], b.value[right]


def _mark_at(
    reading: Reading, instrument: Instrument, event: Ints, own: LegRows | None
) -> tuple[Floats, bool]:
    """The mark standing at each instant, from the file itself or else from the log."""
    close = own is not None and any(t.derived == TRADE_CLOSE for t in reading.map.take)
    if own is not None and len(own):
        order = np.argsort(own.event, kind="stable")
        events, values = own.event[order], own.value[order]
        age = max(MARK_AGE_US, round(3 * float(own.cadence_s[0]) * SECOND))
    elif len(event):
        low, high = int(event.min()) - MARK_AGE_US, int(event.max())
        events, values = reading.stored_marks(instrument, low, high)
        age = MARK_AGE_US
    else:
        return np.empty(0), close
    if not len(events):
        return np.full(len(event), np.nan), close
    at = np.searchsorted(events, event, side="right") - 1
    alive = (at >= 0) & (event - events[np.maximum(at, 0)] <= age)
    return np.where(alive, values[np.maximum(at, 0)], np.nan), close
