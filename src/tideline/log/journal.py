"""The journal: SQLite in WAL mode with synchronous=FULL. Its commit IS the acknowledgement.

    commits   one row per commit for ever: seq, known_time, rows, checksum, assets
    batches   the rows of a commit until the table has them
    parts     the files of the table, as of the last flush or compaction
    garbage   files that left the table and wait for the last reader
    legs, sources, imports, retentions, damage
    state     one row: last commit, head, what was flushed, the retention horizon

Everything but ``batches`` carries a checksum of its own, for SQLite has none.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from tideline.domain.errors import StoreDamaged

SCHEMA = """
CREATE TABLE state (id INTEGER PRIMARY KEY CHECK (id = 1), body BLOB NOT NULL, sum BLOB NOT NULL);
CREATE TABLE commits (seq INTEGER PRIMARY KEY, known_time INTEGER NOT NULL, rows INTEGER NOT NULL,
  sum BLOB NOT NULL, assets TEXT NOT NULL);
CREATE TABLE batches (seq INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE parts (path TEXT PRIMARY KEY, asset TEXT NOT NULL, body BLOB NOT NULL,
  sum BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX parts_by_asset ON parts (asset);
CREATE TABLE garbage (path TEXT PRIMARY KEY, since INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE legs (asset TEXT, venue TEXT, instrument TEXT, field TEXT, body BLOB NOT NULL,
  sum BLOB NOT NULL, PRIMARY KEY (asset, venue, instrument, field)) WITHOUT ROWID;
CREATE TABLE sources (id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, body BLOB NOT NULL,
  sum BLOB NOT NULL);
CREATE TABLE imports (id INTEGER PRIMARY KEY, body BLOB NOT NULL, sum BLOB NOT NULL);
CREATE TABLE retentions (id INTEGER PRIMARY KEY, body BLOB NOT NULL, sum BLOB NOT NULL);
CREATE TABLE damage (id INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL,
  detail TEXT NOT NULL);
"""


class State(msgspec.Struct, frozen=True):
    """The one row that says where the log stands. Times in µs; ``flushed``: last seq in the table.

    ``version`` is the Delta version that the list of files mirrors; ``parts`` and ``legs`` count
    their records, so that a lost one is noticed.
    """

    last_seq: int = 0
    head: int = 0
    flushed: int = 0
    horizon: int = 0
    version: int = 0
    parts: int = 0
    next_source: int = 1
    legs: int = 0
    checkpoint: int = 0


def short_sum(body: bytes) -> bytes:
    """8 bytes that notice damage of a small record."""
    return hashlib.blake2b(body, digest_size=8).digest()


def connect(path: Path, *, writing: bool) -> sqlite3.Connection:
    """A connection of the one writer, or one that can only read.

    A reader never checkpoints, so that one connection alone moves pages into the file.
    """
    if writing:
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        db.execute("PRAGMA synchronous=FULL")
        db.execute("PRAGMA wal_autocheckpoint=4000")
    else:
        settled = not path.with_name(f"{path.name}-wal").exists()
        fixed = settled and not os.access(path.parent, os.W_OK)  # a read-only mount or directory
        mode = "ro&immutable=1" if fixed else "ro"
        uri = f"{path.absolute().as_uri()}?mode={mode}"
        db = sqlite3.connect(
            uri, uri=True, isolation_level=None, check_same_thread=False, timeout=10
        )
    db.execute("PRAGMA cell_size_check=ON")
    return db


def create(path: Path) -> None:
    """A new empty journal, checkpointed into its file."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA auto_vacuum=INCREMENTAL")
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.executescript(f"BEGIN;{SCHEMA}COMMIT;")
    with transaction(db):
        put_state(db, State())
    db.close()


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All or nothing, durable when it ends."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


@contextmanager
def snapshot(db: sqlite3.Connection) -> Iterator[None]:
    """Several reads of one moment."""
    db.execute("BEGIN")
    try:
        yield
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")


def put_state(db: sqlite3.Connection, state: State) -> None:
    body = msgspec.json.encode(state)
    db.execute("INSERT OR REPLACE INTO state VALUES (1, ?, ?)", (body, short_sum(body)))


def get_state(db: sqlite3.Connection) -> State:
    """Where the log stands.

    Raises:
        StoreDamaged: the row is missing or does not match its checksum.
    """
    row = db.execute("SELECT body, sum FROM state WHERE id = 1").fetchone()
    if row is None or not isinstance(row[0], bytes) or short_sum(row[0]) != row[1]:
        raise StoreDamaged("the journal's state row does not match its checksum")
    return msgspec.json.decode(row[0], type=State)


def bodies(
    db: sqlite3.Connection, table: str, where: str = "", values: tuple[Any, ...] = ()
) -> list[bytes]:
    """The checked records of ``table`` in key order.

    Raises:
        StoreDamaged: names the table.
    """
    found = []
    for body, checksum in db.execute(f"SELECT body, sum FROM {table} {where}", values):  # noqa: S608
        if not isinstance(body, bytes) or short_sum(body) != checksum:
            raise StoreDamaged(f"a record of {table} does not match its checksum")
        found.append(body)
    return found
