"""One side or both: the proof finds how Bybit counts either number, and knows its limits."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from tideline.collect.sides import Evidence, as_table, by_bound, by_quantum, sides_of
from tideline.collect.suspicion import Traded
from tideline.domain.time import MINUTE, SECOND, ManualClock, parse_time
from tideline.log import Log, Source

T0 = int(parse_time("2026-11-20T00:00:00Z"))


def thin_market(seed=3, windows=600):
    """Readings each minute of a thin market; single trades of opening, closing or passing on."""
    rng = np.random.default_rng(seed)
    readings, trades = [(T0, 1000.0)], []
    level = 1000.0
    for i in range(windows):
        start = T0 + i * MINUTE
        for at in sorted(rng.integers(1, MINUTE, size=rng.integers(0, 4)).tolist()):
            size = round(float(rng.exponential(5.0)) + 0.01, 3)
            level += size * int(rng.choice([-1, 0, 1]))
            trades.append((start + at, size))
        readings.append((start + MINUTE, round(level, 3)))
    event, single = (np.array(column) for column in zip(*readings, strict=True))
    when, size = (np.array(column) for column in zip(*trades, strict=True))
    return event.astype(np.int64), single, when.astype(np.int64), size


def bars(event, when, size):
    volume = np.array([size[(when > a) & (when <= b)].sum() for a, b in pairwise(event)])
    none = np.empty(0, np.int64)
    return Traded(event[1:], np.full(len(volume), MINUTE, np.int64), volume, none, np.empty(0))


def test_single_trades_tell_open_interest_from_single_open_interest():
    event, single, when, size = thin_market()
    one = by_quantum(event, single, when, size)
    both = by_quantum(event, 2 * single, when, size)
    assert (one.verdict, both.verdict) == ("one", "two")
    assert one.by_one > 50
    assert one.by_two == 0
    assert both.by_two == one.by_one


def test_volume_alone_proves_two_sides_and_never_one():
    event, single, when, size = thin_market()
    traded = bars(event, when, size)
    one, both = by_bound(event, single, traded), by_bound(event, 2 * single, traded)
    assert (one.windows, one.beyond_one, one.verdict) == (600, 0, "unproven")
    assert both.verdict == "two"
    assert both.beyond_one > 100
    assert both.beyond_two == 0


def test_readings_between_the_bars_are_held_against_more_than_was_traded():
    """A poll every 7 s, bars of a minute: two sides show, one side never does."""
    rng = np.random.default_rng(5)
    when = T0 + 3 * SECOND + 60 * SECOND * 7 * np.arange(600, dtype=np.int64)
    size = rng.exponential(5.0, 600) + 0.01
    polled = T0 + 7 * SECOND + 7 * SECOND * np.arange(36_000, dtype=np.int64)
    single = 9_000.0 + np.append(0.0, np.cumsum(size))[np.searchsorted(when, polled, "right")]
    minutes = T0 + MINUTE * np.arange(4_260, dtype=np.int64)
    traded = bars(minutes, when, size)
    one = by_bound(polled + 1, single, traded)
    both = by_bound(polled + 1, 2 * single, traded)
    assert (one.beyond_one, one.verdict) == (0, "unproven")
    assert one.windows > 500
    assert both.verdict == "two"
    assert both.beyond_two == 0


def test_another_unit_proves_nothing():
    event, single, when, size = thin_market()
    assert by_bound(event, 10 * single, bars(event, when, size)).verdict == "unproven"
    assert by_quantum(event, 10 * single, when, size).verdict == "unproven"
    assert by_quantum(event, 3 * single, when, size).verdict == "unproven"


@pytest.mark.parametrize(
    ("evidence", "verdict"),
    [
        (Evidence(single=10, by_one=10), "one"),
        (Evidence(single=9, by_one=9), "unproven"),
        (Evidence(single=30, by_one=14, by_two=16), "unproven"),
        (Evidence(single=30, by_one=10, by_two=20), "two"),
        (Evidence(single=30, by_two=20), "unproven"),
        (Evidence(windows=99, beyond_one=10), "two"),
        (Evidence(windows=99, beyond_one=12, beyond_two=2), "unproven"),
        (Evidence(windows=99, beyond_one=9), "unproven"),
    ],
)
def test_verdicts(evidence, verdict):
    assert evidence.verdict == verdict


def test_too_little_is_no_evidence():
    none = np.empty(0, np.int64)
    assert by_bound(none, np.empty(0), bars(*thin_market()[:1], *thin_market()[2:])) == Evidence()
    assert by_quantum(none, np.empty(0), none, np.empty(0)) == Evidence()
    lone = np.array([T0, T0 + 1], np.int64)
    assert by_quantum(lone, np.array([1.0, 2.0]), none, np.empty(0)) == Evidence()


def store(folder, event, stored, traded, sides):
    clock = ManualClock(T0 + 40 * 3600 * SECOND)
    log = Log.create(folder, clock)
    count = [len(event), len(traded.end)]

    def column(first, second):
        return [first] * count[0] + [second] * count[1]

    times = np.concatenate([event, traded.end])
    table = pa.table(
        {
            "asset": column("BTC", "BTC"),
            "venue": column("bybit", "bybit"),
            "instrument": column("BTCUSDT", "BTCUSDT"),
            "field": column("open_interest", "volume_coin"),
            "event_time": pa.array(times, pa.int64()).view(pa.timestamp("us", "UTC")),
            "value": np.concatenate([stored, traded.volume]),
            "basis": column("recorded", "recorded"),
            "status": column("ok", "ok"),
            "cadence_s": column(60.0, 60.0),
            "source_id": column(1, 2),
        }
    )
    sources = [
        Source(source_id=1, kind="live", name="bybit.linear.tickers", unit="coin", sides=sides),
        Source(source_id=2, kind="live", name="bybit.linear.klines", unit="coin", sides="1"),
    ]
    with log.writer(background=False) as writer:
        writer.append(table, sources)
    return log


@pytest.mark.parametrize("two_sided", [True, False])
def test_from_stored_rows_bybit_reads_two_and_its_single_number_one(tmp_path, two_sided):
    """The store holds one-sided coins either way; the source says what the venue wrote."""
    event, single, when, size = thin_market()
    traded = bars(event, when, size)
    log = store(tmp_path / "s", event, single, traded, "2" if two_sided else "1")
    (found,) = sides_of(log, "BTC", log.head(), {("bybit", "BTCUSDT"): (when, size)})
    assert found.evidence.verdict == ("two" if two_sided else "one")
    assert found.agrees is True
    assert as_table([found])[0]["windows"] == 600
    (bound,) = sides_of(log, "BTC", log.head())
    assert bound.evidence.verdict == ("two" if two_sided else "unproven")


def test_a_convention_that_is_wrong_is_contradicted(tmp_path):
    event, single, when, size = thin_market()
    log = store(tmp_path / "s", event, 2 * single, bars(event, when, size), "1")
    (found,) = sides_of(log, "BTC", log.head())
    assert (found.evidence.verdict, found.agrees) == ("two", False)
