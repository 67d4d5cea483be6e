"""A writer's life, run as a child: create, append, flush, compact, close, open again, go on.

Prints ``ACK <seq>`` after each acknowledged append. What commit number n holds follows from n.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa

from tests.log.rows import DAY, T0, rows
from tideline.domain.time import ManualClock, WallClock
from tideline.log import ImportRecord, Log, Source, table
from tideline.log.compaction import compact, shrink, vacuum

ASSETS = ("BTC", "ETH")


def commit_rows(n: int) -> pa.Table:
    """The rows of commit n (from 1): 3 to 12 of them, over two assets and two months."""
    count = 3 + n * 7 % 10
    events = [T0 + (n * 13 + i * 17) % 59 * DAY + n for i in range(count)]
    values = [n + i / 100 for i in range(count)]
    return rows(events, values, asset=[ASSETS[(n + i) % 2] for i in range(count)])


@cache
def expected(n: int) -> dict[str, list[float]]:
    """The values of commit n by asset, sorted."""
    found: dict[str, list[float]] = {asset: [] for asset in ASSETS}
    for row in commit_rows(n).to_pylist():
        found[row["asset"]].append(row["value"])
    return {asset: sorted(values) for asset, values in found.items()}


def say(text: str) -> None:
    os.write(1, f"{text}\n".encode())


def live(path: Path, seed: int, commits: int, *, forever: bool = False) -> None:
    """Everything a writer does, in an order drawn from ``seed``."""
    rng = np.random.default_rng(seed)
    table.CHECKPOINT_EVERY = 3
    clock = WallClock() if forever else ManualClock(T0 + 100 * DAY)
    log = Log.open_or_create(path, clock)
    commit_rows(1)  # pyarrow loads late what it needs; not the moments to be killed in
    say("OPEN")
    done = 0
    while forever or done < commits:
        with log.writer(background=False) as writer:
            writer.query(lambda db: db.execute("PRAGMA wal_autocheckpoint=20").fetchall())
            for _ in range(int(rng.integers(3, 9))):
                n = writer.state.last_seq + 1
                free = writer.next_source()
                source = Source(source_id=free, kind="test", name=str(n))
                record = ImportRecord(kind="test", name=str(n), sha256="")
                commit = writer.append(commit_rows(n), [source], [record])
                assert commit.seq == n
                say(f"ACK {n}")
                done += 1
                if isinstance(clock, ManualClock):
                    clock.advance(1000)
                step = rng.random()
                if step < 0.3:
                    writer.flush()
                if step < 0.12:
                    compact(writer)
                if step < 0.06:
                    vacuum(writer, grace_us=-1)
                    shrink(writer)
                if step > 0.8:
                    writer.tick()
    log.close()


if __name__ == "__main__":
    sys.modules["pandas"] = None  # type: ignore[assignment]  # pyarrow would load it: slow
    live(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), forever=len(sys.argv) > 4)
