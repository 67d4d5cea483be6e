"""Bitget to a collector: the three futures categories of the v3 (unified account) market.

What is not recorded is lost: there is no history of open interest, and ratios and taker volume go
back one page. Reference: https://www.bitget.com/api-doc/uta/intro.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial

from tideline.domain.fields import LIQUIDATIONS
from tideline.domain.instrument import Instrument
from tideline.domain.time import DAY, HOUR, MINUTE
from tideline.venues.bitget import history, rest, stream
from tideline.venues.bitget.envelope import verdict
from tideline.venues.bitget.fields import STREAM_FIELDS, TICKER_FIELDS
from tideline.venues.declaration import (
    Bucket,
    Charge,
    History,
    Host,
    Keepalive,
    Poll,
    Stateless,
    Stream,
    Topic,
    Venue,
)
from tideline.venues.wire import Request

CATEGORIES = {"usdt": "USDT-FUTURES", "usdc": "USDC-FUTURES", "coin": "COIN-FUTURES"}
"""Our word in feed names, and the venue's category."""

_ARGS_PER_MESSAGE = 5
"""A v3 connection was closed after messages of 25 and more; small messages lose little."""


def category(instrument: Instrument) -> str:
    """Our word for an instrument's category."""
    return instrument.settle.lower() if instrument.linear else "coin"


def _is_of(word: str, instrument: Instrument) -> bool:
    return instrument.derivative and category(instrument) == word


def _perpetual_of(word: str, instrument: Instrument) -> bool:
    return _is_of(word, instrument) and instrument.kind == "perpetual"


def _whole(path: str, word: str) -> Callable[[Sequence[Instrument]], list[Request]]:
    """One request for the whole category."""

    def ask(_: Sequence[Instrument]) -> list[Request]:
        return [Request("rest", path, (("category", CATEGORIES[word]),))]

    return ask


def _polls(word: str) -> tuple[Poll, ...]:
    return (
        Poll(
            name=f"bitget.{word}.tickers",
            host="rest",
            fields=TICKER_FIELDS,
            every_s=20.0,
            charges=(Charge("tickers"),),
            ask=_whole("/api/v3/market/tickers", word),
            read=rest.tickers,
            selects=partial(_is_of, word),
        ),
        Poll(
            name=f"bitget.{word}.funding_rates",
            host="rest",
            fields=("funding_rate_quoted", "funding_interval_h", "next_funding_time"),
            every_s=60.0,
            charges=(Charge("funding"),),
            ask=_whole("/api/v3/market/current-fund-rate", word),
            read=rest.funding_rates,
            selects=partial(_perpetual_of, word),
        ),
    )


def _listings(word: str) -> Poll:
    return Poll(
        name=f"bitget.{word}.listings",
        host="rest",
        fields=("instrument",),
        every_s=3600.0,
        charges=(Charge("instruments"),),
        ask=_whole("/api/v3/market/instruments", word),
        read=rest.listings,
        selects=partial(_is_of, word),
    )


def _latest(path: str, *params: tuple[str, str]) -> Callable[[Instrument, int, int], Request]:
    """The latest window: no range can be asked for."""

    def ask(instrument: Instrument, _start: int, _end: int) -> Request:
        return Request("rest", path, (("symbol", instrument.symbol), *params))

    return ask


def _settled(instrument: Instrument, _start: int, _end: int) -> Request:
    told = (("category", CATEGORIES[category(instrument)]), ("symbol", instrument.symbol))
    return Request("rest", "/api/v3/market/history-fund-rate", (*told, ("limit", "100")))


def _candles(kind: str, interval: str, period_us: int) -> Callable[[Instrument, int, int], Request]:
    """Bars with END in (start, end]; they are labelled, and asked for, by their start."""

    def ask(instrument: Instrument, start: int, end: int) -> Request:
        first, last = (start - period_us) // 1000 + 1, (end - period_us) // 1000
        params = (
            ("category", CATEGORIES[category(instrument)]),
            ("symbol", instrument.symbol),
            ("interval", interval),
            ("type", kind),
            ("startTime", str(first)),
            ("endTime", str(max(first, last))),
            ("limit", "100"),
        )
        return Request("rest", "/api/v3/market/candles", params)

    return ask


