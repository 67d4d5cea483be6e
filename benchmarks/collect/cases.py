"""The feeds that are measured: realistic mixes, by the name that stands in the table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import msgspec
from benchmarks.collect.served import Served, asked, pushed

from tideline.market.synthetic import Synthetic

RECORDED_DELTA = frozenset(
    (
        "symbol",
        "price24hPcnt",
        "openInterest",
        "fundingRate",
        "bid1Price",
        "bid1Size",
        "ask1Price",
        "ask1Size",
    )
)
"""What the one recorded ticker delta carries (tests/payloads/bybit)."""
WITH_PRICES = RECORDED_DELTA | {"markPrice", "indexPrice"}
PRICE_EVERY = 10
"""One delta of so many moves the prices as well: once a second."""

Make = Callable[[Synthetic, float], Served]
"""A case made on a market, with that share of its frames."""


def _stream(name: str, stream: str, count: int, channel: str = "") -> Make:
    return lambda of, share: pushed(of, name, stream, round(count * share), channel=channel)


def _poll(name: str, poll: str, count: int) -> Make:
    return lambda of, share: asked(of, name, poll, round(count * share))


def _recorded_form(of: Synthetic, share: float) -> Served:
    """Bybit's deltas cut down to the fields of the recorded one, prices once a second."""
    found = pushed(of, "bybit", "bybit.linear.stream", round(150_000 * share))
    turns: Counter[str] = Counter()
    frames = []
    for frame in found.frames:
        said = msgspec.json.decode(frame.body)
        if said["type"] == "delta":
            turns[said["topic"]] += 1
            kept = RECORDED_DELTA if turns[said["topic"]] % PRICE_EVERY else WITH_PRICES
            said["data"] = {key: value for key, value in said["data"].items() if key in kept}
            frames.append(msgspec.structs.replace(frame, body=msgspec.json.encode(said)))
    found.frames = frames
    return found


CASES: dict[str, Make] = {
    "bybit tickers, as recorded": _recorded_form,
    "bybit tickers, all moves": _stream("bybit", "bybit.linear.stream", 100_000),
    "okx open interest, marks": _stream("okx", "okx.swap.stream", 100_000),
    "bitget tickers": _stream("bitget", "bitget.usdt.stream", 60_000),
    "hyperliquid activeAssetCtx": _stream("hyperliquid", "hyperliquid.stream", 60_000),
    "gateway tickers": _stream("coinbase-gateway", "coinbase-gateway.stream", 60_000),
    "binance marks of all, forced": _stream("binance", "binance.um.stream", 1_500),
    "hyperliquid allDexsAssetCtxs": _stream(
        "hyperliquid", "hyperliquid.stream", 600, "allDexsAssetCtxs"
    ),
    "coinbase products": _poll("coinbase", "coinbase.products", 220),
}
