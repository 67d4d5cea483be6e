"""The OKX server: REST by path, limits by endpoint, and sessions of the public WebSocket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from tideline.domain.time import SECOND
from tideline.market.state import Listed, Market
from tideline.market.venues import okx_bars as grids
from tideline.market.venues import okx_rows as rows
from tideline.market.venues.okx_session import OkxSession
from tideline.market.venues.quota import Quota
from tideline.market.venues.trading import trading
from tideline.venues.wire import Reply, Request

Answer = Callable[["_Asked"], list[Any]]
KINDS = ("SPOT", "MARGIN", "SWAP", "FUTURES", "OPTION")
_RUBIK = "/api/v5/rubik/stat/"
_PUBLIC = "/ws/v5/public"
_WINDOW = 2 * SECOND


class _Refused(Exception):
    """An error of the venue: HTTP status, code, words."""

    def __init__(self, status: int, code: str, said: str) -> None:
        super().__init__(code)
        self.status, self.code, self.said = status, code, said


class _Asked:
    """One request with what it may ask about."""

    def __init__(self, server: OkxServer, request: Request, now: int) -> None:
        self.market: Market = server.market
        self.request = request
        self.now: int = now // 1000 * 1000
        self.lag_us, self.shift_us = server.history_lag_us, server.label_shift_us
        self.listed = trading(self.market, rows.VENUE, self.now)

    def need(self, name: str) -> str:
        """A parameter that has to be there."""
        value = self.request.param(name)
        if not value:
            raise _Refused(400, "50014", f"Parameter {name} can not be empty.")
        return value

    def one(self, symbol: str) -> Listed:
        """The contract of that name."""
        found = self.listed.get(symbol)
        if found is None:
            said = "Instrument ID, Instrument ID code, or Spread ID doesn't exist."
            raise _Refused(200, "51001", said)
        return found

    def chosen(self) -> list[Listed]:
        """The contracts of instType, narrowed by instId, uly and instFamily."""
        kind = self.need("instType")
        if kind not in KINDS:
            raise _Refused(400, "51000", "Parameter instType error")
        symbol = self.request.param("instId")
        found = [self.one(symbol)] if symbol else list(self.listed.values())
        found = [one for one in found if rows.kind_of(one.instrument) == kind]
        for name, of in (("uly", rows.index_of), ("instFamily", rows.family_of)):
            wanted = self.request.param(name)
            if wanted:
                found = [one for one in found if of(one.instrument) == wanted]
        return found

    def lines(self, newer: str, older: str, most: int, usual: int) -> grids.Lines:
        """The bounds and the number of rows asked for."""
        limit = self._number("limit")
        return grids.Lines(
            self._number(newer),
            self._number(older),
            usual if limit is None else max(1, min(limit, most)),
            self.lag_us,
            self.shift_us,
        )

    def _number(self, name: str) -> int | None:
        text = self.request.param(name)
        if not text:
            return None
        if not text.isdigit():
            raise _Refused(400, "51000", f"Parameter {name} error")
        return int(text)

    def grid(self, name: str, usual: str) -> grids.Grid:
        """The grid of the period asked for."""
        found = grids.grid(self.request.param(name) or usual)
        if found is None:
            raise _Refused(400, "51000", f"Parameter {name} error")
        return found


def _instruments(asked: _Asked) -> list[Any]:
    codes = {symbol: 10_458 + place for place, symbol in enumerate(sorted(asked.listed))}
    return [
        rows.instrument(asked.market, one, codes[one.instrument.symbol], asked.now)
        for one in asked.chosen()
    ]


def _open_interest(asked: _Asked) -> list[Any]:
    return [rows.open_interest(asked.market, one, asked.now) for one in asked.chosen()]


def _mark_price(asked: _Asked) -> list[Any]:
    """By product, or of one contract by its name alone."""
    alone = asked.request.param("instId") and not asked.request.param("instType")
    found = [asked.one(asked.need("instId"))] if alone else asked.chosen()
    return [rows.mark_price(asked.market, one, asked.now) for one in found]


def _funding_rate(asked: _Asked) -> list[Any]:
    symbol = asked.need("instId")
    found = list(asked.listed.values()) if symbol == "ANY" else [asked.one(symbol)]
    paying = [one for one in found if rows.pays(asked.market, one, asked.now)]
    if not paying and symbol != "ANY":
        raise _Refused(400, "51000", "Parameter instId error")
    return [rows.funding_rate(asked.market, one, asked.now) for one in paying]


def _index_tickers(asked: _Asked) -> list[Any]:
    index, quote = asked.request.param("instId"), asked.request.param("quoteCcy")
    if not index and not quote:
        raise _Refused(400, "50014", "Parameter quoteCcy or instId can not be empty.")
    on: dict[str, Listed] = {}
    for one in asked.listed.values():
        on.setdefault(rows.index_of(one.instrument), one)
    wanted = [
        one
        for name, one in on.items()
        if (not index or name == index) and (not quote or one.instrument.quote == quote)
    ]
    if index and not wanted:
        raise _Refused(200, "51001", f"Instrument ID {index} does not exist.")
    return [rows.index_ticker(asked.market, one, asked.now) for one in wanted]


def _settled(asked: _Asked) -> list[Any]:
    one = asked.one(asked.need("instId"))
    lines = asked.lines("before", "after", 400, 400)
    return list(grids.settlements(asked.market, one, lines, asked.now))


def _candles(asked: _Asked) -> list[Any]:
    one = asked.one(asked.need("instId"))
    step = asked.grid("bar", "1m")
    lines = asked.lines("before", "after", 300, 100)
    cells = grids.candle_cells(asked.market, step.lasts)
    return list(grids.bars(one, step, lines, asked.now, cells))


def _statistic(cells: Callable[[_Asked], grids.Cells]) -> Answer:
    def answer(asked: _Asked) -> list[Any]:
        one = asked.one(asked.need("instId"))
        step = asked.grid("period", "5m")
        lines = asked.lines("begin", "end", 100, 100)
        return list(grids.bars(one, step, lines, asked.now, cells(asked)))

    return answer


def _takers(asked: _Asked) -> grids.Cells:
    unit = asked.request.param("unit") or "1"
    if unit not in ("0", "1", "2"):
        raise _Refused(400, "51000", "Parameter unit error")
    return grids.taker_cells(asked.market, unit)


def _ratio(which: str) -> Answer:
    return _statistic(lambda asked: grids.ratio_cells(asked.market, which))


PATHS: dict[str, tuple[int, Answer]] = {
    "/api/v5/public/instruments": (20, _instruments),
    "/api/v5/public/open-interest": (20, _open_interest),
    "/api/v5/public/mark-price": (10, _mark_price),
    "/api/v5/public/funding-rate": (10, _funding_rate),
    "/api/v5/public/funding-rate-history": (10, _settled),
    "/api/v5/public/time": (10, lambda asked: [{"ts": rows.ms(asked.now)}]),
    "/api/v5/market/index-tickers": (20, _index_tickers),
    "/api/v5/market/candles": (40, _candles),
    f"{_RUBIK}contracts/open-interest-history": (
        10, _statistic(lambda asked: grids.open_interest_cells(asked.market)),
    ),
    f"{_RUBIK}contracts/long-short-account-ratio-contract": (5, _ratio("global_accounts")),
    f"{_RUBIK}contracts/long-short-account-ratio-contract-top-trader": (5, _ratio("top_accounts")),
    f"{_RUBIK}contracts/long-short-position-ratio-contract-top-trader": (
        5, _ratio("top_positions"),
    ),
    f"{_RUBIK}taker-volume-contract": (5, _statistic(_takers)),
}  # fmt: skip
"""Requests in two seconds, and the answer."""


class OkxServer:
    """OKX as its clients see it.

    Attributes:
        history_lag_us: how long after its end a finished bar shows.
        label_shift_us: how far labels of bars lie after the open (0: the documented law).
        pace: multiplies every push interval.
    """

    name = rows.VENUE

    def __init__(self, market: Market, pace: float = 1.0) -> None:
        self.market, self.pace = market, pace
        self.history_lag_us = 0
        self.label_shift_us = 0
        self._quotas = {path: Quota(most, _WINDOW) for path, (most, _) in PATHS.items()}
        self._connections = 0

    def answer(self, request: Request, now: int) -> Reply:
        """The answer to one request."""
        known = PATHS.get(request.path)
        if known is None or request.host != "rest" or request.method != "GET":
            return _reply(404, {"code": "404", "data": [], "msg": "Not Found"})
        if not self._quotas[request.path].take(1, now):
            return _reply(429, {"msg": "Too Many Requests", "code": "50011"})
        try:
            data = known[1](_Asked(self, request, now))
        except _Refused as refused:
            return _reply(refused.status, {"code": refused.code, "data": [], "msg": refused.said})
        return _reply(200, {"code": "0", "data": data, "msg": ""})

    def open(self, host: str, target: str, now: int) -> OkxSession | None:
        """A connection to the public channels."""
        if host != "ws" or target.partition("?")[0] != _PUBLIC:
            return None
        self._connections += 1
        return OkxSession(self.market, self.pace, f"{self._connections:08x}")


def _reply(status: int, body: dict[str, Any]) -> Reply:
    raw = msgspec.json.encode(body)
    return Reply(status, raw, {"content-type": "application/json"})
