"""The book of alerts: one small SQLite file beside the store, written by every worker.

alerts      id, owner, and the alert as it was saved
progress    per alert and asset: evaluated up to where, firing or not, when it fired last
outbox      per event its body and how its delivery stands
channels    per alert: failures in a row, and why it was switched off

What was evaluated and what has to be told because of it are one transaction: after a crash either
both are there or neither, and an event that is evaluated again has the same id. Every commit is
on disk before it returns.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from tideline.serve.alerts.alert import Alert
from tideline.serve.alerts.episode import NEVER, Standing

FILE = "alerts.sqlite"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS alerts(
  id TEXT PRIMARY KEY, owner TEXT NOT NULL, created INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS alerts_by_owner ON alerts(owner, created);
CREATE TABLE IF NOT EXISTS progress(
  alert TEXT NOT NULL, asset TEXT NOT NULL, upto INTEGER NOT NULL, firing INTEGER NOT NULL,
  fired_at INTEGER NOT NULL, PRIMARY KEY(alert, asset)) STRICT;
CREATE TABLE IF NOT EXISTS outbox(
  event TEXT PRIMARY KEY, alert TEXT NOT NULL, as_of INTEGER NOT NULL, body BLOB NOT NULL,
  state TEXT NOT NULL, attempts INTEGER NOT NULL, due INTEGER NOT NULL, note TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS outbox_due ON outbox(state, due);
CREATE INDEX IF NOT EXISTS outbox_by_alert ON outbox(alert, as_of);
CREATE TABLE IF NOT EXISTS channels(
  alert TEXT PRIMARY KEY, failures INTEGER NOT NULL, disabled TEXT NOT NULL) STRICT;
"""


class Progress(NamedTuple):
    """Evaluated up to ``upto`` (µs, inclusive), and how it stands there."""

    upto: int
    standing: Standing


class Waiting(NamedTuple):
    """One event of the outbox whose delivery is due."""

    event: str
    alert: str
    body: bytes
    attempts: int


class Told(NamedTuple):
    """One event and how its delivery stands: pending, sending, sent or dead."""

    event: str
    as_of: int
    state: str
    attempts: int
    note: str


