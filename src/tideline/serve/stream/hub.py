"""At every head, evaluate each channel once and hand the bytes to its clients.

follower's thread --commit, head--> the loop --due channels--> one thread --frames--> the queues

Heads that come while a round is at work are taken together in the next one. A client costs one
dictionary entry a frame; nothing is encoded twice and nobody is waited for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Protocol

import msgspec

from tideline.domain.errors import TidelineError
from tideline.domain.time import Clock
from tideline.log import Commit
from tideline.readings.asking import Track
from tideline.readings.transitions import Transition
from tideline.serve.logs import Logger, Silent
from tideline.serve.shapes import GapEntry
from tideline.serve.stream.channel import Channel, GapsKey, Key, ReadingKey, ValuesKey, new_channel
from tideline.serve.stream.messages import told
from tideline.serve.stream.queue import Queue
from tideline.serve.stream.source import Source, gaps_in
from tideline.serve.times import moment
from tideline.store.tracking import Stand, instant_of

READ_EVERY_S = 5.0
"""Readings are looked at so often at most, and never for more than a fifth of the time."""
READ_SHARE = 5.0


class Heads(Protocol):
    """What the hub follows: see :class:`tideline.serve.following.Follower`."""

    head: int
    applied: int

    def listen(self, heard: Callable[[int], None]) -> Callable[[], None]: ...


class _Made(NamedTuple):
    channel: Channel
    frames: tuple[str, ...]
    state: object
    newest: str = ""
    """For whoever joins; empty: the last of the frames."""


class Hub:
    """One a process. All methods but ``take`` are called on the loop."""

    def __init__(
        self, source: Source, heads: Heads, clock: Clock, log: Logger | None = None
    ) -> None:
        self._source, self._heads, self._clock = source, heads, clock
        self._log = log or Silent()
        self._channels: dict[Key, Channel] = {}
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="stream")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()
        self._read_next = 0.0

    @property
    def sequence(self) -> int:
        """The newest commit that is in the answers."""
        return self._heads.applied

    @property
    def head(self) -> int:
        """The moment they bear, µs."""
        return self._heads.head

    async def run(self) -> None:
        """Until cancelled."""
        self._loop = asyncio.get_running_loop()
        loop, wake = self._loop, self._wake

        def heard(_: int) -> None:
            loop.call_soon_threadsafe(wake.set)

        deaf = self._heads.listen(heard)
        try:
            while True:
                await wake.wait()
                wake.clear()
                try:
                    await self.round()
                except Exception as error:  # noqa: BLE001 - the hub outlives any one round
                    self._log.failure("stream_round_failed", error)
        finally:
            deaf()
            self._loop = None
            self._pool.shutdown(wait=False, cancel_futures=True)

    def take(self, commit: Commit) -> None:
        """A commit of the log, from the follower's thread: its gaps go out at once."""
        loop = self._loop
        if loop is None or not any(isinstance(key, GapsKey) for key in list(self._channels)):
            return
        try:
            gaps = gaps_in(commit)
        except Exception as error:  # noqa: BLE001 - the follower outlives any one commit
            self._log.failure("stream_gaps_failed", error, seq=commit.seq)
            return
        found = [(GapsKey(asset), entry, mended, commit.seq) for asset, entry, mended in gaps]
        if found:
            loop.call_soon_threadsafe(self._tell_gaps, found)

    def join(self, key: Key, queue: Queue) -> Channel:
        """Let a client into a channel; what the channel told last is told to it at once."""
        channel = self._channels.get(key)
        if channel is None:
            channel = self._channels[key] = new_channel(key)
        channel.clients.add(queue)
        if channel.frame and isinstance(key, ValuesKey):
            queue.offer_latest(channel.name, channel.frame)
        elif channel.frame:
            queue.offer_event(channel.name, channel.frame)
        elif not isinstance(key, GapsKey):
            self._read_next = 0.0
            self._wake.set()
        return channel

    def leave(self, channel: Channel, queue: Queue) -> None:
        """A client goes; a channel without clients goes too."""
        channel.clients.discard(queue)
        queue.forget(channel.name)
        if not channel.clients:
            self._channels.pop(channel.key, None)

    async def in_thread(self, job: Callable[[], object]) -> object:
        """Work of a client that reads the store, one after the other."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, job)

    async def round(self) -> None:
        """One head: values that are due, then readings if it is time."""
        seq = self._heads.applied  # before the head: a sequence never promises too much
        head = self._heads.head
        for part in self._due(head):
            made = await self._work(lambda part=part: self._values(part, head, seq))  # type: ignore[misc]
            self._hand(made, head, event=False)
        now = self._clock.monotonic()
        reading = [c for c in self._channels.values() if isinstance(c.key, ReadingKey)]
        if reading and now >= self._read_next:
            made = await self._work(lambda: self._readings(reading, head, seq))
            taken = self._clock.monotonic() - now
            self._read_next = now + max(READ_EVERY_S, READ_SHARE * taken)
            self._hand(made, head, event=True)

    def _due(self, head: int) -> list[list[Channel]]:
        """Channels to evaluate, a coin at a time: while one is worked on, the one before goes out.
        The cheap ones come first: numbers alone, then those with evidence."""
        parts: dict[tuple[bool, str], list[Channel]] = {}
        for channel in self._channels.values():
            if isinstance(channel.key, ValuesKey) and channel.due(head):
                parts.setdefault((channel.key.evidence, channel.key.asset), []).append(channel)
        return [parts[key] for key in sorted(parts)]

    async def _work(self, job: Callable[[], list[_Made]]) -> list[_Made]:
        return await asyncio.get_running_loop().run_in_executor(self._pool, job)

    def _hand(self, made: Iterable[_Made], head: int, *, event: bool) -> None:
        for channel, frames, state, newest in made:
            channel.state, channel.at = state, head
            if not frames:
                continue
            channel.frame = newest or frames[-1]
            for queue in channel.clients:
                for frame in frames:
                    (queue.offer_event if event else queue.offer_latest)(channel.name, frame)

    def _values(self, due: list[Channel], head: int, seq: int) -> list[_Made]:
        made = []
        for channel in due:
            try:
                made.append(self._value(channel, head, seq))
            except TidelineError:
                made.append(_Made(channel, (), None))
        return made

    def _value(self, channel: Channel, head: int, seq: int) -> _Made:
        key = channel.key
        assert isinstance(key, ValuesKey)
        bare = self._source.values(key.asset, key.features, head, False)
        if not key.every_s and bare == channel.state:
            return _Made(channel, (), bare)
        if key.evidence:
            shown = self._source.values(key.asset, key.features, head, True)
        else:
            shown = [
                b'{"feature":%b,"value":%b}' % (msgspec.json.encode(name), value)
                for name, value in zip(key.features, bare, strict=True)
            ]
        frame = b'{"type":"values","channel":"%b","seq":%d,"as_of":"%b","asset":%b,"values":[%b]}'
        text = frame % (
            channel.name.encode(), seq, moment(head).encode(),
            msgspec.json.encode(key.asset), b",".join(shown),
        )  # fmt: skip
        return _Made(channel, (text.decode(),), bare)

    def _readings(self, channels: list[Channel], head: int, seq: int) -> list[_Made]:
        """A coin at a time, each track once for all channels it is in."""
        asked: dict[str, dict[Track, None]] = {}
        of: dict[str, list[tuple[Channel, ReadingKey]]] = {}
        for channel in channels:
            key = channel.key
            assert isinstance(key, ReadingKey)
            asked.setdefault(key.asset, {}).update(dict.fromkeys(key.tracks))
            of.setdefault(key.asset, []).append((channel, key))
        self._source.keep((asset, track) for asset, mine in asked.items() for track in mine)
        made = []
        for asset, mine in asked.items():
            try:
                moved = self._source.move(asset, tuple(mine), head)
            except TidelineError:
                continue
            for channel, key in of[asset]:
                stand = self._source.standing(asset, key.tracks)
                made.append(_told_of(channel, key, moved, stand, head, seq))
        return made

    def _tell_gaps(self, found: list[tuple[GapsKey, GapEntry, bool, int]]) -> None:
        for key, entry, mended, seq in found:
            channel = self._channels.get(key)
            if channel is not None:
                frame = gap_frame(channel, entry, mended, seq, self._heads.head)
                for queue in channel.clients:
                    queue.offer_event(channel.name, frame)


def _told_of(
    channel: Channel, key: ReadingKey, moved: list[Transition], stand: Stand, head: int, seq: int
) -> _Made:
    """First what stands; then what changes. Whoever joins later is told what stands."""
    mine = [one for one in moved if (one.rule, one.window) in key.tracks]
    if channel.state is not None and not mine:
        return _Made(channel, (), stand)
    newest = standing_frame(channel, key, stand, head, seq)
    if channel.state is None:
        return _Made(channel, (newest,), stand)
    return _Made(channel, tuple(transition(channel, key, one, seq) for one in mine), stand, newest)


def standing_frame(channel: Channel, key: ReadingKey, stand: Stand, head: int, seq: int) -> str:
    """The states that the tracks of a channel are in; the others are in none."""
    states = [
        {"rule": rule, "window": window, "state": one.name, "severity": one.severity,
         "since": moment(one.since)}
        for (rule, window), one in stand
    ]  # fmt: skip
    return told(
        "standing", channel=channel.name, seq=seq, as_of=moment(instant_of(head)), asset=key.asset,
        reading=key.reading, states=states,
    )  # fmt: skip


def transition(channel: Channel, key: ReadingKey, one: Transition, seq: int) -> str:
    """A state entered or left, or another severity of it."""
    return told(
        "reading", channel=channel.name, seq=seq, as_of=moment(one.as_of), asset=one.asset,
        reading=key.reading, rule=one.rule, window=one.window, change=one.change, state=one.name,
        severity=one.severity, was=one.was or None, strength=one.strength, because=one.because,
    )  # fmt: skip


def gap_frame(channel: Channel, entry: GapEntry, mended: bool, seq: int, head: int) -> str:
    """A gap, or that nothing is left of one."""
    return told("gap", channel=channel.name, seq=seq, as_of=moment(head), mended=mended, gap=entry)
