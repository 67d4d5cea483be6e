"""One connection to OKX's public channels.

====================  ================================================================
open-interest         every 3 s, only when it changed
mark-price            every 200 ms when it changed, else every 10 s
index-tickers         every 100 ms when it changed, else every minute
funding-rate          every 60 s
liquidation-orders    every second what happened; the first frame holds the last minutes
====================  ================================================================

Intervals are multiplied by the server's pace. Whatever is subscribed is pushed once at once.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tideline.domain.time import HOUR, MINUTE, SECOND
from tideline.market.state import Listed, Market
from tideline.market.venues import okx_rows as rows
from tideline.market.venues.compact import compact
from tideline.market.venues.quota import Quota
from tideline.market.venues.trading import trading

Make = Callable[[Market, Listed, int], rows.Row]

BACKLOG = 10 * MINUTE
MOST_OPERATIONS = 480
"""Subscribe and unsubscribe messages an hour."""
_LIQUIDATIONS = "liquidation-orders"


@dataclass(frozen=True, slots=True)
class Channel:
    """How often a channel looks, how long it may be silent, and the cell that tells a change."""

    every: int
    silent: int | None
    cell: str
    make: Make


CHANNELS = {
    "open-interest": Channel(3 * SECOND, None, "oiCcy", rows.open_interest),
    "mark-price": Channel(SECOND // 5, 10 * SECOND, "markPx", rows.mark_price),
    "index-tickers": Channel(SECOND // 10, MINUTE, "idxPx", rows.index_ticker),
    "funding-rate": Channel(MINUTE, 0, "fundingRate", rows.funding_rate),
}


@dataclass(slots=True)
class _Topic:
    """A subscription: what it said last, and when; ``since`` is how far liquidations were told."""

    arg: dict[str, str]
    due: int
    said: object = None
    said_at: int = 0
    since: int = 0


class OkxSession:
    """Subscriptions of one connection and when each speaks next."""

    def __init__(self, market: Market, pace: float, connection: str) -> None:
        self._market, self._pace, self._connection = market, pace, connection
        self._topics: dict[tuple[str, str], _Topic] = {}
        self._heap: list[tuple[int, tuple[str, str]]] = []
        self._operations = Quota(MOST_OPERATIONS, HOUR)

    def receive(self, text: str, now: int) -> list[str]:
        """Events: one for every argument of a subscription."""
        if text == "ping":
            return ["pong"]
        try:
            body = json.loads(text)
            operation, number = body["op"], body.get("id")
            args = [{str(k): str(v) for k, v in arg.items()} for arg in body["args"]]
        except (ValueError, TypeError, KeyError, AttributeError):
            return [self._error("60012", f"Invalid request: {text}", None)]
        if operation not in ("subscribe", "unsubscribe") or not args:
            return [self._error("60012", f"Invalid request: {text}", number)]
        if not self._operations.take(1, now):
            return [self._error("60014", "Requests too frequent", number)]
        return [self._operate(operation, arg, number, now) for arg in args]

    def _operate(self, operation: str, arg: dict[str, str], number: object, now: int) -> str:
        key = self._key(arg, now)
        if key is None:
            of = next((f"{k}:{v}" for k, v in arg.items() if k != "channel"), "instId:")
            said = f"Wrong URL or channel:{arg.get('channel', '')},{of} doesn't exist. Please use"
            rest = "the correct URL, channel and parameters referring to API document."
            return self._error("60018", f"{said} {rest}", number)
        if operation == "subscribe":
            self._topics[key] = _Topic(arg, now, since=now - BACKLOG)
            heapq.heappush(self._heap, (now, key))
        else:
            self._topics.pop(key, None)
        return self._event({"event": operation, "arg": arg}, number)

    def _key(self, arg: dict[str, str], now: int) -> tuple[str, str] | None:
        """Channel and instrument, index or product; None: there is no such thing."""
        channel = arg.get("channel", "")
        if channel == _LIQUIDATIONS:
            kind = arg.get("instType", "")
            return (channel, kind) if kind in ("SWAP", "FUTURES", "MARGIN", "OPTION") else None
        if channel not in CHANNELS:
            return None
        of = arg.get("instId", "")
        one = _named(channel, of, trading(self._market, rows.VENUE, now))
        if one is None or (channel == "funding-rate" and not rows.pays(self._market, one, now)):
            return None
        return channel, of

    def next_due(self, now: int) -> int | None:
        """When the next subscription speaks."""
        heap = self._heap
        while heap:
            due, key = heap[0]
            topic = self._topics.get(key)
            if topic is not None and topic.due == due:
                return max(due, now)
            heapq.heappop(heap)
        return None

    def push(self, now: int) -> list[str]:
        """The frames of every subscription that is due."""
        frames: list[str] = []
        at = now // 1000 * 1000
        listed = trading(self._market, rows.VENUE, at)
        while True:
            due = self.next_due(0)
            if due is None or due > now:
                return frames
            _, key = heapq.heappop(self._heap)
            topic = self._topics[key]
            data = self._data(key, topic, listed, at)
            if data:
                body = {"arg": topic.arg, "data": data}
                frames.append(compact(body))
            channel = CHANNELS.get(key[0])
            every = self._paced(SECOND if channel is None else channel.every)
            topic.due = (now // every + 1) * every
            heapq.heappush(self._heap, (topic.due, key))

    def _data(
        self, key: tuple[str, str], topic: _Topic, listed: dict[str, Listed], at: int
    ) -> list[rows.Row]:
        name, of = key
        if name == _LIQUIDATIONS:
            return self._died(of, topic, listed, at)
        channel = CHANNELS[name]
        one = _named(name, of, listed)
        if one is None:
            return []
        row = channel.make(self._market, one, at)
        silent = None if channel.silent is None else self._paced(channel.silent)
        if row[channel.cell] == topic.said and (silent is None or at - topic.said_at < silent):
            return []
        topic.said, topic.said_at = row[channel.cell], at
        return [row]

    def _died(self, kind: str, topic: _Topic, listed: dict[str, Listed], at: int) -> list[rows.Row]:
        """Every contract's liquidations since the last look."""
        found = []
        for symbol, one in listed.items():
            if rows.kind_of(one.instrument) == kind:
                events = rows.published(self._market, symbol, topic.since, at)
                if events:
                    found.append(rows.liquidations(one, events))
        topic.since = at
        return found

    def _paced(self, us: int) -> int:
        """An interval at this pace, in whole milliseconds."""
        return max(1, round(us * self._pace / 1000)) * 1000 if us else 0

    def _event(self, body: dict[str, Any], number: object) -> str:
        known = {"id": number} if isinstance(number, str) else {}
        said = {**known, **body, "connId": self._connection}
        return compact(said)

    def _error(self, code: str, said: str, number: object) -> str:
        return self._event({"event": "error", "code": code, "msg": said}, number)


def _named(channel: str, of: str, listed: dict[str, Listed]) -> Listed | None:
    """The contract of that name, or one on that index."""
    if channel != "index-tickers":
        return listed.get(of)
    return next((one for one in listed.values() if rows.index_of(one.instrument) == of), None)
