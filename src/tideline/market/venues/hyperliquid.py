"""The Hyperliquid server: questions to the info endpoint by type, their weights, and sessions."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec

from tideline.domain.time import MINUTE
from tideline.market.state import Listed, Market
from tideline.market.venues import hyperliquid_rows as rows
from tideline.market.venues.hyperliquid_session import HyperliquidSession
from tideline.market.venues.quota import Quota
from tideline.venues.wire import Reply, Request

WEIGHT_A_MINUTE = 1_200
MOST_SETTLEMENTS = 500
MOST_CANDLES = 5_000
_USDC = {
    "name": "USDC",
    "szDecimals": 8,
    "weiDecimals": 8,
    "index": 0,
    "tokenId": "0x6d1e7cde53ba9467b783cb7c530ce054",
    "isCanonical": True,
    "evmContract": None,
    "fullName": None,
}
_SPOT = {"tokens": [_USDC], "universe": []}


class _Wrong(Exception):
    """A question out of form: HTTP 422."""


class _Nothing(Exception):
    """Nothing under that name: HTTP 500, ``null``."""


class HyperliquidServer:
    """Hyperliquid as its clients see it.

    Attributes:
        history_lag_us: how long after its end a finished bar or a settlement shows.
        label_shift_us: how far labels of bars lie after the open (0: the documented law).
        pace: multiplies every push interval.
    """

    name = rows.VENUE

    def __init__(self, market: Market, pace: float = 1.0) -> None:
        self.market, self.pace = market, pace
        self.history_lag_us = 0
        self.label_shift_us = 0
        self._quota = Quota(WEIGHT_A_MINUTE, MINUTE)
        self._types: dict[str, Callable[[dict[str, Any], int], Any]] = {
            "meta": self._meta,
            "metaAndAssetCtxs": self._contexts,
            "perpDexs": lambda body, now: [None],
            "spotMeta": lambda body, now: _SPOT,
            "spotMetaAndAssetCtxs": lambda body, now: [_SPOT, []],
            "exchangeStatus": lambda body, now: {"specialStatuses": None, "time": now // 1000},
            "allMids": self._mids,
            "fundingHistory": self._settled,
            "candleSnapshot": self._candles,
        }

    def answer(self, request: Request, now: int) -> Reply:
        """The answer to one question."""
        if (request.host, request.path) != ("rest", "/info"):
            return Reply(404, b"")
        if request.method != "POST":
            return Reply(405, b"")
        try:
            body = json.loads(request.body)
            kind = body["type"]
            ask = self._types[kind]
            data = ask(body, now)
        except (ValueError, TypeError, KeyError, AttributeError, _Wrong):
            return Reply(422, b"Failed to deserialize the JSON body into the target type")
        except _Nothing:
            return Reply(500, b"null")
        if not self._quota.take(_weight(kind, data), now):
            return Reply(429, b"null", {"content-type": "application/json"})
        raw = msgspec.json.encode(data)
        return Reply(200, raw, {"content-type": "application/json"})

    def open(self, host: str, target: str, now: int) -> HyperliquidSession | None:
        """A connection."""
        if host != "ws" or target.partition("?")[0] != "/ws":
            return None
        return HyperliquidSession(self.market, self.pace)

    def _meta(self, body: dict[str, Any], now: int) -> Any:
        return {"universe": [rows.asset(one, now) for one in self._universe(body, now)]}

    def _contexts(self, body: dict[str, Any], now: int) -> Any:
        contexts = [rows.context(self.market, one, now) for one in self._universe(body, now)]
        return [self._meta(body, now), contexts]

    def _universe(self, body: dict[str, Any], now: int) -> list[Listed]:
        if body.get("dex", "") != "":
            raise _Nothing
        return list(rows.universe(self.market, now).values())

    def _mids(self, body: dict[str, Any], now: int) -> Any:
        return {
            one.instrument.symbol: rows.price(
                self.market.quote(rows.VENUE, one.instrument.symbol, now).mark_price,
                one.instrument,
            )
            for one in self._universe(body, now)
        }

    def _one(self, coin: object, now: int) -> Listed:
        found = rows.universe(self.market, now).get(str(coin))
        if found is None:
            raise _Nothing
        return found

    def _settled(self, body: dict[str, Any], now: int) -> Any:
        one = self._one(body["coin"], now)
        start, end = _span(body, now - self.history_lag_us)
        found = rows.settlements(self.market, one, start, end)
        return [row for _, row in zip(range(MOST_SETTLEMENTS), found, strict=False)]

    def _candles(self, body: dict[str, Any], now: int) -> Any:
        """Bars opened within the span, the latest 5,000 at most; the last may be unfinished."""
        asked = body["req"]
        one = self._one(asked["coin"], now)
        step = rows.INTERVALS[asked["interval"]]
        shift = self.label_shift_us
        start, end = _span(asked, now)
        first, last = -(-(start - shift) // step), (end - shift) // step
        oldest = (now - MOST_CANDLES * step) // step + 1
        found = []
        for place in range(max(first, oldest, one.listed_us // step), last + 1):
            opened, closed = place * step, min((place + 1) * step, now)
            finished = closed < now or (place + 1) * step == now
            if opened >= now or (finished and closed + self.history_lag_us > now):
                continue
            bar = self.market.bar(rows.VENUE, one.instrument.symbol, opened, closed)
            found.append(rows.candle(bar, one.instrument, asked["interval"], shift))
        return found


def _span(asked: dict[str, Any], now: int) -> tuple[int, int]:
    """[start, end] of a question, µs; the end is now where it says none."""
    start, end = asked["startTime"], asked.get("endTime")
    if type(start) is not int or type(end) not in (int, type(None)):
        raise _Wrong
    return start * 1000, now if end is None else min(end * 1000, now)


def _weight(kind: str, data: Any) -> float:
    """What an answer costs: 20, or 2 for mids; one more for 20 settlements and for 60 bars."""
    extra = {"fundingHistory": 20, "candleSnapshot": 60}.get(kind)
    if kind == "allMids":
        return 2.0
    return 20.0 + (len(data) // extra if extra else 0)
