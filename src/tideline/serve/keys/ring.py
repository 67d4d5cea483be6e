"""The keys of a service, in a SQLite file of their own, only ever as SHA-256.

Any process may read and write it. What a lookup found is believed for a second, so a key revoked in
one process is refused by all of them well within five.
"""

from __future__ import annotations

import hmac
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import msgspec

from tideline.domain.errors import BadInput, UnknownName
from tideline.domain.time import DAY, SECOND, Clock
from tideline.serve.caller import Caller
from tideline.serve.keys.key import MARK, Key, digest_of, new_key, read_key
from tideline.settings import PLANS, Plan, plan_named

T = TypeVar("T")

BELIEVED_S = 1.0
MOST_DAYS = 3660
_NO_DIGEST = bytes(32)

SCHEMA = """
CREATE TABLE IF NOT EXISTS owners (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS keys (id INTEGER PRIMARY KEY, prefix TEXT NOT NULL UNIQUE,
  digest BLOB NOT NULL, owner INTEGER NOT NULL REFERENCES owners(id), plan TEXT NOT NULL,
  created INTEGER NOT NULL, expires INTEGER, revoked INTEGER);
CREATE TABLE IF NOT EXISTS usage (key INTEGER NOT NULL, day INTEGER NOT NULL,
  requests INTEGER NOT NULL, refused INTEGER NOT NULL, PRIMARY KEY (key, day)) WITHOUT ROWID;
"""


class KeyRecord(msgspec.Struct, frozen=True):
    """A key as listed: everything but the key. Times in µs UTC."""

    key_id: int
    prefix: str
    owner_id: int
    owner: str
    plan: str
    created: int
    expires: int | None
    revoked: int | None

    def valid(self, now: int) -> bool:
        """Neither revoked nor expired at ``now``."""
        gone = self.revoked is not None and self.revoked <= now
        return not gone and (self.expires is None or now < self.expires)


class _Found(msgspec.Struct, frozen=True):
    record: KeyRecord
    digest: bytes
    looked: float


