"""Making an empty store: everything durable first, ``store.json`` last, so that a store exists
whole or not at all."""

from __future__ import annotations

import sqlite3

from tideline.domain.errors import BadInput, StoreDamaged
from tideline.domain.time import Clock
from tideline.log import journal
from tideline.log.files import Files
from tideline.log.layout import Layout, write_identity
from tideline.log.table import TableFiles


def create_store(layout: Layout, files: Files, clock: Clock) -> None:
    """Put an empty store at ``layout.root``. What an interrupted creation left is replaced.

    Raises:
        BadInput: there is a store already, or a directory with other things in it.
        StoreDamaged: there are rows, but no store.json.
    """
    _clear_unfinished(layout, files)
    files.mkdir(layout.root)
    TableFiles(layout, files).create()
    journal.create(layout.journal)
    files.fsync(layout.journal)
    for mark in (layout.acked, layout.served, layout.kept_from):
        files.write_new(mark, bytes(1024))
    for lock in (layout.lock, layout.pins):
        files.write_new(lock, b"")
    files.fsync_dir(layout.root)
    write_identity(layout, files, clock.now())


def _clear_unfinished(layout: Layout, files: Files) -> None:
    """Refuse to create over anything but the remains of an interrupted creation."""
    if not layout.root.exists():
        return
    if not layout.root.is_dir():
        raise BadInput("store", str(layout.root), "is a file, not a directory")
    names = {path.name for path in layout.root.iterdir()}
    if "store.json" in names:
        raise BadInput("store", str(layout.root), "is a tideline store already")
    ours = {"journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm", "store.json.new"}
    ours |= {
        "table",
        "acked",
        "served",
        "writer.lock",
        "journal.sqlite-journal",
        "kept_from",
        "pins",
    }
    if names - ours:
        other = sorted(names - ours)[0]
        raise BadInput("store", str(layout.root), f"holds other things ({other})")
    if _has_rows(layout):
        raise StoreDamaged(f"{layout.root} holds rows, but its store.json is missing")
    for name in sorted(names - {"table"}):
        files.unlink(layout.root / name)
    for path in sorted((layout.root / "table").rglob("*"), reverse=True):
        if path.is_dir():
            path.rmdir()
        else:
            files.unlink(path)


def _has_rows(layout: Layout) -> bool:
    """Did anything ever get into what lies here without a store.json?"""
    if any(layout.table.glob("asset=*")):
        return True
    try:
        db = journal.connect(layout.journal, writing=False)
        try:
            return journal.get_state(db).last_seq > 0
        finally:
            db.close()
    except (sqlite3.DatabaseError, StoreDamaged):
        return False
