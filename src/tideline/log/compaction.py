"""Fewer, larger files: one sorted file for each asset and month. No answer changes.

The swap is one Delta commit that says it changes no data, then one journal transaction. The old
files stay on disk for a grace period, so that a reader in another process that has just listed
them still finds them.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from pathlib import Path

import pyarrow as pa

from tideline.domain.time import HOUR
from tideline.log.layout import Layout
from tideline.log.lock import pinned
from tideline.log.part import Part, decode_part, digest_of, encode_part
from tideline.log.writer import Writer, void

GRACE_US = HOUR
BATCH_ROWS = 4_000_000


def compact(writer: Writer, *, above: int = 1) -> int:
    """Merge the files of every asset and month that has more than ``above``; returns files gone.

    A file that does not match its checksum keeps its group as it is.
    """
    gone = 0
    with writer.table_lock:
        pending: list[tuple[Part, list[Part]]] = []
        rows = 0
        for group in _crowded(writer.parts(), above):
            merged = _merge(writer, group)
            if merged is None:
                continue
            pending.append((merged, group))
            rows += merged.rows
            if rows >= BATCH_ROWS or len(pending) >= 64:
                gone += _swap(writer, pending)
                pending, rows = [], 0
        gone += _swap(writer, pending)
    return gone


def crowded(writer: Writer, above: int) -> bool:
    """Is there an asset and month with more than ``above`` files?"""
    return bool(_crowded(writer.parts(), above))


def vacuum(writer: Writer, *, grace_us: int = GRACE_US) -> int:
    """Delete files that left the table more than ``grace_us`` ago, and orphans of a crash.

    Does nothing while a backup holds the store. Returns the files deleted.
    """
    with writer.table_lock, pinned(writer.layout, alone=True) as alone:
        if not alone or writer.table.version() != writer.state.version:
            return 0
        limit = writer.clock.now() - grace_us
        ask = "SELECT path, since FROM garbage"
        waiting = dict(writer.query(lambda db: db.execute(ask).fetchall()))
        old = [path for path, since in waiting.items() if since <= limit]
        kept = {part.path for part in writer.parts()} | set(waiting)
        orphans = [path for path in _on_disk(writer.layout) if path not in kept]
        for path in (*old, *orphans):
            writer.files.unlink(writer.layout.table / path)
        if old:
            forget = "DELETE FROM garbage WHERE path = ?"
            writer.note(lambda db: void(db.executemany(forget, [(path,) for path in old])))
        _trim_log(writer, limit)
        return len(old) + len(orphans)


def shrink(writer: Writer) -> None:
    """Give the journal's free pages back to the file system."""

    def work(db: sqlite3.Connection) -> None:
        db.executescript("PRAGMA incremental_vacuum")  # a plain execute frees a single page
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    writer.query(work)


def _crowded(parts: list[Part], above: int) -> list[list[Part]]:
    groups: dict[tuple[str, str], list[Part]] = defaultdict(list)
    for part in parts:
        groups[part.asset, part.month].append(part)
    return [group for group in groups.values() if len(group) > above]


def _merge(writer: Writer, group: list[Part]) -> Part | None:
    tables = []
    for part in group:
        try:
            body = writer.files.read(writer.layout.table / part.path)
        except OSError:
            return None
        if digest_of(body) != part.digest:
            return None
        tables.append(decode_part(body))
    rows = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    merged, body = encode_part(rows, group[0].asset, group[0].month)
    writer.table.write(merged, body)
    return merged


def _swap(writer: Writer, pending: list[tuple[Part, list[Part]]]) -> int:
    if not pending:
        return 0
    adds = [merged for merged, _ in pending]
    removes = [part for _, group in pending for part in group]
    writer.table.sync_names(adds)
    version = writer.commit_table(adds, removes, writer.state.flushed)
    writer.swap_parts(adds, removes, version)
    return len(removes)


def _on_disk(layout: Layout) -> list[str]:
    found = layout.table.glob("asset=*/month=*/*.parquet")
    return sorted(str(path.relative_to(layout.table)) for path in found)


def _trim_log(writer: Writer, limit: int) -> None:
    """Drop the table's log entries that a checkpoint older than the grace period stands for."""
    log = writer.layout.delta_log
    entries = [path for path in log.iterdir() if path.name[:20].isdigit()]
    settled = [path for path in entries if ".checkpoint" in path.name and _age(path) <= limit]
    if not settled:
        return
    newest = max(int(path.name[:20]) for path in settled)
    for path in entries:
        if int(path.name[:20]) < newest:
            writer.files.unlink(path)


def _age(path: Path) -> int:
    return path.stat().st_mtime_ns // 1000
