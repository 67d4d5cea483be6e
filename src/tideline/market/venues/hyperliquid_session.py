"""One connection to Hyperliquid's WebSocket.

====================  ================================================================
activeAssetCtx        one context at once, then every second
assetCtxs             the contexts of a dex, nameless, every second
allDexsAssetCtxs      those of every dex, nameless, every second
trades                at once the trades of the last seconds again, then every second
====================  ================================================================

The interval is multiplied by the server's pace. From the 1,001st subscription on nothing is
answered and nothing comes.
"""

from __future__ import annotations

import json
from typing import Any

from tideline.domain.time import SECOND
from tideline.market.state import Listed, Market
from tideline.market.venues import hyperliquid_rows as rows
from tideline.market.venues.compact import compact
from tideline.market.venues.trading import listed_at

MOST_SUBSCRIPTIONS = 1_000
REPLAYED = 5 * SECOND
_WHOLE = ("assetCtxs", "allDexsAssetCtxs")
_OF_COINS = ("activeAssetCtx", "trades")

Key = tuple[str, str]
"""Kind, and coin or dex."""


class HyperliquidSession:
    """Subscriptions of one connection; all of them speak at the same moments."""

    def __init__(self, market: Market, pace: float) -> None:
        self._market = market
        self._every = max(1, round(SECOND * pace / 1000)) * 1000
        self._topics: dict[Key, int] = {}
        self._due = 0

    def receive(self, text: str, now: int) -> list[str]:
        """Answers to one message; a subscription's first frame comes with it."""
        try:
            body = json.loads(text)
            method = body["method"]
            asked = body["subscription"] if method != "ping" else {}
            kind = str(asked.get("type", ""))
            whom = str(asked.get("coin", asked.get("dex", "")))
        except (ValueError, TypeError, KeyError, AttributeError):
            return [_error(f"Error parsing JSON into valid websocket request: {text}")]
        if method == "ping":
            return [_frame("pong")]
        if method == "subscribe":
            return self._subscribe((kind, whom), asked, now)
        if method == "unsubscribe" and self._topics.pop((kind, whom), None) is not None:
            return [_frame("subscriptionResponse", {"method": method, "subscription": asked})]
        return [_error(f"Already unsubscribed: {compact(asked)}")]

    def _subscribe(self, key: Key, asked: Any, now: int) -> list[str]:
        if not self._exists(key, now):
            return [_error(f"Invalid subscription {compact(asked)}")]
        if key in self._topics:
            return [_error(f"Already subscribed: {compact(asked)}")]
        if len(self._topics) >= MOST_SUBSCRIPTIONS:
            return []
        if not self._topics:
            self._due = self._next(now)
        since = now - REPLAYED if key[0] == "trades" else now
        self._topics[key] = since
        told = {"method": "subscribe", "subscription": asked}
        listed = rows.universe(self._market, now)
        return [_frame("subscriptionResponse", told), *self._said(key, listed, now)]

    def _exists(self, key: Key, now: int) -> bool:
        kind, whom = key
        if kind in _WHOLE:
            return whom == ""
        return kind in _OF_COINS and whom in rows.universe(self._market, now)

    def next_due(self, now: int) -> int | None:
        """The next moment at which everything speaks."""
        return max(now, self._due) if self._topics else None

    def push(self, now: int) -> list[str]:
        """A frame of every subscription that has something to say."""
        if not self._topics or now < self._due:
            return []
        self._due = self._next(now)
        listed = rows.universe(self._market, now)
        return [frame for key in self._topics for frame in self._said(key, listed, now)]

    def _next(self, now: int) -> int:
        return (now // self._every + 1) * self._every

    def _said(self, key: Key, listed: dict[str, Listed], now: int) -> list[str]:
        kind, whom = key
        if kind in _WHOLE:
            contexts = [rows.context(self._market, one, now, True) for one in listed.values()]
            if kind == "allDexsAssetCtxs":
                return [_frame(kind, {"ctxs": [["", contexts]]})]
            return [_frame(kind, {"dex": "", "ctxs": contexts})]
        one = listed.get(whom)
        if one is None or not listed_at(one, now):
            return []
        if kind == "activeAssetCtx":
            context = rows.context(self._market, one, now)
            return [_frame(kind, {"coin": whom, "ctx": context})]
        return self._traded(key, one, now)

    def _traded(self, key: Key, one: Listed, now: int) -> list[str]:
        found = rows.trades(self._market, one.instrument, self._topics[key], now)
        self._topics[key] = now
        return [_frame("trades", found)] if found else []


def _frame(channel: str, data: Any = None) -> str:
    return compact({"channel": channel} if data is None else {"channel": channel, "data": data})


def _error(words: str) -> str:
    return _frame("error", words)
