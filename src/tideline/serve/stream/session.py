"""One connection: who it is, what it asked for, a reader and a sender side by side.

accept --header or auth within 10 s--> ready --frames--> subscriptions     reader
                                             <--messages-- the queue       sender
                                             every 2 s: still allowed?     watch

The reader always waits in ``receive`` while the sender sends, so a close is answered at once.

Close codes: 1001 going away · 1008 too many frames, or bad ones · 1009 frame too large ·
1013 too slow to take one message in 5 s · 4401 no valid key, or revoked · 4403 foreign origin ·
4429 too many streams
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

import msgspec

from tideline.domain.errors import TidelineError
from tideline.domain.time import Clock
from tideline.serve.caller import Caller
from tideline.serve.gate import Gate
from tideline.serve.refusals import TooMany, Unauthorised
from tideline.serve.stream.desk import Desk
from tideline.serve.stream.messages import MOST_FRAME_BYTES, Auth, Ping, Subscribe, read, told
from tideline.serve.stream.queue import Queue

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

AWAY, MISBEHAVED, TOO_LARGE, TOO_SLOW = 1001, 1008, 1009, 1013
NO_KEY, FOREIGN, TOO_MANY = 4401, 4403, 4429


@dataclass(frozen=True, slots=True)
class Limits:
    """What one connection may do. Times in seconds."""

    auth_s: float = 10.0
    watch_s: float = 2.0
    stuck_s: float = 5.0
    frame_bytes: int = MOST_FRAME_BYTES
    bad_frames: int = 10
    frames_per_minute: int = 600


class _Close(Exception):
    def __init__(self, code: int, reason: str) -> None:
        self.code, self.reason = code, reason


class Session:
    """Lives as long as the connection. ``desk`` is shared by all of a process."""

    def __init__(
        self, gate: Gate, desk: Desk, clock: Clock, receive: Receive, send: Send,
        limits: Limits | None = None,
    ) -> None:  # fmt: skip
        self._gate, self._desk, self._clock = gate, desk, clock
        self._receive, self._send = receive, send
        self._limits = limits or Limits()
        self.queue = Queue()
        self._sending_since: float | None = None
        self._bad = 0
        self._window, self._frames = 0.0, 0

    async def run(self, authorization: str | None) -> None:
        """From the accepted connection to its close. Cancelled: going away."""
        caller: Caller | None = None
        try:
            caller = await self._admit(authorization)
            with self._desk.seat(caller, self.queue):
                self.queue.say(told("ready", plan=caller.plan.name, seq=self._desk.sequence))
                await self._converse(caller)
        except _Close as close:
            await self._close(close.code, close.reason)
        except Unauthorised:
            await self._close(NO_KEY, "a valid key is needed")
        except TooMany as error:
            await self._close(TOO_MANY, str(error)[:100])
        except asyncio.CancelledError:
            await self._close(AWAY, "going away")
            raise

    async def _admit(self, authorization: str | None) -> Caller:
        """The caller by header, or by the first message."""
        if authorization is not None or self._gate.ring is None:
            caller = self._gate.admit(authorization)
        else:
            try:
                said = await asyncio.wait_for(self._hear(), self._limits.auth_s)
            except TimeoutError:
                raise _Close(NO_KEY, "no key came in time") from None
            if not isinstance(said, Auth):
                raise Unauthorised
            caller = self._gate.admit(f"Bearer {said.key}")
        self._gate.spend(caller)
        return caller

    async def _converse(self, caller: Caller) -> None:
        """Reader, sender and watch, until one of them ends; its end is the connection's."""
        tasks = [
            asyncio.create_task(work)
            for work in (self._read(caller), self._write(), self._watch(caller))
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()

    async def _read(self, caller: Caller) -> None:
        while True:
            said = await self._hear()
            if said is None:
                continue
            if isinstance(said, Ping):
                self.queue.say(told("pong", seq=self._desk.sequence))
            elif isinstance(said, Subscribe):
                await self._answering(self._desk.subscribe(caller, self.queue, said))
            elif not isinstance(said, Auth):
                await self._answering(self._desk.unsubscribe(self.queue, said))

    async def _answering(self, work: Awaitable[None]) -> None:
        """An error of one message is told; the connection stays."""
        try:
            await work
        except TidelineError as error:
            self._wrong(error)

    async def _hear(self) -> Any:
        """The next message; None for one that is none, which was told."""
        event = await self._receive()
        if event["type"] != "websocket.receive":
            raise _Close(0, "")
        self._count()
        data = event.get("text") or event.get("bytes") or ""
        if len(data) > self._limits.frame_bytes:
            raise _Close(TOO_LARGE, f"a frame has at most {self._limits.frame_bytes} bytes")
        try:
            return read(data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            self._wrong(error)
            return None

    def _count(self) -> None:
        now = self._clock.monotonic()
        if now - self._window >= 60.0:
            self._window, self._frames = now, 0
        self._frames += 1
        if self._frames > self._limits.frames_per_minute:
            raise _Close(MISBEHAVED, f"more than {self._limits.frames_per_minute} frames a minute")

    def _wrong(self, error: Exception) -> None:
        facts = {name: getattr(error, name) for name in ("field", "nearest", "unlocked_by", "plan")
                 if isinstance(getattr(error, name, None), str)}  # fmt: skip
        self.queue.say(told("error", detail=str(error)[:300], **facts))
        self._bad += 1
        if self._bad >= self._limits.bad_frames:
            raise _Close(MISBEHAVED, f"{self._bad} messages that cannot be used")

    async def _write(self) -> None:
        while True:
            message = await self.queue.take()
            self._sending_since = self._clock.monotonic()
            try:
                await self._send({"type": "websocket.send", "text": message})
            except (RuntimeError, OSError):  # the other side is gone; the reader hears it too
                raise _Close(0, "") from None
            self._sending_since = None

    async def _watch(self, caller: Caller) -> None:
        while True:
            await asyncio.sleep(self._limits.watch_s)
            if not self._gate.still_open(caller):
                raise _Close(NO_KEY, "the key is no longer valid")
            since = self._sending_since
            if since is not None and self._clock.monotonic() - since > self._limits.stuck_s:
                raise _Close(TOO_SLOW, f"took no message for {self._limits.stuck_s:g} s")

    async def _close(self, code: int, reason: str) -> None:
        if not code:
            return
        closing = self._send({"type": "websocket.close", "code": code, "reason": reason})
        try:
            await asyncio.wait_for(closing, 2.0)
        except (TimeoutError, RuntimeError, OSError):
            return