def _statistics(word: str) -> tuple[History, ...]:
    """One request a second for all of them together."""
    if word == "coin":
        return ()
    of, period = partial(_perpetual_of, word), ("period", "5m")
    return (
        History(
            name=f"bitget.{word}.account_ratio",
            host="rest",
            fields=("lsr_global_accounts",),
            period_us=5 * MINUTE,
            rows=30,
            depth_us=0,
            every_s=3600.0,
            charges=(Charge("statistics"),),
            ask=_latest("/api/v3/market/futures-account-long-short", period),
            read=history.account_ratio,
            selects=of,
        ),
        History(
            name=f"bitget.{word}.taker",
            host="rest",
            fields=("taker_buy_coin", "taker_sell_coin"),
            period_us=5 * MINUTE,
            rows=30,
            depth_us=0,
            every_s=3600.0,
            charges=(Charge("statistics"),),
            ask=_latest("/api/v3/market/futures-active-buy-sell", period),
            read=history.taker,
            selects=of,
        ),
        History(
            name=f"bitget.{word}.candles",
            host="rest",
            fields=("volume_coin",),
            period_us=MINUTE,
            rows=100,
            depth_us=30 * DAY,
            every_s=600.0,
            charges=(Charge("candles"),),
            ask=_candles("MARKET", "1m", MINUTE),
            read=history.volume,
            selects=partial(_is_of, word),
        ),
    )


def _histories(word: str) -> tuple[History, ...]:
    return (
        History(
            name=f"bitget.{word}.funding",
            host="rest",
            fields=("funding_rate_settled",),
            period_us=HOUR,
            rows=100,
            depth_us=0,
            every_s=1800.0,
            charges=(Charge("funding"),),
            ask=_settled,
            read=history.funding,
            selects=partial(_perpetual_of, word),
        ),
        History(
            name=f"bitget.{word}.mark_candles",
            host="rest",
            fields=("mark_price",),
            period_us=5 * MINUTE,
            rows=100,
            depth_us=30 * DAY,
            every_s=3600.0,
            charges=(Charge("candles"),),
            ask=_candles("MARK", "5m", 5 * MINUTE),
            read=history.mark,
            selects=partial(_is_of, word),
        ),
        *_statistics(word),
    )


def _topics(word: str, instruments: Sequence[Instrument]) -> list[Topic]:
    """A ticker each, which speaks even without a change, and one topic for all liquidations."""
    kind = CATEGORIES[word].lower()
    symbols = tuple(instrument.symbol for instrument in instruments)
    liquidation = Topic(f"{kind}.liquidation", LIQUIDATIONS, symbols)
    each = [Topic(f"{kind}.ticker.{name}", STREAM_FIELDS, (name,), 10.0) for name in symbols]
    return [liquidation, *each] if symbols else []


def _subscribe(names: Sequence[str], first: int) -> list[tuple[str, tuple[str, ...], str]]:
    """``{"op":"subscribe","args":[{"instType":…,"topic":…,"symbol":…}]}``, five a message.

    The wire knows no message numbers: acknowledgements name their topic.
    """
    messages = []
    for number, start in enumerate(range(0, len(names), _ARGS_PER_MESSAGE), first):
        batch = tuple(names[start : start + _ARGS_PER_MESSAGE])
        parts = [name.split(".", 2) for name in batch]
        args = [dict(zip(("instType", "topic", "symbol"), part, strict=False)) for part in parts]
        text = json.dumps({"op": "subscribe", "args": args}, separators=(",", ":"))
        messages.append((str(number), batch, text))
    return messages


def _stream(word: str) -> Stream:
    return Stream(
        name=f"bitget.{word}.stream",
        host="ws",
        fields=(*STREAM_FIELDS, *LIQUIDATIONS),
        path=lambda _: "/v3/ws/public",
        topics=partial(_topics, word),
        subscribe=_subscribe,
        reader=partial(Stateless, stream.read),
        usual_s=10.0,
        selects=partial(_is_of, word),
        keepalive=Keepalive("ping", 25.0),
        topics_per_connection=50,
        speaks=5.0,
        charges=(Charge("connections"),),
    )


BITGET = Venue(
    name="bitget",
    hosts=(
        Host("rest", "https://api.bitget.com", "bitget.rest"),
        Host("ws", "wss://ws.bitget.com", "bitget.ws"),
    ),
    buckets=(
        Bucket("tickers", 20.0, 1.0),
        Bucket("instruments", 20.0, 1.0),
        Bucket("funding", 20.0, 1.0),
        Bucket("candles", 20.0, 1.0),
        Bucket("statistics", 1.0, 1.0),
        Bucket("connections", 300.0, 300.0),
    ),
    listings=tuple(_listings(word) for word in CATEGORIES),
    polls=tuple(found for word in CATEGORIES for found in _polls(word)),
    histories=tuple(found for word in CATEGORIES for found in _histories(word)),
    streams=tuple(_stream(word) for word in CATEGORIES),
    verdict=verdict,
    not_offered={
        "open_interest_usd": "open interest is given in coin; it is valued at the mark",
        "lsr_top_positions": "position ratios are of all holders, not of top traders",
        "lsr_top_accounts": "no statistics of top traders",
        "taker_ratio_bar": "taker volumes are given; their ratio needs no field of its own",
        "spot_price": "spot pairs are not asked",
        "spot_volume_usd": "spot pairs are not asked",
    },
)
