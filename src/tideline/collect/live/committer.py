"""From records to durable rows: the intake, the raw archive and the log's writer as one sink.

    take      record ──▶ kept for the archive, read by the intake
    commit    1. seal the intake           (at once, nothing can come in between)
              2. archive block, fsynced    ┐
              3. rows and sources          │ may run beside the loop (``offload``)
              4. rows older than the log   │
              5. rows of others (``also``) ┘
              6. the log's stamps go to the front of the next block

What fails is tried again with the next commit, from the step that failed; meanwhile records wait,
until the sink is full. A batch the log refuses as wrong is counted and left in the archive alone.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tideline.collect.intake import Offer, take_in
from tideline.collect.live.intake import LiveIntake
from tideline.collect.live.priming import prime
from tideline.collect.live.record import Frame, Record, Sealed
from tideline.collect.live.rows import Batch
from tideline.collect.raw.archive import Archive
from tideline.collect.raw.entries import Begun, Block, Entry
from tideline.collect.raw.seals import lost_seals
from tideline.collect.report import ImportReport
from tideline.collect.sink import Taken
from tideline.collect.status import FieldStatus, Status
from tideline.domain.errors import BadInput
from tideline.domain.fields import BY_NAME
from tideline.domain.time import Clock, ManualClock
from tideline.log import Log, Source, Writer
from tideline.venues.declaration import Venue

MOST_BYTES = 128 * 1024 * 1024
"""Frames that may wait for a commit."""

Work = Callable[[], None]
Offload = Callable[[Work], Awaitable[None]]


async def inline(work: Work) -> None:
    """Do the work here and now: for simulations."""
    work()


async def in_thread(work: Work) -> None:
    """Do the work in a thread: the sockets go on being read."""
    await asyncio.to_thread(work)


@dataclass(slots=True)
class _Due:
    """A sealed batch on its way. ``step``: what has been done (0 nothing, 1 raw, 2 rows)."""

    at: int
    records: list[Record]
    batch: Batch
    step: int = 0


@dataclass(slots=True)
class Committed:
    """Counts since the start."""

    commits: int = 0
    rows: int = 0
    raw_bytes: int = 0
    refused: list[str] = field(default_factory=list)
    backfill: ImportReport = field(default_factory=lambda: ImportReport("live"))


class Committer:
    """The collector's sink and commit. ``archive`` None keeps nothing raw.

    ``kind`` is that of the sources: "live", or "simulated" for what happens on no market.
    ``thin_us``: see LiveIntake.
    """

    def __init__(
        self,
        log: Log,
        writer: Writer,
        venues: Sequence[Venue],
        archive: Archive | None,
        clock: Clock,
        *,
        offload: Offload = inline,
        trusted: Iterable[str] = (),
        kind: str = "live",
        thin_us: int = 0,
    ) -> None:
        self._log, self._writer, self._archive = log, writer, archive
        self._clock, self._offload = clock, offload
        self._seals: list[Entry] = []
        if archive is not None:
            self._seals += lost_seals(archive.directory, log, writer.state.last_seq)
        named = tuple(sorted(trusted))
        self.intake = LiveIntake(venues, prime(log), trusted=named, thin_us=thin_us)
        self._kind = kind
        self._seals.append(Begun(int(clock.now()), named, kind, thin_us))
        self._records: list[Record] = []
        self._bytes = 0
        self._due: _Due | None = None
        self._working: asyncio.Future[None] | None = None
        self._refused: Batch | None = None
        self._others: deque[Any] = deque()
        self.done = Committed()

    def take(self, record: Record) -> Taken:
        """Keep the record and read it."""
        self._records.append(record)
        if type(record) is Frame:
            self._bytes += len(record.body)
        return self.intake.take(record)

    def also(self, table: Any) -> None:
        """Rows that were not received (judgements) go in behind the next commit, from any thread.

        Between a block of the archive and its rows nothing else may be committed.
        """
        self._others.append(table)

    def full(self) -> bool:
        """Does as much wait as should?"""
        return self._bytes >= MOST_BYTES or self.intake.full()

    def tell(self, status: Status) -> None:
        """What the log holds by venue and field, what is silent, and what needs a look."""
        fields: dict[str, dict[str, FieldStatus]] = {}
        for leg in self._writer.legs():
            if leg.field in BY_NAME:
                found = fields.setdefault(leg.venue, {}).setdefault(leg.field, FieldStatus())
                found.rows += leg.rows
                found.instruments += 1
                found.newest_at = max(found.newest_at, leg.last_known)
        for venue, _, gap, _ in self.intake.open_gaps():
            for name in gapped(gap):
                if name in fields.get(venue, {}):
                    fields[venue][name].gaps += 1
        status.refused = len(self.done.refused)
        status.refused_why = self.done.refused[-1][:300] if self.done.refused else ""
        concerns = self.intake.concerns()
        for name, one in status.venues.items():
            one.fields = dict(sorted(fields.get(name, {}).items()))
            one.concern = concerns.get(name, "")

    async def commit(self) -> None:
        """Make durable what was taken, and before it what an earlier commit could not.

        Raises:
            StoreError, OSError: not now; call it again.
        """
        if self._working is not None and not self._working.done():
            await asyncio.wait([self._working])
            self._working.exception()  # whoever began it was told, or is gone
        if self._due is not None:
            await self._work(self._carry_out)
        now = int(self._clock.now())
        batch = self.intake.seal(now, self._writer.next_source())
        records, self._records, self._bytes = self._records, [], 0
        self._due = _Due(now, records, batch)
        await self._work(self._carry_out)

    async def close(self) -> None:
        """A last commit, and the stamps that are still owed to the archive."""
        await self.commit()
        if self._archive is not None and self._seals:
            self._archive.append(self._seals, int(self._clock.now()))
            self._seals = []

    async def _work(self, work: Work) -> None:
        """Offload, and let it end even when the caller is cancelled meanwhile."""
        self._working = asyncio.ensure_future(self._offload(work))
        try:
            await asyncio.shield(self._working)
        finally:
            if self._refused is not None and self._working.done():
                self.intake.refused(self._refused)
                self._refused = None

    def _carry_out(self) -> None:
        due = self._due
        assert due is not None
        if due.step == 0:
            self._archived(due)
            due.step = 1
        if due.step == 1:
            self._rows(due)
            due.step = 2
        while due.batch.offers:
            self._offer(due, due.batch.offers[0])
            due.batch.offers.pop(0)
        while self._others:
            self._writer.append(self._others[0])
            self._others.popleft()
        self._due = None

    def _archived(self, due: _Due) -> None:
        if self._archive is None:
            self._seals = []
        elif due.records or due.batch.rows or due.batch.offers or self._seals:
            seq = self._writer.state.last_seq + 1 if due.batch.rows else 0
            entries = [*self._seals, Block(due.at, seq, due.batch.rows), *due.records]
            self.done.raw_bytes += self._archive.append(entries, due.at)
            self._seals = []

    def _rows(self, due: _Due) -> None:
        batch = due.batch
        if not batch.rows:
            if not batch.offers:
                self._writer.tick()
            return
        try:
            commit = self._writer.append(batch.table, of_kind(self._kind, batch.sources))
        except BadInput as error:
            self.done.refused.append(str(error))
            self._refused = batch
            return
        self.done.commits += 1
        self.done.rows += commit.rows
        self._seals.append(Sealed(due.at, commit.known_time, commit.rows))

    def _offer(self, due: _Due, offer: Offer) -> None:
        offer.sources = of_kind(self._kind, offer.sources)
        before, report = self._writer.state.last_seq, self.done.backfill
        rows = report.rows
        try:
            take_in(self._log, self._writer, ManualClock(due.at), offer, report)
        except BadInput as error:
            self.done.refused.append(str(error))
        if self._writer.state.last_seq > before:
            stamp = self._writer.state.head
            self._seals.append(Sealed(due.at, stamp, report.rows - rows))


def of_kind(kind: str, sources: Iterable[Source]) -> list[Source]:
    """The same sources, said to be of that kind."""
    return [replace(source, kind=kind) for source in sources]


def gapped(gap: str) -> tuple[str, ...]:
    """The fields that a gap row speaks of: itself, or those of its feed."""
    name = gap.partition(".")[2]
    if name in BY_NAME:
        return (name,)
    return tuple(field.name for field in BY_NAME.values() if field.feed == name)
