"""A copy of a store, of one moment, while the writer goes on writing; and back again.

1. hold the files in place        nothing is deleted until the copy is done
2. copy the journal               SQLite's own online copy: one snapshot
3. copy the files it lists, and the table's log up to the version it mirrors
4. store.json last                a copy that was cut off is no store
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from tideline.domain.errors import BadInput, StoreDamaged
from tideline.log import journal
from tideline.log.layout import Layout
from tideline.log.lock import pinned
from tideline.log.part import digest_of
from tideline.log.view import load_parts

if TYPE_CHECKING:
    from tideline.log.log import Log


def backup(log: Log, target: Path) -> int:
    """Copy the store to ``target``, which must not exist or be empty; returns the bytes copied.

    Raises:
        BadInput: there is something at the target.
        StoreDamaged: a file does not match its checksum; nothing usable is left at the target.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BadInput("target", str(target), "exists and is not an empty directory")
    files, source, copy = log.files, log.layout, Layout(target)
    files.mkdir(target)
    with pinned(source, alone=False):
        state = _copy_journal(source, copy)
        db = journal.connect(copy.journal, writing=True)
        try:
            parts = load_parts(db, state)
        finally:
            db.close()
        total = 0
        for part in parts:
            body = files.read(source.table / part.path)
            if digest_of(body) != part.digest:
                raise StoreDamaged(f"table/{part.path} does not match its checksum")
            total += _put(log, copy.table / part.path, body)
        total += _copy_table_log(log, copy, state.version)
        for folder in sorted({(copy.table / part.path).parent for part in parts}):
            files.fsync_dir(folder)
    for name in ("acked", "served", "kept_from"):
        files.write_new(target / name, bytes(1024))
    served = log.files.read(source.served)
    files.write_new(copy.served, served)
    files.write_new(copy.kept_from, files.read(source.kept_from))
    for lock in (copy.lock, copy.pins):
        files.write_new(lock, b"")
    files.fsync(copy.journal)
    files.fsync_dir(target)
    files.write_new(copy.identity, files.read(source.identity))
    files.fsync_dir(target)
    return total + copy.journal.stat().st_size


def _copy_journal(source: Layout, copy: Layout) -> journal.State:
    try:
        db = journal.connect(source.journal, writing=False)
        other = sqlite3.connect(copy.journal, isolation_level=None)
        try:
            db.backup(other)
            other.execute("PRAGMA journal_mode=WAL").fetchall()
            return journal.get_state(other)
        finally:
            other.close()
            db.close()
    except sqlite3.DatabaseError as error:
        raise StoreDamaged(f"journal.sqlite: {error}") from error


def _copy_table_log(log: Log, copy: Layout, version: int) -> int:
    log.files.mkdir(copy.delta_log)
    total = 0
    for path in sorted(log.layout.delta_log.iterdir()):
        if path.name[:20].isdigit() and int(path.name[:20]) <= version:
            total += _put(log, copy.delta_log / path.name, log.files.read(path))
    log.files.fsync_dir(copy.delta_log)
    return total


def _put(log: Log, path: Path, body: bytes) -> int:
    log.files.mkdir(path.parent)
    log.files.write_new(path, body)
    return len(body)
