"""The two data sets of the feature benchmarks, as canonical rows, and the moments asked.

Set 1: three open-interest legs of BTC, one row every 5 s with jitter, each known a fraction of a
second to 1.5 s after its event; one event in a thousand is restated once, minutes to a day later.
Set 2: the same events without restatements, known the instant they happen, so that a plain ASOF
join on event_time gives the right answer too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tideline.domain.instrument import Instrument
from tideline.domain.time import DAY, HOUR, MINUTE, SECOND

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

SEED = 20_260_205
START = 1_767_225_600 * SECOND  # 2026-01-01T00:00:00Z
CADENCE = 5 * SECOND
JITTER = 800_000
DELAY = (50_000, 1_500_000)
FIELD = "open_interest"
WINDOWS = {"5m": 5 * MINUTE, "1h": HOUR, "4h": 4 * HOUR}
TRANSFORMS = ("level", "delta", "zscore", "pctrank")
BASELINE = 30
MAX_AGE = 30 * MINUTE
ADDRESSES = tuple(f"positioning.oi_usdtm_coin@{w}:{t}" for w in WINDOWS for t in TRANSFORMS)
LONGEST = BASELINE * max(WINDOWS.values())
TIME = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True)
class LegSpec:
    """One leg: where it is, its first value in coin, and where in the 5 s its samples fall."""

    venue: str
    symbol: str
    base: float
    phase_us: int


LEGS = (
    LegSpec("binance", "BTCUSDT", 92_000.0, 0),
    LegSpec("bybit", "BTCUSDT", 54_000.0, 1_300_000),
    LegSpec("okx", "BTC-USDT-SWAP", 31_000.0, 2_700_000),
)


@dataclass(frozen=True)
class Workload:
    """Rows, the moments asked (sorted, µs), and the instruments the rows speak of."""

    name: str
    rows: pa.Table
    as_of: Int64s
    instruments: dict[tuple[str, str], Instrument]


def instruments() -> dict[tuple[str, str], Instrument]:
    """The three USDT perpetuals."""
    return {
        (leg.venue, leg.symbol): Instrument(
            leg.venue, leg.symbol, "BTC", "USDT", "USDT", "perpetual", linear=True
        )
        for leg in LEGS
    }


def set_one(rows: int = 1_000_000, as_of: int = 100_000, seed: int = SEED) -> Workload:
    """``rows`` rows in all, of which one event in a thousand stands twice."""
    events = rows // len(LEGS) * 1000 // 1001
    return _workload("set 1", events, as_of, seed, delayed=True, restated=events // 1000)


def set_two(rows: int = 1_000_000, as_of: int = 100_000, seed: int = SEED) -> Workload:
    """``rows`` rows in all, none restated, each known at its event_time."""
    return _workload("set 2", rows // len(LEGS), as_of, seed, delayed=False, restated=0)


def moments(first_us: int, last_us: int, count: int, seed: int = SEED) -> Int64s:
    """``count`` sorted moments, uniform over [first, last]."""
    rng = np.random.default_rng([seed, 99])
    return np.sort(rng.integers(first_us, last_us, count, dtype=np.int64, endpoint=True))


def _workload(
    name: str, events: int, as_of: int, seed: int, *, delayed: bool, restated: int
) -> Workload:
    table = pa.concat_tables(
        _leg_rows(number, leg, 0, events, seed, delayed=delayed, restated=restated)
        for number, leg in enumerate(LEGS)
    )
    last = START + events * CADENCE
    first = START + LONGEST + 2 * CADENCE + JITTER
    if last <= first:
        raise SystemExit(f"{events} events a leg are less than the history the features need")
    asked = moments(first, last, as_of, seed)
    return Workload(name, numbered(table.combine_chunks()), asked, instruments())


def _leg_rows(
    number: int, leg: LegSpec, first: int, count: int, seed: int, *, delayed: bool, restated: int
) -> pa.Table:
    rng = np.random.default_rng([seed, number, first])
    event = leg_events(leg, first, count, rng)
    known = event + rng.integers(*DELAY, count) if delayed else event.copy()
    value = walk(rng, leg.base, count)
    again = np.sort(rng.choice(count, restated, replace=False))
    later = np.exp(rng.uniform(np.log(2 * MINUTE), np.log(DAY), restated)).astype(np.int64)
    other = np.round(value[again] * (1.0 + rng.normal(0.0, 2e-3, restated)), 3)
    other += np.where(other == value[again], 0.5, 0.0)
    events = np.concatenate([event, event[again]])
    knowns = np.concatenate([known, known[again] + later])
    values = np.concatenate([value, other])
    order = np.lexsort((knowns, events))
    return canonical(leg, FIELD, events[order], knowns[order], values[order], 5.0)


def leg_events(leg: LegSpec, first: int, count: int, rng: np.random.Generator) -> Int64s:
    """Event times of samples ``first .. first + count`` of a leg, strictly increasing."""
    index = np.arange(first, first + count, dtype=np.int64)
    jitter = rng.integers(0, JITTER, count, endpoint=True)
    return START + index * CADENCE + leg.phase_us + jitter


def walk(rng: np.random.Generator, base: float, count: int) -> Floats:
    """Open interest in coin as venues give it: a mean-keeping walk in steps of 0.001, with
    stretches in which nothing changes (ties are part of the work)."""
    step = rng.normal(0.0, 8e-5, count) * (rng.random(count) < 0.8)
    drift = np.cumsum(step)
    return np.round(base * np.exp(drift), 3)


def canonical(
    leg: LegSpec, field: str, event: Int64s, known: Int64s, value: Floats, cadence_s: float
) -> pa.Table:
    """Canonical rows of one leg, not yet numbered in the log."""
    size = len(event)
    return pa.table(
        {
            "asset": constant("BTC", size),
            "venue": constant(leg.venue, size),
            "instrument": constant(leg.symbol, size),
            "field": constant(field, size),
            "event_time": pa.array(event).cast(TIME),
            "known_time": pa.array(known).cast(TIME),
            "value": pa.array(value),
            "basis": constant("recorded", size),
            "status": constant("ok", size),
            "cadence_s": pa.array(np.full(size, cadence_s)),
            "source_id": pa.array(np.zeros(size, np.int64)),
            "text": pa.nulls(size, pa.string()),
            "seq": pa.array(np.zeros(size, np.int64)),
            "row": pa.array(np.zeros(size, np.int32)),
        }
    )


def numbered(table: pa.Table, after: int = 0) -> pa.Table:
    """The rows with ``seq`` in the order of knowing, one commit for each row."""
    known = table["known_time"].cast(pa.int64()).to_numpy()
    seq = np.empty(len(known), np.int64)
    seq[np.argsort(known, kind="stable")] = np.arange(after + 1, after + 1 + len(known))
    place = table.schema.get_field_index("seq")
    return table.set_column(place, "seq", pa.array(seq))


def constant(word: str, size: int) -> pa.DictionaryArray:
    """One word, ``size`` times, dictionary encoded."""
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(size, np.int32)), pa.array([word]))


def stream(rows: int, chunk: int, seed: int = SEED) -> Iterator[pa.Table]:
    """Rows of the three legs in known order, in tables of about ``chunk`` rows."""
    each = chunk // len(LEGS)
    bases = [leg.base for leg in LEGS]
    for first in range(0, rows // len(LEGS), each):
        count = min(each, rows // len(LEGS) - first)
        parts = []
        for number, leg in enumerate(LEGS):
            rng = np.random.default_rng([seed, number, first])
            event = leg_events(leg, first, count, rng)
            value = walk(rng, bases[number], count)
            bases[number] = float(value[-1])
            parts.append(canonical(leg, FIELD, event, event.copy(), value, 5.0))
        table = pa.concat_tables(parts).unify_dictionaries().sort_by("known_time")
        yield numbered(table, after=first * len(LEGS))
