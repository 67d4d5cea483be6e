"""One venue, attended: listings first, then every feed of it, each restarted by itself.

A crash of one feed is counted and mended here; a crash of the whole is mended by the supervisor.
Neither touches another venue.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tideline.collect.asking.bans import Bans
from tideline.collect.asking.coverage import Coverage
from tideline.collect.asking.door import Door
from tideline.collect.asking.feeding import Feeding
from tideline.collect.asking.pages import Pages
from tideline.collect.asking.plan import LISTINGS_S, Plan, plan_of
from tideline.collect.asking.poller import Poller
from tideline.collect.asking.universe import Choice, Listings, instruments_of
from tideline.collect.inbox import Inbox
from tideline.collect.listening.backoff import full_jitter_s
from tideline.collect.listening.line import Ground
from tideline.collect.listening.lines import Lines
from tideline.collect.live.record import Universe
from tideline.collect.sink import Sink
from tideline.collect.status import VenueStatus
from tideline.domain.instrument import Instrument
from tideline.domain.time import DAY, Clock
from tideline.venues.declaration import Stream, Venue
from tideline.venues.parsed import Listing
from tideline.venues.transport import Transport

PARTIAL_S = 60.0
RESTART_S = 30.0
"""Longest wait before something that crashed is started again."""
HURRIED_S = 300.0
"""Listings are looked at no sooner than this when something does not agree with them; twice as
late each time that nothing had changed."""
STEADY_S = 300.0
"""What ran this long before it crashed is started again at once."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the collector is to do.

    Attributes:
        assets: coins to follow; empty: the ``top`` ones by open interest.
        commit_s: seconds between commits.
        backfill_days: how far back the first start fetches history, where a venue goes that far.
        queue: records that may wait per venue.
        directory: where bans, coverage and status are kept; None: nowhere.
        patience: how much longer than usual an answer may take (see Door).
    """

    assets: tuple[str, ...] = ()
    top: int = 50
    commit_s: float = 1.0
    backfill_days: float = 30.0
    queue: int = 20_000
    directory: Path | None = None
    patience: float = 1.0


@dataclass(slots=True)
class Shared:
    """What all venues work with."""

    wanted: Wanted
    sink: Sink
    clock: Clock
    bans: Bans
    coverage: Coverage
    choice: Choice
    numbers: Iterator[int]


async def kept_running(
    make: Callable[[], Awaitable[None]],
    crashed: Callable[[str], None],
    rng: np.random.Generator,
) -> None:
    """Run what is made, again whenever it fails: at once after a good run, else after a wait."""
    loop = asyncio.get_running_loop()
    failures = 0
    while True:
        began = loop.time()
        try:
            await make()
            return
        except Exception as error:  # noqa: BLE001 - one feed's failure must stop no other
            crashed(_told(error))
        failures = 0 if loop.time() - began > STEADY_S else failures + 1
        await asyncio.sleep(full_jitter_s(failures, RESTART_S, rng))


class Attended:
    """One venue. ``run`` may be called again after it failed."""

    def __init__(
        self,
        venue: Venue,
        transport: Transport,
        shared: Shared,
        status: VenueStatus,
        rng: np.random.Generator,
    ) -> None:
        self.venue, self._shared, self.status, self._rng = venue, shared, status, rng
        self.door = Door(venue, transport, shared.bans, shared.clock, rng, shared.wanted.patience)
        self.inbox = Inbox(shared.wanted.queue, shared.clock, status)
        self._feeding = Feeding(
            self.door,
            self.inbox,
            status,
            shared.clock,
            rng,
            Plan(venue.name, (), ()),
            self._back,
        )
        self._listings = Listings(venue, self.door, self.inbox, shared.clock)
        self._followed: tuple[Instrument, ...] | None = None
        self._doubt, self._calm_s = asyncio.Event(), HURRIED_S
        self.inbox.doubted = self._doubt.set
        backfill_us = round(shared.wanted.backfill_days * DAY)
        self._pages = [
            Pages(history, self._feeding, shared.coverage, backfill_us)
            for history in venue.histories
        ]
        self._lines = {stream.name: Lines(self._ground(stream)) for stream in venue.streams}

    async def run(self) -> None:
        """For ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._kept("queue", lambda: self.inbox.drain(self._shared.sink)))
            await self._look_round(first=True)
            for poll in self.venue.polls:
                group.create_task(self._kept(poll.name, Poller(poll, self._feeding).run))
            for history, pages in zip(self.venue.histories, self._pages, strict=True):
                group.create_task(self._kept(history.name, pages.run))
            for name, lines in self._lines.items():
                group.create_task(self._kept(name, lines.run))
            while True:
                hurried, before = await self._pause(), self._followed
                await self._look_round(first=False)
                vain = hurried and self._followed is before
                self._calm_s = min(2 * self._calm_s, LISTINGS_S / 2) if vain else HURRIED_S

    async def _pause(self) -> bool:
        """An hour, or until numbers come that another contract size would explain: True.

        A minute while a product has not said what it lists.
        """
        if self._listings.partial:
            await asyncio.sleep(PARTIAL_S)
            return False
        whole = LISTINGS_S * float(self._rng.uniform(0.95, 1.05))
        await asyncio.sleep(self._calm_s)
        try:
            async with asyncio.timeout(whole - self._calm_s):
                await self._doubt.wait()
        except TimeoutError:
            return False
        self._doubt.clear()
        return True

    async def close(self, why: str) -> None:
        """Close every connection, in order, and say so. ``run`` has ended."""
        for lines in self._lines.values():
            await lines.stop(why)

    def refresh_status(self) -> None:
        """Bring the counters that nobody counts up to date."""
        bans = {host.family: self._shared.bans.until(host.family) for host in self.venue.hosts}
        self.status.banned_until = {family: at for family, at in bans.items() if at is not None}
        self.status.skew_us = self.door.skew.us

    async def _look_round(self, *, first: bool) -> None:
        """What is listed, what is to be followed, and everybody told when that has changed."""
        choice, tries = self._shared.choice, 0
        while (listed := await self._listings.all()) is None:
            tries += 1
            await asyncio.sleep(full_jitter_s(tries, 4.0 if first else 60.0, self._rng))
        choice.saw(self.venue.name, listed.values())
        if not choice.assets and self.venue.name in choice.venues:
            oi_usd = await self._listings.oi_usd(listed)
            if oi_usd is not None:
                choice.report(self.venue.name, oi_usd)
        await choice.wait()
        self._follow(listed)

    def _follow(self, listed: dict[str, Listing]) -> None:
        shared, choice = self._shared, self._shared.choice
        order = choice.assets or choice.ranked()
        found = instruments_of(self.venue, listed.values(), choice.chosen(), order)
        if found == self._followed:
            return
        before, self._followed = self._followed, found
        if before is None or {one.symbol for one in before} != {one.symbol for one in found}:
            symbols = tuple(one.symbol for one in found)
            self.inbox.tell(Universe(shared.clock.now(), self.venue.name, symbols))
        self.status.followed = len(found)
        backfill_us = round(shared.wanted.backfill_days * DAY)
        self._feeding.plan = plan_of(self.venue, found, backfill_us=backfill_us)
        for lines in self._lines.values():
            lines.follow(found)

    def _back(self, fields: Sequence[str]) -> None:
        """A feed of these fields was away and is back."""
        for history, pages in zip(self.venue.histories, self._pages, strict=True):
            if set(history.fields) & set(fields):
                pages.hurry()

    def _ground(self, stream: Stream) -> Ground:
        return Ground(
            stream,
            self.door,
            self.inbox,
            self._shared.clock,
            self.status.feed(stream.name),
            self._rng,
            self._shared.numbers,
            back=lambda: self._back(stream.fields),
        )

    async def _kept(self, name: str, make: Callable[[], Awaitable[None]]) -> None:
        def crashed(text: str) -> None:
            status = self.status.feed(name)
            status.restarts += 1
            status.crash = text

        await kept_running(make, crashed, self._rng)


def _told(error: BaseException) -> str:
    """An error and, of a group, the first one inside."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"[:300]
