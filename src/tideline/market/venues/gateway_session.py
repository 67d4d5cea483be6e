"""One connection to the gateway: subscriptions, heartbeats, and methods asked over it.

=========================  ===========================================================
``ticker.{i}.100ms``       once at once, then every 100 ms
``trades.{i}.100ms``       every 100 ms what was traded since
``public/set_heartbeat``   a heartbeat each interval, and a test_request where the client
                           has said nothing for as long
=========================  ===========================================================

Push intervals are multiplied by the server's pace. An answer to ``public/subscribe`` names the
channels that were taken; unknown ones are left out without a word.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from tideline.domain.time import SECOND
from tideline.domain.venue import GATEWAY
from tideline.market.state import Listed, Market
from tideline.market.venues import gateway_rows as rows
from tideline.market.venues.compact import compact
from tideline.market.venues.trading import trading

Ask = Callable[[str, Mapping[str, Any], int], dict[str, Any]]
LEAST_HEARTBEAT_S = 10


class GatewaySession:
    """Subscriptions of one connection; all of them speak at the same moments."""

    def __init__(self, market: Market, pace: float, ask: Ask) -> None:
        self._market, self._ask = market, ask
        self._every = max(1, round(SECOND // 10 * pace / 1000)) * 1000
        self._channels: dict[str, int] = {}
        self._due = 0
        self._beat = 0
        self._beat_due = 0
        self._heard = 0

    def receive(self, text: str, now: int) -> list[str]:
        """The answer to one message; a ticker's first frame comes with it."""
        self._heard = now
        try:
            body = json.loads(text)
            method, params = body["method"].removeprefix("public/"), body.get("params") or {}
            number = body.get("id")
            channels = [str(name) for name in params.get("channels", ())]
            interval = int(params.get("interval", 0))
        except (ValueError, TypeError, KeyError, AttributeError):
            return [_told(None, {"error": {"code": -32700, "message": "Parse error"}}, now)]
        if method == "subscribe":
            taken = [name for name in channels if self._known(name, now)]
            return [_told(number, {"result": taken}, now), *self._subscribe(taken, now)]
        if method == "unsubscribe":
            gone = [name for name in channels if self._channels.pop(name, None) is not None]
            return [_told(number, {"result": gone}, now)]
        if method in ("set_heartbeat", "disable_heartbeat"):
            return [_told(number, self._heartbeat(method, interval, now), now)]
        return [_told(number, self._ask(method, params, now), now)]

    def _heartbeat(self, method: str, interval: int, now: int) -> dict[str, Any]:
        if method == "set_heartbeat" and interval < LEAST_HEARTBEAT_S:
            why = {"param": "interval", "reason": "must be at least 10"}
            return {"error": {"code": -32602, "message": "Invalid params", "data": why}}
        fresh = interval * SECOND if method == "set_heartbeat" else 0
        # the same interval again does not put the next beat off
        if fresh != self._beat:
            self._beat, self._beat_due = fresh, now + fresh
        return {"result": "ok"}

    def _known(self, channel: str, now: int) -> bool:
        kind, name, every = _parts(channel)
        known = kind in ("ticker", "trades") and every == "100ms"
        return known and name in trading(self._market, GATEWAY, now)

    def _subscribe(self, taken: list[str], now: int) -> list[str]:
        if taken and not self._channels:
            self._due = self._next(now)
        listed = trading(self._market, GATEWAY, now)
        frames = []
        for channel in taken:
            if channel not in self._channels:
                self._channels[channel] = now
                frames += self._said(channel, listed, now)
        return frames

    def next_due(self, now: int) -> int | None:
        """The next moment at which the subscriptions speak or the heart beats."""
        moments = [self._due] if self._channels else []
        if self._beat:
            moments.append(self._beat_due)
        return max(now, min(moments)) if moments else None

    def push(self, now: int) -> list[str]:
        """What is due."""
        frames = []
        if self._channels and now >= self._due:
            self._due = self._next(now)
            listed = trading(self._market, GATEWAY, now)
            for channel in self._channels:
                frames += self._said(channel, listed, now)
        if self._beat and now >= self._beat_due:
            self._beat_due = now + self._beat
            silent = now - self._heard >= self._beat
            kind = "test_request" if silent else "heartbeat"
            frames.append(compact({**_PUSHED, "method": "heartbeat", "params": {"type": kind}}))
        return frames

    def _next(self, now: int) -> int:
        return (now // self._every + 1) * self._every

    def _said(self, channel: str, listed: dict[str, Listed], now: int) -> list[str]:
        kind, name, _ = _parts(channel)
        one = listed.get(name)
        if one is None:
            return []
        now = now // 1000 * 1000  # frames tell whole milliseconds
        data: Any
        if kind == "ticker":
            data = rows.ticker(self._market, one, now)
        else:
            since = self._channels[channel]
            data = rows.trades(self._market, one, since, now) if since < now else []
            self._channels[channel] = now
            if not data:
                return []
        params = {"channel": channel, "data": data}
        return [compact({**_PUSHED, "method": "subscription", "params": params})]


_PUSHED = {"jsonrpc": "2.0"}


def _parts(channel: str) -> tuple[str, str, str]:
    kind, _, rest = channel.partition(".")
    name, _, every = rest.rpartition(".")
    return kind, name, every


def _told(number: Any, told: dict[str, Any], now: int) -> str:
    times = {"usIn": now, "usOut": now + 500, "usDiff": 500, "testnet": False}
    return compact({"jsonrpc": "2.0", "id": number, **told, **times})
