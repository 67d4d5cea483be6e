"""The collector's own sink, with a count of everything that came."""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tideline.collect.live.committer import Committer
from tideline.collect.live.feeds import feeds_of
from tideline.collect.live.record import Closed, Frame, Opened, Record
from tideline.collect.raw.archive import Archive, segments
from tideline.collect.sink import Taken
from tideline.domain.time import ManualClock
from tideline.log import Log
from tideline.venues.declaration import Venue

FLUSH_EVERY = 120
"""Commits between two flushes of the log into its table, which a writer else does by itself."""

Came = dict[tuple[str, str, str], tuple["array[int]", "array[float]"]]
"""(venue, instrument, field) -> event times and values, as they were read from frames."""


class Recording:
    """Sink and commit of one run: the committer, watched."""

    def __init__(self, venues: Sequence[Venue], clock: ManualClock, path: Path) -> None:
        self.log = Log.create(path / "store", clock)
        self.clock, self._raw, self._venues = clock, path / "raw", venues
        self.frames: Counter[str] = Counter()
        self.errors: Counter[tuple[str, str]] = Counter()
        self.arrivals: dict[str, array[int]] = defaultdict(lambda: array("q"))
        self.lines: list[Opened | Closed] = []
        self.came: Came = defaultdict(lambda: (array("q"), array("d")))
        self._commits = 0
        self._venue_of = {name: feed.venue for name, feed in feeds_of(venues).items()}

    def __enter__(self) -> Self:
        self._writer = self.log.writer(background=False)
        self.committer = Committer(
            self.log, self._writer, self._venues, Archive(self._raw), self.clock
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writer.close()
        self.log.close()

    def take(self, record: Record) -> Taken:
        taken = self.committer.take(record)
        if isinstance(record, Frame):
            self.frames[record.feed] += 1
            if taken.error:
                self.errors[record.feed, taken.error] += 1
            if taken.parsed is not None and taken.parsed.observations:
                self.arrivals[record.feed].append(record.at)
                venue = self._venue_of[record.feed]
                for seen in taken.parsed.observations:
                    events, values = self.came[venue, seen.instrument, seen.field]
                    events.append(seen.event_time)
                    values.append(seen.value)
        elif isinstance(record, Opened | Closed):
            self.lines.append(record)
        return taken

    def full(self) -> bool:
        return self.committer.full()

    async def commit(self) -> None:
        """What was taken so far, durable."""
        await self.committer.commit()
        self._commits += 1
        if self._commits % FLUSH_EVERY == 0:
            self._writer.flush()

    def archive(self) -> str:
        """One fingerprint of the raw archive, byte for byte."""
        total = hashlib.sha256()
        for path in segments(self._raw):
            total.update(path.name.encode() + path.read_bytes())
        return total.hexdigest()
