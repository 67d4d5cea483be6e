"""A connection to Bybit's public stream: snapshots, then what has changed, every 100 ms.

Answers and refusals as seen on the wire: an acknowledgement does not name its topics, a refusal
names the first bad one, and one bad topic voids the whole message.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from tideline.domain.time import SECOND
from tideline.market.state import Listed, Market
from tideline.market.venues.bybit_rows import NAME, liquidation_row, live_fields
from tideline.market.venues.compact import compact

TICKER_S = 0.1
FORCED_S = 0.5
MOST_ARGS = 21_000
"""Characters of all topics of one connection."""


class BybitSession:
    """One connection. ``trading`` gives what trades at a moment, by symbol."""

    def __init__(
        self,
        market: Market,
        trading: Callable[[int], dict[str, Listed]],
        ident: str,
        pace: float,
        now: int,
    ) -> None:
        self._market, self._trading, self._ident = market, trading, ident
        self._every = max(1000, round(TICKER_S * SECOND * pace))
        self._forced_every = max(1000, round(FORCED_S * SECOND * pace))
        self._tickers: dict[str, dict[str, str] | None] = {}
        self._forced: dict[str, int] = {}
        self._ticked = self._batched = now

    def receive(self, text: str, now: int) -> list[str]:
        """Answer one message."""
        try:
            body = json.loads(text)
            op, args = body["op"], body.get("args", [])
            ident = str(body.get("req_id", ""))
        except (ValueError, KeyError, TypeError, AttributeError):
            return [self._said(False, "Params Error", "", "")]
        if op == "ping":
            return [self._said(True, "pong", ident, "ping")]
        if op not in ("subscribe", "unsubscribe"):
            return [self._said(False, "error:unknown op", ident, str(op))]
        if op == "unsubscribe":
            for topic in args:
                self._forget(topic)
            return [self._said(True, "", ident, op)]
        refusal = self._refusal(args, now)
        if refusal:
            return [self._said(False, refusal, ident, op)]
        for topic in args:
            kind, _, symbol = topic.partition(".")
            if kind == "tickers":
                self._tickers[symbol] = None
            elif kind == "allLiquidation":
                self._forced[symbol] = now
        return [self._said(True, "", ident, op)]

    def next_due(self, now: int) -> int | None:
        """Snapshots are due at once, changes and batches on their own beats."""
        due = []
        if self._tickers:
            fresh = None in self._tickers.values()
            due.append(now if fresh else max(now, self._ticked + self._every))
        if self._forced:
            due.append(max(now, self._batched + self._forced_every))
        return min(due, default=None)

    def push(self, now: int) -> list[str]:
        """What is due at ``now``."""
        trading = self._trading(now)
        frames = self._snapshots(trading, now)
        if self._tickers and now >= self._ticked + self._every:
            self._ticked = now
            frames += self._deltas(trading, now)
        if self._forced and now >= self._batched + self._forced_every:
            self._batched = now
            frames += self._batches(trading, now)
        return frames

    def _snapshots(self, trading: dict[str, Listed], now: int) -> list[str]:
        frames = []
        for symbol in [name for name, sent in self._tickers.items() if sent is None]:
            if symbol in trading:
                fields = self._tickers[symbol] = self._fields(trading[symbol], now)
                frames.append(_ticker(symbol, "snapshot", fields, now))
            else:
                self._tickers[symbol] = {}
        return frames

    def _deltas(self, trading: dict[str, Listed], now: int) -> list[str]:
        """Only what is new, and nothing when nothing is."""
        frames = []
        for symbol, sent in self._tickers.items():
            if not sent or symbol not in trading:
                continue
            fields = self._fields(trading[symbol], now)
            news = {name: value for name, value in fields.items() if sent.get(name) != value}
            self._tickers[symbol] = fields
            if news:
                frames.append(_ticker(symbol, "delta", {"symbol": symbol} | news, now))
        return frames

    def _batches(self, trading: dict[str, Listed], now: int) -> list[str]:
        frames = []
        for symbol, since in self._forced.items():
            self._forced[symbol] = now
            if symbol not in trading:
                continue
            found = self._market.liquidations(NAME, symbol, since, now)
            if found:
                rows = [liquidation_row(trading[symbol].instrument, event) for event in found]
                body = {"topic": f"allLiquidation.{symbol}", "type": "snapshot"}
                frames.append(compact(body | {"ts": now // 1000, "data": rows}))
        return frames

    def _fields(self, listed: Listed, now: int) -> dict[str, str]:
        """As of the whole millisecond that the frame is stamped with."""
        return live_fields(self._market, listed.instrument, now // 1000 * 1000)

    def _refusal(self, args: object, now: int) -> str:
        """Why this message is void; empty when it is not."""
        if not isinstance(args, list) or not args:
            return "error:params error"
        trading = self._trading(now)
        for topic in args:
            kind, _, symbol = str(topic).partition(".")
            if kind not in ("tickers", "allLiquidation", "publicTrade") or symbol not in trading:
                return f"error:handler not found,topic:{topic}"
            held: Mapping[str, object] = self._tickers if kind == "tickers" else self._forced
            if kind != "publicTrade" and symbol in held:
                return f"error:already subscribed,topic:{topic}"
        names = [f"tickers.{name}" for name in self._tickers]
        names += [f"allLiquidation.{name}" for name in self._forced]
        if sum(map(len, [*names, *args])) > MOST_ARGS:
            return "error:args size is too large"
        return ""

    def _forget(self, topic: object) -> None:
        kind, _, symbol = str(topic).partition(".")
        if kind == "tickers":
            self._tickers.pop(symbol, None)
        elif kind == "allLiquidation":
            self._forced.pop(symbol, None)

    def _said(self, success: bool, message: str, ident: str, op: str) -> str:
        body: dict[str, Any] = {"success": success, "ret_msg": message, "conn_id": self._ident}
        return compact(body | {"req_id": ident, "op": op})


def _ticker(symbol: str, kind: str, fields: dict[str, str], now: int) -> str:
    body = {"topic": f"tickers.{symbol}", "type": kind, "data": fields}
    return compact(body | {"cs": now // 10, "ts": now // 1000})
