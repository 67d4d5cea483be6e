"""The Coinbase gateway (Deribit engine) to a collector. Its book is Deribit's own: in no total.

Reference: venues "Coinbase", gateway. 500 credits a call from a pool that refills 10,000 a second,
so 20 calls a second; ``get_instruments`` one a second. Over it: error 10028, and a WebSocket is
cut. An idle connection is closed after about 30 s: ``public/set_heartbeat`` keeps it, and each
``test_request`` is answered by ``public/test``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from tideline.domain.fields import LIQUIDATIONS
from tideline.domain.instrument import Instrument
from tideline.domain.time import DAY, HOUR
from tideline.domain.venue import GATEWAY
from tideline.venues.coinbase import frames, gateway
from tideline.venues.coinbase.answer import verdict
from tideline.venues.coinbase.book import SUMMARY_FIELDS, TICKER_FIELDS
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

CREDITS = "credits"
INSTRUMENTS = "get_instruments"
COST = 500.0

CURRENCIES = ("BTC", "ETH", "USDC")
"""Settlement currencies whose contracts are listed; linear contracts settle in USDC."""

CHANNELS_PER_MESSAGE = 50


def _call(method: str, *params: tuple[str, str]) -> Request:
    return Request("rest", f"/api/v2/public/{method}", params)


def _ask_instruments(_: Sequence[Instrument]) -> Sequence[Request]:
    return [
        _call("get_instruments", ("currency", currency), ("kind", "future"))
        for currency in CURRENCIES
    ]


def _ask_summaries(instruments: Sequence[Instrument]) -> Sequence[Request]:
    wanted = {one.settle for one in instruments}
    return [
        _call("get_book_summary_by_currency", ("currency", currency), ("kind", "future"))
        for currency in sorted(wanted)
    ]


def _ask_funding(instrument: Instrument, start: int, end: int) -> Request:
    return _call(
        "get_funding_rate_history",
        ("instrument_name", instrument.symbol),
        ("start_timestamp", str(start // 1000 + 1)),
        ("end_timestamp", str(end // 1000)),
    )


def _perpetual(instrument: Instrument) -> bool:
    return instrument.kind == "perpetual"


def _topics(instruments: Sequence[Instrument]) -> Sequence[Topic]:
    found = []
    for one in instruments:
        whom = (one.symbol,)
        found.append(Topic(f"ticker.{one.symbol}.100ms", _told(one), whom, usual_s=30.0))
        found.append(Topic(f"trades.{one.symbol}.100ms", LIQUIDATIONS, whom))
    return found


def _told(instrument: Instrument) -> tuple[str, ...]:
    """The fields of its ticker: dated futures pay no funding, each margin has its own amount."""
    other = "open_interest_usd" if instrument.linear else "open_interest"
    paid = _perpetual(instrument)
    return tuple(
        name for name in TICKER_FIELDS if name != other and (paid or not name.startswith("funding"))
    )


def _subscribe(topics: Sequence[str], first: int) -> Sequence[tuple[str, tuple[str, ...], str]]:
    """Up to 50 channels a message; the answer names those that were taken."""
    messages: list[tuple[str, tuple[str, ...], str]] = []
    for start in range(0, len(topics), CHANNELS_PER_MESSAGE):
        number = first + len(messages)
        names = tuple(topics[start : start + CHANNELS_PER_MESSAGE])
        body = {
            "jsonrpc": "2.0",
            "id": number,
            "method": "public/subscribe",
            "params": {"channels": names},
        }
        messages.append((str(number), names, json.dumps(body, separators=(",", ":"))))
    return messages


_NO_RATIOS = "no long/short ratios"
_NO_BARS = "in no total, so its bars are not asked for"

COINBASE_GATEWAY = Venue(
    name=GATEWAY,
    hosts=(
        Host("rest", "https://drb.coinbase.com", GATEWAY),
        Host("ws", "wss://streams.drb.coinbase.com", GATEWAY),
    ),
    buckets=(
        Bucket(CREDITS, 10_000.0, 1.0, 0.5),
        Bucket(INSTRUMENTS, 1.0, 1.0, 1.0),
    ),
    listings=(
        Poll(
            "coinbase-gateway.instruments",
            "rest",
            ("instrument",),
            3600.0,
            (Charge(CREDITS, COST), Charge(INSTRUMENTS)),
            _ask_instruments,
            gateway.instruments,
        ),
    ),
    polls=(
        Poll(
            "coinbase-gateway.book_summary",
            "rest",
            SUMMARY_FIELDS,
            30.0,
            (Charge(CREDITS, COST),),
            _ask_summaries,
            gateway.summaries,
            tail_every_s=30.0,
        ),
    ),
    histories=(
        History(
            "coinbase-gateway.funding",
            "rest",
            gateway.SETTLED_FIELDS,
            HOUR,
            720,
            1200 * DAY,
            3600.0,
            (Charge(CREDITS, COST),),
            _ask_funding,
            gateway.funding_history,
            selects=_perpetual,
        ),
    ),
    streams=(
        Stream(
            "coinbase-gateway.stream",
            "ws",
            (*TICKER_FIELDS, *LIQUIDATIONS),
            lambda _: "/ws/api/v2",
            _topics,
            _subscribe,
            lambda: Stateless(frames.read),
            usual_s=5.0,
            keepalive=Keepalive(frames.HEARTBEAT, 20.0),
            topics_per_connection=400,
            speaks=10.0,
        ),
    ),
    verdict=verdict,
    not_offered={
        "next_funding_time": "funding accrues continuously: there is no next one",
        "spot_price": "spot books are another market",
        "lsr_top_positions": _NO_RATIOS,
        "lsr_top_accounts": _NO_RATIOS,
        "lsr_global_accounts": _NO_RATIOS,
        "taker_ratio_bar": _NO_BARS,
        "taker_buy_coin": _NO_BARS,
        "taker_sell_coin": _NO_BARS,
        "volume_coin": _NO_BARS,
        "spot_volume_usd": "spot volume is taken from Binance alone",
        "circulating_supply": "a fact about the coin, not of a venue",
    },
)
