"""A line: one group of topics, kept alive over any number of connections.

A connection that is lost is replaced after a wait (see backoff). One that is about to end (the
venue's life time, a notice of restart, topics that changed, topics that fell silent) is replaced
before it ends: the new one is opened and subscribed first, and the old one is closed when the new
one has brought data. What both bring in between is told apart by the intake.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from tideline.collect.asking.door import Door
from tideline.collect.inbox import Inbox
from tideline.collect.listening.backoff import Backoff
from tideline.collect.listening.link import Link, Wire
from tideline.collect.status import FeedStatus
from tideline.domain.time import Clock
from tideline.venues.declaration import Stream, Topic
from tideline.venues.transport import TransportError

EARLY = 0.05
"""Replaced at the latest this part of the life time before its end, and at random before that."""
SETTLE_S = 30.0
"""A new connection that brings nothing within this time does not replace the old one."""
OVERLAP_S = 2.0
"""Both connections are heard for so long."""
RETRY_S = 60.0


@dataclass(slots=True)
class Ground:
    """What all lines of one stream share. ``numbers`` gives connections their numbers."""

    stream: Stream
    door: Door
    inbox: Inbox
    clock: Clock
    status: FeedStatus
    rng: np.random.Generator
    numbers: Iterator[int]
    changed: Callable[[], None] = lambda: None
    back: Callable[[], None] = lambda: None


@dataclass(slots=True)
class Line:
    """``topics`` may be replaced while it runs, by ``follow``."""

    ground: Ground
    topics: tuple[Topic, ...]
    index: int
    link: Link | None = None
    _fresh: Link | None = None
    _wanted: asyncio.Event = field(default_factory=asyncio.Event)
    _why: str = ""
    _was_open: bool = False
    _patience: dict[str, float] = field(default_factory=dict)

    async def run(self) -> None:
        """For ever: open, hold, replace, wait, open again."""
        ground, loop = self.ground, asyncio.get_running_loop()
        backoff = Backoff(ground.rng)
        while True:
            if self.link is None:
                self.link = await self._open(backoff)
            await self._hold()
            link, self.link = self.link, None
            await link.stop("closed")
            ground.status.reconnects += 1
            ground.status.gaps_open.setdefault(self.key, link.last_data_at)
            ground.changed()
            await asyncio.sleep(backoff.lost(loop.time() - link.opened))

    def rotate(self, why: str) -> None:
        """Ask for another connection."""
        self._why = why
        self._wanted.set()

    def follow(self, topics: Sequence[Topic]) -> None:
        """Other topics from now on; a new connection only if their names differ."""
        if tuple(topics) == self.topics:
            return
        same = [one.name for one in topics] == [one.name for one in self.topics]
        self.topics = tuple(topics)
        if same and self.link is not None:
            self.link.topics.replace(topics)
            self.link.tell_watch()
        elif self.link is not None:
            self.rotate("topics changed")

    async def stop(self, why: str) -> None:
        """Close what is open; the task that runs this line has ended."""
        for link in (self._fresh, self.link):
            if link is not None:
                await link.stop(why)
        self.link = self._fresh = None

    @property
    def key(self) -> str:
        """Its name in the status."""
        return f"line {self.index}"

    async def _open(self, backoff: Backoff) -> Link:
        """A connection, however long it takes."""
        ground = self.ground
        ground.status.gaps_open.setdefault(self.key, int(ground.clock.now()))
        while True:
            try:
                link = await self._connect()
            except TransportError as error:
                ground.status.error(error.kind)
                # A host out of reach makes us wait at the door, one line trying for all.
                if error.reply is not None:
                    await asyncio.sleep(backoff.refused())
                continue
            ground.status.gaps_open.pop(self.key, None)
            ground.changed()
            if self._was_open:
                ground.back()
            self._was_open = True
            return link

    async def _connect(self) -> Link:
        """One try.

        Raises:
            TransportError: it failed.
        """
        ground, topics = self.ground, self.topics
        stream = ground.stream
        target = stream.path([topic.name for topic in topics])
        socket = await ground.door.connect(stream.host, target, stream.charges)
        wire = Wire(
            stream,
            ground.inbox,
            ground.clock,
            ground.status,
            self.rotate,
            ground.changed,
            self._patience,
        )
        link = Link(next(ground.numbers), wire, socket, topics)
        link.start()
        return link

    async def _hold(self) -> None:
        """Return when the connection has ended; until then replace it when that is due."""
        loop = asyncio.get_running_loop()
        due = self._due(loop.time())
        while self.link is not None and not self.link.ended.done():
            await self._first(self.link, due)
            if self.link.ended.done():
                return
            self._wanted.clear()
            done = await self._replace()
            due = self._due(loop.time()) if done else loop.time() + RETRY_S

    def _due(self, now: float) -> float:
        """When this connection is to be replaced, because the venue will end it."""
        life = self.ground.stream.lifetime_s
        if life <= 0 or self.link is None:
            return float("inf")
        early = EARLY * (1.0 + float(self.ground.rng.uniform()))
        return max(now, self.link.opened + life * (1.0 - early))

    async def _first(self, link: Link, due: float) -> None:
        """Wait for the end of the link, a wish to replace it, or the time to."""
        loop = asyncio.get_running_loop()
        wish = asyncio.ensure_future(self._wanted.wait())
        try:
            timeout = None if due == float("inf") else max(0.0, due - loop.time())
            await asyncio.wait(
                (wish, link.ended), timeout=timeout, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            wish.cancel()

    async def _replace(self) -> bool:
        """Open the next connection and let it take over. False: it did not get that far."""
        ground, old = self.ground, self.link
        if old is None:
            return False
        fresh = self._fresh = await self._connect_beside(old)
        if fresh is None:
            return False
        how = await self._settles(fresh, old)
        if how == "failed":
            self._fresh = None
            # Nothing is missed: the old one goes on (or its own end is told by itself).
            await fresh.stop("brought nothing", replaced=not old.ended.done())
            return False
        self.link, self._fresh = fresh, None
        ground.status.rotations += 1
        await old.stop(self._why or "life time", replaced=how == "settled")
        self._why = ""
        ground.changed()
        if how == "old gone":
            ground.back()
        return True

    async def _connect_beside(self, old: Link) -> Link | None:
        """One try, given up when the old connection ends: then its end has to be told first."""
        attempt = asyncio.ensure_future(self._connect())
        try:
            await asyncio.wait((attempt, old.ended), return_when=asyncio.FIRST_COMPLETED)
            if not attempt.done():
                return None
            return attempt.result()
        except TransportError as error:
            self.ground.status.error(error.kind)
            return None
        finally:
            attempt.cancel()

    async def _settles(self, fresh: Link, old: Link) -> Literal["settled", "old gone", "failed"]:
        """Does the new connection take over while the old one still stands?"""
        loop = asyncio.get_running_loop()
        until = loop.time() + SETTLE_S
        while loop.time() < until and not fresh.ended.done():
            if old.ended.done():
                return "old gone"
            if fresh.settled():
                # What the venue sent to one of the two only, on its way, still comes.
                await asyncio.sleep(OVERLAP_S)
                return "failed" if fresh.ended.done() else "settled"
            await asyncio.sleep(0.1)
        return "failed"
