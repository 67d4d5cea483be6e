"""Bybit to a collector: linear and inverse contracts of the v5 market.

One call brings every ticker of a category; the stream brings the same faster; the history goes
back to listing. Reference: https://bybit-exchange.github.io/docs/v5/intro, rate-limit, ws/connect.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial

from tideline.domain.fields import LIQUIDATIONS
from tideline.domain.instrument import Instrument
from tideline.domain.time import DAY, HOUR, MINUTE
from tideline.venues.bybit import history, rest
from tideline.venues.bybit.envelope import verdict
from tideline.venues.bybit.fields import TICKER_FIELDS
from tideline.venues.bybit.stream import StreamReader
from tideline.venues.declaration import (
    Bucket,
    Charge,
    History,
    Host,
    Keepalive,
    Poll,
    Stream,
    Topic,
    Venue,
)
from tideline.venues.wire import Request

CATEGORIES = ("linear", "inverse")

_ONE = (Charge("ip"),)
_ARGS_PER_MESSAGE = 10
"""One unknown topic voids the whole message: small messages lose little."""
_SINCE_LAUNCH = 2400 * DAY
"""The oldest linear contract was listed in March 2020, account ratios begin in July 2020."""


def _is_of(category: str, instrument: Instrument) -> bool:
    return instrument.derivative and instrument.linear == (category == "linear")


def _perpetual_of(category: str, instrument: Instrument) -> bool:
    return _is_of(category, instrument) and instrument.kind == "perpetual"


def _category(instrument: Instrument) -> str:
    return "linear" if instrument.linear else "inverse"


def _whole(path: str, *params: tuple[str, str]) -> Callable[[Sequence[Instrument]], list[Request]]:
    """One request, whoever is asked about."""

    def ask(_: Sequence[Instrument]) -> list[Request]:
        return [Request("rest", path, params)]

    return ask


_TIMES = ("startTime", "endTime")
_ENDS = ("start", "end")


def _window(
    path: str, ends: tuple[str, str], *params: tuple[str, str], rows: int, shift_us: int = 0
) -> Callable[[Instrument, int, int], Request]:
    """The rows with event_time in (start, end]; both ends are sent, since a lone one is ignored.

    ``shift_us``: event_time - the time by which the venue selects rows.
    """

    def ask(instrument: Instrument, start: int, end: int) -> Request:
        first, last = (start - shift_us) // 1000 + 1, (end - shift_us) // 1000
        told = (("category", _category(instrument)), ("symbol", instrument.symbol), *params)
        times = ((ends[0], str(first)), (ends[1], str(max(first, last))))
        return Request("rest", path, (*told, *times, ("limit", str(rows))))

    return ask


def _listings(category: str) -> Poll:
    return Poll(
        name=f"bybit.{category}.listings",
        host="rest",
        fields=("instrument",),
        every_s=3600.0,
        charges=_ONE,
        ask=_whole("/v5/market/instruments-info", ("category", category), ("limit", "1000")),
        read=rest.listings,
        selects=partial(_is_of, category),
    )


def _tickers(category: str) -> Poll:
    return Poll(
        name=f"bybit.{category}.tickers",
        host="rest",
        fields=TICKER_FIELDS,
        every_s=15.0,
        charges=_ONE,
        ask=_whole("/v5/market/tickers", ("category", category)),
        read=rest.tickers,
        selects=partial(_is_of, category),
    )


def _grid(category: str) -> tuple[History, ...]:
    """Levels and shares on the five minute grid."""
    oi = "open_interest" if category == "linear" else "open_interest_usd"
    return (
        History(
            name=f"bybit.{category}.open_interest",
            host="rest",
            fields=(oi,),
            period_us=5 * MINUTE,
            rows=200,
            depth_us=_SINCE_LAUNCH,
            every_s=300.0,
            charges=_ONE,
            ask=_window("/v5/market/open-interest", _TIMES, ("intervalTime", "5min"), rows=200),
            read=history.open_interest,
            selects=partial(_is_of, category),
        ),
        History(
            name=f"bybit.{category}.account_ratio",
            host="rest",
            fields=("lsr_global_accounts",),
            period_us=5 * MINUTE,
            rows=500,
            depth_us=_SINCE_LAUNCH,
            every_s=300.0,
            charges=_ONE,
            ask=_window("/v5/market/account-ratio", _TIMES, ("period", "5min"), rows=500),
            read=history.account_ratio,
            selects=partial(_perpetual_of, category),
        ),
        History(
            name=f"bybit.{category}.funding",
            host="rest",
            fields=("funding_rate_settled",),
            period_us=HOUR,
            rows=200,
            depth_us=_SINCE_LAUNCH,
            every_s=900.0,
            charges=_ONE,
            ask=_window("/v5/market/funding/history", _TIMES, rows=200),
            read=history.funding,
            selects=partial(_perpetual_of, category),
        ),
    )


def _bars(category: str) -> tuple[History, ...]:
    """Bars that are labelled by their start."""
    mark = history.MARK_MINUTES
    return (
        History(
            name=f"bybit.{category}.klines",
            host="rest",
            fields=("volume_coin",),
            period_us=MINUTE,
            rows=1000,
            depth_us=_SINCE_LAUNCH,
            every_s=300.0,
            charges=_ONE,
            ask=_window("/v5/market/kline", _ENDS, ("interval", "1"), rows=1000, shift_us=MINUTE),
            read=history.klines,
            selects=partial(_is_of, category),
        ),
        History(
            name=f"bybit.{category}.mark_klines",
            host="rest",
            fields=("mark_price",),
            period_us=mark * MINUTE,
            rows=1000,
            depth_us=_SINCE_LAUNCH,
            every_s=3600.0,
            charges=_ONE,
            ask=_window(
                "/v5/market/mark-price-kline",
                _ENDS,
                ("interval", str(mark)),
                rows=1000,
                shift_us=mark * MINUTE,
            ),
            read=history.mark_klines,
            selects=partial(_is_of, category),
        ),
    )


def _topics(instruments: Sequence[Instrument]) -> list[Topic]:
    """Two topics an instrument. Neither speaks when nothing happens."""
    topics = []
    for instrument in instruments:
        symbol = instrument.symbol
        topics.append(Topic(f"tickers.{symbol}", TICKER_FIELDS, (symbol,)))
        topics.append(Topic(f"allLiquidation.{symbol}", LIQUIDATIONS, (symbol,)))
    return topics


def _subscribe(names: Sequence[str], first: int) -> list[tuple[str, tuple[str, ...], str]]:
    """``{"op":"subscribe","args":[…],"req_id":"7"}``, ten topics a message."""
    messages = []
    for number, start in enumerate(range(0, len(names), _ARGS_PER_MESSAGE), first):
        batch = tuple(names[start : start + _ARGS_PER_MESSAGE])
        body = {"op": "subscribe", "args": list(batch), "req_id": str(number)}
        messages.append((str(number), batch, json.dumps(body, separators=(",", ":"))))
    return messages


def _stream(category: str) -> Stream:
    return Stream(
        name=f"bybit.{category}.stream",
        host="ws",
        fields=(*TICKER_FIELDS, *LIQUIDATIONS),
        path=lambda _: f"/v5/public/{category}",
        topics=_topics,
        subscribe=_subscribe,
        reader=partial(StreamReader, category == "linear"),
        usual_s=5.0,
        selects=partial(_is_of, category),
        keepalive=Keepalive('{"op":"ping"}', 20.0),
        topics_per_connection=400,  # of about 25 characters: half of the 21,000 allowed
        speaks=10.0,
        charges=(Charge("connections"),),
    )


BYBIT = Venue(
    name="bybit",
    hosts=(
        Host("rest", "https://api.bybit.com", "bybit.rest"),
        Host("ws", "wss://stream.bybit.com", "bybit.ws"),
    ),
    buckets=(Bucket("ip", 600.0, 5.0), Bucket("connections", 500.0, 300.0)),
    listings=tuple(_listings(category) for category in CATEGORIES),
    polls=tuple(_tickers(category) for category in CATEGORIES),
    histories=tuple(
        found for category in CATEGORIES for found in (*_grid(category), *_bars(category))
    ),
    streams=tuple(_stream(category) for category in CATEGORIES),
    verdict=verdict,
    not_offered={
        "lsr_top_positions": "no statistics of top traders",
        "lsr_top_accounts": "no statistics of top traders",
        "taker_buy_coin": "no taker statistics; they would have to be added up from every trade",
        "taker_sell_coin": "no taker statistics; they would have to be added up from every trade",
        "taker_ratio_bar": "no taker statistics; they would have to be added up from every trade",
        "spot_price": "spot pairs are not asked",
        "spot_volume_usd": "spot pairs are not asked",
    },
)
