"""A writer's life, run as a child: create, append, flush, compact, close, open again, go on.

Prints ``ACK <seq>`` after each acknowledged append. What commit number n holds follows from n.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tests.log.rows import DAY, T0, rows
from tideline.domain.time import ManualClock, WallClock
from tideline.log import DiskFiles, ImportRecord, Log, Source, journal, table
from tideline.log.compaction import compact, shrink, vacuum
from tideline.log.table import TableFiles

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


def _unsynced_journal() -> None:
    """SQLite acknowledges before its log is on the disk."""
    real = journal.connect

    def connect(path: Path, *, writing: bool) -> sqlite3.Connection:
        db = real(path, writing=writing)
        if writing:
            db.execute("PRAGMA synchronous=OFF")
        return db

    journal.connect = connect


def _unsynced_files() -> None:
    """New files are renamed and listed, never fsynced."""
    DiskFiles.write_new = lambda self, path, data: (  # type: ignore[method-assign]
        path.unlink(missing_ok=True),
        path.write_bytes(data),
    )[0]


def _unsynced_names() -> None:
    """Directories are never fsynced."""
    DiskFiles.fsync_dir = lambda self, path: None  # type: ignore[method-assign]


def _early_forgetting() -> None:
    """The journal lets go of rows before the table has them."""
    real = TableFiles.commit

    def commit(self: TableFiles, version: int, *args: Any, **more: Any) -> int:
        with sqlite3.connect(self._layout.journal) as db:
            db.execute("DELETE FROM batches WHERE seq <= ?", (more["seq"],))
        db.close()
        return real(self, version, *args, **more)

    TableFiles.commit = commit  # type: ignore[method-assign]


PLANTED = {
    "unsynced journal": _unsynced_journal,
    "unsynced files": _unsynced_files,
    "unsynced names": _unsynced_names,
    "early forgetting": _early_forgetting,
}


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


class _NoPandas:
    """pyarrow loads pandas when it finds it: a second that these children do not have."""

    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        if name == "pandas":
            raise ImportError(name)


if __name__ == "__main__":
    sys.meta_path.insert(0, _NoPandas)  # type: ignore[arg-type]
    planted = sys.argv[4] if len(sys.argv) > 4 else ""
    if planted in PLANTED:
        PLANTED[planted]()
    live(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), forever=planted == "forever")
