"""The one writer of a store: append, tick, flush. What append returns for is on the disk."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Protocol, TypeVar

import msgspec
import numpy as np

from tideline.domain.errors import BadInput, StoreError
from tideline.domain.time import Clock, format_time
from tideline.log import batch, journal, table
from tideline.log.files import Files
from tideline.log.flusher import joined, write_parts
from tideline.log.journal import State, short_sum
from tideline.log.layout import Layout
from tideline.log.legs import Key, Leg, legs_of, merge, pack_leg, unpack_leg
from tideline.log.lock import WriterLock
from tideline.log.marks import Mark
from tideline.log.part import Part
from tideline.log.records import Commit, ImportRecord, Source, pack
from tideline.log.schema import Checked, check_batch
from tideline.log.table import TableFiles

T = TypeVar("T")


class Background(Protocol):
    """Work beside the appends that ends when the writer closes."""

    trouble: str | None

    def close(self) -> None: ...


FLUSH_ROWS = 2_000_000


@dataclass(frozen=True, slots=True)
class FlushPolicy:
    """When a writer moves the journal into the table by itself; 0 switches a limit off."""

    rows: int = 1_000_000
    commits: int = 2_000
    age_s: float = 300.0
    compact_above: int = 8
    """Files of one asset and month that call for a compaction."""


class Writer:
    """Made by ``Log.writer()``; safe to share between threads."""

    def __init__(self, layout: Layout, files: Files, clock: Clock, lock: WriterLock) -> None:
        self.layout, self.files, self.clock, self._flock = layout, files, clock, lock
        self._lock = threading.RLock()
        self.table_lock = threading.RLock()
        self._acked = Mark(layout.acked, files)
        self._failed: str | None = None
        self.table = TableFiles(layout, files)
        self._db = journal.connect(layout.journal, writing=True)
        self.state = journal.get_state(self._db)
        self._floor = max(self.state.head, lock.served)
        self._legs: dict[Key, Leg] = {}
        self.reload_legs()
        self.last_tick = clock.monotonic()
        self.background: Background | None = None

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the next writer in. What was acknowledged stays in the journal."""
        if self.background is not None:
            self.background.close()
        with self.table_lock, self._lock:
            with contextlib.suppress(sqlite3.Error):
                self._db.close()
            self._flock.release()

    def append(
        self,
        rows: Any,
        sources: Iterable[Source] = (),
        imports: Iterable[ImportRecord] = (),
    ) -> Commit:
        """Write rows as one commit: durable, and visible to every reader, when it returns.

        ``rows`` is a table of the canonical columns without seq and row. Where known_time is null
        the row gets the commit's; a known_time that is given must not be later than that.

        Raises:
            BadInput: a row that cannot be (nothing is written).
            StoreError: the disk refused; after a full disk the writer can go on once there is
                room, after any other failure it must be opened again.
        """
        checked, sources, imports = check_batch(rows), tuple(sources), tuple(imports)
        with self._lock:
            self._ready()
            stamp = self._stamp()
            known = _stamped(checked, stamp)
            self._check_sources(checked, sources)
            body = batch.encode(checked, known)
            seq = self.state.last_seq + 1
            facts = (seq, stamp, checked.rows, batch.checksum(body, seq, stamp, checked.rows))
            touched = self._merged(checked, known, stamp)
            state = self._next_state(seq, stamp, touched, sources)
            names = checked.columns["asset"].dictionary.to_pylist()
            assets = "\n".join(names) if len(names) <= 64 else "*"

            def write() -> None:
                self._db.execute("INSERT INTO commits VALUES (?, ?, ?, ?, ?)", (*facts, assets))
                self._db.execute("INSERT INTO batches VALUES (?, ?)", (seq, body))
                self._put_legs(touched)
                self._put_records(seq, stamp, sources, imports)

            self.commit(write, state)
            self._legs.update((leg.key, leg) for leg in touched)
            with contextlib.suppress(OSError):
                self._acked.raise_to(seq, sync=False)
            return Commit(seq, stamp, checked.rows)

    def tick(self) -> int:
        """Move the head to now without rows; returns the head."""
        with self._lock:
            self._ready()
            now = int(self.clock.now())
            if now > self._floor:
                self.commit(lambda: None, msgspec.structs.replace(self.state, head=now))
            return max(self.state.head, self._floor)

    def record_import(self, record: ImportRecord) -> None:
        """Keep the record of a run or file that brought no rows of its own."""
        with self._lock:
            self._ready()
            stamp = self._stamp()
            state = msgspec.structs.replace(self.state, head=stamp)
            self.commit(lambda: self._put_records(0, stamp, (), [record]), state)

    def next_source(self) -> int:
        """The first source_id that is still free; those given to append move it on."""
        return self.state.next_source

    def flush(self) -> int:
        """Move every commit of now from the journal into the table; returns the rows moved."""
        moved = 0
        with self.table_lock:
            target = self.state.last_seq
            while self.state.flushed < target:
                moved += self._flush_some(target)
        return moved

    @property
    def stopped(self) -> str | None:
        """Why nothing is acknowledged any more until the writer is opened again."""
        return self._failed

    def unflushed(self) -> tuple[int, int]:
        """Commits and rows that only the journal has."""
        with self._lock:
            found = self._db.execute(
                "SELECT count(*), coalesce(sum(rows), 0) FROM commits WHERE seq > ?",
                (self.state.flushed,),
            ).fetchone()
            return int(found[0]), int(found[1])

    def legs(self) -> list[Leg]:
        """What exists, as of the last commit; in no order."""
        return list(self._legs.values())

    def parts(self) -> list[Part]:
        """The table's files as the journal lists them."""
        with self._lock:
            bodies = journal.bodies(self._db, "parts", "ORDER BY path")
        return [msgspec.json.decode(body, type=Part) for body in bodies]

    def swap_parts(
        self,
        adds: Iterable[Part],
        removes: Iterable[Part],
        version: int,
        more: Callable[[sqlite3.Connection], None] | None = None,
        **changes: Any,
    ) -> None:
        """Make the journal's list follow a Delta commit, in one transaction."""
        adds, removes = list(adds), list(removes)
        with self._lock:
            self._ready()
            now = self.clock.now()

            def write() -> None:
                for part in removes:
                    self._db.execute("DELETE FROM parts WHERE path = ?", (part.path,))
                    self._db.execute(
                        "INSERT OR REPLACE INTO garbage VALUES (?, ?)", (part.path, now)
                    )
                for part in adds:
                    body = msgspec.json.encode(part)
                    row = (part.path, part.asset, body, short_sum(body))
                    self._db.execute("INSERT OR REPLACE INTO parts VALUES (?, ?, ?, ?)", row)
                if more is not None:
                    more(self._db)

            count = self.state.parts + len(adds) - len(removes)
            self.commit(
                write,
                msgspec.structs.replace(self.state, version=version, parts=count, **changes),
            )

    def reload_legs(self) -> None:
        """Take the leg index as the journal has it."""
        with self._lock:
            legs = map(unpack_leg, journal.bodies(self._db, "legs"))
            self._legs = {leg.key: leg for leg in legs}

    def query(self, ask: Callable[[sqlite3.Connection], T]) -> T:
        """Read through the writer's own connection."""
        with self._lock:
            return ask(self._db)

    def note(self, write: Callable[[sqlite3.Connection], None], **changes: Any) -> None:
        """One durable transaction beside the rows."""
        with self._lock:
            self._ready()
            self.commit(lambda: write(self._db), msgspec.structs.replace(self.state, **changes))

    def commit(self, write: Callable[[], None], state: State) -> None:
        """One durable transaction that ends in ``state``."""
        try:
            with journal.transaction(self._db):
                write()
                journal.put_state(self._db, state)
        except sqlite3.OperationalError as error:
            name = getattr(error, "sqlite_errorname", "") or ""
            if name == "SQLITE_FULL":
                raise StoreError(
                    f"{self.layout.root}: the disk is full; nothing written"
                ) from error
            self._fail(f"{error} ({name})")
            raise StoreError(f"{self.layout.root}: {error}; open the writer again") from error
        except sqlite3.DatabaseError as error:
            self._fail(str(error))
            raise StoreError(f"{self.layout.root}: {error}; open the writer again") from error
        self.state = state
        self._floor = max(self._floor, state.head)
        self.last_tick = self.clock.monotonic()

    def commit_table(self, adds: Sequence[Part], removes: Sequence[Part], seq: int) -> int:
        """One Delta commit on top of the version the journal mirrors; returns the new version."""
        return self.table.commit(self.state.version, adds, removes, now=self.clock.now(), seq=seq)

    def _flush_some(self, target: int) -> int:
        tables, rows, seq = [], 0, self.state.flushed
        while seq < target and rows < FLUSH_ROWS:
            seq += 1
            found = self._batch(seq)
            if found is not None:
                tables.append(found)
                rows += found.num_rows
        parts = write_parts(self.table, joined(tables)) if tables else []
        version = self.commit_table(parts, [], seq)
        self.swap_parts(
            parts,
            [],
            version,
            lambda db: void(db.execute("DELETE FROM batches WHERE seq <= ?", (seq,))),
            flushed=seq,
        )
        self._checkpoint()
        return rows

    def _checkpoint(self) -> None:
        """Now and then a checkpoint, vouched for once it is on the disk."""
        version = self.state.version
        if version >= self.state.checkpoint + table.CHECKPOINT_EVERY:
            self.table.checkpoint()
            self.note(lambda db: None, checkpoint=version)

    def _batch(self, seq: int) -> Any | None:
        """An unflushed commit; None when it is lost, which is then recorded."""
        ask = (
            "SELECT known_time, rows, sum, body FROM commits JOIN batches USING (seq) WHERE seq = ?"
        )
        with self._lock:
            row = self._db.execute(ask, (seq,)).fetchone()
        if row is None:
            self._lose(seq, "the commit is not in the journal", b"")
            return None
        known, rows, checksum, body = row
        if batch.checksum(bytes(body), seq, known, rows) != checksum:
            self._lose(seq, "the batch does not match its checksum", bytes(body))
            return None
        return batch.decode(bytes(body), seq)

    def _lose(self, seq: int, detail: str, body: bytes) -> None:
        if body:
            self.files.mkdir(self.layout.damaged)
            self.files.write_new(self.layout.damaged / f"batch-{seq}", body)
        self.record_loss(seq, seq, detail)

    def record_loss(self, first: int, last: int, detail: str) -> None:
        """Remember that these commits, or rows of them, are gone for good."""
        with self._lock:
            ask = "SELECT 1 FROM damage WHERE first <= ? AND last >= ? AND detail = ?"
            if self._db.execute(ask, (first, last, detail)).fetchone() is None:
                add = "INSERT INTO damage (first, last, detail) VALUES (?, ?, ?)"
                self.note(lambda db: void(db.execute(add, (first, last, detail))))

    def _stamp(self) -> int:
        return max(int(self.clock.now()), self._floor + 1)

    def _ready(self) -> None:
        if self._failed is not None:
            raise StoreError(f"{self.layout.root}: the writer stopped: {self._failed}")

    def _fail(self, why: str) -> None:
        """After a failed write or fsync nothing in memory can be trusted: stop acknowledging."""
        self._failed = why

    def _merged(self, checked: Checked, known: Any, stamp: int) -> list[Leg]:
        brought = np.full(checked.rows, stamp, np.int64)
        fresh = legs_of(checked.columns, checked.event, known, brought)
        held = [self._legs.get(leg.key) for leg in fresh]
        return [
            leg if old is None else merge(old, leg) for old, leg in zip(held, fresh, strict=True)
        ]

    def _next_state(
        self, seq: int, stamp: int, touched: list[Leg], sources: Iterable[Source]
    ) -> State:
        used = max((source.source_id for source in sources), default=0)
        return msgspec.structs.replace(
            self.state,
            last_seq=seq,
            head=stamp,
            next_source=max(self.state.next_source, used + 1),
            legs=self.state.legs + sum(leg.key not in self._legs for leg in touched),
        )

    def _check_sources(self, checked: Checked, sources: Iterable[Source]) -> None:
        used = max((source.source_id for source in sources), default=0)
        for source in sources:
            if source.source_id < self.state.next_source:
                free = str(self.state.next_source)
                raise BadInput("source_id", source.source_id, "is taken", free)
        highest = int(checked.columns["source_id"].to_numpy().max())
        limit = max(used, self.state.next_source - 1)
        if highest > limit:
            raise BadInput("source_id", highest, "has no source record", str(limit))

    def _put_legs(self, legs: list[Leg]) -> None:
        rows = []
        for leg in legs:
            body = pack_leg(leg)
            rows.append((*leg.key, body, short_sum(body)))
        self._db.executemany("INSERT OR REPLACE INTO legs VALUES (?, ?, ?, ?, ?, ?)", rows)

    def _put_records(
        self, seq: int, stamp: int, sources: Iterable[Source], imports: Iterable[ImportRecord]
    ) -> None:
        for source in sources:
            body = pack(source)
            row = (source.source_id, seq, body, short_sum(body))
            self._db.execute("INSERT INTO sources VALUES (?, ?, ?, ?)", row)
        for record in imports:
            body = pack(record if record.at else replace(record, at=stamp))
            self._db.execute(
                "INSERT INTO imports (body, sum) VALUES (?, ?)", (body, short_sum(body))
            )


def _stamped(checked: Checked, stamp: int) -> Any:
    """known_time of every row; BadInput when a given one lies after the commit."""
    if checked.live is None:
        return np.full(checked.rows, stamp, np.int64)
    known = np.where(checked.live, stamp, checked.known)
    if known.max() > stamp:
        row = int(np.argmax(known))
        raise BadInput(
            "known_time",
            format_time(int(known[row])),
            f"of row {row} is after the commit that brings it",
            format_time(stamp),
        )
    return known


def void(_: object) -> None:
    """For callbacks whose result says nothing."""
