"""The collector: every venue in a group of its own, one stream of records, a commit each second.

    venue ── feeds ──> inbox (bounded) ──> sink ──┐
    venue ── feeds ──> inbox (bounded) ──> sink ──┼──> commit each commit_s, coverage after it
    ...                                           ┘
    clock check · bans · status.json                  house keeping

Records of one venue reach the sink in the order in which they happened; between venues the order
is that of handling, so their times may interleave. When ``run`` is cancelled everything that was
received is handed over and committed before it ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from itertools import count

import numpy as np

from tideline.collect.asking.bans import Bans
from tideline.collect.asking.coverage import Coverage
from tideline.collect.asking.universe import Choice, ranking_venues
from tideline.collect.attended import Attended, Shared, Wanted, kept_running
from tideline.collect.sink import Commit, Sink
from tideline.collect.skew import SteadyClock
from tideline.collect.status import Status, VenueStatus, write_status
from tideline.domain.errors import TidelineError
from tideline.domain.time import Clock
from tideline.venues.declaration import Venue
from tideline.venues.transport import Transport

COVERAGE_S = 30.0
"""How often the coverage is written down."""


class Collector:
    """``transports`` gives the transport to a venue's hosts; ``tell`` adds to the status."""

    def __init__(
        self,
        venues: Sequence[Venue],
        transports: Callable[[Venue], Transport],
        sink: Sink,
        commit: Commit,
        clock: Clock,
        rng: np.random.Generator,
        wanted: Wanted | None = None,
        tell: Callable[[Status], None] | None = None,
    ) -> None:
        self._tell = tell
        self._wanted = wanted or Wanted()
        self._sink, self._commit_rows, self._rng = sink, commit, rng
        self.clock = SteadyClock(clock)
        started = int(clock.now())
        self.status = Status(started, started, {one.name: VenueStatus() for one in venues})
        self._venues, self._transports = tuple(venues), transports
        self._attended: list[Attended] = []
        self._shared: Shared | None = None
        self._coverage_saved = float("-inf")

    async def run(self) -> None:
        """Until it is cancelled."""
        shared = self._shared = self._share()
        for venue, rng in zip(self._venues, self._rng.spawn(len(self._venues)), strict=True):
            status = self.status.venues[venue.name]
            self._attended.append(Attended(venue, self._transports(venue), shared, status, rng))
        try:
            async with asyncio.TaskGroup() as group:
                for attended in self._attended:
                    group.create_task(self._attend(attended))
                group.create_task(kept_running(self._keep_house, self._house_crashed, self._rng))
        finally:
            await self._finish(shared)

    def _share(self) -> Shared:
        wanted, directory = self._wanted, self._wanted.directory
        return Shared(
            wanted,
            self._sink,
            self.clock,
            Bans(directory / "bans.json" if directory else None, self.clock),
            Coverage(directory / "coverage.json" if directory else None),
            Choice(wanted.assets, wanted.top, ranking_venues(self._venues)),
            count(1),
        )

    async def _attend(self, attended: Attended) -> None:
        """One venue, started again when it fails as a whole."""

        async def run() -> None:
            await attended.close("start")
            await attended.run()

        def crashed(text: str) -> None:
            attended.status.restarts += 1
            attended.status.crash = text

        await kept_running(run, crashed, self._rng)

    async def _keep_house(self) -> None:
        """Once per ``commit_s``: look at the clock, commit, tell how things are."""
        while True:
            await asyncio.sleep(self._wanted.commit_s)
            self._check_clock()
            if not self.clock.in_doubt:
                await self._commit()
            self._write_status()

    def _house_crashed(self, text: str) -> None:
        self.status.commit_failures += 1
        self.status.commit_error = text

    def _check_clock(self) -> None:
        """While the clock is in doubt nothing is stamped; venues that answer settle it."""
        if self.clock.check():
            for attended in self._attended:
                attended.door.skew.forget()
        skews = [one.door.skew.us for one in self._attended]
        if self.clock.settle([skew for skew in skews if skew is not None]):
            for attended in self._attended:
                attended.door.skew.forget()
        self.status.clock_steps = self.clock.steps
        self.status.clock_in_doubt = self.clock.in_doubt

    async def _commit(self) -> bool:
        """Make durable what was taken, then say how far the histories are. False: it failed."""
        shared, loop = self._shared, asyncio.get_running_loop()
        snapshot = None
        if shared is not None and loop.time() - self._coverage_saved >= COVERAGE_S:
            snapshot = shared.coverage.snapshot()
        try:
            await self._commit_rows()
            self.status.commits += 1
            self.status.last_commit_at = int(self.clock.now())
            self.status.commit_error = ""
            if shared is not None and snapshot is not None:
                shared.coverage.save(snapshot)
                self._coverage_saved = loop.time()
        except (OSError, TidelineError) as error:
            self._house_crashed(f"{type(error).__name__}: {error}"[:300])
            return False
        return True

    def _write_status(self, *, stopped: bool = False) -> None:
        self.status.at = int(self.clock.now())
        self.status.stopped = stopped
        for attended in self._attended:
            attended.refresh_status()
        if self._tell is not None:
            self._tell(self.status)
        if self._wanted.directory is not None:
            try:
                write_status(self._wanted.directory, self.status)
            except OSError as error:
                self._house_crashed(f"status: {error}"[:300])

    async def _finish(self, shared: Shared) -> None:
        """Everything that was received into the log."""
        for attended in self._attended:
            await attended.close("stopped")
        self._check_clock()
        self._coverage_saved = float("-inf")
        for attended in self._attended:
            while not attended.inbox.finish(self._sink):
                if self.clock.in_doubt or not await self._commit():
                    break
        if not self.clock.in_doubt:
            self._coverage_saved = float("-inf")
            await self._commit()
        shared.bans.save()
        self._write_status(stopped=True)
