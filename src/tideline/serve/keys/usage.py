"""How often each key was used, by day (UTC): counted in memory, written every few seconds."""

from __future__ import annotations

import sqlite3
import threading

import msgspec

from tideline.domain.time import DAY, Clock, format_time
from tideline.serve.keys.ring import KeyRing

WRITE_S = 2.0


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
        self._written = clock.monotonic()

    def count(self, key_id: int, *, refused: bool = False) -> None:
        """One request of a key."""
        day = int(self._clock.now()) // DAY
        with self._lock:
            self._counts.setdefault((key_id, day), [0, 0])[refused] += 1
        if self._clock.monotonic() - self._written > WRITE_S:
            self.write()

    def write(self) -> None:
        """Add what was counted to the file."""
        with self._lock:
            counts, self._counts = self._counts, {}
            self._written = self._clock.monotonic()
        if not counts:
            return
        rows = [(key, day, *both) for (key, day), both in counts.items()]

        def add(db: sqlite3.Connection) -> None:
            db.executemany(
                "INSERT INTO usage VALUES (?, ?, ?, ?) ON CONFLICT (key, day) DO UPDATE SET"
                " requests = requests + excluded.requests, refused = refused + excluded.refused",
                rows,
            )

        self._ring.query(add)

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
