"""The log of one store directory: where readers begin and from where a writer is taken."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from tideline.domain.errors import (
    BadInput,
    BeforeHorizon,
    FutureAsOf,
    NoStore,
    StoreDamaged,
    UnknownName,
)
from tideline.domain.fields import BY_NAME, known_field
from tideline.domain.scaled_time import ScaledClock
from tideline.domain.time import LATEST, Clock, TimeUs, WallClock, format_time, parse_time
from tideline.log import journal
from tideline.log.background import Background
from tideline.log.backup import backup
from tideline.log.commit_times import CommitTimes
from tideline.log.compaction import GRACE_US, compact, shrink, vacuum
from tideline.log.creation import create_store
from tideline.log.digest import Digest
from tideline.log.files import DiskFiles, Files
from tideline.log.following import follow
from tideline.log.layout import Layout, read_identity
from tideline.log.legs import Leg, count_legs, unpack_leg
from tideline.log.lock import WriterLock, served_head
from tideline.log.marks import Mark
from tideline.log.reading import PartReader, Question, all_rows, answer
from tideline.log.records import (
    Commit,
    Finding,
    ImportRecord,
    Report,
    Retention,
    Source,
    unpack_import,
    unpack_retention,
    unpack_source,
)
from tideline.log.recovery import lost_tail, recover
from tideline.log.repair import repair
from tideline.log.retention import LOOK_BACK_US, retain
from tideline.log.salvage import records as salvaged_records
from tideline.log.store_clock import clock_of
from tideline.log.verify import verify
from tideline.log.view import View, Viewer
from tideline.log.writer import FlushPolicy, Writer


class Log:
    """A store's log. Readers need no lock and may live in any number of processes."""

    def __init__(self, layout: Layout, clock: Clock, files: Files) -> None:
        self.layout, self.clock, self.files = layout, clock, files
        self.viewer = Viewer(layout, files)
        self.parts = PartReader(layout, files, self.viewer)
        self.commit_times = CommitTimes(self.viewer.query)
        _, problem = read_identity(layout, files)
        if problem:
            self.viewer.found("damaged file", "store.json", "the whole file", problem)

    @classmethod
    def open(cls, path: str | Path, clock: Clock | None = None, files: Files | None = None) -> Log:
        """Open an existing store, by the clock given, else by the store's own.

        Raises:
            NoStore: nothing there, or something else.
            StoreTooNew: a later version wrote it.
        """
        return cls(Layout(Path(path)), clock or clock_of(path), files or DiskFiles())

    @classmethod
    def create(
        cls, path: str | Path, clock: Clock | None = None, files: Files | None = None
    ) -> Log:
        """Make an empty store. What an interrupted creation left is replaced.

        Raises:
            BadInput: there is a store already, or a directory with other things in it.
        """
        layout, clock, files = Layout(Path(path)), clock or clock_of(path), files or DiskFiles()
        create_store(layout, files, clock)
        return cls(layout, clock, files)

    @classmethod
    def open_or_create(
        cls, path: str | Path, clock: Clock | None = None, files: Files | None = None
    ) -> Log:
        """The store at ``path``, made if there is none."""
        try:
            return cls.open(path, clock, files)
        except NoStore:
            return cls.create(path, clock, files)

    def __enter__(self) -> Log:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.viewer.close()

    @property
    def path(self) -> Path:
        return self.layout.root

    @property
    def degraded(self) -> list[Finding]:
        """Damage met so far by this handle: ranges whose rows are left out of its answers."""
        return list(self.viewer.findings)

    def writer(
        self, *, background: bool | None = None, policy: FlushPolicy | None = None
    ) -> Writer:
        """Become the one writer.

        ``background`` ticks every second, flushes and compacts by ``policy``; left open it is on
        with a clock that goes on by itself and off with any other.

        Raises:
            StoreBusy: another one is active; its pid and start time.
            StoreDamaged: the journal cannot be written to before it is repaired.
        """
        lock = WriterLock(self.layout, self.files, self.clock)
        try:
            lost = lost_tail(self.layout, self.files)
            writer = Writer(self.layout, self.files, self.clock, lock)
        except BaseException:
            lock.release()
            raise
        try:
            recover(writer, lost)
        except BaseException:
            writer.close()
            raise
        by_itself = isinstance(self.clock, WallClock | ScaledClock)
        if background or (background is None and by_itself):
            writer.background = Background(writer, policy or FlushPolicy())
        return writer

    def head(self) -> TimeUs:
        """The newest moment whose answers are final."""
        mark = Mark(self.layout.served, self.files)
        try:
            head = served_head(
                self.layout, self.files, self.clock, lambda: self.viewer.state().head
            )
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
                raise
            head = None  # a read-only place has no writer, and no mark to raise
        if head is None:
            head = max(mark.read(), self.viewer.state().head)
        return TimeUs(head)

    def commit_time(self, seq: int) -> TimeUs | None:
        """The known_time of commit ``seq``; None: there is none of that number."""
        ask = "SELECT known_time FROM commits WHERE seq = ?"
        found = self.viewer.query(lambda db: db.execute(ask, (seq,)).fetchone())
        return TimeUs(found[0]) if found else None

    def horizon(self) -> TimeUs:
        """Moments before this one are no longer answered; 0 when nothing was ever removed."""
        kept = Mark(self.layout.kept_from, self.files).read()
        return TimeUs(max(kept, self.viewer.state().horizon))

    def check_as_of(self, as_of: object) -> TimeUs:
        """The moment in µs, if it can be answered.

        Raises:
            BadTime: not a moment.
            FutureAsOf: above the head.
            BeforeHorizon: retention removed what it needs.
        """
        moment = parse_time(as_of, field="as_of")
        if moment > self.viewer.state().head and moment > (head := self.head()):
            raise FutureAsOf(format_time(moment), format_time(head))
        if moment < (horizon := self.horizon()):
            raise BeforeHorizon(format_time(moment), format_time(horizon))
        return moment

    def read(
        self,
        asset: str,
        as_of: object,
        *,
        fields: Iterable[str] | None = None,
        event_from: int | None = None,
        event_to: int | None = None,
    ) -> Any:
        """The rows of ``asset`` with known_time <= as_of and event_time <= as_of.

        ``event_from`` and ``event_to`` (µs, inclusive) narrow further. Sorted by venue,
        instrument, field, event_time, known_time, seq, row; the words dictionary-encoded.

        Raises:
            UnknownName: an asset or field that does not exist.
            FutureAsOf, BeforeHorizon, BadTime: see ``check_as_of``.
        """
        moment = self.check_as_of(as_of)
        wanted = None if fields is None else frozenset(fields)
        for name in wanted or ():
            if not known_field(name):
                raise UnknownName("field", name, BY_NAME)
        ask = Question(asset, moment, wanted, event_from, event_to)
        found = self._answer(ask)
        if not found.num_rows and asset not in (known := self.assets()):
            raise UnknownName("asset", asset, known)
        return found

    def standing(
        self, asset: str, parts: Sequence[tuple[frozenset[str], int | None]]
    ) -> tuple[Any, int]:
        """Where a follower of one asset begins: its rows, whenever known, and the last commit in
        them; ``follow`` from there brings the rest. Of one moment, like every read.

        ``parts`` are fields and the event_time (µs) from which they are wanted, None: from the
        beginning. It is the other half of ``follow`` and gives, like it, rows and no answers.
        """
        asks = [Question(asset, LATEST, fields, start) for fields, start in parts]

        def work(view: View, gone: frozenset[str]) -> tuple[list[Any], int]:
            return [answer(view, ask, self.parts, gone=gone) for ask in asks], view.state.last_seq

        found, last = self.viewer.settled(work, lambda name: name == asset)
        return pa.concat_tables(found).unify_dictionaries(), last

    def assets(self) -> list[str]:
        """Every asset with a row, by name."""
        return sorted({leg.asset for leg in self.legs()})

    def legs(self, asset: str | None = None) -> list[Leg]:
        """What exists, leg by leg, in (asset, venue, instrument, field) order.

        From the index; counted from the rows when the index is damaged.
        """
        where, values = ("", ()) if asset is None else ("WHERE asset = ?", (asset,))
        order = f"{where} ORDER BY asset, venue, instrument, field"
        try:
            bodies = self.viewer.query(lambda db: self._indexed(db, order, values))
        except StoreDamaged as damage:
            self.viewer.found("damaged record", "legs", "the leg index", damage.what)
            counted = count_legs(all_rows(self.viewer.view(), self.parts), self.commit_times)
            return [leg for leg in counted if asset in (None, leg.asset)]
        return [unpack_leg(body) for body in bodies]

    def source(self, source_id: int) -> Source:
        """The record a row's ``source_id`` points at.

        Raises:
            BadInput: no such source.
        """
        found = self.viewer.query(
            lambda db: journal.bodies(db, "sources", "WHERE id = ?", (source_id,))
        )
        if not found:
            raise BadInput("source_id", source_id, "is unknown")
        return unpack_source(found[0])

    def sources(self, after: int = 0) -> Iterator[Source]:
        """Every source record with an id above ``after``, oldest first."""
        found = map(unpack_source, self._records("sources", "WHERE id > ?", (after,)))
        yield from (source for source in found if source.source_id > after)

    def imports(self) -> list[ImportRecord]:
        """Every file ever taken in, oldest first."""
        return [unpack_import(body) for body in self._records("imports")]

    def retentions(self) -> list[Retention]:
        """Every removal ever made, oldest first."""
        return [unpack_retention(body) for body in self._records("retentions")]

    def flush(self) -> int:
        """Move the journal into the table, as the writer; returns the rows moved."""
        with self.writer(background=False) as writer:
            return writer.flush()

    def compact(self, *, grace_us: int = GRACE_US) -> int:
        """Flush, merge files, delete those that left the table ``grace_us`` ago, as the writer.

        Returns the files merged away.
        """
        with self.writer(background=False) as writer:
            writer.flush()
            gone = compact(writer)
            vacuum(writer, grace_us=grace_us)
            shrink(writer)
            return gone

    def retain(self, before: object, *, look_back_us: int = LOOK_BACK_US) -> Retention:
        """Forget what no as_of at or after ``before`` looks back to; logged.

        Raises:
            BadInput: above the head, or before an earlier horizon.
        """
        moment = parse_time(before, field="before")
        with self.writer(background=False) as writer:
            return retain(writer, moment, look_back_us=look_back_us)

    def follow(
        self, after_seq: int = 0, *, poll_s: float = 0.02, idle_s: float | None = None
    ) -> Iterator[Commit]:
        """Commits after ``after_seq`` in order, each with its ``table``, as they come.

        Ends only when ``idle_s`` seconds passed without news.
        """
        return follow(self, after_seq, poll_s, idle_s)

    def verify(self, progress: Callable[[int, int], None] | None = None) -> Report:
        """Every checksum and every invariant; needs no lock."""
        return verify(self, progress)

    def repair(self) -> Report:
        """Move what is damaged aside, write it off by name, rebuild what can be; then verify."""
        repair(self)
        return self.verify()

    def backup(self, target: str | Path) -> int:
        """Copy the store as of now, while a writer may be writing; returns the bytes."""
        return backup(self, Path(target))

    @classmethod
    def restore(cls, source: str | Path, target: str | Path, clock: Clock | None = None) -> Log:
        """A store at ``target`` from the backup at ``source``; every checksum is checked.

        Raises:
            StoreDamaged: the backup is not whole.
        """
        with cls.open(source, clock) as kept:
            kept.backup(target)
        restored = cls.open(target, clock)
        report = restored.verify()
        if not report.ok:
            raise StoreDamaged(f"{target}: {report.findings[0].detail}")
        return restored

    def digest(self, as_of: object) -> str:
        """One fingerprint of every row known at ``as_of``: same rows, same text, anywhere."""
        moment = self.check_as_of(as_of)
        total = Digest()
        for asset in self.assets():
            total.add(self.read(asset, moment))
        return total.text()

    @staticmethod
    def _indexed(db: sqlite3.Connection, order: str, values: tuple[str, ...]) -> list[bytes]:
        found = journal.bodies(db, "legs", order, values)
        count = db.execute("SELECT count(*) FROM legs").fetchone()[0]
        if count != journal.get_state(db).legs:
            raise StoreDamaged("a record of legs is missing")
        return found

    def _records(self, table: str, where: str = "", values: tuple[object, ...] = ()) -> list[bytes]:
        """The records of a table in order; all the readable ones when it is damaged."""
        order = f"{where} ORDER BY id"
        try:
            return self.viewer.query(lambda db: journal.bodies(db, table, order, values))
        except StoreDamaged as damage:
            self.viewer.found("damaged record", table, "unknown", damage.what)
            return list(salvaged_records(self.layout, table))

    def _answer(self, ask: Question) -> Any:
        return self.viewer.settled(
            lambda view, gone: answer(view, ask, self.parts, gone=gone),
            lambda asset: asset == ask.asset,
        )
