"""A small store for tests: two weeks of three venues and two coins with states planted in them.

It is a stand-in with a known truth and no claim to look like any real market: prices and open
interest are random walks, and a planted state is a straight push of both over a stated stretch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from tideline.domain.time import DAY, HOUR, MINUTE, TimeUs, parse_time
from tideline.log import Log, Source
from tideline.store.simulation_mark import SIMULATED

Floats: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]

START = parse_time("2026-03-02T00:00:00Z")
END = parse_time("2026-03-13T15:00:00Z")
"""First and last moment. A Monday, and the Friday of the week after."""
SEED = 20_260_302
DELAY_US = 1_500_000
"""From event to knowledge, as if a collector had listened."""


@dataclass(frozen=True, slots=True)
class Planted:
    """A stretch in which price and open interest were pushed: the truth behind the set."""

    asset: str
    state: str
    start: TimeUs
    end: TimeUs
    price: float
    oi: float


def _planted(asset: str, state: str, end: int, minutes: int, price: float, oi: float) -> Planted:
    return Planted(asset, state, TimeUs(end - minutes * MINUTE), TimeUs(end), price, oi)


PLANTED: tuple[Planted, ...] = (
    _planted("BTC", "long_liquidation", START + 9 * DAY + 10 * HOUR, 40, -0.035, -0.060),
    _planted("ETH", "new_longs", START + 10 * DAY + 13 * HOUR, 40, 0.020, 0.030),
    _planted("BTC", "short_covering", END, 40, 0.022, -0.031),
    _planted("ETH", "new_shorts", END, 40, -0.018, 0.027),
)


@dataclass(frozen=True, slots=True)
class Coin:
    """Where a simulated coin starts: price in USD, open interest in coin over all venues."""

    asset: str
    price: float
    oi_coin: float


COINS = (Coin("BTC", 70_000.0, 160_000.0), Coin("ETH", 2_100.0, 2_400_000.0))
VENUES: tuple[tuple[str, str, float], ...] = (
    ("binance", "{}USDT", 0.5),
    ("bybit", "{}USDT", 0.3),
    ("okx", "{}-USDT-SWAP", 0.2),
)
"""Venue, its symbol, its share of open interest."""

FULL_FEED = "bybit"
"""The venue whose liquidation feed carries every liquidation."""
FORCED = 0.3
"""Share of the closed positions that was forced."""


def tables(seed: int = SEED) -> Iterator[pa.Table]:
    """The rows of the set, one table for each coin and venue, in the log's offered columns."""
    draw = np.random.default_rng(seed)
    for coin in COINS:
        minutes = np.arange(START, END + 1, MINUTE, dtype=np.int64)
        price = coin.price * np.exp(_walk(draw, coin.asset, minutes, 4e-4, "price"))
        oi = coin.oi_coin * np.exp(_walk(draw, coin.asset, minutes, 1.2e-4, "oi"))
        for venue, symbol, share in VENUES:
            names = (coin.asset, venue, symbol.format(coin.asset))
            own = np.exp(np.cumsum(draw.normal(0.0, 2e-5, minutes.size)))
            yield _venue_rows(draw, names, minutes, price, oi * share * own)
            if venue == FULL_FEED:
                yield _liquidations(names, minutes, price, oi * share)


def _walk(draw: np.random.Generator, asset: str, minutes: Any, step: float, what: str) -> Floats:
    """A log random walk by the minute with the planted pushes in it."""
    steps = draw.normal(0.0, step, minutes.size)
    for push in PLANTED:
        if push.asset == asset:
            inside = (minutes > push.start) & (minutes <= push.end)
            steps[inside] += np.log1p(getattr(push, what)) / inside.sum()
    steps[0] = 0.0
    return np.cumsum(steps)


def _liquidations(names: tuple[str, str, str], minutes: Any, price: Floats, oi: Floats) -> pa.Table:
    """Part of every push that closed positions was forced; else the feed only beats."""
    beats = minutes[::5]
    parts = [_leg(names, "alive.liquidation", beats, np.ones(beats.size), 300.0)]
    for push in PLANTED:
        if push.asset != names[0] or push.oi >= 0:
            continue
        side = "short" if push.price > 0 else "long"
        inside = np.flatnonzero((minutes > push.start) & (minutes <= push.end))
        coin = FORCED * (oi[inside - 1] - oi[inside]).clip(0.0)
        for field, value in (("coin", coin), ("usd", coin * price[inside])):
            parts.append(_leg(names, f"liquidation_{side}_{field}", minutes[inside], value, 0.0))
    return pa.concat_tables(parts).unify_dictionaries()


def _venue_rows(
    draw: np.random.Generator, names: tuple[str, str, str], minutes: Any, price: Floats, oi: Floats
) -> pa.Table:
    every5 = slice(0, None, 5)
    at, size = minutes[every5], minutes[every5].size
    mark = price[every5] * (1.0 + draw.normal(0.0, 1e-5, size))
    index = mark * (1.0 - 2e-4 + draw.normal(0.0, 2e-5, size))
    rate = 1e-4 + np.cumsum(draw.normal(0.0, 2e-7, size))
    turnover = oi[1:] * 6e-4 * draw.lognormal(0.0, 0.5, minutes.size - 1)
    lean = np.clip(0.5 + 150.0 * np.diff(np.log(price)), 0.1, 0.9)
    bars = minutes[1:]
    parts = [
        _leg(names, "open_interest", at, oi[every5], 300.0),
        _leg(names, "open_interest_usd", at, oi[every5] * mark, 300.0),
        _leg(names, "mark_price", at, mark, 300.0),
        _leg(names, "index_price", at, index, 300.0),
        _leg(names, "funding_rate_quoted", at, rate, 300.0),
        _leg(names, "funding_interval_h", at, np.full(size, 8.0), 300.0),
        _leg(names, "next_funding_time", at, (at // (8 * HOUR) + 1) * 8.0 * HOUR, 300.0),
        _leg(names, "taker_buy_coin", bars, turnover * lean, 60.0),
        _leg(names, "taker_sell_coin", bars, turnover * (1.0 - lean), 60.0),
        _leg(names, "volume_coin", bars, turnover, 60.0),
    ]
    return pa.concat_tables(parts).unify_dictionaries()


def _leg(
    names: tuple[str, str, str], field: str, at: Any, values: Any, cadence_s: float
) -> pa.Table:
    size = len(values)
    words = dict(zip(("asset", "venue", "instrument"), names, strict=True))
    words |= {"field": field, "basis": "recorded", "status": "ok"}
    utc = pa.timestamp("us", "UTC")
    columns = {name: _word(word, size) for name, word in words.items()}
    columns["event_time"] = pa.array(at, pa.int64()).cast(utc)
    columns["known_time"] = pa.array(at + DELAY_US, pa.int64()).cast(utc)
    columns["value"] = pa.array(values, pa.float64())
    columns["cadence_s"] = pa.array(np.full(size, cadence_s))
    return pa.table(columns)


def _word(word: str, size: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(size, np.int32)), pa.array([word]))


LAST_KNOWN = TimeUs(END + DELAY_US)
"""From this moment on everything in the set is known."""


def fill(path: Path) -> int:
    """Make the store at ``path``; the rows in it."""
    with Log.create(path) as log, log.writer() as writer:
        source = Source(source_id=writer.next_source(), kind=SIMULATED, name="planted")
        made = pa.concat_tables(tables()).unify_dictionaries()
        ids = pa.array(np.full(made.num_rows, source.source_id, np.int64))
        rows = writer.append(made.append_column("source_id", ids), [source]).rows
        writer.flush()
    return rows
