"""Small worlds with a truth: noisy flows with planted stretches, open interest by accounting.

Three venues share the flows. Each minute takers open and close longs and shorts; the other side of
a trade opens against an opener and closes against a closer most of the time, else the position
changes hands and open interest stays. Price follows what takers buy and sell, and news.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from tideline.domain.time import DAY, MINUTE, SECOND, parse_time
from tideline.market.truth import CLASSES, KINDS, ROLES, Truth
from tideline.research.scoring.worlds import AssetDays

BEGIN = parse_time("2026-03-02T00:00:00Z")
BOOKS = (("binance", "BTCUSDT", 0.5), ("bybit", "BTCUSDT", 0.3), ("okx", "BTC-USDT-SWAP", 0.2))
PASSIVE = {
    "new_longs": ("passive_open_short", "passive_close_long"),
    "new_shorts": ("passive_open_long", "passive_close_short"),
    "long_liquidation": ("passive_close_short", "passive_open_long"),
    "short_covering": ("passive_close_long", "passive_open_short"),
}
"""The other side of each class: one that moves open interest with it, one that leaves it."""
BUYS = np.array([1, -1, -1, 1])
OPENS = np.array([1, 1, -1, -1])
NEWS, HANDING = "news_repricing", "passive_profit_taking"


@dataclass(frozen=True)
class ToyWorlds:
    """``signal`` how many times its usual flow a planted class has; 1: nothing is planted."""

    signal: float = 14.0
    per_day: float = 5.0
    name: str = "toy worlds"
    mechanisms: tuple[str, ...] = (NEWS, HANDING)

    def described(self) -> Mapping[str, Any]:
        return {"signal": self.signal, "per_day": self.per_day, "mechanisms": list(self.mechanisms)}

    def make(
        self, seed: int, days: int, burn_in_days: int, without: frozenset[str] = frozenset()
    ) -> list[AssetDays]:
        draw = np.random.default_rng(seed)
        minutes = (days + burn_in_days) * 24 * 60
        flows = self.flows(draw, minutes)
        passed = 0.0 if HANDING in without else 0.25
        lots = truth_lots(flows, passed)
        oi = 400_000 + np.cumsum(oi_changes(lots), axis=1)
        buying = (flows * BUYS).sum(axis=1)
        news = draw.normal(0, 4e-3, minutes) * (draw.random(minutes) < 2 / 1440)
        steps = buying * 1.2e-6 + draw.normal(0, 1e-4, minutes)
        price = 70_000 * np.exp(np.cumsum(steps + (0.0 if NEWS in without else news)))
        truth = Truth("BTC", BEGIN, lots, np.ones(len(BOOKS)))
        rows = pa.concat_tables(
            [venue_rows(draw, b, oi[b], price, lots[b]) for b in range(len(BOOKS))]
        ).unify_dictionaries()
        start = BEGIN + burn_in_days * DAY
        end, venues = start + days * DAY, tuple(venue for venue, _, _ in BOOKS)
        return [AssetDays(f"toy {seed}", seed, "BTC", rows, truth, start, end, venues)]

    def flows(self, draw: np.random.Generator, minutes: int) -> np.ndarray:
        """[minutes, 4] what directional takers did, by class."""
        level = np.ones((minutes, 4))
        for _ in range(draw.poisson(self.per_day * minutes / 1440)):
            first, kind = int(draw.integers(minutes)), int(draw.integers(4))
            level[first : first + int(draw.integers(30, 90)), kind] = self.signal
        return draw.poisson(20 * level * draw.lognormal(0, 0.4, (minutes, 4)))


def truth_lots(flows: np.ndarray, passed: float) -> np.ndarray:
    """[books, minutes, roles, kinds]: each class and its other side, split over the books."""
    lots = np.zeros((len(BOOKS), flows.shape[0], len(ROLES), len(KINDS)), np.int32)
    for b, (_, _, share) in enumerate(BOOKS):
        for c, (name, kinds) in enumerate(CLASSES.items()):
            taken = np.rint(flows[:, c] * share).astype(np.int32)
            given = np.rint(taken * passed).astype(np.int32)
            lots[b, :, 0, KINDS.index(kinds[0])] += taken
            along, apart = PASSIVE[name]
            lots[b, :, 0, KINDS.index(along)] += taken - given
            lots[b, :, 0, KINDS.index(apart)] += given
    return lots


def oi_changes(lots: np.ndarray) -> np.ndarray:
    """[books, minutes] what the longs say; the shorts have to say the same."""
    total = lots.sum(axis=2)

    def side(name: str) -> np.ndarray:
        def of(*kinds: str) -> np.ndarray:
            return sum(total[:, :, KINDS.index(kind)] for kind in kinds)

        opened = of(f"taker_open_{name}", f"passive_open_{name}")
        return opened - of(f"taker_close_{name}", f"forced_close_{name}", f"passive_close_{name}")

    assert np.array_equal(side("long"), side("short"))
    return side("long")


def venue_rows(
    draw: np.random.Generator, b: int, oi: np.ndarray, price: np.ndarray, lots: np.ndarray
) -> pa.Table:
    """Open interest and mark every 5 min, some seconds stale; taker bars every 5 min."""
    venue, symbol, _ = BOOKS[b]
    ends = BEGIN + np.arange(5, oi.size + 1, 5) * MINUTE
    event = ends - draw.integers(3, 60, ends.size) * SECOND
    at = (event - BEGIN) // MINUTE
    total = lots.sum(axis=1)
    buy = sum(total[:, KINDS.index(k)] for k in ("taker_open_long", "taker_close_short"))
    sell = sum(total[:, KINDS.index(k)] for k in ("taker_open_short", "taker_close_long"))
    legs = (
        ("open_interest", event, oi[at]),
        ("open_interest_usd", event, oi[at] * price[at]),
        ("mark_price", event, price[at]),
        ("taker_buy_coin", ends, buy.reshape(-1, 5).sum(axis=1)),
        ("taker_sell_coin", ends, sell.reshape(-1, 5).sum(axis=1)),
    )
    return pa.concat_tables(
        [leg(venue, symbol, field, when, values) for field, when, values in legs]
    )


def leg(venue: str, symbol: str, field: str, event: np.ndarray, values: np.ndarray) -> pa.Table:
    words = {"asset": "BTC", "venue": venue, "instrument": symbol, "field": field}
    words |= {"basis": "recorded", "status": "ok"}
    size, utc = event.size, pa.timestamp("us", "UTC")
    columns: dict[str, Any] = {
        name: pa.DictionaryArray.from_arrays(pa.array(np.zeros(size, np.int32)), pa.array([word]))
        for name, word in words.items()
    }
    columns["event_time"] = pa.array(event, pa.int64()).cast(utc)
    columns["known_time"] = pa.array(event + 2 * SECOND, pa.int64()).cast(utc)
    columns["value"] = pa.array(values, pa.float64())
    columns["cadence_s"] = pa.array(np.full(size, 300.0))
    return pa.table(columns)
