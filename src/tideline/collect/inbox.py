"""One bounded queue per venue between the sockets and the sink.

Words about connections always get in; answers to our own requests wait for room; pushed frames do
not wait: when the queue is full they are dropped, counted, and said in one Dropped record per
connection as soon as there is room again. While a connection is dropping it drops all, so that
the record names one closed span.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from tideline.collect.live.record import Dropped, Frame, Record
from tideline.collect.sink import Sink, Taken
from tideline.collect.status import VenueStatus
from tideline.domain.time import Clock

TURN = 64
"""Records taken before other tasks get the loop."""
FULL_SINK_S = 0.05
"""How often a full sink is asked again."""
ROOM = 0.9
"""Dropping ends when the queue is down to this part of its size."""

CRASHED = Taken(error="crash")
"""What is said of a record when the sink failed over it, against its word."""

Heard = Callable[[Record, Taken], None]


class _Item(NamedTuple):
    record: Record
    heard: Heard | None


class Inbox:
    """``most`` records and ``most_bytes`` of frames at once.

    ``doubted`` is called for a frame that does not agree with what is known of its instruments.
    """

    def __init__(
        self, most: int, clock: Clock, status: VenueStatus, most_bytes: int = 64 * 1024 * 1024
    ) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._clock, self.status = clock, status
        self.doubted: Callable[[], None] = lambda: None
        self._items: deque[_Item] = deque()
        self._bytes = 0
        self._dropping: dict[tuple[str, int], tuple[int, int]] = {}
        self._work, self._room = asyncio.Event(), asyncio.Event()

    def tell(self, record: Record) -> None:
        """A word about a connection or the universe: always taken."""
        self._put(record, None)

    def offer(self, frame: Frame, heard: Heard) -> bool:
        """A pushed frame; False: there was no room, it is gone and counted."""
        key = (frame.feed, frame.connection)
        if key in self._dropping or self._is_full():
            since, count = self._dropping.get(key, (frame.at, 0))
            self._dropping[key] = (since, count + 1)
            self.status.feed(frame.feed).dropped += 1
            return False
        self._put(frame, heard)
        return True

    async def give(self, frame: Frame) -> Taken:
        """A reply: waits for room, and for what came of it."""
        while self._is_full():
            self._room.clear()
            await self._room.wait()
        done: asyncio.Future[Taken] = asyncio.get_running_loop().create_future()

        def heard(_: Record, taken: Taken) -> None:
            if not done.done():
                done.set_result(taken)

        self._put(frame, heard)
        return await done

    async def drain(self, sink: Sink) -> None:
        """Hand everything to the sink, for ever."""
        while True:
            while sink.full():
                await asyncio.sleep(FULL_SINK_S)
            if not self._items:
                self._work.clear()
                await self._work.wait()
            self._hand_over(sink, TURN)
            await asyncio.sleep(0)

    def finish(self, sink: Sink) -> bool:
        """Hand over what is left, without waiting. False: the sink is full before that."""
        while self._items or self._dropping:
            if sink.full():
                return False
            self._hand_over(sink, TURN)
        return True

    def _hand_over(self, sink: Sink, most: int) -> None:
        for _ in range(min(most, len(self._items))):
            record, heard = self._items.popleft()
            if isinstance(record, Frame):
                self._bytes -= len(record.body)
            taken = CRASHED
            try:
                taken = sink.take(record)
            finally:
                # Whoever waits for the answer to a poll must not wait for ever.
                if isinstance(record, Frame):
                    self._count(record, taken)
                if heard is not None:
                    heard(record, taken)
        self.status.queue = len(self._items)
        if not self._is_full():
            self._room.set()
        if self._dropping and len(self._items) <= self._most * ROOM and not self._heavy(ROOM):
            self._say_dropped()

    def _say_dropped(self) -> None:
        now = self._clock.now()
        dropping, self._dropping = self._dropping, {}
        for (feed, connection), (since, count) in dropping.items():
            self._put(Dropped(now, feed, connection, since, count), None)

    def _put(self, record: Record, heard: Heard | None) -> None:
        self._items.append(_Item(record, heard))
        if isinstance(record, Frame):
            self._bytes += len(record.body)
        self.status.queue = len(self._items)
        self._work.set()

    def _is_full(self) -> bool:
        return len(self._items) >= self._most or self._heavy(1.0)

    def _heavy(self, part: float) -> bool:
        return self._bytes >= self._most_bytes * part

    def _count(self, frame: Frame, taken: Taken) -> None:
        feed = self.status.feed(frame.feed)
        feed.frames += 1
        feed.rows += taken.rows
        feed.last_frame_at = max(feed.last_frame_at, frame.at)
        if taken.error:
            feed.error(taken.error)
        if taken.doubts:
            self.doubted()
        if taken.parsed is not None:
            if taken.parsed.observations:
                feed.last_data_at = max(feed.last_data_at, frame.at)
            if taken.parsed.ignored:
                feed.ignore(taken.parsed.ignored)
