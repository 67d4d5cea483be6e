"""Bybit's v5 market as a server: envelopes, errors, cursors, limits, and the public stream.

What it does as the venue does: 600 requests in 5 seconds and then 403 for ten minutes; rows newest
first; a lone ``startTime`` ignored by open-interest and refused by funding/history; cursors that
come percent-encoded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qs, quote, urlsplit

from tideline.domain.instrument import Instrument
from tideline.domain.time import DAY, HOUR, MINUTE, SECOND
from tideline.market.state import Listed, Market
from tideline.market.venues import bybit_rows as written
from tideline.market.venues.backwards import Row, Stretch, bars
from tideline.market.venues.bybit_rows import NAME
from tideline.market.venues.bybit_stream import BybitSession
from tideline.market.venues.compact import compact
from tideline.market.venues.quota import Quota
from tideline.market.venues.trading import trading
from tideline.venues.wire import Reply, Request

GRIDS = {
    "5min": 5 * MINUTE,
    "15min": 15 * MINUTE,
    "30min": 30 * MINUTE,
    "1h": HOUR,
    "4h": 4 * HOUR,
    "1d": DAY,
}
BARS = {"1": MINUTE, "3": 3 * MINUTE, "5": 5 * MINUTE, "15": 15 * MINUTE, "30": 30 * MINUTE}
BARS |= {"60": HOUR, "120": 2 * HOUR, "240": 4 * HOUR, "360": 6 * HOUR, "720": 12 * HOUR, "D": DAY}
CATEGORIES = ("linear", "inverse")
EMPTY_CATEGORIES = ("spot", "option")
SHUT_US = 10 * MINUTE
"""How long an address that asked too much is shut out."""

_JSON = {"content-type": "application/json; charset=utf-8", "server": "Openresty"}
_TOO_MANY = b"<html><body>access too frequent. please try again later</body></html>"


class Refused(Exception):
    """A question that is answered with an error: retCode and retMsg."""

    def __init__(self, code: int, message: str) -> None:
        self.code, self.message = code, message
        super().__init__(message)


class Page(NamedTuple):
    """Rows newest first, and what comes before them."""

    rows: list[Any]
    cursor: str


class BybitServer:
    """One Bybit.

    Attributes:
        history_lag_us: how long after its time a history row can first be had.
        label_shift_us: what is added to the time that rows on a grid are labelled with.
    """

    name = NAME

    def __init__(self, market: Market, pace: float = 1.0) -> None:
        self.market, self.pace = market, pace
        self.history_lag_us = 0
        self.label_shift_us = 0
        self._quota = Quota(600, 5 * SECOND)
        self._shut_until = 0
        self._opened = 0
        self._paths: dict[str, Callable[[Request, int], dict[str, Any]]] = {
            "/v5/market/time": self._time,
            "/v5/market/tickers": self._tickers,
            "/v5/market/instruments-info": self._instruments,
            "/v5/market/open-interest": self._open_interest,
            "/v5/market/account-ratio": self._account_ratio,
            "/v5/market/funding/history": self._funding,
            "/v5/market/kline": self._kline,
            "/v5/market/mark-price-kline": self._mark_kline,
        }

    def answer(self, request: Request, now: int) -> Reply:
        """One answer."""
        if now < self._shut_until or not self._quota.take(1, now):
            if now >= self._shut_until:
                self._shut_until = now + SHUT_US
            return Reply(403, _TOO_MANY, {"content-type": "text/html", "server": "CloudFront"})
        found = self._paths.get(request.path)
        if found is None:
            return Reply(404, b"<html><body>404 Not Found</body></html>")
        try:
            code, message, result = 0, "OK", found(request, now)
        except Refused as refused:
            code, message, result = refused.code, refused.message, {}
        body = {"retCode": code, "retMsg": message, "result": result, "retExtInfo": {}}
        return Reply(200, compact(body | {"time": now // 1000}).encode(), _JSON)

    def open(self, host: str, target: str, now: int) -> BybitSession | None:
        """``/v5/public/linear`` and ``/v5/public/inverse``."""
        path = urlsplit(target).path
        category = path.rpartition("/")[2]
        if path.rpartition("/")[0] != "/v5/public" or category not in CATEGORIES:
            return None
        self._opened += 1
        ident = f"d{self._opened:08x}-4d06-4a05-930a-{now % 10**12:012d}"
        return BybitSession(
            self.market, lambda at: self._trading(category, at), ident, self.pace, now
        )

    def _trading(self, category: str, at: int) -> dict[str, Listed]:
        linear = category == "linear"
        return {
            symbol: one
            for symbol, one in trading(self.market, NAME, at).items()
            if one.instrument.linear == linear
        }

    def _named(self, request: Request, now: int) -> Listed:
        found = self._trading(_category(request), now).get(request.param("symbol"))
        if found is None:
            raise Refused(10001, "params error: symbol invalid")
        return found

    def _time(self, _: Request, now: int) -> dict[str, Any]:
        return {"timeSecond": str(now // 1_000_000), "timeNano": str(now * 1000)}

    def _tickers(self, request: Request, now: int) -> dict[str, Any]:
        category = _category(request)
        at = now // 1000 * 1000
        trading = self._trading(category, now)
        if request.param("symbol"):
            trading = {request.param("symbol"): self._named(request, now)}
        rows = [written.ticker_row(self.market, one, at) for one in trading.values()]
        return {"category": category, "list": rows}

    def _instruments(self, request: Request, now: int) -> dict[str, Any]:
        category = _category(request)
        trading = self._trading(category, now) if category in CATEGORIES else {}
        wanted = request.param("symbol")
        names = [name for name in sorted(trading) if not wanted or name == wanted]
        cursor = parse_qs(request.param("cursor")).get("last", [""])[0]
        names = [name for name in names if name > cursor]
        limit = _number(request, "limit", 500, 1000)
        page, rest = names[:limit], names[limit:]
        rows = []
        for name in page:
            hours = self.market.quote(NAME, name, now).funding_interval_h
            rows.append(written.instrument_row(trading[name], hours))
        following = quote(f"first={page[0]}&last={page[-1]}", safe="") if rest else ""
        return {"category": category, "list": rows, "nextPageCursor": following}

    def _open_interest(self, request: Request, now: int) -> dict[str, Any]:
        listed = self._named(request, now)
        period = _grid(request, "intervalTime")
        page = self._grid_page(request, listed, period, now, 200, written.held_row)
        return {
            "symbol": listed.instrument.symbol,
            "category": _category(request),
            "list": page.rows,
            "nextPageCursor": page.cursor,
        }

    def _account_ratio(self, request: Request, now: int) -> dict[str, Any]:
        listed, period = self._named(request, now), _grid(request, "period")
        page = self._grid_page(request, listed, period, now, 500, written.share_row)
        return {"list": page.rows, "nextPageCursor": page.cursor}

    def _funding(self, request: Request, now: int) -> dict[str, Any]:
        listed = self._named(request, now)
        if request.param("startTime") and not request.param("endTime"):
            raise Refused(10001, "params error: endTime is required with startTime")
        hours = self.market.quote(NAME, listed.instrument.symbol, now).funding_interval_h
        if not hours:
            return {"category": _category(request), "list": []}
        page = self._grid_page(
            request, listed, hours * HOUR, now, 200, written.settled_row, usual=200
        )
        return {"category": _category(request), "list": page.rows}

    def _grid_page(
        self,
        request: Request,
        listed: Listed,
        period: int,
        now: int,
        most: int,
        row: Callable[[Market, Instrument, int, int], dict[str, str]],
        usual: int = 50,
    ) -> Page:
        """Rows of one grid. Time ranges speak of labels; a lone startTime is ignored."""
        limit, shift = _number(request, "limit", usual, most), self.label_shift_us
        start, end = _millis(request, "startTime"), _millis(request, "endTime")
        seen = now - self.history_lag_us
        newest = seen if end is None else min(seen, end - shift)
        cursor = parse_qs(request.param("cursor")).get("lasttime", [""])[0]
        if cursor.isdigit():
            newest = min(newest, int(cursor) * 1_000_000 - shift - 1)
        oldest = listed.listed_us
        if start is not None and end is not None:
            oldest = max(oldest, start - shift)
        rows: list[Any] = []
        at = newest // period * period
        while at >= oldest and len(rows) < limit:
            rows.append(row(self.market, listed.instrument, at, at + shift))
            at -= period
        if at < oldest or not rows:
            return Page(rows, "")
        last = (at + period + shift) // 1_000_000
        return Page(rows, quote(f"lastid={last % 10**8}&lasttime={last}", safe=""))

    def _kline(self, request: Request, now: int) -> dict[str, Any]:
        return self._bars(request, now, written.bar_row)

    def _mark_kline(self, request: Request, now: int) -> dict[str, Any]:
        return self._bars(request, now, written.mark_row)

    def _bars(self, request: Request, now: int, row: Row) -> dict[str, Any]:
        """Bars by their start, newest first; the newest one is unfinished."""
        listed = self._named(request, now)
        period = BARS.get(request.param("interval"))
        if period is None:
            raise Refused(10001, "params error: Invalid period!")
        limit = _number(request, "limit", 200, 1000)
        start, end = _millis(request, "start"), _millis(request, "end")
        asked = Stretch(start, end, limit, self.history_lag_us, self.label_shift_us)
        rows = bars(self.market, listed, period, asked, now, row)
        return {"symbol": listed.instrument.symbol, "category": _category(request), "list": rows}


def _category(request: Request) -> str:
    category = request.param("category")
    known = (*CATEGORIES, *EMPTY_CATEGORIES)
    if category not in known:
        raise Refused(10001, "params error: category invalid")
    return category


def _grid(request: Request, name: str) -> int:
    period = GRIDS.get(request.param(name))
    if period is None:
        raise Refused(10001, f"params error: {name} invalid")
    return period


def _number(request: Request, name: str, usual: int, most: int) -> int:
    text = request.param(name)
    if not text:
        return usual
    if not text.isdigit() or int(text) < 1:
        raise Refused(10001, f"params error: {name} invalid")
    return min(int(text), most)


def _millis(request: Request, name: str) -> int | None:
    text = request.param(name)
    if not text:
        return None
    if not text.isdigit():
        raise Refused(10001, f"params error: {name} invalid")
    return int(text) * 1000
