"""One asset's history: from the journal, flushed, compacted; whole, one field, one day.

python benchmarks/log/reading.py
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from tideline.log import Log

TS = pa.timestamp("us", "UTC")
ROWS, COMMITS = 10_000, 100
START = 1_767_225_600_000_000


def batch(at: int, rng: np.random.Generator) -> pa.Table:
    row = np.arange(ROWS)
    event = START + (at * ROWS + row) // 3 * 5_000_000
    return pa.table(
        {
            "asset": ["BTC"] * ROWS,
            "venue": ["binance"] * ROWS,
            "instrument": ["BTCUSDT"] * ROWS,
            "field": np.array(["open_interest", "open_interest_usd", "mark_price"])[row % 3],
            "event_time": pa.array(event).cast(TS),
            "known_time": pa.nulls(ROWS, TS),
            "value": np.round(rng.normal(70_000, 500, ROWS), 3),
            "basis": ["recorded"] * ROWS,
            "status": ["ok"] * ROWS,
            "cadence_s": np.full(ROWS, 5.0),
            "source_id": np.zeros(ROWS, np.int64),
        }
    )


def timed(name: str, work: Callable[[], pa.Table]) -> None:
    taken = []
    for _ in range(5):
        start = time.perf_counter()
        found = work()
        taken.append(time.perf_counter() - start)
    print(
        f"{name:34} {found.num_rows:>9} rows   "
        f"first {taken[0] * 1e3:7.1f} ms   best {min(taken) * 1e3:7.1f} ms"
    )


def main() -> None:
    rng = np.random.default_rng(7)
    with tempfile.TemporaryDirectory() as place:
        log = Log.create(Path(place) / "store")
        with log.writer(background=False) as writer:
            for at in range(COMMITS):
                writer.append(batch(at, rng))
                if at % 20 == 19:
                    head = writer.tick()
        timed("journal only, 100 commits", lambda: log.read("BTC", head))
        with log.writer(background=False) as writer:
            start = time.perf_counter()
            writer.flush()
            print(f"flush of a million rows            {time.perf_counter() - start:.2f} s")
        timed("flushed", lambda: log.read("BTC", head))
        start = time.perf_counter()
        log.compact(grace_us=-1)
        print(f"compaction                         {time.perf_counter() - start:.2f} s")
        timed("compacted", lambda: log.read("BTC", head))
        timed("one field", lambda: log.read("BTC", head, fields=["mark_price"]))
        day = START + 10 * 86_400_000_000
        timed(
            "one day", lambda: log.read("BTC", head, event_from=day, event_to=day + 86_400_000_000)
        )
        fresh = time.perf_counter()
        Log.open(log.path).read("BTC", head)
        print(f"open and read, new handle          {(time.perf_counter() - fresh) * 1e3:.1f} ms")


if __name__ == "__main__":
    main()
