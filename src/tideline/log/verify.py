"""Every checksum and every invariant, with the exact range of whatever does not hold.

store.json, marks   readable, checksums
journal             SQLite's own check, the checksum of every record, seq without holes,
                    known_time strictly increasing, the head not below it
batches             checksum and row count of every commit the table does not have yet
files               digest, row count, spans, order, and that they are of their asset and month
commits             every row of every flushed commit is in the table once
legs                the index equals the rows
table               the Delta log lists the same files and the same last sequence
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from deltalake.exceptions import DeltaError

from tideline.domain.errors import StoreDamaged
from tideline.log import journal
from tideline.log.commit_times import CommitTimes
from tideline.log.journal import State
from tideline.log.layout import read_identity
from tideline.log.legs import Key, Leg, leg_columns, legs_of, merge, remembered, unpack_leg
from tideline.log.marks import Mark
from tideline.log.order import sort_order
from tideline.log.part import Part, decode_part, digest_of, month_name, months_of
from tideline.log.reading import span_of
from tideline.log.records import RECORDED, Finding, Report
from tideline.log.schema import int_times
from tideline.log.table import APP, open_table, parts_of
from tideline.log.view import Viewer, load_parts

if TYPE_CHECKING:
    from tideline.log.log import Log

Progress = Callable[[int, int], None]


class _Census:
    """What the rows themselves add up to, gathered file by file."""

    def __init__(self, times: CommitTimes) -> None:
        self._times = times
        self.legs: dict[Key, Leg] = {}
        self.count: dict[int, int] = {}
        self.places: dict[int, int] = {}

    def add(self, table: Any) -> None:
        event, known = int_times(table.column("event_time")), int_times(table.column("known_time"))
        for leg in legs_of(leg_columns(table), event, known, self._times.brought(table)):
            self.legs[leg.key] = merge(self.legs[leg.key], leg) if leg.key in self.legs else leg
        seq = table.column("seq").to_numpy()
        row = table.column("row").to_numpy().astype(np.int64)
        seqs, where = np.unique(seq, return_inverse=True)
        counts = np.bincount(where)
        squares = np.zeros(len(seqs), np.int64)
        np.add.at(squares, where, (row + 1) * (row + 1))
        for at, each in enumerate(seqs.tolist()):
            self.count[each] = self.count.get(each, 0) + int(counts[at])
            self.places[each] = self.places.get(each, 0) + int(squares[at])


class Verifier:
    """One pass over a store."""

    def __init__(self, log: Log, progress: Progress | None) -> None:
        self._layout, self._files, self._progress = log.layout, log.files, progress
        self._viewer = Viewer(log.layout, log.files)
        self._findings: dict[Finding, None] = {}
        self._census = _Census(CommitTimes(self._viewer.query))
        self._losses: list[tuple[int, int]] = []
        self._whole = True  # False: rows are missing for a reason already found

    def run(self) -> Report:
        """Look at everything."""
        try:
            return self._run()
        finally:
            self._viewer.close()

    def _run(self) -> Report:
        _, problem = read_identity(self._layout, self._files)
        if problem:
            self._found("damaged file", "store.json", "the whole file", problem)
        for path in (self._layout.acked, self._layout.served, self._layout.kept_from):
            if not path.exists():
                self._found("missing file", path.name, "the whole file", "it is not there")
            elif Mark(path, self._files).damaged():
                self._found("damaged file", path.name, "one slot", "checksum")
        acked = Mark(self._layout.acked, self._files).read()
        try:
            commits = self._viewer.query(lambda db: self._journal(db, acked))
        except StoreDamaged as damage:
            self._found("damaged journal", "journal.sqlite", "see degraded", damage.what)
            commits, self._whole = {}, False
        view = self._viewer.view()
        self._take(self._viewer.findings)
        for table in view.tail.values():
            self._census.add(table)
        for at, part in enumerate(view.parts):
            self._part(part)
            if self._progress is not None:
                self._progress(at + 1, len(view.parts))
        self._table(view.state, view.parts)
        if commits:
            self._commits(commits, view.state)
            self._legs(view.state)
        rows = sum(self._census.count.values())
        return Report(tuple(self._findings), len(commits), rows, len(view.parts))

    def _journal(self, db: sqlite3.Connection, acked: int) -> dict[int, tuple[int, int]]:
        for (line,) in db.execute("PRAGMA integrity_check(20)").fetchall():
            if line != "ok":
                raise StoreDamaged(line)
        state = journal.get_state(db)
        load_parts(db, state)
        for name in ("sources", "imports", "retentions"):
            journal.bodies(db, name)
        for first, last, detail in db.execute("SELECT first, last, detail FROM damage"):
            self._losses.append((first, last))
            self._found(RECORDED, "journal.sqlite", f"seq {first}..{last}", detail)
        found: dict[int, tuple[int, int]] = {}
        before = (0, 0)
        for seq, known, rows in db.execute("SELECT seq, known_time, rows FROM commits ORDER BY 1"):
            if known <= before[1]:
                self._found("disorder", "commits", f"seq {seq}", "known_time does not increase")
            for hole in range(before[0] + 1, seq):
                self._missing(hole, state)
            before = (seq, known)
            found[seq] = (known, rows)
        for hole in range(before[0] + 1, max(state.last_seq, acked) + 1):
            self._missing(hole, state)
        if state.head < before[1]:
            self._found("disorder", "state", f"seq {before[0]}", "the head is below the commit")
        return found

    def _missing(self, seq: int, state: State) -> None:
        if any(first <= seq <= last for first, last in self._losses):
            return
        if seq <= state.flushed:
            self._found("damaged record", "commits", f"seq {seq}", "the record is gone")
        else:
            self._found("lost commits", "journal.sqlite", f"seq {seq}", "the commit is gone")

    def _part(self, part: Part) -> None:
        where = f"table/{part.path}"
        try:
            body = self._files.read(self._layout.table / part.path)
        except OSError as error:
            self._whole = False
            self._found("damaged file", where, span_of(part), f"cannot be read: {error.strerror}")
            return
        if digest_of(body) != part.digest or len(body) != part.size:
            self._whole = False
            self._found(
                "damaged file", where, span_of(part), "the file does not match its checksum"
            )
            return
        rows = decode_part(body)
        problem = _wrong(part, rows)
        if problem:
            self._found("disorder", where, span_of(part), problem)
        self._census.add(rows)

    def _commits(self, commits: dict[int, tuple[int, int]], state: State) -> None:
        if not self._whole:
            return
        for seq, (_, rows) in commits.items():
            count = self._census.count.get(seq, 0)
            if state.horizon and count < rows and seq <= state.flushed:
                continue
            if any(first <= seq <= last for first, last in self._losses):
                continue
            whole = rows * (rows + 1) * (2 * rows + 1) // 6
            if count != rows or self._census.places[seq] != whole:
                self._found("lost rows", "table", f"seq {seq}", f"{count} of {rows} rows are there")
        for seq in sorted(set(self._census.count) - set(commits)):
            if not any(first <= seq <= last for first, last in self._losses):
                self._found("stray rows", "table", f"seq {seq}", "no such commit")

    def _legs(self, state: State) -> None:
        try:
            bodies = self._viewer.query(lambda db: journal.bodies(db, "legs"))
        except StoreDamaged as damage:
            self._found("damaged record", "legs", "the leg index", damage.what)
            return
        if len(bodies) != state.legs:
            self._found("damaged record", "legs", "the leg index", "a record is missing")
        if not self._whole or self._losses:
            return
        for leg in map(unpack_leg, bodies):
            true = self._census.legs.get(leg.key)
            if state.horizon and true is not None:
                true = remembered(true, leg)
            if true != leg and not (state.horizon and true is None):
                self._found("disorder", "legs", "/".join(leg.key), "the index is not the data")

    def _table(self, state: State, parts: tuple[Part, ...]) -> None:
        where = "table/_delta_log"
        try:
            table = open_table(self._layout)
            theirs, flushed = parts_of(table), int(table.transaction_version(APP) or 0)
            version = int(table.version())
        except (DeltaError, OSError, ValueError, KeyError, TypeError) as error:
            self._found("damaged table log", where, "unknown", str(error).split("\n")[0])
            return
        if version > state.version and flushed >= state.flushed:
            return  # a crash between the two commits: the next writer takes it over
        span = f"version {version}"
        if version != state.version or flushed != state.flushed:
            problem = f"the journal stands at version {state.version}, seq {state.flushed}"
            self._found("damaged table log", where, span, problem)
        mine, other = set(parts), set(theirs)
        for part in sorted(mine ^ other, key=lambda part: part.path):
            side = "the table log does not list it so" if part in mine else "the journal does not"
            self._found("damaged table log", where, f"{span}, {part.path}", side)

    def _take(self, findings: dict[Finding, None]) -> None:
        for finding in findings:
            self._whole = False
            self._findings[finding] = None

    def _found(self, kind: str, where: str, span: str, detail: str) -> None:
        self._findings[Finding(kind, where, span, detail)] = None


def verify(log: Log, progress: Progress | None = None) -> Report:
    """Check the whole store. Reads everything once; needs no lock."""
    return Verifier(log, progress).run()


def _wrong(part: Part, rows: Any) -> str | None:
    """What of the file's entry does not fit its rows."""
    event, known = int_times(rows.column("event_time")), int_times(rows.column("known_time"))
    seq = rows.column("seq").to_numpy()
    spans = (seq.min(), seq.max(), event.min(), event.max(), known.min(), known.max())
    said = (part.min_seq, part.max_seq, part.min_event, part.max_event)
    if rows.num_rows != part.rows:
        return f"{rows.num_rows} rows instead of {part.rows}"
    if tuple(map(int, spans)) != (*said, part.min_known, part.max_known):
        return "its spans are not what its entry says"
    assets = pa.chunked_array(rows.column("asset")).unique().to_pylist()
    if assets != [part.asset] or {month_name(m) for m in np.unique(months_of(event))} != {
        part.month
    }:
        return "rows of another asset or month"
    order = sort_order(rows)
    return None if (np.diff(order) == 1).all() else "the rows are out of order"
