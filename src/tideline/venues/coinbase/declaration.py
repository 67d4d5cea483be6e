"""Coinbase to a collector: US derivatives by one polled call.

Reference: venues "Coinbase". About ten public requests a second and address. The ticker stream has
neither open interest nor funding, so there is no stream; nothing is kept for later, so there is no
history: what is not recorded is lost.
"""

from __future__ import annotations

from collections.abc import Sequence

from tideline.domain.instrument import Instrument
from tideline.venues.coinbase import products
from tideline.venues.declaration import Bucket, Charge, Host, Poll, Venue
from tideline.venues.wire import Request

REQUESTS = "public.requests"


def _ask(_: Sequence[Instrument]) -> Sequence[Request]:
    return (Request("rest", "/api/v3/brokerage/market/products", (("product_type", "FUTURE"),)),)


_NO_RATIOS = "no long/short ratios"
_NO_BARS = "bars of US derivatives need a key"
_NO_LIQUIDATIONS = "no liquidation feed"

COINBASE = Venue(
    name="coinbase",
    hosts=(Host("rest", "https://api.coinbase.com", "coinbase"),),
    buckets=(Bucket(REQUESTS, 10.0, 1.0, 0.5),),
    listings=(
        Poll(
            "coinbase.listings",
            "rest",
            ("instrument",),
            3600.0,
            (Charge(REQUESTS),),
            _ask,
            products.listings,
        ),
    ),
    polls=(
        Poll(
            "coinbase.products",
            "rest",
            products.PRODUCT_FIELDS,
            15.0,
            (Charge(REQUESTS),),
            _ask,
            products.products,
            tail_every_s=15.0,
        ),
    ),
    histories=(),
    streams=(),
    verdict=products.verdict,
    not_offered={
        "mark_price": "the call has none: price is the last trade, settlement_price yesterday's",
        "funding_rate_settled": "no history, and whether a shown rate is final is not documented",
        "spot_price": "spot products are another market",
        "lsr_top_positions": _NO_RATIOS,
        "lsr_top_accounts": _NO_RATIOS,
        "lsr_global_accounts": _NO_RATIOS,
        "taker_ratio_bar": _NO_BARS,
        "taker_buy_coin": _NO_BARS,
        "taker_sell_coin": _NO_BARS,
        "volume_coin": _NO_BARS,
        "spot_volume_usd": "spot volume is taken from Binance alone",
        "liquidation_long_usd": _NO_LIQUIDATIONS,
        "liquidation_short_usd": _NO_LIQUIDATIONS,
        "liquidation_long_coin": _NO_LIQUIDATIONS,
        "liquidation_short_coin": _NO_LIQUIDATIONS,
        "circulating_supply": "a fact about the coin, not of a venue",
    },
)
