"""A connection to Bitget's v3 public stream: whole tickers, and samples of liquidations.

As on the wire: each topic is acknowledged or refused by itself; a contract under the wrong
``instType`` is acknowledged and then silent; the text ``ping`` is answered with the text ``pong``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tideline.domain.time import SECOND
from tideline.market.state import Liquidation, Listed, Market
from tideline.market.venues.bitget_rows import NAME, category_of, liquidation_row, streamed
from tideline.market.venues.compact import compact

TICKER_S = 0.2
FORCED_S = 1.0
KINDS = ("usdt-futures", "usdc-futures", "coin-futures")
Topic = tuple[str, str, str]


def largest(events: list[Liquidation]) -> list[Liquidation]:
    """The largest long and the largest short, oldest first: all that the feed tells."""
    kept: dict[str, Liquidation] = {}
    for event in events:
        held = kept.get(event.side)
        if held is None or event.coin * event.price > held.coin * held.price:
            kept[event.side] = event
    return sorted(kept.values(), key=lambda event: event.at)


class BitgetSession:
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
        self._tickers: dict[Topic, bool] = {}
        self._forced: dict[Topic, int] = {}
        self._ticked = self._batched = now

    def receive(self, text: str, now: int) -> list[str]:
        """Answer one message."""
        if text == "ping":
            return ["pong"]
        try:
            body = json.loads(text)
            op, args = body["op"], list(body.get("args", []))
        except (ValueError, TypeError, KeyError, AttributeError):
            return [self._error(30002, "Illegal request")]
        if op not in ("subscribe", "unsubscribe"):
            return [self._error(30003, f"INVALID op:{op}")]
        return [self._one(op, arg, now) for arg in args]

    def _one(self, op: str, arg: object, now: int) -> str:
        """The answer to one argument."""
        if not isinstance(arg, dict) or not all(isinstance(part, str) for part in arg.values()):
            return self._error(30016, "Param error")
        topic = (arg.get("instType", ""), arg.get("topic", ""), arg.get("symbol", ""))
        if op == "unsubscribe":
            self._tickers.pop(topic, None)
            self._forced.pop(topic, None)
        elif not self._known(topic, now):
            return self._error(30001, compact(arg) + " doesn't exist")
        elif topic[1] == "ticker":
            self._tickers.setdefault(topic, False)
        else:
            self._forced.setdefault(topic, now)
        return compact({"event": op, "arg": arg, "connId": self._ident})

    def _known(self, topic: Topic, now: int) -> bool:
        kind, name, symbol = topic
        if kind not in KINDS:
            return False
        return (
            not symbol
            if name == "liquidation"
            else name == "ticker" and symbol in (self._trading(now))
        )

    def next_due(self, now: int) -> int | None:
        """A first ticker is due at once, the others on their beat, changed or not."""
        due = []
        if self._tickers:
            fresh = False in self._tickers.values()
            due.append(now if fresh else max(now, self._ticked + self._every))
        if self._forced:
            due.append(max(now, self._batched + self._forced_every))
        return min(due, default=None)

    def push(self, now: int) -> list[str]:
        """What is due at ``now``."""
        trading = self._trading(now)
        beat = now >= self._ticked + self._every
        if beat:
            self._ticked = now
        frames = []
        for topic, begun in self._tickers.items():
            listed = trading.get(topic[2])
            self._tickers[topic] = True
            if (begun and not beat) or listed is None or _kind(listed) != topic[0]:
                continue
            row = streamed(self._market, listed.instrument, now // 1000 * 1000)
            arg = dict(zip(("instType", "topic", "symbol"), topic, strict=True))
            frames.append(_frame("snapshot", arg, [row], now))
        if self._forced and now >= self._batched + self._forced_every:
            self._batched = now
            frames += self._batches(trading, now)
        return frames

    def _batches(self, trading: dict[str, Listed], now: int) -> list[str]:
        frames = []
        for topic, since in self._forced.items():
            self._forced[topic] = now
            rows: list[dict[str, Any]] = []
            for symbol, listed in trading.items():
                if _kind(listed) == topic[0]:
                    events = list(self._market.liquidations(NAME, symbol, since, now))
                    rows += [liquidation_row(listed.instrument, one) for one in largest(events)]
            if rows:
                arg = {"instType": topic[0], "topic": topic[1]}
                frames.append(_frame("update", arg, rows, now))
        return frames

    def _error(self, code: int, message: str) -> str:
        return compact({"event": "error", "code": code, "msg": message, "connId": self._ident})


def _kind(listed: Listed) -> str:
    return category_of(listed.instrument).lower()


def _frame(action: str, arg: dict[str, str], data: list[dict[str, Any]], now: int) -> str:
    return compact({"action": action, "arg": arg, "data": data, "ts": now // 1000})
