"""Subscriptions of all connections of a process: checked, entered in the hub, counted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast

from tideline.domain.errors import BadInput, UnknownName
from tideline.readings.asking import Track
from tideline.readings.naming import ALL, tracks_called
from tideline.serve.asking import features_in, known_assets
from tideline.serve.caller import Caller
from tideline.serve.entitlement import require
from tideline.serve.readings import may_read, require_readings
from tideline.serve.refusals import TooMany
from tideline.serve.seats import Seats
from tideline.serve.stream.channel import Channel, GapsKey, Key, ReadingKey, ValuesKey
from tideline.serve.stream.hub import Hub
from tideline.serve.stream.messages import Subscribe, Unsubscribe, told
from tideline.serve.stream.queue import Queue
from tideline.serve.stream.resume import Missed, missed
from tideline.serve.stream.source import Source
from tideline.store import Store

MOST_CHANNELS = 400
"""Channels of one connection."""
MOST_FEATURES = 2_000
"""Features of one connection, over all channels."""
AGAIN_S = 60


class Desk:
    """One a process."""

    def __init__(self, hub: Hub, store: Store, source: Source, seats: Seats | None = None) -> None:
        self._hub, self._store, self._source = hub, store, source
        self._seats = seats or Seats()
        self._subscribed: dict[Queue, dict[str, list[Channel]]] = {}

    @property
    def sequence(self) -> int:
        """The newest commit that is in the answers."""
        return self._hub.sequence

    @property
    def connections(self) -> int:
        """Open connections."""
        return len(self._subscribed)

    @contextmanager
    def seat(self, caller: Caller, queue: Queue) -> Iterator[None]:
        """A place for one connection of the caller; without keys there is no limit.

        Raises:
            TooMany: the plan has no more streams, over all processes.
        """
        taken = None
        if caller.key_id:
            taken = self._seats.take(caller.owner_id, caller.plan_id, caller.plan.streams)
            if taken is None:
                raise TooMany(f"plan {caller.plan.name} has {caller.plan.streams} streams", AGAIN_S)
        self._subscribed[queue] = {}
        try:
            yield
        finally:
            for name in list(self._subscribed[queue]):
                self._leave(queue, name)
            del self._subscribed[queue]
            if taken is not None:
                self._seats.leave(taken)

    async def subscribe(self, caller: Caller, queue: Queue, asked: Subscribe) -> None:
        """Check it, enter it, tell it, and tell what was missed.

        Raises:
            BadInput, BadAddress, UnknownName, NotEntitled: nothing is subscribed then.
        """
        mine = self._subscribed[queue]
        if asked.id in mine:
            raise BadInput("id", asked.id, "is subscribed already", f"{asked.id}2")
        assets = await asyncio.to_thread(self._store.assets)
        keys = keys_of(caller, asked, assets)
        self._bound(mine, keys)
        gone: Missed | None = None
        if asked.since is not None:
            since, seq, head = asked.since, self._hub.sequence, self._hub.head
            then = await asyncio.to_thread(self._store.log.commit_time, since)
            require(caller.plan, oldest=then, head=head)
            gone = cast(
                Missed,
                await self._hub.in_thread(
                    lambda: missed(self._store.log, self._source, keys, since, seq, head)
                ),
            )
        channels = [self._hub.join(key, queue) for key in keys]
        mine[asked.id] = channels
        facts = {"channels": [_told(channel) for channel in channels], "missed": _missed(gone)}
        queue.say(told("subscribed", id=asked.id, seq=self._hub.sequence, **facts))
        for name, frame in gone.frames if gone else ():
            queue.offer_event(name, frame)

    async def unsubscribe(self, queue: Queue, asked: Unsubscribe) -> None:
        """No more of it.

        Raises:
            UnknownName: nothing of that name is subscribed.
        """
        mine = self._subscribed[queue]
        if asked.id not in mine:
            raise UnknownName("id", asked.id, mine)
        self._leave(queue, asked.id)
        queue.say(told("unsubscribed", id=asked.id))

    def _leave(self, queue: Queue, name: str) -> None:
        channels = self._subscribed[queue].pop(name)
        kept = {c for others in self._subscribed[queue].values() for c in others}
        for channel in channels:
            if channel not in kept:
                self._hub.leave(channel, queue)

    @staticmethod
    def _bound(mine: dict[str, list[Channel]], keys: Sequence[Key]) -> None:
        standing = [channel.key for channels in mine.values() for channel in channels]
        if len(standing) + len(keys) > MOST_CHANNELS:
            count = len(standing) + len(keys)
            raise BadInput("assets", count, f"would be more than {MOST_CHANNELS} channels")
        features = sum(len(k.features) for k in (*standing, *keys) if isinstance(k, ValuesKey))
        if features > MOST_FEATURES:
            raise BadInput("features", features, f"would be more than {MOST_FEATURES} features")


def keys_of(caller: Caller, asked: Subscribe, held: Sequence[str]) -> list[Key]:
    """The channels of a subscription, each once.

    Raises:
        BadInput, BadAddress, UnknownName, NotEntitled.
    """
    assets = known_assets(asked.assets, frozenset(held))
    if not asked.features and not asked.readings and not asked.gaps:
        raise BadInput("features", "[]", "names no feature, and no readings nor gaps are asked for")
    features = tuple(features_in(asked.features)) if asked.features else ()
    readings = [(text, _tracks(caller, text)) for text in asked.readings]
    require(caller.plan, addresses=features)
    found: list[Key] = []
    for asset in assets:
        if features:
            found.append(ValuesKey(asset, features, asked.every_s or 0, asked.evidence))
        found += [ReadingKey(asset, text, tracks) for text, tracks in readings]
        if asked.gaps:
            found.append(GapsKey(asset))
    return list(dict.fromkeys(found))


def _tracks(caller: Caller, text: str) -> tuple[Track, ...]:
    """What ``R3@45m`` stands for; of ``all@45m`` what the plan may ask.

    Raises:
        UnknownName, BadInput, NotEntitled.
    """
    tracks = tracks_called(text)
    if text.partition("@")[0] == ALL:
        return tuple(track for track in tracks if may_read(caller.plan, [track]))
    require_readings(caller.plan, tracks)
    return tracks


def _told(channel: Channel) -> dict[str, str]:
    kinds = {ValuesKey: "values", ReadingKey: "reading", GapsKey: "gap"}
    facts = {"channel": channel.name, "type": kinds[type(channel.key)], "asset": channel.key.asset}
    return facts | ({"reading": channel.key.reading} if isinstance(channel.key, ReadingKey) else {})


def _missed(gone: Missed | None) -> dict[str, object] | None:
    if gone is None:
        return None
    return {"commits": gone.commits, "messages": len(gone.frames), "whole": gone.whole}
