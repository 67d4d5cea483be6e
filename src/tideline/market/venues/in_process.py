"""Venue servers in the same process: a Transport without a wire, exact to the microsecond.

Requests and messages take ``latency_us`` there, answers and frames the same back. On a virtual
loop everything is the same in every run.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable

from tideline.domain.time import SECOND, Clock
from tideline.market.venues.front import Broken, Front, Line
from tideline.venues.declaration import Host
from tideline.venues.transport import TransportError
from tideline.venues.wire import Reply, Request

MOST_BYTES = 8 * 1024 * 1024
MOST_WAITING = 100_000
"""Frames that nobody fetches before the venue gives the client up."""

READ_S = 10.0
"""How long a client waits for an answer that does not come."""


class InProcess:
    """A Transport to these hosts, of one venue or of many."""

    def __init__(
        self, served: Iterable[tuple[Host, Front]], clock: Clock, latency_us: int = 20_000
    ) -> None:
        self._fronts = dict(served)
        self._clock, self._latency = clock, latency_us

    async def ask(self, host: Host, request: Request) -> Reply:
        """See Transport.ask."""
        front = self._front(host)
        await self._travel()
        answer = front.answer(request, self._clock.now())
        if isinstance(answer, Broken):
            await self._fail(host, answer)
            raise AssertionError("a failure that did not fail")
        await self._travel()
        if 300 <= answer.status < 400:
            raise TransportError("redirect", host.name, answer.headers.get("location", "?"))
        if len(answer.body) > MOST_BYTES:
            raise TransportError("too_large", host.name, f"a body of {len(answer.body)} bytes")
        return answer

    async def connect(self, host: Host, target: str) -> InProcessSocket:
        """See Transport.connect."""
        front = self._front(host)
        await self._travel()
        line = front.open(host.name, target, self._clock.now())
        if isinstance(line, Broken):
            await self._fail(host, line)
            raise AssertionError("a failure that did not fail")
        await self._travel()
        if isinstance(line, Reply):
            answered = Reply(line.status, b"", line.headers)
            detail = f"handshake answered {line.status}"
            raise TransportError("refused", host.name, detail, answered)
        return InProcessSocket(host, line, self._clock, self._latency)

    def _front(self, host: Host) -> Front:
        try:
            return self._fronts[host]
        except KeyError:
            raise TransportError("connect", host.name, "no such host") from None

    async def _travel(self) -> None:
        await asyncio.sleep(self._latency / SECOND)

    async def _fail(self, host: Host, broken: Broken) -> None:
        if broken.kind == "silence":
            await asyncio.sleep(READ_S)
            raise TransportError("timeout", host.name, f"no answer within {READ_S:g} s")
        await self._travel()
        raise TransportError(broken.kind, host.name, f"the line failed: {broken.kind}")


class InProcessSocket:
    """The client's end of a Line. Timers of the loop play the venue's part."""

    def __init__(self, host: Host, line: Line, clock: Clock, latency_us: int) -> None:
        self._host, self._line, self._clock, self._latency = host, line, clock, latency_us
        self._loop = asyncio.get_running_loop()
        self._frames: deque[bytes] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._pushed = clock.now() - 1
        self._due: int | None = None
        self._over = False
        self._arm()

    async def send(self, text: str) -> None:
        """See Socket.send."""
        if self._over:
            raise TransportError("closed", self._host.name, "the connection is closed")
        self._loop.call_later(self._latency / SECOND, self._heard, text)

    async def receive(self) -> bytes | None:
        """See Socket.receive."""
        while not self._frames:
            if self._over:
                return None
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        frame = self._frames.popleft()
        if len(frame) > MOST_BYTES:
            self._end()
            raise TransportError("too_large", self._host.name, "a frame beyond the limit")
        return frame

    async def close(self) -> None:
        """See Socket.close."""
        self._end()

    def _heard(self, text: str) -> None:
        """A message arrives at the venue."""
        if self._over:
            return
        now = self._clock.now()
        while self._due is not None and self._due <= now:
            wait = self._due + self._latency - now  # it left before this message came
            self._loop.call_later(max(0, wait) / SECOND, self._arrive, self._push())
        self._loop.call_later(self._latency / SECOND, self._arrive, self._line.receive(text, now))
        self._pushed = max(self._pushed, now - 1)  # what it asks for begins now, not before
        self._arm()

    def _arm(self) -> None:
        """Set the timer to the next thing the venue does."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._over:
            return
        due, ends = self._line.next_due(self._pushed + 1), self._line.ends()
        if due is not None:
            due = max(due, self._pushed + 1)
        self._due = due
        when = ends if due is None or (ends is not None and ends < due) else due
        if when is not None:
            wait = when + self._latency - self._clock.now()
            self._timer = self._loop.call_later(max(0, wait) / SECOND, self._tick)

    def _tick(self) -> None:
        self._timer = None
        ends = self._line.ends()
        if ends is not None and (self._due is None or ends <= self._due):
            self._end()
            return
        if self._due is not None:
            self._arrive(self._push())
        self._arm()

    def _push(self) -> list[str]:
        """The frames that are due, and a look at when the next ones are."""
        if self._due is None:
            return []
        self._pushed = self._due
        frames = self._line.push(self._due)
        due = self._line.next_due(self._pushed + 1)
        self._due = None if due is None else max(due, self._pushed + 1)
        return frames

    def _arrive(self, frames: list[str]) -> None:
        if self._over or not frames:
            return
        self._frames.extend(frame.encode() for frame in frames)
        if len(self._frames) > MOST_WAITING:
            self._end()
        self._wake()

    def _end(self) -> None:
        if not self._over:
            self._over = True
            if self._timer is not None:
                self._timer.cancel()
            self._line.left()
            self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
