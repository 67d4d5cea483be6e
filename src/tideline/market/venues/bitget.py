"""Bitget's futures market as a server: v3, and of v2 what says the same, with the public stream.

What it does as the venue does: 20 requests a second on each path (statistics: one) and then 429;
errors with HTTP 400; statistics without a time range, oldest first; funding in pages.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from tideline.domain.time import DAY, HOUR, MINUTE, SECOND
from tideline.market.state import Listed, Market
from tideline.market.venues import bitget_rows as written
from tideline.market.venues.backwards import Row, Stretch, bars
from tideline.market.venues.bitget_rows import NAME, category_of
from tideline.market.venues.bitget_stream import BitgetSession
from tideline.market.venues.compact import compact
from tideline.market.venues.figures import plain
from tideline.market.venues.quota import Quota
from tideline.market.venues.trading import trading
from tideline.venues.wire import Reply, Request

PERIODS = {"5m": 5 * MINUTE, "15m": 15 * MINUTE, "30m": 30 * MINUTE, "1h": HOUR, "4h": 4 * HOUR}
BARS = {"1m": MINUTE, "5m": 5 * MINUTE, "15m": 15 * MINUTE, "30m": 30 * MINUTE, "1H": HOUR}
BARS |= {"4H": 4 * HOUR, "1D": DAY}
CATEGORIES = ("USDT-FUTURES", "USDC-FUTURES", "COIN-FUTURES")
EMPTY_CATEGORIES = ("SPOT", "MARGIN", "SUSDT-FUTURES", "SUSDC-FUTURES", "SCOIN-FUTURES")
"""Categories of no interest here: spot, and contracts for play money."""
WINDOW = 30
"""Rows of a statistic."""

_JSON = {"content-type": "application/json; charset=utf-8"}
Answer = Callable[[Request, int], Any]


class Refused(Exception):
    """A question that is answered with an error: code and msg."""

    def __init__(self, code: str, message: str) -> None:
        self.code, self.message = code, message
        super().__init__(message)


class BitgetServer:
    """One Bitget.

    Attributes:
        history_lag_us: how long after its time a history row can first be had.
        label_shift_us: what is added to the time that rows on a grid are labelled with.
    """

    name = NAME

    def __init__(self, market: Market, pace: float = 1.0) -> None:
        self.market, self.pace = market, pace
        self.history_lag_us = 0
        self.label_shift_us = 0
        self._opened = 0
        self._quotas: dict[str, Quota] = {}
        self._paths: dict[str, Answer] = {
            "/api/v2/public/time": self._time,
            "/api/v3/market/instruments": self._instruments,
            "/api/v3/market/tickers": self._tickers,
            "/api/v3/market/open-interest": self._open_interest,
            "/api/v3/market/current-fund-rate": self._running,
            "/api/v3/market/history-fund-rate": self._settled,
            "/api/v3/market/candles": self._candles,
            "/api/v3/market/futures-account-long-short": self._accounts,
            "/api/v3/market/futures-active-buy-sell": self._taker,
            "/api/v2/mix/market/contracts": self._contracts,
            "/api/v2/mix/market/tickers": self._old_tickers,
            "/api/v2/mix/market/ticker": self._old_tickers,
            "/api/v2/mix/market/open-interest": self._old_open_interest,
            "/api/v2/mix/market/current-fund-rate": self._running,
            "/api/v2/mix/market/history-fund-rate": self._old_settled,
            "/api/v2/mix/market/funding-time": self._funding_time,
            "/api/v2/mix/market/account-long-short": self._accounts,
            "/api/v2/mix/market/taker-buy-sell": self._taker,
            "/api/v2/spot/public/coins": self._nothing,
            "/api/v2/spot/public/symbols": self._nothing,
            "/api/v2/margin/currencies": self._nothing,
        }

    def answer(self, request: Request, now: int) -> Reply:
        """One answer."""
        found = self._paths.get(request.path)
        if found is None:
            return self._reply(404, "40404", "Request URL NOT FOUND", None, now)
        if not self._quota(request.path).take(1, now):
            return self._reply(429, "429", "Too Many Requests", None, now)
        try:
            return self._reply(200, "00000", "success", found(request, now), now)
        except Refused as refused:
            return self._reply(400, refused.code, refused.message, None, now)

    def _quota(self, path: str) -> Quota:
        single = self._paths[path] in (self._accounts, self._taker)
        return self._quotas.setdefault(path, Quota(1 if single else 20, SECOND))

    def _reply(self, status: int, code: str, message: str, data: object, now: int) -> Reply:
        body = {"code": code, "msg": message, "requestTime": now // 1000, "data": data}
        return Reply(status, compact(body).encode(), _JSON)

    def open(self, host: str, target: str, now: int) -> BitgetSession | None:
        """``/v3/ws/public``: one place for every category."""
        if urlsplit(target).path != "/v3/ws/public":
            return None
        self._opened += 1
        ident = f"0ac601{self._opened:010x}-{now % 10**12:012d}"
        return BitgetSession(self.market, self._trading, ident, self.pace, now)

    def _trading(self, at: int) -> dict[str, Listed]:
        return trading(self.market, NAME, at)

    def _meant(self, request: Request, now: int) -> list[Listed]:
        """The contracts of the category, or the one that is named."""
        category = (request.param("category") or request.param("productType")).upper()
        if category in EMPTY_CATEGORIES:
            return []
        if category not in CATEGORIES:
            raise Refused("400172", "Parameter verification failed")
        found = [
            one for one in self._trading(now).values() if category_of(one.instrument) == category
        ]
        symbol = request.param("symbol")
        if not symbol:
            return found
        named = [one for one in found if one.instrument.symbol == symbol]
        if not named:
            raise Refused("40034", f"Parameter {symbol} does not exist")
        return named

    def _named(self, request: Request, now: int) -> Listed:
        """The one contract that is named, whatever its category."""
        symbol = request.param("symbol")
        found = self._trading(now).get(symbol)
        if found is None:
            raise Refused("40034", f"Parameter {symbol} does not exist")
        return found

    def _nothing(self, _request: Request, _now: int) -> list[Any]:
        return []

    def _time(self, _: Request, now: int) -> dict[str, str]:
        return {"serverTime": str(now // 1000)}

    def _instruments(self, request: Request, now: int) -> list[Any]:
        return [
            written.instrument_row(one, self._hours(one, now)) for one in self._meant(request, now)
        ]

    def _contracts(self, request: Request, now: int) -> list[Any]:
        return [
            written.contract_row(one, self._hours(one, now)) for one in self._meant(request, now)
        ]

    def _hours(self, listed: Listed, now: int) -> int:
        return self.market.quote(NAME, listed.instrument.symbol, now).funding_interval_h

    def _tickers(self, request: Request, now: int) -> list[Any]:
        at = now // 1000 * 1000
        return [written.ticker_row(self.market, one, at) for one in self._meant(request, now)]

    def _old_tickers(self, request: Request, now: int) -> list[Any]:
        at = now // 1000 * 1000
        return [written.old_ticker_row(self.market, one, at) for one in self._meant(request, now)]

    def _open_interest(self, request: Request, now: int) -> dict[str, Any]:
        rows = [
            {"symbol": symbol, "openInterest": held} for symbol, held in self._held(request, now)
        ]
        return {"list": rows, "ts": str(now // 1000)}

    def _old_open_interest(self, request: Request, now: int) -> dict[str, Any]:
        rows = [{"symbol": symbol, "size": held} for symbol, held in self._held(request, now)]
        return {"openInterestList": rows, "ts": str(now // 1000)}

    def _held(self, request: Request, now: int) -> list[tuple[str, str]]:
        at = now // 1000 * 1000
        found = [one.instrument for one in self._meant(request, now)]
        return [
            (one.symbol, written.units_of(one, self.market.quote(NAME, one.symbol, at).oi_coin))
            for one in found
        ]

    def _running(self, request: Request, now: int) -> list[Any]:
        at = now // 1000 * 1000
        return [
            written.running_row(self.market, one.instrument, at)
            for one in self._meant(request, now)
            if one.instrument.kind == "perpetual"
        ]

    def _funding_time(self, request: Request, now: int) -> list[Any]:
        rows = [written.running_row(self.market, self._named(request, now).instrument, now)]
        return [
            {
                "symbol": row["symbol"],
                "nextFundingTime": row["nextUpdate"],
                "ratePeriod": row["fundingRateInterval"],
            }
            for row in rows
        ]

    def _settled(self, request: Request, now: int) -> dict[str, Any]:
        rows = self._settlements(request, now, "limit", "cursor")
        return {
            "resultList": [
                {"symbol": symbol, "fundingRate": rate, "fundingRateTimestamp": time}
                for symbol, rate, time in rows
            ]
        }

    def _old_settled(self, request: Request, now: int) -> list[Any]:
        rows = self._settlements(request, now, "pageSize", "pageNo")
        return [
            {"symbol": symbol, "fundingRate": rate, "fundingTime": time}
            for symbol, rate, time in rows
        ]

    def _settlements(
        self, request: Request, now: int, limit_name: str, page_name: str
    ) -> list[tuple[str, str, str]]:
        """Settled rates newest first, one page."""
        [listed] = self._meant(request, now) if request.param("symbol") else [None]
        if listed is None:
            raise Refused("400172", "Parameter verification failed")
        period = self._hours(listed, now) * HOUR
        if not period:
            return []
        limit = _number(request, limit_name, 20, 100)
        skip = (_number(request, page_name, 1, 10_000) - 1) * limit
        newest = (now - self.history_lag_us) // period * period - skip * period
        symbol, rows = listed.instrument.symbol, []
        for at in range(newest, newest - limit * period, -period):
            if at < listed.listed_us:
                break
            rate = plain(self.market.settled(NAME, symbol, at))
            rows.append((symbol, rate, str((at + self.label_shift_us) // 1000)))
        return rows

    def _accounts(self, request: Request, now: int) -> list[Any]:
        """Each row is labelled by the END of its period."""
        listed, period = self._named(request, now), _period(request)
        newest = (now - self.history_lag_us) // period * period
        return [
            written.share_row(self.market, listed.instrument, at, at + self.label_shift_us)
            for at in range(newest - (WINDOW - 1) * period, newest + 1, period)
            if at >= listed.listed_us
        ]

    def _taker(self, request: Request, now: int) -> list[Any]:
        """Each row is labelled by the START of its bar; bars that have ended."""
        listed, period = self._named(request, now), _period(request)
        end = (now - self.history_lag_us) // period * period
        return [
            written.taker_row(
                self.market, listed.instrument, at, at + period, at + self.label_shift_us
            )
            for at in range(end - WINDOW * period, end, period)
            if at >= listed.listed_us
        ]

    def _candles(self, request: Request, now: int) -> list[Any]:
        """Bars by their start, newest first; the newest one is unfinished."""
        if not request.param("symbol"):
            raise Refused("400172", "Parameter verification failed")
        [listed] = self._meant(request, now)
        period = BARS.get(request.param("interval"))
        kinds: dict[str, Row] = {"MARKET": written.bar_row, "MARK": written.mark_row}
        row = kinds.get((request.param("type") or "MARKET").upper())
        if period is None or row is None:
            raise Refused("400172", "Parameter verification failed")
        limit = _number(request, "limit", 100, 100)
        start, end = _millis(request, "startTime"), _millis(request, "endTime")
        asked = Stretch(start, end, limit, self.history_lag_us, self.label_shift_us)
        return bars(self.market, listed, period, asked, now, row)


def _period(request: Request) -> int:
    period = PERIODS.get(request.param("period") or "5m")
    if period is None:
        raise Refused("400172", "Parameter verification failed")
    return period


def _number(request: Request, name: str, usual: int, most: int) -> int:
    text = request.param(name)
    if not text:
        return usual
    if not text.isdigit() or int(text) < 1:
        raise Refused("400172", "Parameter verification failed")
    return min(int(text), most)


def _millis(request: Request, name: str) -> int | None:
    text = request.param(name)
    if not text:
        return None
    if not text.isdigit():
        raise Refused("400172", "Parameter verification failed")
    return int(text) * 1000
