"""What a writer does before its first commit: make good what a crash or a bad disk left.

1. a tail of the journal that was acknowledged and is gone is noticed, the log file it may
   still lie in is copied to damaged/, and its sequence numbers are never used again
2. a Delta commit that was durable before its journal transaction is taken over
"""

from __future__ import annotations

import sqlite3

from tideline.domain.errors import StoreDamaged
from tideline.log import journal
from tideline.log.files import Files
from tideline.log.layout import Layout
from tideline.log.marks import Mark
from tideline.log.writer import Writer, void


def lost_tail(layout: Layout, files: Files) -> tuple[int, int] | None:
    """The acknowledged sequences that the journal no longer shows; call before writing to it.

    Raises:
        StoreDamaged: the journal cannot be read at all.
    """
    acked = Mark(layout.acked, files).read()
    try:
        db = journal.connect(layout.journal, writing=False)
        try:
            last = journal.get_state(db).last_seq
        finally:
            db.close()
    except sqlite3.DatabaseError as error:
        raise StoreDamaged(f"journal.sqlite: {error}") from error
    if last >= acked:
        return None
    wal = layout.journal.with_name("journal.sqlite-wal")
    if wal.exists():
        files.mkdir(layout.damaged)
        files.write_new(layout.damaged / f"journal-wal-after-{last}", files.read(wal))
        files.fsync_dir(layout.damaged)
    return last + 1, acked


def recover(writer: Writer, lost: tuple[int, int] | None) -> None:
    """Bring the journal's list of files in line with the table, and write off what is lost."""
    if lost is not None:
        writer.record_loss(*lost, "acknowledged commits are gone from the journal")
        writer.note(lambda db: None, last_seq=lost[1])
    with writer.table_lock:
        _follow_table(writer)
    writer.tick()


def _follow_table(writer: Writer) -> None:
    writer.table.drop_checkpoints(above=writer.state.checkpoint)
    version = writer.table.version()
    if version <= writer.state.version:
        return
    theirs = {part.path: part for part in writer.table.parts()}
    mine = {part.path: part for part in writer.parts()}
    flushed = max(writer.table.flushed(), writer.state.flushed)
    writer.swap_parts(
        [part for path, part in theirs.items() if path not in mine],
        [part for path, part in mine.items() if path not in theirs],
        version,
        lambda db: void(db.execute("DELETE FROM batches WHERE seq <= ?", (flushed,))),
        flushed=flushed,
    )
