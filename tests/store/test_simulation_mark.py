"""A store that holds anything simulated says so with every answer, also if it came later."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from tideline.domain.time import DAY, ManualClock, parse_time
from tideline.log import Log, Source, Writer
from tideline.store import open_store

NOW = int(parse_time("2026-03-02T00:00:00Z"))


def append(writer: Writer, kind: str, at: int) -> None:
    source = Source(source_id=writer.next_source(), kind=kind, name="test")
    table = pa.table(
        {
            "asset": ["BTC"],
            "venue": ["binance"],
            "instrument": ["BTCUSDT"],
            "field": ["open_interest"],
            "event_time": pa.array([at], pa.int64()).view(pa.timestamp("us", "UTC")),
            "value": [1.0],
            "basis": ["recorded"],
            "status": ["ok"],
            "cadence_s": [60.0],
            "source_id": pa.array([source.source_id], pa.int64()),
        }
    )
    writer.append(table, [source])


def test_the_mark_comes_with_the_first_simulated_source(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    with Log.create(tmp_path / "store", clock) as log, log.writer() as writer:
        append(writer, "live", NOW - DAY)
        with open_store(tmp_path / "store", clock) as store:
            assert store.value("BTC", "positioning.oi_usdtm_coin@1h")["simulated"] is False
            append(writer, "live", NOW - DAY + 1)
            assert store.value("BTC", "positioning.oi_usdtm_coin@1h")["simulated"] is False
            append(writer, "simulated", NOW - DAY + 2)
            append(writer, "live", NOW - DAY + 3)
            assert store.value("BTC", "positioning.oi_usdtm_coin@1h")["simulated"] is True
            assert store.value("BTC", "positioning.oi_usdtm_coin@1h")["simulated"] is True
        with Log.open(tmp_path / "store", clock) as again:
            assert [source.source_id for source in again.sources(after=2)] == [3, 4]
