"""Hyperliquid to a collector: one call for everything, one subscription a coin, hourly funding.

Reference: venues "Hyperliquid". REST 1,200 weight a minute and address: 20 for most info calls, and
one more for each 20 rows of funding and each 60 bars. WebSocket: 10 connections, 30 new ones a
minute, 1,000 subscriptions, beyond which a subscribe is dropped without a word; an idle connection
is closed after 60 s.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from tideline.domain.instrument import Instrument
from tideline.domain.time import DAY, HOUR, MINUTE
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
from tideline.venues.hyperliquid import history, rest
from tideline.venues.hyperliquid.context import CONTEXT_FIELDS
from tideline.venues.hyperliquid.stream import PING, Listener
from tideline.venues.wire import Request

WEIGHT = "info.weight"
CONNECTS = "ws.connects"

FUNDING_ROWS = 240
BAR_ROWS = 300


def info(body: dict[str, object]) -> Request:
    """One question to the info endpoint."""
    return Request("rest", "/info", (), "POST", json.dumps(body, separators=(",", ":")).encode())


def _ask_meta(_: Sequence[Instrument]) -> Sequence[Request]:
    return (info({"type": "meta"}),)


def _ask_contexts(_: Sequence[Instrument]) -> Sequence[Request]:
    return (info({"type": "metaAndAssetCtxs"}),)


def _ask_funding(instrument: Instrument, start: int, end: int) -> Request:
    # A settlement is stamped some ms after its hour: the end gives it the room.
    return info(
        {
            "type": "fundingHistory",
            "coin": instrument.symbol,
            "startTime": start // 1000 + 1,
            "endTime": (end + history.JITTER) // 1000,
        }
    )


def _ask_candles(instrument: Instrument, start: int, end: int) -> Request:
    # A bar is named by its open time and belongs to its END.
    return info(
        {
            "type": "candleSnapshot",
            "req": {
                "coin": instrument.symbol,
                "interval": "1m",
                "startTime": (start - MINUTE) // 1000 + 1,
                "endTime": (end - MINUTE) // 1000,
            },
        }
    )


def main_dex(instrument: Instrument) -> bool:
    """Builder-deployed dexs (``xyz:TSLA``) are another call each and are not followed."""
    return ":" not in instrument.symbol


def _topics(instruments: Sequence[Instrument]) -> Sequence[Topic]:
    return [
        Topic(f"activeAssetCtx:{one.symbol}", CONTEXT_FIELDS, (one.symbol,), usual_s=30.0)
        for one in instruments
    ]


def _subscribe(topics: Sequence[str], first: int) -> Sequence[tuple[str, tuple[str, ...], str]]:
    """One message a topic: each is acknowledged by name; there are no message numbers."""
    messages = []
    for number, name in enumerate(topics, first):
        kind, _, coin = name.partition(":")
        subscription = {"type": kind, "coin": coin} if coin else {"type": kind}
        text = json.dumps(
            {"method": "subscribe", "subscription": subscription}, separators=(",", ":")
        )
        messages.append((str(number), (name,), text))
    return messages


HYPERLIQUID = Venue(
    name="hyperliquid",
    hosts=(
        Host("rest", "https://api.hyperliquid.xyz", "hyperliquid"),
        Host("ws", "wss://api.hyperliquid.xyz", "hyperliquid"),
    ),
    buckets=(
        Bucket(WEIGHT, 1200.0, 60.0),
        Bucket(CONNECTS, 30.0, 60.0),
    ),
    listings=(
        Poll(
            "hyperliquid.meta",
            "rest",
            ("instrument",),
            3600.0,
            (Charge(WEIGHT, 20.0),),
            _ask_meta,
            rest.meta,
        ),
    ),
    polls=(
        Poll(
            "hyperliquid.contexts",
            "rest",
            CONTEXT_FIELDS,
            60.0,
            (Charge(WEIGHT, 20.0),),
            _ask_contexts,
            rest.meta_and_contexts,
            selects=main_dex,
            tail_every_s=60.0,
        ),
    ),
    histories=(
        History(
            "hyperliquid.funding",
            "rest",
            history.SETTLED_FIELDS,
            HOUR,
            FUNDING_ROWS,
            1200 * DAY,
            3600.0,
            (Charge(WEIGHT, 20.0 + FUNDING_ROWS / 20),),
            _ask_funding,
            history.funding_history,
            selects=main_dex,
        ),
        History(
            "hyperliquid.candles",
            "rest",
            history.BAR_FIELDS,
            MINUTE,
            BAR_ROWS,
            4980 * MINUTE,
            900.0,
            (Charge(WEIGHT, 20.0 + BAR_ROWS / 60),),
            _ask_candles,
            history.candles,
            selects=main_dex,
            tail_rows=20,
        ),
    ),
    streams=(
        Stream(
            "hyperliquid.stream",
            "ws",
            CONTEXT_FIELDS,
            lambda _: "/ws",
            _topics,
            _subscribe,
            Listener,
            usual_s=5.0,
            selects=main_dex,
            keepalive=Keepalive(PING, 25.0),
            topics_per_connection=450,
            speaks=20.0,
            charges=(Charge(CONNECTS),),
        ),
    ),
    verdict=rest.verdict,
    not_offered={
        "open_interest_usd": "told in coins; the dollars are made with the mark of the same frame",
        "spot_price": "spot pairs are books of their own, not the index of the perpetual",
        "lsr_top_positions": "no long/short ratios",
        "lsr_top_accounts": "no long/short ratios",
        "lsr_global_accounts": "no long/short ratios",
        "taker_ratio_bar": "bars say nothing about takers",
        "taker_buy_coin": "bars say nothing about takers, and trades are not replayed over a gap",
        "taker_sell_coin": "bars say nothing about takers, and trades are not replayed over a gap",
        "spot_volume_usd": "spot volume is taken from Binance alone",
        "liquidation_long_usd": "no public feed: only an account's own fills tell",
        "liquidation_short_usd": "no public feed: only an account's own fills tell",
        "liquidation_long_coin": "no public feed: only an account's own fills tell",
        "liquidation_short_coin": "no public feed: only an account's own fills tell",
        "circulating_supply": "a fact about the coin, not of a venue",
    },
)
