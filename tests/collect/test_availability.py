"""First values, restatements, duplicates: against the obvious model, and through the log."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.collect.naive import availability
from tests.collect.stores import BTC, START, STEP, leg_of, new_log, offered
from tideline.collect.availability import AT_COMMIT, default_lag_us, fresh_rows
from tideline.collect.intake import Offer, take_in
from tideline.collect.report import ImportReport
from tideline.collect.stored import StoredLeg, nothing_stored
from tideline.log import Source

EVENTS = st.integers(0, 6).map(lambda i: START + i * STEP)
VALUES = st.sampled_from([1.0, 2.0, 3.0])
IMPORTS = st.lists(
    st.lists(st.tuples(EVENTS, VALUES), min_size=1, max_size=12), min_size=1, max_size=5
)


def _stored(held: dict[int, list[tuple[float, int]]]) -> StoredLeg:
    rows = [(e, k, v) for e in sorted(held) for v, k in held[e]]
    events, known, values = (np.array([row[i] for row in rows]) for i in range(3))
    yes = np.ones(len(rows), np.bool_)
    ids = np.ones(len(rows), np.int64)
    return StoredLeg(
        events.astype(np.int64),
        known.astype(np.int64),
        values.astype(float),
        yes,
        ~yes,
        np.full(len(rows), 300.0),
        ids,
    )


@settings(max_examples=300, deadline=None)
@given(IMPORTS)
def test_agrees_with_the_obvious_model(imports):
    held: dict[int, list[tuple[float, int]]] = {}
    found = []
    for number, rows in enumerate(imports, start=1):
        fresh = fresh_rows(offered(rows), _stored(held) if held else nothing_stored())
        for event, value, known in zip(
            fresh.rows.event.tolist(), fresh.rows.value.tolist(), fresh.known.tolist(), strict=True
        ):
            held.setdefault(event, []).append((value, -number if known == AT_COMMIT else known))
        found.append((fresh.duplicates, fresh.restated))
    wanted, counts = availability(imports, STEP)
    assert held == wanted
    assert found == counts


@settings(max_examples=100, deadline=None)
@given(IMPORTS)
def test_the_last_import_again_adds_nothing(imports):
    held, _ = availability(imports, STEP)
    last = fresh_rows(offered(imports[-1]), _stored(held))
    assert len(last.rows) == 0
    assert last.duplicates == len(imports[-1])


def _take(log, clock, rows):
    report = ImportReport("test")
    source = Source(source_id=0, kind="test", name="test")
    with log.writer() as writer:
        take_in(log, writer, clock, Offer([offered(rows)], [source]), report)
    return report.leg((*BTC, "open_interest"))


def test_known_times_through_the_log(tmp_path):
    log, clock = new_log(tmp_path)
    _take(log, clock, [(START, 100.0), (START + STEP, 101.0), (START, 100.5)])
    first_commit = leg_of(log, "open_interest")[1]["known_time"]
    clock.advance(60_000_000)
    tally = _take(log, clock, [(START, 100.5), (START + STEP, 102.0), (START + 2 * STEP, 103.0)])
    assert (tally.taken, tally.duplicates, tally.restated) == (2, 1, 1)
    rows = [(r["event_time"], r["value"], r["known_time"]) for r in leg_of(log, "open_interest")]
    second_commit = rows[3][2]
    assert rows == [
        (START, 100.0, START + STEP),
        (START, 100.5, first_commit),
        (START + STEP, 101.0, START + 2 * STEP),
        (START + STEP, 102.0, second_commit),
        (START + 2 * STEP, 103.0, START + 3 * STEP),
    ]
    assert START + 9 * STEP < first_commit < second_commit
    before = log.read("BTC", first_commit - 1).column("value").to_pylist()
    assert before == [100.0, 101.0, 103.0]


def test_rows_at_or_after_the_first_recorded_are_left_out(tmp_path):
    import pyarrow as pa

    log, clock = new_log(tmp_path)
    words = dict(zip(("asset", "venue", "instrument"), ([word] for word in BTC), strict=True))
    live = pa.table(
        {
            **words,
            "field": ["open_interest"],
            "event_time": pa.array([START + STEP], pa.int64()).view(pa.timestamp("us", "UTC")),
            "value": [5.0],
            "basis": ["recorded"],
            "status": ["ok"],
            "cadence_s": [300.0],
        }
    )
    with log.writer() as writer:
        writer.append(live)
    tally = _take(log, clock, [(START, 4.0), (START + STEP, 5.5), (START + 2 * STEP, 6.0)])
    assert tally.taken == 1
    assert tally.left_out == {"at or after the first recorded row": 2}


def test_a_modelled_time_after_now_is_the_commit(tmp_path):
    log, clock = new_log(tmp_path, now=START + STEP // 2)
    _take(log, clock, [(START, 1.0)])
    known = leg_of(log, "open_interest")[0]["known_time"]
    assert START + STEP // 2 <= known < START + STEP


def test_lags_by_source():
    minutes = 5 * 60_000_000
    for venue in ("binance", "bybit", "okx"):
        for field in ("open_interest", "open_interest_usd", "lsr_top_positions", "taker_ratio_bar"):
            assert default_lag_us(venue, field) == minutes
        assert default_lag_us(venue, "taker_buy_coin") == minutes
        assert default_lag_us(venue, "taker_buy_coin", kline=True) == 0
        assert default_lag_us(venue, "funding_rate_settled") == 0
    assert default_lag_us("hyperliquid", "open_interest_usd") == 0