class KeyRing:
    """The file of keys."""

    def __init__(self, path: Path, clock: Clock, plans: tuple[Plan, ...] = PLANS) -> None:
        self._path, self._clock, self.plans = path, clock, plans
        self._lock = threading.Lock()
        self._believed: dict[str, _Found | None] = {}
        self._swept = clock.monotonic()
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        self._db = self.connect()
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.executescript(SCHEMA)

    def connect(self) -> sqlite3.Connection:
        """A further connection to the file: one that waits for the disk delays no look-up."""
        db = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=5)
        db.execute("PRAGMA synchronous=FULL")
        return db

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def query(self, ask: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``ask`` on the file, alone in this process."""
        with self._lock:
            return ask(self._db)

    def caller(self, text: str) -> Caller | None:
        """Whose key ``text`` is; None for whatever is not a key that is valid now.

        The same work is done for a key that is not there as for one that is.
        """
        key = read_key(text)
        if key is None:
            return None
        found = self._find(key.prefix)
        kept = found.digest if found else _NO_DIGEST
        same = hmac.compare_digest(digest_of(key), kept)
        if not found or not same or not found.record.valid(self._clock.now()):
            return None
        record = found.record
        plan = plan_named(record.plan, self.plans)
        return Caller(
            owner=record.owner,
            plan=plan,
            key_id=record.key_id,
            owner_id=record.owner_id,
            plan_id=self.plans.index(plan),
            prefix=record.prefix,
        )

    def still_valid(self, caller: Caller) -> bool:
        """Has the caller's key neither been revoked nor expired since? For open streams."""
        found = self._find(caller.prefix)
        return found is not None and found.record.valid(self._clock.now())

    def create(self, owner: str, plan: str, days: float | None = None) -> tuple[Key, KeyRecord]:
        """A new key; its text can be shown now and never again.

        Raises:
            BadInput, UnknownName: an owner, plan or span that cannot be.
        """
        plan_named(plan, self.plans)
        name = _owner(owner)
        if days is not None and not 0 < days <= MOST_DAYS:
            raise BadInput("days", days, f"is not above 0 and up to {MOST_DAYS}", "14")
        now = int(self._clock.now())
        expires = None if days is None else now + round(days * DAY)
        return self._add(name, plan, now, expires)

    def revoke(self, prefix: str) -> KeyRecord:
        """From now on the key is refused; everywhere within seconds.

        Raises:
            UnknownName: no key of that prefix.
        """
        record = self.record(prefix)
        if record.revoked is None:
            now = int(self._clock.now())
            self.query(
                lambda db: db.execute(
                    "UPDATE keys SET revoked = ? WHERE id = ?", (now, record.key_id)
                )
            )
            self._believed.pop(record.prefix, None)
        return self.record(prefix)

    def rotate(self, prefix: str, grace_s: float = 0.0) -> tuple[Key, KeyRecord]:
        """A new key of the same owner, plan and end; the old one is refused after ``grace_s``.

        Raises:
            UnknownName: no key of that prefix.
            BadInput: the key is not valid any more.
        """
        old = self.record(prefix)
        now = int(self._clock.now())
        if not old.valid(now):
            raise BadInput("key", prefix, "is revoked or expired", "tideline keys create")
        made = self._add(old.owner, old.plan, now, old.expires)
        until = now + round(grace_s * SECOND)
        self.query(
            lambda db: db.execute("UPDATE keys SET revoked = ? WHERE id = ?", (until, old.key_id))
        )
        self._believed.pop(old.prefix, None)
        return made

    def records(self) -> list[KeyRecord]:
        """Every key ever made, oldest first."""
        return [record for record, _ in self._select("", ())]

    def record(self, prefix: str) -> KeyRecord:
        """One key by its prefix, with or without ``fk_live_``.

        Raises:
            UnknownName: no such key; names the nearest.
        """
        wanted = prefix.removeprefix(MARK)[:8]
        found = self._select("WHERE keys.prefix = ?", (wanted,))
        if not found:
            raise UnknownName("key", prefix, [record.prefix for record in self.records()])
        return found[0][0]

    def any_valid(self) -> bool:
        """Is there a key that opens anything now?"""
        now = self._clock.now()
        return any(record.valid(now) for record in self.records())

    def _add(self, owner: str, plan: str, now: int, expires: int | None) -> tuple[Key, KeyRecord]:
        key = new_key()

        def insert(db: sqlite3.Connection) -> None:
            db.execute("BEGIN IMMEDIATE")
            try:
                db.execute("INSERT OR IGNORE INTO owners (name) VALUES (?)", (owner,))
                (number,) = db.execute("SELECT id FROM owners WHERE name = ?", (owner,)).fetchone()
                db.execute(
                    "INSERT INTO keys (prefix, digest, owner, plan, created, expires)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    (key.prefix, digest_of(key), number, plan, now, expires),
                )
                db.execute("COMMIT")
            except BaseException:
                db.execute("ROLLBACK")
                raise

        self.query(insert)
        return key, self.record(key.prefix)

    def _find(self, prefix: str) -> _Found | None:
        now = self._clock.monotonic()
        if now - self._swept > BELIEVED_S:  # everything is looked at anew: no list grows
            self._believed.clear()
            self._swept = now
        elif prefix in self._believed:
            return self._believed[prefix]
        found = self._select("WHERE keys.prefix = ?", (prefix,))
        made = _Found(*found[0], now) if found else None
        self._believed[prefix] = made
        return made

    def _select(self, where: str, values: Iterable[object]) -> list[tuple[KeyRecord, bytes]]:
        ask = (
            "SELECT keys.id, prefix, owners.id, owners.name, plan, created, expires, revoked,"  # noqa: S608
            f" digest FROM keys JOIN owners ON owners.id = keys.owner {where} ORDER BY keys.id"
        )
        rows = self.query(lambda db: db.execute(ask, tuple(values)).fetchall())
        return [(KeyRecord(*row[:8]), row[8]) for row in rows]


def _owner(name: str) -> str:
    text = name.strip()
    if not 1 <= len(text) <= 64 or not text.isprintable():
        raise BadInput("owner", name, "is not a name of 1 to 64 printable characters", "desk")
    return text
