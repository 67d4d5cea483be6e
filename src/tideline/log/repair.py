"""Make a damaged store whole again, less what is lost: bad bytes aside, the loss by name.

journal unreadable   moved aside; a new one from what can be read, the table's log and the rows
table log unreadable moved aside; a new one from the journal's list of files
a damaged file       moved aside, leaves the table, its commits are written off
a damaged batch      moved aside when it is flushed
the leg index        counted again
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import msgspec

from tideline.log import batch, journal
from tideline.log.commit_times import CommitTimes
from tideline.log.journal import short_sum
from tideline.log.layout import read_identity, write_identity
from tideline.log.legs import Key, Leg, leg_columns, legs_of, merge, pack_leg
from tideline.log.lock import WriterLock
from tideline.log.marks import Mark
from tideline.log.part import Part, decode_part, digest_of
from tideline.log.reading import span_of
from tideline.log.records import unpack_source
from tideline.log.recovery import lost_tail, recover
from tideline.log.salvage import Salvaged, losses, records, salvage
from tideline.log.schema import int_times
from tideline.log.table import TableFiles
from tideline.log.verify import verify
from tideline.log.view import load_parts
from tideline.log.writer import Writer

if TYPE_CHECKING:
    from tideline.log.log import Log


_OF_THE_JOURNAL = {
    "damaged journal",
    "journal",
    "disorder",
    "lost rows",
    "stray rows",
}


def repair(log: Log) -> None:
    """Needs to be the writer.

    Raises:
        StoreBusy: another writer is active.
    """
    report = verify(log)
    if report.ok:
        return
    kinds = {finding.kind for finding in report.findings}
    lock = WriterLock(log.layout, log.files, log.clock)
    try:
        log.files.mkdir(log.layout.damaged)
        if read_identity(log.layout, log.files)[1]:
            _aside(log, "store.json")
            write_identity(log.layout, log.files, log.clock.now())
        for path in (log.layout.acked, log.layout.served, log.layout.kept_from):
            _mend_mark(log, path.name)
        if kinds & _OF_THE_JOURNAL or any(f.where == "commits" for f in report.findings):
            _rebuild_journal(log)
        elif any(finding.where == "legs" for finding in report.findings):
            _clear_legs(log)
        if "damaged table log" in kinds:
            _rebuild_table_log(log)
        lost = lost_tail(log.layout, log.files)
        writer = Writer(log.layout, log.files, log.clock, lock)
    except BaseException:
        lock.release()
        raise
    with writer:
        recover(writer, lost)
        _drop_damaged(writer)
        writer.flush()
        _recount(writer)
    log.viewer.close()
    log.viewer.findings.clear()


def _clear_legs(log: Log) -> None:
    """Let go of a damaged index, so that a writer can start; it is counted again later."""
    db = journal.connect(log.layout.journal, writing=True)
    try:
        with journal.transaction(db):
            db.execute("DELETE FROM legs")
            journal.put_state(db, msgspec.structs.replace(journal.get_state(db), legs=0))
    finally:
        db.close()


def _aside(log: Log, name: str) -> None:
    path = log.layout.root / name
    if path.exists():
        log.files.rename(path, log.layout.damaged / f"{path.name}-{log.clock.now()}")
        log.files.fsync_dir(log.layout.damaged)
        log.files.fsync_dir(path.parent)


def _mend_mark(log: Log, name: str) -> None:
    path = log.layout.root / name
    mark = Mark(path, log.files)
    if path.exists() and not mark.damaged():
        return
    value = mark.read()
    _aside(log, name)
    log.files.write_new(path, bytes(1024))
    if value:
        Mark(path, log.files).raise_to(value, sync=True)
    log.files.fsync_dir(log.layout.root)


def _rebuild_journal(log: Log) -> None:
    """A new journal from the old one's readable commits and records and from the table."""
    found = salvage(log.layout, log.files)
    kept = {name: list(records(log.layout, name)) for name in ("sources", "imports", "retentions")}
    lost = losses(log.layout) + [(seq, seq, detail) for seq, detail in found.lost]
    flushed = _flushed_commits(log, found)
    for suffix in ("", "-wal", "-shm"):
        _aside(log, f"journal.sqlite{suffix}")
    journal.create(log.layout.journal)
    db = journal.connect(log.layout.journal, writing=True)
    try:
        with journal.transaction(db):
            _put_commits(db, found, flushed)
            for part in found.parts:
                body = msgspec.json.encode(part)
                row = (part.path, part.asset, body, short_sum(body))
                db.execute("INSERT INTO parts VALUES (?, ?, ?, ?)", row)
            free = _put_records(db, kept)
            for loss in lost:
                db.execute("INSERT INTO damage (first, last, detail) VALUES (?, ?, ?)", loss)
            head = max(found.state.head, log.clock.now())
            state = msgspec.structs.replace(found.state, head=head, next_source=free)
            journal.put_state(db, state)
    finally:
        db.close()
    log.files.fsync(log.layout.journal)
    log.files.fsync_dir(log.layout.root)


