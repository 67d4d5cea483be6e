"""live = historical at the head: the same function on the same rows, while a store grows."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from tests.properties.agreement import disagreement
from tests.properties.engine import ask as ask_engine
from tests.properties.engine import bits, given_at, number, table_of
from tests.reference.model import MINUTE, Row
from tests.reference.reference import reference
from tideline.domain.time import WallClock, parse_time
from tideline.log import Log

BIN, BYB = ("binance", "BTCUSDT"), ("bybit", "BTCUSDT")

FEATURES = [
    "positioning.oi_usdtm_coin@5m",
    "positioning.oi_usdtm_coin@15m:delta",
    "positioning.oi_usdtm_coin@1m:zscore[10]",
    "positioning.oi_change@5m:pctrank[5]",
    "flow.cvd@5m",
    "flow.cvd@5m:ewma",
    "price.ret@5m",
    "price.mark@30m:range",
]

FIELDS = ("open_interest", "mark_price", "taker_buy_coin", "taker_sell_coin")


def minute_rows(start: int, k: int) -> list[Row]:
    """One minute of two venues; every fifth restates the minute before."""
    found = []
    for g, group in enumerate((BIN, BYB)):
        for f, name in enumerate(FIELDS):
            value = 100.0 + (k * 7 + f * 3 + g) % 11
            event = start + k * MINUTE
            found.append(Row(*group, name, event, event, value, cadence_s=60.0))
            if k % 5 == 4:
                found.append(Row(*group, name, event - MINUTE, event, value + 0.5, cadence_s=60.0))
    return found


def unstamped(rows: list[Row]) -> pa.Table:
    """As a collector appends them: the commit says when they were known."""
    table = table_of(rows).drop_columns(["seq", "row"])
    place = table.column_names.index("known_time")
    blank = pa.nulls(table.num_rows, pa.timestamp("us", tz="UTC"))
    return table.set_column(place, "known_time", blank)


def kept(table: pa.Table) -> list[Row]:
    """What the log hands out, in log order, as the reference reads it."""
    whole = table.set_column(
        table.column_names.index("event_time"), "event_time", table["event_time"].cast(pa.int64())
    )
    known = table["known_time"].cast(pa.int64())
    whole = whole.set_column(whole.column_names.index("known_time"), "known_time", known)
    return [
        Row(*(r[name] for name in Row.__dataclass_fields__))
        for r in sorted(whole.to_pylist(), key=lambda r: (r["seq"], r["row"]))
    ]


def answers(frame) -> list[float | None]:
    assert frame.height == 1
    row = frame.row(0, named=True)
    return [row[feature] for feature in FEATURES]


def test_answers_from_a_growing_log_are_those_of_its_rows(tmp_path: Path):
    clock = WallClock()
    start = clock.now() // MINUTE * MINUTE - 60 * MINUTE
    numbers = 0
    with Log.create(tmp_path / "store", clock=clock) as log, log.writer() as writer:
        given = []
        for k in range(0, 60, 6):
            rows = [row for j in range(k, k + 6) for row in minute_rows(start, j)]
            writer.append(unstamped(rows))
            head = log.head()
            table = log.read("BTC", head)
            engine = ask_engine(table, [head], FEATURES)
            given.append((head, bits(engine)))
            for j, feature in enumerate(FEATURES):
                asked = reference(kept(table), "BTC", head, feature)
                assert disagreement(given_at(engine, 0, j), asked, feature) is None
                numbers += asked.value is not None
        for head, then in given:  # ever after, from what was known then and from all there is
            assert bits(ask_engine(log.read("BTC", head), [head], FEATURES)) == then
            assert bits(ask_engine(log.read("BTC", log.head()), [head], FEATURES)) == then
    assert numbers > 30


def test_live_is_historical_while_a_store_grows(tmp_path: Path):
    store_module = pytest.importorskip("tideline.store", reason="the store is not built yet")
    clock = WallClock()
    start = clock.now() // MINUTE * MINUTE - 60 * MINUTE
    with Log.create(tmp_path / "store", clock=clock) as log, log.writer() as writer:
        store = store_module.open_store(tmp_path / "store")
        given = []
        for k in range(0, 60, 6):
            rows = [row for j in range(k, k + 6) for row in minute_rows(start, j)]
            writer.append(unstamped(rows))
            frame = store.live("BTC", FEATURES)
            head = parse_time(frame["as_of"][0])
            live = answers(frame)
            assert answers(store.historical(asset="BTC", features=FEATURES, as_of=head)) == live
            engine = ask_engine(log.read("BTC", head), [head], FEATURES)
            assert [number(x) for x in engine.values[0]] == live
            given.append((head, live))
        for head, live in given:
            again = store.historical(asset="BTC", features=FEATURES, as_of=head)
            assert answers(again) == live
    assert any(value is not None for value in given[-1][1])
