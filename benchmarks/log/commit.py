"""A 10 k-row commit: how long until it is durable. With one leg, with 300, and while flushing.

python benchmarks/log/commit.py
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from tideline.log import FlushPolicy, Log

TS = pa.timestamp("us", "UTC")
ROWS, COMMITS = 10_000, 200
START = 1_767_225_600_000_000


def batch(at: int, legs: int, rng: np.random.Generator) -> pa.Table:
    """Live rows of ``legs`` legs, interleaved: assets x venues x three fields."""
    leg = np.arange(ROWS) % legs
    fields = np.array(["open_interest", "open_interest_usd", "mark_price"])
    venues = np.array(["binance", "bybit", "okx", "hyperliquid"])
    coins = np.array([f"C{n:03d}" for n in range(100)])
    asset = coins[leg // 12 % 100]
    event = START + (at * ROWS + np.arange(ROWS)) // legs * 1_000_000
    return pa.table(
        {
            "asset": asset,
            "venue": venues[leg // 3 % 4],
            "instrument": np.char.add(asset.astype(str), "USDT"),
            "field": fields[leg % 3],
            "event_time": pa.array(event).cast(TS),
            "known_time": pa.nulls(ROWS, TS),
            "value": np.round(rng.normal(70_000, 500, ROWS), 3),
            "basis": ["recorded"] * ROWS,
            "status": ["ok"] * ROWS,
            "cadence_s": np.full(ROWS, 1.0),
            "source_id": np.zeros(ROWS, np.int64),
        }
    )


def measure(name: str, legs: int, *, background: bool) -> None:
    rng = np.random.default_rng(7)
    batches = [batch(at, legs, rng) for at in range(COMMITS)]
    policy = FlushPolicy(rows=400_000, compact_above=0)
    with tempfile.TemporaryDirectory() as place:
        log = Log.create(Path(place) / "store")
        taken = []
        with log.writer(background=background, policy=policy) as writer:
            for each in batches:
                start = time.perf_counter()
                writer.append(each)
                taken.append((time.perf_counter() - start) * 1e3)
                if background:
                    time.sleep(0.02)
    p50, p99 = np.percentile(taken, [50, 99])
    rate = ROWS / np.mean(taken) * 1e3
    print(f"{name:34} p50 {p50:6.2f} ms   p99 {p99:6.2f} ms   {rate:>10,.0f} rows/s")


if __name__ == "__main__":
    measure("3 legs", 3, background=False)
    measure("300 legs", 300, background=False)
    measure("300 legs, ticking and flushing", 300, background=True)