def _flushed_commits(log: Log, found: Salvaged) -> dict[int, tuple[int, int, int]]:
    """Rows there, newest known_time and highest row of every commit the table holds."""
    total: dict[int, tuple[int, int, int]] = {}
    for part in found.parts:
        rows = _rows(log, part)
        if rows is None:
            continue
        counted = rows.group_by("seq").aggregate(
            [("seq", "count"), ("known_time", "max"), ("row", "max")]
        )
        known = int_times(counted.column("known_time_max")).tolist()
        count = counted.column("seq_count").to_pylist()
        place = counted.column("row_max").to_pylist()
        for at, seq in enumerate(counted.column("seq").to_pylist()):
            before = total.get(seq, (0, 0, 0))
            total[seq] = (
                before[0] + count[at],
                max(before[1], known[at]),
                max(before[2], place[at]),
            )
    return total


def _put_commits(
    db: sqlite3.Connection, found: Salvaged, flushed: dict[int, tuple[int, int, int]]
) -> None:
    add = "INSERT INTO commits VALUES (?, ?, ?, ?, ?)"
    last = 0
    for seq, (rows, known, highest) in sorted(flushed.items()):
        last = max(known, last + 1)
        db.execute(add, (seq, last, highest + 1, b"", "*"))
        if rows <= highest:
            detail = f"{rows} of at least {highest + 1} rows are left"
            loss = (seq, seq, detail)
            db.execute("INSERT INTO damage (first, last, detail) VALUES (?, ?, ?)", loss)
    for seq, raw in sorted(found.commits.items()):
        known = raw.known_time
        checksum = batch.checksum(raw.body, seq, known, raw.rows)
        db.execute(add, (seq, known, raw.rows, checksum, "*"))
        db.execute("INSERT INTO batches VALUES (?, ?)", (seq, raw.body))


def _put_records(db: sqlite3.Connection, kept: dict[str, list[bytes]]) -> int:
    """Put sources, imports and retentions back; returns the first free source_id."""
    free = 1
    for body in kept["sources"]:
        source = unpack_source(body)
        free = max(free, source.source_id + 1)
        row = (source.source_id, 0, body, short_sum(body))
        db.execute("INSERT OR IGNORE INTO sources VALUES (?, ?, ?, ?)", row)
    for name in ("imports", "retentions"):
        rows = [(body, short_sum(body)) for body in kept[name]]
        db.executemany(f"INSERT INTO {name} (body, sum) VALUES (?, ?)", rows)  # noqa: S608
    return free


def _rebuild_table_log(log: Log) -> None:
    """A new table log that lists the journal's files, as one commit."""
    db = journal.connect(log.layout.journal, writing=True)
    try:
        state = journal.get_state(db)
        parts = load_parts(db, state)
        _aside(log, "table/_delta_log")
        table = TableFiles(log.layout, log.files)
        table.create()
        version = table.commit(0, parts, [], now=log.clock.now(), seq=state.flushed)
        with journal.transaction(db):
            journal.put_state(db, msgspec.structs.replace(state, version=version, checkpoint=0))
    finally:
        db.close()


def _drop_damaged(writer: Writer) -> None:
    """Take damaged files out of the table and write their commits off."""
    bad = [part for part in writer.parts() if not _whole(writer, part)]
    if not bad:
        return
    for part in bad:
        path = writer.layout.table / part.path
        if path.exists():
            writer.files.rename(path, writer.layout.damaged / path.name)
        writer.record_loss(part.min_seq, part.max_seq, f"{span_of(part)}: the file was damaged")
    writer.files.fsync_dir(writer.layout.damaged)
    with writer.table_lock:
        version = writer.commit_table([], bad, writer.state.flushed)
        writer.swap_parts([], bad, version)


def _recount(writer: Writer) -> None:
    """The leg index, counted again from the rows."""
    counted: dict[Key, Leg] = {}
    times = CommitTimes(writer.query)
    for part in writer.parts():
        rows = decode_part(writer.files.read(writer.layout.table / part.path))
        event, known = int_times(rows.column("event_time")), int_times(rows.column("known_time"))
        for leg in legs_of(leg_columns(rows), event, known, times.brought(rows)):
            counted[leg.key] = merge(counted[leg.key], leg) if leg.key in counted else leg
    put = []
    for leg in counted.values():
        body = pack_leg(leg)
        put.append((*leg.key, body, short_sum(body)))

    def write(db: sqlite3.Connection) -> None:
        db.execute("DELETE FROM legs")
        db.executemany("INSERT INTO legs VALUES (?, ?, ?, ?, ?, ?)", put)

    writer.note(write, legs=len(put))
    writer.reload_legs()


def _whole(writer: Writer, part: Part) -> bool:
    try:
        body = writer.files.read(writer.layout.table / part.path)
    except OSError:
        return False
    return digest_of(body) == part.digest


def _rows(log: Log, part: Part) -> Any | None:
    try:
        body = log.files.read(log.layout.table / part.path)
    except OSError:
        return None
    return decode_part(body) if digest_of(body) == part.digest else None
