"""The gateway server (Deribit engine): JSON-RPC methods over HTTP GET and over WebSocket.

500 credits a call from a pool of 50,000 that gets 10,000 back each second; ``get_instruments`` once
a second. Over either: error 10028.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tideline.domain.time import HOUR, SECOND
from tideline.domain.venue import GATEWAY
from tideline.market.state import Listed, Market
from tideline.market.venues import gateway_rows as rows
from tideline.market.venues.compact import compact
from tideline.market.venues.gateway_session import GatewaySession
from tideline.market.venues.quota import Quota
from tideline.market.venues.trading import trading
from tideline.venues.wire import Reply, Request

PREFIX = "/api/v2/public/"
COST = 500
CREDITS = 50_000
CREDITS_US = 5 * SECOND
MOST_HOURS = 744
CURRENCIES = ("BTC", "ETH", "USDC", "USDT", "any")
KINDS = ("", "future", "option", "spot", "future_combo", "option_combo")

Params = Mapping[str, Any]


class Failed(Exception):
    """A JSON-RPC error: HTTP status, code, words, and what is to blame."""

    def __init__(self, status: int, code: int, words: str, data: Any = None) -> None:
        super().__init__(words)
        self.status, self.code, self.words, self.data = status, code, words, data


TOO_MANY = Failed(429, 10028, "too_many_requests")


def _invalid(name: str, reason: str) -> Failed:
    return Failed(400, -32602, "Invalid params", {"param": name, "reason": reason})


class GatewayServer:
    """The gateway as its clients see it.

    Attributes:
        history_lag_us: how long after its end an hour of funding shows.
        label_shift_us: how far labels of hours lie after their end (0: the assumed law).
        pace: multiplies every push interval.
    """

    name = GATEWAY

    def __init__(self, market: Market, pace: float = 1.0) -> None:
        self.market, self.pace = market, pace
        self.history_lag_us = 0
        self.label_shift_us = 0
        self._credits = Quota(CREDITS, CREDITS_US)
        self._listings = Quota(1, SECOND * 9 // 10)
        self._methods: dict[str, Callable[[Params, int], Any]] = {
            "test": lambda params, now: {"version": "1.2.26"},
            "get_time": lambda params, now: now // 1000,
            "get_instruments": self._instruments,
            "get_book_summary_by_currency": self._summaries,
            "get_funding_rate_history": self._funding,
            "ticker": self._ticker,
        }

    def answer(self, request: Request, now: int) -> Reply:
        """The answer to one GET; the method is the path, its parameters the query."""
        method = request.path.removeprefix(PREFIX)
        if request.host != "rest" or request.method != "GET" or method == request.path:
            return Reply(404, b"<html>not found</html>", {"content-type": "text/html"})
        params = dict(request.params)
        try:
            told: dict[str, Any] = {"result": self.call(method, params, now)}
            status = 200
        except Failed as failed:
            told, status = {"error": error(failed)}, failed.status
        number = params.get("id", "")
        body = envelope(int(number) if number.isdigit() else 1, told, now)
        return Reply(status, body.encode(), {"content-type": "application/json"})

    def call(self, method: str, params: Params, now: int) -> Any:
        """The result of a public method.

        Raises:
            Failed: the venue's error.
        """
        if not self._credits.take(COST, now):
            raise TOO_MANY
        if method not in self._methods:
            raise Failed(400, -32601, "Method not found")
        return self._methods[method](params, now // 1000 * 1000)

    def open(self, host: str, target: str, now: int) -> GatewaySession | None:
        """A connection."""
        if host != "ws" or target.partition("?")[0] != "/ws/api/v2":
            return None
        return GatewaySession(self.market, self.pace, self._answered)

    def _answered(self, method: str, params: Params, now: int) -> dict[str, Any]:
        """Result or error of a method that came over a connection."""
        try:
            return {"result": self.call(method, params, now)}
        except Failed as failed:
            return {"error": error(failed)}

    def _chosen(self, params: Params, now: int) -> list[Listed]:
        currency, kind = params.get("currency", ""), params.get("kind", "")
        if currency not in CURRENCIES:
            raise _invalid("currency", "must be one of BTC, ETH, USDC, USDT, any")
        if kind not in KINDS:
            raise _invalid("kind", "unknown kind")
        if kind not in ("", "future"):
            return []
        found = trading(self.market, GATEWAY, now).values()
        return [one for one in found if currency in ("any", one.instrument.settle)]

    def _one(self, params: Params, now: int) -> Listed:
        name = params.get("instrument_name", "")
        found = trading(self.market, GATEWAY, now).get(name)
        if found is None:
            raise Failed(400, 13020, "instrument_not_found", {"param": "instrument_name"})
        return found

    def _instruments(self, params: Params, now: int) -> Any:
        if not self._listings.take(1, now):
            raise TOO_MANY
        numbers = {name: 100_000 + n for n, name in enumerate(trading(self.market, GATEWAY, now))}
        found = self._chosen(params, now)
        return [rows.instrument(one, numbers[one.instrument.symbol]) for one in found]

    def _summaries(self, params: Params, now: int) -> Any:
        return [rows.summary(self.market, one, now) for one in self._chosen(params, now)]

    def _ticker(self, params: Params, now: int) -> Any:
        return rows.ticker(self.market, self._one(params, now), now)

    def _funding(self, params: Params, now: int) -> Any:
        """The latest 744 hours that ended within the span."""
        one = self._one(params, now)
        if one.instrument.kind != "perpetual":
            raise _invalid("instrument_name", "is not a perpetual")
        start, end = _ms(params, "start_timestamp"), _ms(params, "end_timestamp")
        shift = self.label_shift_us
        latest = min(end - shift, now - self.history_lag_us) // HOUR * HOUR
        first = max(-(-(start - shift) // HOUR) * HOUR, -(-one.listed_us // HOUR) * HOUR)
        hours = range(first, latest + 1, HOUR)[-MOST_HOURS:]
        found = [rows.hourly(self.market, one, hour) for hour in hours]
        return [{**row, "timestamp": row["timestamp"] + shift // 1000} for row in found]


def _ms(params: Params, name: str) -> int:
    """A parameter in milliseconds, as µs."""
    value = params.get(name, "")
    if type(value) is int:
        return value * 1000
    if not str(value).isdigit():
        raise _invalid(name, "must be an integer")
    return int(value) * 1000


def error(failed: Failed) -> dict[str, Any]:
    """The member ``error`` of an envelope."""
    return {"code": failed.code, "message": failed.words, "data": failed.data}


def envelope(number: int, told: dict[str, Any], now: int) -> str:
    """An answer as text; it took half a millisecond."""
    times = {"usIn": now, "usOut": now + 500, "usDiff": 500, "testnet": False}
    return compact({"jsonrpc": "2.0", "id": number, **told, **times})
