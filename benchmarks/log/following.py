"""From the commit in one process to the follower in another.

python benchmarks/log/following.py
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from tideline.domain.time import WallClock
from tideline.log import Log

TS = pa.timestamp("us", "UTC")
COMMITS = 200
CHILD = """
import sys
import pyarrow
from tideline.domain.time import WallClock
from tideline.log import Log
clock, log = WallClock(), Log.open(sys.argv[1])
pyarrow.array([1])  # loads what it loads late
print("ready", flush=True)
for commit in log.follow(0, idle_s=20):
    print(commit.seq, clock.now(), commit.table.num_rows, flush=True)
    if commit.seq == int(sys.argv[2]):
        break
"""


def batch(at: int) -> pa.Table:
    n = 300
    return pa.table(
        {
            "asset": ["BTC"] * n,
            "venue": ["binance"] * n,
            "instrument": ["BTCUSDT"] * n,
            "field": ["open_interest"] * n,
            "event_time": pa.array(np.full(n, 1_767_225_600_000_000 + at)).cast(TS),
            "known_time": pa.nulls(n, TS),
            "value": np.arange(n, dtype=float),
            "basis": ["recorded"] * n,
            "status": ["ok"] * n,
            "cadence_s": np.full(n, 1.0),
            "source_id": np.zeros(n, np.int64),
        }
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        log = Log.create(Path(place) / "store")
        command = [sys.executable, "-c", CHILD, str(log.path), str(COMMITS)]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None and child.stdout.readline() == "ready\n"
        done, clock = {}, WallClock()
        with log.writer() as writer:
            for at in range(COMMITS):
                commit = writer.append(batch(at))
                done[commit.seq] = clock.now()
                time.sleep(0.02)
        late = []
        for line in child.stdout:
            seq, seen, _ = line.split()
            late.append((int(seen) - done[int(seq)]) / 1e3)
        child.wait()
    p50, p99 = np.percentile(late, [50, 99])
    print(f"{len(late)} commits   p50 {p50:.1f} ms   p99 {p99:.1f} ms   worst {max(late):.1f} ms")


if __name__ == "__main__":
    main()
