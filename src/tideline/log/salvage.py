"""What can still be told of a store whose journal is damaged: record by record, and the table."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from deltalake.exceptions import DeltaError

from tideline.log import batch, journal
from tideline.log.files import Files
from tideline.log.journal import State, short_sum
from tideline.log.layout import Layout
from tideline.log.marks import Mark
from tideline.log.part import Part
from tideline.log.table import APP, open_table, parts_of

PROBE = 10_000  # sequences tried one by one when SQLite cannot list them


@dataclass(frozen=True, slots=True)
class Raw:
    """A commit as it lies in the journal, its checksum already checked."""

    seq: int
    known_time: int
    rows: int
    body: bytes


@dataclass(slots=True)
class Salvaged:
    """``problems`` are (where, range, detail); ``lost`` the sequences that are gone."""

    state: State
    parts: tuple[Part, ...] = ()
    commits: dict[int, Raw] = field(default_factory=dict)
    lost: list[tuple[int, str]] = field(default_factory=list)
    problems: list[tuple[str, str, str]] = field(default_factory=list)


def salvage(layout: Layout, files: Files) -> Salvaged:
    """Read everything that still matches its checksum. Changes nothing."""
    found = Salvaged(State())
    acked = Mark(layout.acked, files).read()
    raw = dict(_commits(layout, acked))  # before the table: a flush in between is then seen once
    flushed, version = _table(layout, found)
    for seq in range(flushed + 1, max([acked, *raw], default=0) + 1):
        entry = raw.get(seq)
        if entry is None:
            found.lost.append((seq, "the commit cannot be read"))
            continue
        known, rows, checksum, body = entry
        if batch.checksum(bytes(body), seq, known, rows) != checksum:
            found.lost.append((seq, "the batch does not match its checksum"))
            continue
        found.commits[seq] = Raw(seq, known, rows, bytes(body))
    heads = [commit.known_time for commit in found.commits.values()]
    heads += [part.max_known for part in found.parts]
    found.state = State(
        last_seq=max([acked, flushed, *found.commits]),
        head=max(heads, default=0),
        flushed=flushed,
        horizon=Mark(layout.kept_from, files).read(),
        version=version,
        parts=len(found.parts),
    )
    return found


def records(layout: Layout, table: str) -> Iterator[bytes]:
    """The bodies of a table of records that match their checksum, as far as SQLite reads them."""
    try:
        db = journal.connect(layout.journal, writing=False)
    except sqlite3.DatabaseError:
        return
    try:
        for body, checksum in db.execute(f"SELECT body, sum FROM {table}"):  # noqa: S608
            if isinstance(body, bytes) and short_sum(body) == checksum:
                yield body
    except (sqlite3.DatabaseError, TypeError, ValueError):
        return
    finally:
        db.close()


def losses(layout: Layout) -> list[tuple[int, int, str]]:
    """What earlier repairs wrote off."""
    try:
        db = journal.connect(layout.journal, writing=False)
        try:
            return list(db.execute("SELECT first, last, detail FROM damage"))
        finally:
            db.close()
    except sqlite3.DatabaseError:
        return []


def _table(layout: Layout, found: Salvaged) -> tuple[int, int]:
    try:
        table = open_table(layout)
        found.parts = tuple(sorted(parts_of(table), key=lambda part: part.path))
        return int(table.transaction_version(APP) or 0), int(table.version())
    except (DeltaError, OSError, ValueError, KeyError, TypeError) as error:
        detail = str(error).split("\n")[0]
        found.problems.append(("table/_delta_log", "every flushed row", detail))
        return 0, 0


def _commits(layout: Layout, acked: int) -> Iterator[tuple[int, tuple[Any, ...]]]:
    ask = "SELECT known_time, rows, sum, body FROM commits JOIN batches USING (seq) WHERE seq = ?"
    try:
        db = journal.connect(layout.journal, writing=False)
    except sqlite3.DatabaseError:
        return
    try:
        for seq in _sequences(db, acked):
            try:
                row = db.execute(ask, (seq,)).fetchone()
            except (sqlite3.DatabaseError, ValueError):
                continue
            if row is not None and _sound(row):
                yield seq, row
    finally:
        db.close()


def _sequences(db: sqlite3.Connection, acked: int) -> list[int]:
    try:
        listed = [seq for (seq,) in db.execute("SELECT seq FROM batches")]
        if all(isinstance(seq, int) and 0 < seq <= acked + PROBE for seq in listed):
            return sorted(listed)
    except (sqlite3.DatabaseError, ValueError):
        pass
    return list(range(max(1, acked - PROBE), acked + 2))


def _sound(row: tuple[Any, ...]) -> bool:
    known, rows, checksum, body = row
    return (
        isinstance(known, int)
        and isinstance(rows, int)
        and isinstance(checksum, bytes)
        and isinstance(body, bytes)
    )
