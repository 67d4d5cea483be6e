"""How often each key was used, by day (UTC): counted in memory, written every few seconds."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import suppress

import msgspec

from tideline.domain.time import DAY, Clock, format_time
from tideline.serve.keys.ring import KeyRing

WRITE_S = 2.0
_ADD = (
    "INSERT INTO usage VALUES (?, ?, ?, ?) ON CONFLICT (key, day) DO UPDATE SET"
    " requests = requests + excluded.requests, refused = refused + excluded.refused"
)


class DayUsage(msgspec.Struct, frozen=True):
    """One key and day: requests that were let in, and those refused for want of a token."""

    key: str
    owner: str
    day: str
    requests: int
    refused: int


class Usage:
    """Counts of one process; what several write is added up in the ring's file."""

    def __init__(self, ring: KeyRing, clock: Clock) -> None:
        self._ring, self._clock, self._lock = ring, clock, threading.Lock()
        self._counts: dict[tuple[int, int], list[int]] = {}
        self._db, self._writing = ring.connect(), threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Write every few seconds, in a thread: nobody waits for the disk."""
        self._thread = threading.Thread(target=self._run, name="usage", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Write what is left."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=5.0)
        self.write()
        self._db.close()

    def count(self, key_id: int, *, refused: bool = False) -> None:
        """One request of a key."""
        day = int(self._clock.now()) // DAY
        with self._lock:
            self._counts.setdefault((key_id, day), [0, 0])[refused] += 1

    def write(self) -> None:
        """Add what was counted to the file."""
        with self._writing:
            with self._lock:
                counts, self._counts = self._counts, {}
            try:
                rows = [(key, day, *both) for (key, day), both in counts.items()]
                if rows:
                    self._db.execute("BEGIN IMMEDIATE")
                    self._db.executemany(_ADD, rows)
                    self._db.execute("COMMIT")
            except sqlite3.Error:
                self._keep(counts)
                raise

    def _keep(self, counts: dict[tuple[int, int], list[int]]) -> None:
        """What could not be written is counted on."""
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")
        with self._lock:
            for key, (let_in, refused) in counts.items():
                mine = self._counts.setdefault(key, [0, 0])
                mine[0] += let_in
                mine[1] += refused

    def _run(self) -> None:
        while not self._stopping.wait(WRITE_S):
            with suppress(sqlite3.Error):  # a full disk: tried again with the next
                self.write()

    def read(self, key_id: int | None = None) -> list[DayUsage]:
        """What was written, newest day first; of one key or of all."""
        return read_usage(self._ring, key_id)


def read_usage(ring: KeyRing, key_id: int | None = None) -> list[DayUsage]:
    """What all processes have written, newest day first; of one key or of all."""
    ask = (
        "SELECT keys.prefix, owners.name, day, requests, refused FROM usage"
        " JOIN keys ON keys.id = usage.key JOIN owners ON owners.id = keys.owner"
        " WHERE ? IS NULL OR usage.key = ? ORDER BY day DESC, keys.id"
    )
    rows = ring.query(lambda db: db.execute(ask, (key_id, key_id)).fetchall())
    return [
        DayUsage(key, owner, format_time(day * DAY)[:10], *both) for key, owner, day, *both in rows
    ]
