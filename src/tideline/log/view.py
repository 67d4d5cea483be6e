"""One moment of the store: the journal's unflushed commits and the table's files, each row once.

Both come from one SQLite snapshot, so a flush or a compaction is seen whole or not at all. When
the journal is damaged the table's own log stands in for the list of files, and the commits that
can still be read are read one by one.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from tideline.domain.errors import StoreDamaged
from tideline.log import batch, journal
from tideline.log.files import Files
from tideline.log.journal import State
from tideline.log.layout import Layout
from tideline.log.marks import Mark
from tideline.log.part import Part
from tideline.log.records import Finding
from tideline.log.salvage import salvage

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class View:
    """What a read works on."""

    state: State
    tail: dict[int, Any]
    """Unflushed commits, decoded, by seq."""
    parts: tuple[Part, ...]


class PartGone(Exception):
    """A file of a view is not there; ``path`` names it."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(path)


class Viewer:
    """Takes views for the readers of one Log, and remembers what was damaged."""

    def __init__(self, layout: Layout, files: Files) -> None:
        self._layout, self._files = layout, files
        self._db: sqlite3.Connection | None = None
        self._lock = threading.RLock()
        self._tail: dict[int, Any] = {}
        self._parts: tuple[int, tuple[Part, ...]] | None = None
        self._acked = Mark(layout.acked, files)
        self.findings: dict[Finding, None] = {}

    def close(self) -> None:
        with self._lock:
            if self._db is not None:
                self._db.close()
                self._db = None

    def query(self, ask: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``ask`` on one snapshot of the journal.

        Raises:
            StoreDamaged: SQLite or a checksum says so.
        """
        with self._lock:
            try:
                if self._db is None:
                    self._db = journal.connect(self._layout.journal, writing=False)
                with journal.snapshot(self._db):
                    return ask(self._db)
            except sqlite3.OperationalError as error:
                if "locked" in str(error):
                    raise
                self.close()
                raise StoreDamaged(f"journal.sqlite: {error}") from error
            except (sqlite3.DatabaseError, msgspec.DecodeError, ValueError, TypeError) as error:
                self.close()
                raise StoreDamaged(f"journal.sqlite: {error}") from error

    def state(self) -> State:
        """Where the log stands; as far as can be told when the journal is damaged."""
        try:
            return self.query(journal.get_state)
        except StoreDamaged as damage:
            self.found("journal", "journal.sqlite", "state", damage.what)
            return salvage(self._layout, self._files).state

    def view(self, assets: Callable[[str], bool] | None = None) -> View:
        """The present moment. ``assets`` may say which commits are worth decoding."""
        acked = self._acked.read()
        with self._lock:
            try:
                state, parts, raw = self.query(lambda db: self._load(db, assets))
            except StoreDamaged as damage:
                self.found("journal", "journal.sqlite", "unknown", damage.what)
                return self._salvage()
            if state.last_seq < acked:
                self.lost(state.last_seq + 1, acked, "acknowledged commits are gone")
            return View(state, self._decode(raw, state), parts)

    def settled(
        self,
        work: Callable[[View, frozenset[str]], T],
        assets: Callable[[str], bool] | None = None,
    ) -> T:
        """Do ``work`` on a view, again on a newer one when a file of it was collected meanwhile.

        ``work`` is also told which files are gone though the newest view still lists them.
        """
        gone: frozenset[str] = frozenset()
        view = self.view(assets)
        while True:
            try:
                return work(view, gone)
            except PartGone as missing:
                view = self.view(assets)
                if any(part.path == missing.path for part in view.parts):
                    gone |= {missing.path}

    def found(self, kind: str, where: str, span: str, detail: str) -> None:
        """Remember a finding, once."""
        self.findings[Finding(kind, where, span, detail)] = None

    def lost(self, first: int, last: int, detail: str) -> None:
        span = f"seq {first}" if first == last else f"seq {first}..{last}"
        self.found("lost commits", "journal.sqlite", span, detail)

    def _load(
        self, db: sqlite3.Connection, assets: Callable[[str], bool] | None
    ) -> tuple[State, tuple[Part, ...], dict[int, tuple[Any, ...] | None]]:
        state = journal.get_state(db)
        if self._parts is None or self._parts[0] != state.version:
            self._parts = (state.version, load_parts(db, state))
        raw: dict[int, tuple[Any, ...] | None] = {}
        facts = db.execute(
            "SELECT seq, known_time, rows, sum, assets FROM commits WHERE seq > ?",
            (state.flushed,),
        ).fetchall()
        for seq, known_time, rows, checksum, names in facts:
            wanted = assets is None or names == "*" or any(map(assets, names.split("\n")))
            if seq in self._tail or not wanted:
                raw[seq] = None
                continue
            row = db.execute("SELECT body FROM batches WHERE seq = ?", (seq,)).fetchone()
            raw[seq] = (known_time, rows, checksum, row[0] if row else None)
        return state, self._parts[1], raw

    def _decode(self, raw: dict[int, tuple[Any, ...] | None], state: State) -> dict[int, Any]:
        self._forget(state.flushed)
        missing = set(range(state.flushed + 1, state.last_seq + 1)) - set(raw)
        for seq in sorted(missing - self.known_lost()):
            self.lost(seq, seq, "the commit is not in the journal")
        for seq, entry in raw.items():
            if entry is None:
                continue
            table = self._checked(seq, *entry)
            if table is not None:
                self._tail[seq] = table
        return dict(sorted(self._tail.items()))

    def _forget(self, flushed: int) -> None:
        """Let go of commits that the table has."""
        for seq in [seq for seq in self._tail if seq <= flushed]:
            del self._tail[seq]

    def known_lost(self) -> set[int]:
        """Sequences already recorded as lost when a writer restarted."""
        try:
            spans = self.query(lambda db: db.execute("SELECT first, last FROM damage").fetchall())
        except StoreDamaged:
            return set()
        return {seq for first, last in spans for seq in range(first, last + 1)}

    def _checked(self, seq: int, known: Any, rows: Any, checksum: Any, body: Any) -> Any:
        facts = isinstance(known, int) and isinstance(rows, int) and isinstance(body, bytes)
        if not facts or batch.checksum(bytes(body), seq, known, rows) != checksum:
            self.lost(seq, seq, "the batch does not match its checksum")
            return None
        return batch.decode(bytes(body), seq)

    def _salvage(self) -> View:
        found = salvage(self._layout, self._files)
        for where, span, detail in found.problems:
            self.found("damaged table log", where, span, detail)
        for seq, detail in found.lost:
            self.lost(seq, seq, detail)
        tail = {seq: batch.decode(raw.body, seq) for seq, raw in found.commits.items()}
        return View(found.state, tail, found.parts)


def load_parts(db: sqlite3.Connection, state: State) -> tuple[Part, ...]:
    """The table's files as the journal lists them.

    Raises:
        StoreDamaged: an entry does not match its checksum, or one is missing.
    """
    bodies = journal.bodies(db, "parts", "ORDER BY path")
    if len(bodies) != state.parts:
        raise StoreDamaged(f"journal.sqlite lists {len(bodies)} of {state.parts} table files")
    return tuple(msgspec.json.decode(body, type=Part) for body in bodies)