class Book:
    """Safe from any thread; any number of processes may have it open."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = directory / FILE
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # it holds secrets
        self._guard = threading.RLock()
        self._db = sqlite3.connect(
            path, timeout=10.0, isolation_level=None, check_same_thread=False
        )
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Let go of the file."""
        with self._guard:
            self._db.close()

    def add(self, alert: Alert, most: int, since: int) -> bool:
        """Save it, evaluated from ``since`` (µs) on; False if its owner has ``most`` of the plan
        already."""
        with self._writing() as db:
            ask = "SELECT body FROM alerts WHERE owner = ?"
            bodies = db.execute(ask, (alert.owner,)).fetchall()
            if sum(_alert(body).plan == alert.plan for (body,) in bodies) >= most:
                return False
            body = msgspec.json.encode(alert)
            row = (alert.id, alert.owner, alert.created, body)
            db.execute("INSERT INTO alerts VALUES(?, ?, ?, ?)", row)
            db.executemany(
                "INSERT INTO progress VALUES(?, ?, ?, 0, ?)",
                [(alert.id, asset, since, NEVER) for asset in alert.spec.assets],
            )
            db.execute("INSERT INTO channels VALUES(?, 0, '')", (alert.id,))
        return True

    def remove(self, alert: str) -> None:
        """Forget it, and what of it was still to be told."""
        with self._writing() as db:
            db.execute("DELETE FROM alerts WHERE id = ?", (alert,))
            db.execute("DELETE FROM progress WHERE alert = ?", (alert,))
            db.execute("DELETE FROM channels WHERE alert = ?", (alert,))
            db.execute("DELETE FROM outbox WHERE alert = ?", (alert,))

    def alerts(self, owner: str | None = None) -> list[Alert]:
        """All of an owner, or of everybody; oldest first."""
        ask, given = "SELECT body FROM alerts ORDER BY created, id", ()
        if owner is not None:
            ask = "SELECT body FROM alerts WHERE owner = ? ORDER BY created, id"
            return [_alert(body) for (body,) in self._read(ask, (owner,))]
        return [_alert(body) for (body,) in self._read(ask, given)]

    def alert(self, alert: str) -> Alert | None:
        """One of them."""
        found = self._read("SELECT body FROM alerts WHERE id = ?", (alert,))
        return _alert(found[0][0]) if found else None

    def progress(self) -> dict[tuple[str, str], Progress]:
        """How far every (alert, asset) was evaluated."""
        rows = self._read("SELECT alert, asset, upto, firing, fired_at FROM progress", ())
        return {
            (alert, asset): Progress(upto, Standing(bool(firing), fired))
            for alert, asset, upto, firing, fired in rows
        }

    def advance(
        self,
        alert: str,
        asset: str,
        before: Progress,
        after: Progress,
        events: Iterable[tuple[str, int, bytes]],
    ) -> bool:
        """Note what was evaluated and put its events (id, as_of, body) into the outbox, at once.

        False, and nothing is done, if somebody else evaluated meanwhile or the alert is gone.
        """
        with self._writing() as db:
            done = db.execute(
                "UPDATE progress SET upto = ?, firing = ?, fired_at = ?"
                " WHERE alert = ? AND asset = ? AND upto = ?",
                (after.upto, after.standing.firing, after.standing.fired_at, alert, asset,
                 before.upto),
            )  # fmt: skip
            if done.rowcount != 1:
                return False
            db.executemany(
                "INSERT INTO outbox VALUES(?, ?, ?, ?, 'pending', 0, 0, '')"
                " ON CONFLICT(event) DO NOTHING",
                [(event, alert, as_of, body) for event, as_of, body in events],
            )
        return True

    def reopen(self) -> int:
        """What was being sent when a process died is to be sent again; how many."""
        with self._writing() as db:
            return db.execute("UPDATE outbox SET state='pending' WHERE state='sending'").rowcount

    def take(self, now: int, most: int) -> list[Waiting]:
        """Up to ``most`` events that are due, now marked as being sent; their attempt counted."""
        with self._writing() as db:
            rows = db.execute(
                "SELECT event, alert, body, attempts FROM outbox JOIN channels USING(alert)"
                " WHERE state = 'pending' AND due <= ? AND disabled = '' ORDER BY as_of LIMIT ?",
                (now, most),
            ).fetchall()
            db.executemany(
                "UPDATE outbox SET state = 'sending', attempts = attempts + 1 WHERE event = ?",
                [(row[0],) for row in rows],
            )
        return [Waiting(event, alert, body, attempts + 1) for event, alert, body, attempts in rows]

    def settle(self, event: str, state: str, due: int, note: str) -> None:
        """How an attempt ended: sent, dead, or pending until ``due`` (µs)."""
        with self._writing() as db:
            db.execute(
                "UPDATE outbox SET state = ?, due = ?, note = ? WHERE event = ?",
                (state, due, note, event),
            )

    def fared(self, alert: str, taken: bool) -> int:
        """Count an attempt of a channel; failures in a row, this one included."""
        with self._writing() as db:
            change = "0" if taken else "failures + 1"
            db.execute(f"UPDATE channels SET failures = {change} WHERE alert = ?", (alert,))  # noqa: S608 - one of two literals
            found = db.execute("SELECT failures FROM channels WHERE alert = ?", (alert,)).fetchone()
        return int(found[0]) if found else 0

    def switch(self, alert: str, disabled: str) -> None:
        """Switch a channel off, saying why; on with an empty reason."""
        with self._writing() as db:
            db.execute(
                "UPDATE channels SET disabled = ?, failures = 0 WHERE alert = ?", (disabled, alert)
            )

    def disabled(self, alert: str) -> str:
        """Why its channel is off; empty: it is on."""
        found = self._read("SELECT disabled FROM channels WHERE alert = ?", (alert,))
        return str(found[0][0]) if found else ""

    def told(self, alert: str, most: int = 50) -> list[Told]:
        """Its newest events and how they were delivered."""
        ask = (
            "SELECT event, as_of, state, attempts, note FROM outbox WHERE alert = ?"
            " ORDER BY as_of DESC LIMIT ?"
        )
        return [Told(*row) for row in self._read(ask, (alert, most))]

    def forget(self, before: int) -> int:
        """Drop events settled and older than ``before`` (µs); how many."""
        with self._writing() as db:
            ask = "DELETE FROM outbox WHERE state IN ('sent', 'dead') AND as_of < ?"
            return db.execute(ask, (before,)).rowcount

    def _read(self, ask: str, given: tuple[object, ...]) -> list[Any]:
        with self._guard:
            return self._db.execute(ask, given).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._guard:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")


def _alert(body: bytes) -> Alert:
    return msgspec.json.decode(body, type=Alert)
