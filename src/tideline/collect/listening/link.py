"""One open WebSocket: subscribe, listen, keep it alive, notice when it has gone mute.

Data are frames with observations, or with what was left out on purpose (an instrument that is not
followed is a sign of life); pings, pongs, acknowledgements and heartbeats are not, nor are changes
to something whose beginning we missed: those ask for another connection. Mute is no
data for max(15 s, 3 x the usual silence), counted from the opening. A stream of rare events says
so (usual silence 0): for it any frame is life, and the pongs are waited for.

Whether a topic is silent is judged per (instrument, field): the topic is asked for again; if that
does not help, the line is asked for another connection. Patience doubles each time, so that an
instrument that does not trade does not shake the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field

from tideline.collect.inbox import Inbox
from tideline.collect.listening.topics import MOST_PATIENCE, Topics, mute_limit_s
from tideline.collect.live.record import Closed, Frame, Opened, Record, Watch
from tideline.collect.sink import Taken
from tideline.collect.status import FeedStatus
from tideline.domain.time import SECOND, Clock
from tideline.venues.declaration import Stream, Topic
from tideline.venues.parsed import Control, Parsed
from tideline.venues.transport import Socket, TransportError

OPEN_HANDED = 32
"""Frames read before other tasks get the loop."""
CLOSE_S = 3.0
ORPHANS = frozenset({"delta before snapshot", "no universe order"})
"""What readers leave out because what it changes or refers to is not known."""
ORPHANS_S = 60.0
"""How long orphans may come before another connection is asked for; doubles each time."""
LAG_US = 2 * SECOND
"""Frames that wait longer than this to be read make judgements on silence wait as well."""


@dataclass(slots=True)
class Wire:
    """What a link works with beside its socket.

    ``rotate`` asks the line for another connection, ``changed`` says that there is news for the
    status; ``patience`` belongs to the line and outlives the link.
    """

    stream: Stream
    inbox: Inbox
    clock: Clock
    status: FeedStatus
    rotate: Callable[[str], None]
    changed: Callable[[], None]
    patience: dict[str, float] = field(default_factory=dict)


class Link:
    """One connection, numbered. ``ended`` is done, with the reason, when it is over."""

    def __init__(self, number: int, wire: Wire, socket: Socket, topics: Sequence[Topic]) -> None:
        loop = asyncio.get_running_loop()
        self.number, self._wire, self._socket = number, wire, socket
        self.topics = Topics(wire.stream, topics, loop.time(), wire.patience)
        self.opened = self.last_data = self.last_frame = loop.time()
        self.opened_at = int(wire.clock.now())
        self.last_data_at = self.opened_at
        self.had_data = False
        self.silent: tuple[str, ...] = ()
        self._dropped = False
        self.ended: asyncio.Future[str] = loop.create_future()
        self._unheard, self._heard_at = 0, self.opened_at
        self._speech: asyncio.Queue[str] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Say that it stands, and begin to listen and to speak."""
        wire = self._wire
        wire.status.connections += 1
        wire.inbox.tell(Opened(wire.clock.now(), wire.stream.name, self.number))
        self.tell_watch()
        jobs = [self._listen(), self._speak(), self._reconcile(), self._watch()]
        if wire.stream.keepalive.text and wire.stream.keepalive.every_s > 0:
            jobs.append(self._keep_alive())
        self._tasks = [asyncio.create_task(self._until_end(job)) for job in jobs]
        for task in self._tasks:
            task.add_done_callback(self._look_at)

    def tell_watch(self) -> None:
        """Say which legs are expected of it."""
        now, name = self._wire.clock.now(), self._wire.stream.name
        for usual_s, fields, instruments in self.topics.legs():
            cadence_s = usual_s or self._wire.stream.usual_s
            self._wire.inbox.tell(
                Watch(now, name, self.number, instruments, fields, usual_s, cadence_s)
            )

    async def stop(self, why: str, *, replaced: bool = False) -> None:
        """End it, whatever its state, and say so once."""
        self._end(why)
        wire = self._wire
        for task in self._tasks:
            task.cancel()
        wire.status.connections -= 1
        wire.inbox.tell(
            Closed(wire.clock.now(), wire.stream.name, self.number, self.ended.result(), replaced)
        )
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._socket.close()
        except (TransportError, TimeoutError):
            wire.status.error("close")

    def settled(self) -> bool:
        """Everything is confirmed (or given up), and data come if they should."""
        quiet = self._wire.stream.usual_s == 0
        return not self.topics.waiting() and (self.had_data or quiet)

    def _end(self, why: str) -> None:
        if not self.ended.done():
            self.ended.set_result(why)

    async def _until_end(self, job: Coroutine[object, object, None]) -> None:
        """A job of this link; a broken line is the end of the link, not of the collector."""
        try:
            await job
        except TransportError as error:
            self._wire.status.error(error.kind)
            self._end(error.kind)

    def _look_at(self, task: asyncio.Task[None]) -> None:
        """A job that broke in another way ends the link, and is seen."""
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._wire.status.crash = f"{type(error).__name__}: {error}"[:300]
            self._end("crash")

    def _behind(self) -> bool:
        """Do frames of ours wait so long to be read that silence cannot be judged?"""
        return self._unheard > 0 and self._wire.clock.now() - self._heard_at > LAG_US

    async def _listen(self) -> None:
        wire, loop = self._wire, asyncio.get_running_loop()
        count = 0
        while (body := await self._socket.receive()) is not None:
            self.last_frame = loop.time()
            frame = Frame(wire.clock.now(), wire.stream.name, body, self.number)
            if wire.inbox.offer(frame, self._heard):
                self._unheard += 1
                if self._dropped:
                    # What was dropped may have changed what later frames leave out.
                    self._dropped = False
                    wire.rotate("frames were dropped")
            else:
                # It speaks; that we cannot take it is another matter.
                self._dropped, self.last_data = True, self.last_frame
            count += 1
            if count % OPEN_HANDED == 0:
                await asyncio.sleep(0)
        self._end("closed by the venue")

    async def _speak(self) -> None:
        """Send what is to be said, no faster than the venue accepts."""
        for text in self.topics.ask(self.topics.names(), asyncio.get_running_loop().time()):
            self._speech.put_nowait(text)
        while True:
            text = await self._speech.get()
            await self._socket.send(text)
            await asyncio.sleep(1.0 / self._wire.stream.speaks)

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(self._wire.stream.keepalive.every_s)
            self._speech.put_nowait(self._wire.stream.keepalive.text)

    async def _reconcile(self) -> None:
        """Ask again for what was not confirmed; report what is not even then."""
        loop = asyncio.get_running_loop()
        while True:
            due = self.topics.ack_due()
            self._wire.changed()
            if due is None:
                await self.topics.asked.wait()
                continue
            await asyncio.sleep(max(0.0, due - loop.time()))
            if self._speech.empty() and not self._behind():
                self._say(self.topics.ask_again(loop.time()))
            else:
                await asyncio.sleep(1.0)

    async def _watch(self) -> None:
        """Notice that nothing comes, or nothing of a topic."""
        wire, loop = self._wire, asyncio.get_running_loop()
        keepalive_s = wire.stream.keepalive.every_s
        limit = mute_limit_s(wire.stream.usual_s or keepalive_s)
        quiet = wire.stream.usual_s == 0
        # Rare events and no pings of ours: the protocol's own pings find a dead line.
        watched = not quiet or (bool(wire.stream.keepalive.text) and keepalive_s > 0)
        while True:
            last = self.last_frame if quiet else self.last_data
            due = last + limit if watched else float("inf")
            due = min(due, self.topics.stale_due())
            if due == float("inf"):
                return
            await asyncio.sleep(max(1.0 if due <= loop.time() else 0.0, due - loop.time()))
            if self._behind():
                await asyncio.sleep(1.0)
                continue
            last = self.last_frame if quiet else self.last_data
            if watched and loop.time() >= last + limit:
                self._end(f"mute for {round(loop.time() - last)} s")
                return
            self._judge_topics(loop.time())

    def _judge_topics(self, now: float) -> None:
        verdict = self.topics.stale(now)
        self.silent = verdict.silent
        self._wire.changed()
        texts = self.topics.ask(verdict.again, now)
        self._say(texts)
        if verdict.give_up or (verdict.again and not texts):
            names = verdict.give_up or verdict.again
            self._wire.rotate(f"silent: {', '.join(names)[:100]}")

    def _say(self, texts: Iterable[str]) -> None:
        for text in texts:
            self._speech.put_nowait(text)

    def _heard(self, record: Record, taken: Taken) -> None:
        """A frame of ours was read."""
        self._unheard -= 1
        self._heard_at = record.at
        if taken.parsed is None or self.ended.done():
            return
        if taken.parsed.controls:
            for control in taken.parsed.controls:
                self._control(control)
        reasons = taken.parsed.ignored
        if reasons and not ORPHANS.isdisjoint(reasons):
            self._orphaned()
        if taken.parsed.observations or not ORPHANS.issuperset(reasons):
            self._data(record.at, taken.parsed)

    def _data(self, at: int, parsed: Parsed) -> None:
        now = asyncio.get_running_loop().time()
        self.last_data, self.last_data_at, self.had_data = now, at, True
        self.topics.saw(parsed.observations, now)

    def _orphaned(self) -> None:
        """A change came to something whose beginning this connection never brought."""
        patience = self._wire.patience
        limit = ORPHANS_S * patience.get("", 1.0)
        now = asyncio.get_running_loop().time()
        if now - self.opened >= limit:
            patience[""] = min(patience.get("", 1.0) * 2.0, MOST_PATIENCE)
            self._wire.rotate("changes without their beginning")

    def _control(self, control: Control) -> None:
        now = asyncio.get_running_loop().time()
        if control.kind == "ack":
            self.topics.acked(control)
        elif control.kind == "refused":
            self._wire.status.error("refused topic")
            self._say(self.topics.refuse(control, now))
            self._wire.changed()
        elif control.kind == "answer":
            self._speech.put_nowait(control.text)
        elif control.kind == "restart":
            self._wire.rotate("the venue restarts")
