"""Small tapes of no real market: random walks whose open interest never moves more than trades."""

from __future__ import annotations

import numpy as np

from tideline.domain.time import SECOND, parse_time
from tideline.market.tape import ADL, EVENT, INSURANCE, MARKET, BookName, Tape

START = int(parse_time("2026-03-02T00:00:00Z"))

COINS = {
    "BTC": (90_000.0, 0.1, {"binance": ("BTCUSDT", 0.001), "bybit": ("BTCUSDT", 0.001),
            "okx": ("BTC-USDT-SWAP", 0.0001), "bitget": ("BTCUSDT", 0.0001),
            "hyperliquid": ("BTC", 0.0001), "coinbase": ("BIP-20DEC30-CDE", 0.01)}),
    "ETH": (3_000.0, 0.01, {"binance": ("ETHUSDT", 0.001), "bybit": ("ETHUSDT", 0.01),
            "okx": ("ETH-USDT-SWAP", 0.001), "bitget": ("ETHUSDT", 0.01),
            "hyperliquid": ("ETH", 0.001), "coinbase": ("ETP-20DEC30-CDE", 0.1)}),
    "PEPE": (0.00000472, 1e-10, {"binance": ("1000PEPEUSDT", 1000.0),
             "bybit": ("1000PEPEUSDT", 1000.0), "okx": ("PEPE-USDT-SWAP", 100_000.0),
             "bitget": ("PEPEUSDT", 1000.0), "hyperliquid": ("kPEPE", 1000.0)}),
}  # fmt: skip
"""Price, tick, and by venue the symbol and the coins in a lot."""

HOURLY = ("hyperliquid", "coinbase")


def tape(
    asset: str = "BTC",
    seed: int = 1,
    hours: float = 6.0,
    step_s: int = 5,
    *,
    venues: tuple[str, ...] | None = None,
    listed: dict[str, int] | None = None,
    oi_usd: float = 5e8,
    world: str = "toy",
    start: int = START,
) -> Tape:
    """A tape of ``hours``. ``listed``: first step by venue, else 0."""
    price, tick, symbols = COINS[asset]
    draw = np.random.default_rng([seed, *asset.encode()])
    steps = round(hours * 3600 / step_s)
    names = [name for name in symbols if venues is None or name in venues]
    index = price * np.exp(np.cumsum(draw.normal(0.0, 1.2e-5 * np.sqrt(step_s), steps)))
    books = [
        BookName(one, symbols[one][0], False, symbols[one][1], tick,
                 1 if one in HOURLY else 8, (listed or {}).get(one, 0))
        for one in names
    ] + [BookName("binance", f"{asset}USDT", True, symbols["binance"][1], tick, 0)]  # fmt: skip
    many = len(books)
    buy = np.zeros((many, steps), np.int64)
    sell, oi, last = buy.copy(), buy.copy(), buy.copy()
    high, low = buy.copy(), buy.copy()
    events = []
    for number, book in enumerate(books):
        usual = oi_usd / price / book.lot / (1 + number)
        trades = usual * step_s / 86_400 * 2
        buy[number] = draw.poisson(trades * draw.lognormal(0.0, 0.7, steps))
        sell[number] = draw.poisson(trades * draw.lognormal(0.0, 0.7, steps))
        buy[number, : book.listed_step] = sell[number, : book.listed_step] = 0
        moves = np.rint((buy[number] + sell[number]) * draw.uniform(-1.0, 1.0, steps) * 0.2)
        if not book.spot:
            opened = round(usual) if book.listed_step == 0 else 0
            oi[number] = opened + np.cumsum(moves)
            oi[number] = np.maximum(oi[number] - min(0, int(oi[number].min())), 0)
            oi[number, : book.listed_step] = 0
        # a walk of its own around the index, in whole ticks
        last[number] = np.rint(index * (1 + draw.normal(0.0, 5e-5, steps)) / tick)
        last[number, : book.listed_step] = last[number, 0]  # nothing trades before it is listed
        before = np.append(last[number, 0], last[number, :-1])
        high[number] = np.maximum(last[number], before) + draw.integers(0, 4, steps)
        low[number] = np.minimum(last[number], before) - draw.integers(0, 4, steps)
        if not book.spot:
            events += _forced(draw, number, book, start, steps, step_s, last[number], trades)
    minutes, fives = -(-steps * step_s // 60), -(-steps * step_s // 300)
    rate = np.clip(np.cumsum(draw.normal(0.0, 2e-6, (many, minutes)), axis=1) + 1e-4, -7e-3, 7e-3)
    ratios = np.exp(0.3 + np.cumsum(draw.normal(0.0, 0.01, (many, fives, 3)), axis=1))
    premium = np.clip(np.cumsum(draw.normal(0.0, 2e-6, (many, steps)), axis=1), -2e-3, 2e-3)
    found = np.array(sorted(events), EVENT) if events else np.zeros(0, EVENT)
    whole = [part.astype(np.int32) for part in (oi, last, high, low, buy, sell)]
    broken = [part.astype(np.float32) for part in (last + 0.5, premium)]
    return Tape(
        world, seed, asset, start, step_s * SECOND, tuple(books), *whole, *broken, index,
        rate.astype(np.float32), ratios.astype(np.float32), found,
    )  # fmt: skip


def _forced(
    draw: np.random.Generator,
    number: int,
    book: BookName,
    start: int,
    steps: int,
    step_s: int,
    last: np.ndarray,
    trades: float,
) -> list[tuple[int, int, int, int, int, int]]:
    """Storms of forced closings, several in a second and some in one millisecond."""
    found = []
    for _ in range(max(1, steps * step_s // 1800)):
        first = int(draw.integers(book.listed_step, max(book.listed_step + 1, steps - 8)))
        side = 1 if draw.random() < 0.5 else -1
        for _ in range(int(draw.integers(2, 25))):
            step = min(steps - 1, first + int(draw.integers(0, 6)))
            within = int(draw.integers(0, step_s * 1000)) * 1000 + 1
            at = start + step * step_s * SECOND + within
            how = (MARKET, MARKET, MARKET, INSURANCE, ADL)[int(draw.integers(0, 5))]
            lots = 1 + int(draw.exponential(1.0 + 2 * trades))
            found.append((at, number, side, how, lots, int(last[step])))
    return found
