"""Binance as a server: USD-M, COIN-M and spot hosts, and the market streams.

What it does as the venue does: bare JSON or ``{"code", "msg"}``; weight in a header, 429 and then
418; statistics of 30 days, oldest row first, on a limit of their own that both products share;
streams that carry both products whichever host is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from tideline.domain.time import DAY, HOUR, MINUTE
from tideline.market.state import Listed, Market
from tideline.market.venues import binance_listed as listed_as
from tideline.market.venues import binance_rows as written
from tideline.market.venues.binance_limits import Weight, error
from tideline.market.venues.binance_listed import Contracts
from tideline.market.venues.binance_params import INTERVALS, PERIODS, Refused, Span, choice, limit
from tideline.market.venues.binance_rows import NAME
from tideline.market.venues.binance_session import BinanceSession, Pushes
from tideline.market.venues.quota import Quota
from tideline.venues.wire import Reply, Request

PRODUCTS = {"um": True, "cm": False}
API = {"um": "/fapi/v1/", "cm": "/dapi/v1/", "spot": "/api/v3/"}
LIMITS = {"um": 2400, "cm": 2400, "spot": 6000}
STATISTICS = "/futures/data/"
STATISTICS_DEPTH = 30 * DAY
USUAL_INTERVAL_H = 8

STATS: dict[str, written.Row] = {
    "openInterestHist": written.held_stat,
    "topLongShortPositionRatio": written.ratio_stat(0),
    "topLongShortAccountRatio": written.ratio_stat(1),
    "globalLongShortAccountRatio": written.ratio_stat(2),
    "takerlongshortRatio": written.taker_stat,
    "takerBuySellVol": written.taker_stat,
}
TYPED = frozenset({"openInterestHist", "takerBuySellVol"})
"""Statistics that COIN-M wants a contractType for."""
ONE_PRODUCT = {"takerlongshortRatio": "um", "takerBuySellVol": "cm"}

Answer = Callable[[Request, int], Any]


class BinanceServer:
    """One Binance.

    Attributes:
        history_lag_us: how long after its time a row of history can first be had.
        label_shift_us: what is added to the time that statistics are labelled with.
        held_step_us: how often open interest is worked out anew; its time is that of the step.
    """

    name = NAME

    def __init__(self, market: Market, pace: float = 1.0) -> None:
        self.market, self.pace = market, pace
        self.history_lag_us = 0
        self.label_shift_us = 0
        self.held_step_us = 1000
        self._weights = {host: Weight(limit) for host, limit in LIMITS.items()}
        self._statistics = Quota(1000, 5 * MINUTE)
        self._funding = Quota(500, 5 * MINUTE)
        self._contracts = Contracts(market, 0)
        self._pushes = Pushes(market, self._listed)
        self._calls: dict[str, Answer] = {
            "ping": lambda _request, _now: {},
            "time": lambda _request, now: {"serverTime": now // 1000},
            "exchangeInfo": self._exchange_info,
            "klines": self._klines,
        }
        self._contract_calls: dict[str, Answer] = {
            "openInterest": self._open_interest,
            "premiumIndex": self._premium_index,
            "fundingInfo": self._funding_info,
            "fundingRate": self._funding_rate,
            "markPriceKlines": self._mark_klines,
        }

    def answer(self, request: Request, now: int) -> Reply:
        """One answer."""
        call = self._call(request)
        if call is None:
            return Reply(404, b"<html><body><h2>404 Not found</h2></body></html>")
        weight = self._weights[request.host]
        refusal = weight.take(_weight(request), now, self._quota(request))
        if refusal is not None:
            return refusal
        try:
            body = msgspec.json.encode(call(request, now))
        except Refused as refused:
            return Reply(400, error(refused.code, refused.message), weight.headers)
        return Reply(200, body, weight.headers)

    def open(self, host: str, target: str, now: int) -> BinanceSession | None:
        """``/market/stream?streams=…`` and ``/market/ws/…`` (USD-M), without /market (COIN-M).

        The places from before 2026-04-23 on the USD-M host still open, and stay silent.
        """
        parts = urlsplit(target)
        path = parts.path
        silent = host == "um_ws" and not path.startswith("/market/")
        if host == "um_ws":
            path = path.removeprefix("/market").removeprefix("/public")
        elif host != "cm_ws":
            return None
        names = parse_qs(parts.query).get("streams", [""])[0].split("/")
        combined = path == "/stream"
        if not combined:
            if path != "/ws" and not path.startswith("/ws/"):
                return None
            names = path.removeprefix("/ws").strip("/").split("/")
        named = [name for name in names if name]
        return BinanceSession(self._pushes, named, combined, silent, self.pace, now)

    def _call(self, request: Request) -> Answer | None:
        if request.method != "GET" or request.host not in API:
            return None
        if request.path.startswith(STATISTICS) and request.host in PRODUCTS:
            name = request.path.removeprefix(STATISTICS)
            known = name in STATS and ONE_PRODUCT.get(name, request.host) == request.host
            return self._statistic if known else None
        if not request.path.startswith(API[request.host]):
            return None
        name = request.path.removeprefix(API[request.host])
        return self._calls.get(name) or (
            self._contract_calls.get(name) if request.host in PRODUCTS else None
        )

    def _quota(self, request: Request) -> Quota | None:
        if request.path.startswith(STATISTICS):
            return self._statistics
        return self._funding if "/funding" in request.path else None

    def _listed(self, at: int) -> Contracts:
        """What is listed at a moment; the latest answer is kept."""
        if self._contracts.at != at:
            self._contracts = Contracts(self.market, at)
        return self._contracts

    def _named(self, request: Request, now: int) -> Listed:
        """The contract asked for, of this host's product."""
        symbol = request.param("symbol")
        if not symbol:
            raise Refused.missing("symbol")
        found = self._listed(now).all.get(symbol)
        if found is None or found.instrument.linear != PRODUCTS[request.host]:
            raise Refused(-1121, "Invalid symbol.")
        return found

    # --- answers -----------------------------------------------------------------------------

    def _exchange_info(self, request: Request, now: int) -> Any:
        found = self._listed(now)
        if request.host == "spot":
            return listed_as.spot_info(found, listed_as.spot_pairs(found))
        return listed_as.exchange_info(found, linear=PRODUCTS[request.host])

    def _open_interest(self, request: Request, now: int) -> Any:
        listed = self._named(request, now)
        found = self._listed(now)
        if listed.instrument.symbol not in found.trading:
            raise Refused(
                -4108, "Symbol is on delivering or delivered or settling or closed or pre-trading."
            )
        at = now // self.held_step_us * self.held_step_us
        return written.held_row(self.market, listed.instrument, found.contract_type(listed), at)

    def _premium_index(self, request: Request, now: int) -> Any:
        at, linear = now // 1000 * 1000, PRODUCTS[request.host]
        if request.param("symbol"):
            row = written.premium_row(self.market, self._named(request, now).instrument, at)
            return row if linear else [row]
        trading = self._listed(now).of(linear=linear).values()
        return [written.premium_row(self.market, one.instrument, at) for one in trading]

    def _funding_info(self, request: Request, now: int) -> Any:
        """Only those that do not pay every 8 hours."""
        rows = []
        for symbol, one in self._listed(now).of(linear=PRODUCTS[request.host]).items():
            hours = self.market.quote(NAME, symbol, now).funding_interval_h
            if hours not in (0, USUAL_INTERVAL_H):
                rows.append(written.interval_row(one.instrument, hours))
        return rows

    def _funding_rate(self, request: Request, now: int) -> Any:
        """Oldest first from startTime on; without times the latest."""
        listed = self._named(request, now)
        hours = self.market.quote(NAME, listed.instrument.symbol, now).funding_interval_h
        if not hours:
            return []
        most = limit(request, 100, 1000)
        span = Span.of(request, listed.listed_us, now - self.history_lag_us)
        return [
            written.settled_row(self.market, listed.instrument, at)
            for at in span.grid(hours * HOUR, most)
        ]

    def _statistic(self, request: Request, now: int) -> Any:
        """Rows on the grid of the period, oldest first, of the last 30 days; bounds are labels."""
        name = request.path.removeprefix(STATISTICS)
        listed = self._meant(request, name, now)
        period = choice(request, "period", PERIODS)
        most, shift = limit(request, 30, 500), self.label_shift_us
        span = Span.of(request, listed.listed_us, now - self.history_lag_us, shift)
        if span.asked_from is not None and span.asked_from < now - STATISTICS_DEPTH:
            raise Refused(-1130, "parameter 'startTime' is invalid.")
        oldest = max(span.start, now - STATISTICS_DEPTH)
        grid = span._replace(start=oldest).grid(period, most)
        row = STATS[name]
        return [row(self.market, listed.instrument, at, at + shift) for at in grid]

    def _meant(self, request: Request, name: str, now: int) -> Listed:
        """Whom a statistic is asked for: USD-M by symbol, COIN-M by pair and contract type."""
        if PRODUCTS[request.host]:
            return self._named(request, now)
        wanted = "PERPETUAL"
        for param in ("pair", "contractType") if name in TYPED else ("pair",):
            if not request.param(param):
                raise Refused.missing(param)
            wanted = request.param(param) if param == "contractType" else wanted
        found = self._listed(now)
        for one in found.all.values():
            same = written.pair_of(one.instrument) == request.param("pair")
            if not one.instrument.linear and same and found.contract_type(one) == wanted:
                return one
        raise Refused(-1121, "Invalid symbol.")

    def _klines(self, request: Request, now: int) -> Any:
        """Bars by their start, oldest first; the last one is unfinished."""
        length = choice(request, "interval", INTERVALS, code=-1120)
        seen = now - self.history_lag_us
        if request.host == "spot":
            pair = request.param("symbol")
            if not pair:
                raise Refused.missing("symbol")
            coin = listed_as.spot_pairs(self._listed(now)).get(pair)
            if coin is None:
                raise Refused(-1121, "Invalid symbol.")
            span = Span.of(request, 0, seen - 1)
            return [
                written.spot_row(self.market.spot_bar(coin, at, min(at + length, seen)), length)
                for at in span.grid(length, limit(request, 500, 1000))
            ]
        listed = self._named(request, now)
        symbol = listed.instrument.symbol
        return [
            written.bar_row(
                listed.instrument,
                self.market.bar(NAME, symbol, at, min(at + length, seen)),
                length,
            )
            for at in Span.of(request, listed.listed_us, seen - 1).grid(
                length, limit(request, 500, 1500)
            )
        ]

    def _mark_klines(self, request: Request, now: int) -> Any:
        length = choice(request, "interval", INTERVALS, code=-1120)
        listed, seen = self._named(request, now), now - self.history_lag_us
        grid = Span.of(request, listed.listed_us, seen - 1).grid(length, limit(request, 500, 1500))
        return [
            written.mark_row(self.market, listed.instrument, at, min(at + length, seen), length)
            for at in grid
        ]


def _weight(request: Request) -> int:
    """What a request costs of the minute's weight."""
    if request.path.startswith(STATISTICS) or "/funding" in request.path:
        return 0
    if request.host == "spot":
        return 20 if request.path.endswith("exchangeInfo") else 2
    if request.path.endswith("premiumIndex"):
        return 1 if request.param("symbol") and request.host == "um" else 10
    if request.path.lower().endswith("klines"):
        text = request.param("limit")
        rows = int(text) if text.isdigit() else 500
        return next(
            units for most, units in ((99, 1), (499, 2), (1000, 5), (10**9, 10)) if rows <= most
        )
    return 1
