"""How fast a market is made: fills a second on one core, and what a month of coins takes.

python benchmarks/market/making.py
python benchmarks/market/making.py --days 4 --write

The slow form is the ledger of ``market.ledger``, which trades nothing and counts the fills it is
handed: what it costs is a lower bound of what the same market would cost without compiling.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.results import report, table

from tideline.market.assets import coins_named, default_assets
from tideline.market.ledger import Ledger
from tideline.market.world.books import books_of
from tideline.market.world.make import STEP_S, Plan, prepare
from tideline.market.world.parameters import draw
from tideline.market.world.population import crowd_of
from tideline.market.world.scenario import pushes
from tideline.market.world.steps import run

ROUNDS, COUNTED = 3, 20_000
COINS, MONTH, CORES = 20, 30, 2


def world(seed: int, days: float, asset: str = "BTC") -> tuple[int, float, int]:
    """Fills, processor seconds and books of one coin's market of that length."""
    (coin,) = coins_named([asset])
    steps = int(days * 86_400 / STEP_S)
    minutes = steps * int(STEP_S) // 60
    books = books_of(coin, "mixed", steps)
    drawn = draw(np.random.default_rng([seed, 0]))
    made = pushes("mixed", days, np.random.default_rng(seed), len(books.names), STEP_S)
    crowd = crowd_of(coin)
    plan = Plan(asset, books.names, books.shares, drawn, made, seed, 0.0, crowd=crowd)
    prepared = prepare(plan, seed, minutes, 0)
    count = len(books.names)
    out = (
        np.zeros((6, count, steps), np.int32),
        np.zeros((2, count, steps), np.float32),
        np.zeros(steps),
        np.zeros((count, minutes), np.float32),
        np.ones((count, minutes // 5, 3), np.float32),
    )
    start = time.thread_time()
    fills = run(prepared.hands, prepared.rates * (STEP_S / 3600), *out, 0, steps, 0, STEP_S)
    return int(fills), time.thread_time() - start, count


def counted() -> float:
    """Fills a second of the ledger in Python, each between two of a hundred accounts."""
    ledger, rng = Ledger(), np.random.default_rng(1)
    names = [str(a) for a in range(100)]
    for name in names:
        ledger.open(name, deposit=10**12, leverage=5, isolated=False)
    pairs = rng.permuted(np.tile(np.arange(100), (COUNTED, 1)), axis=1)[:, :2]
    lots, prices = rng.integers(1, 100, COUNTED), rng.integers(19_000, 21_000, COUNTED)
    start = time.thread_time()
    for (buyer, seller), q, p in zip(pairs.tolist(), lots.tolist(), prices.tolist(), strict=True):
        ledger.trade(names[buyer], names[seller], q, p)
    return COUNTED / (time.thread_time() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=float, default=2.0, help="of each market")
    parser.add_argument("--write", action="store_true", help="replace the section of RESULTS.md")
    given = parser.parse_args()
    world(0, 0.05)  # loads what was compiled
    fills, seconds, slow = [], [], []
    for seed in range(1, ROUNDS + 1):
        done, took, books = world(seed, given.days)
        fills.append(done / took)
        seconds.append(took / given.days)
        slow.append(counted())
    ratio = statistics.median(a / b for a, b in zip(fills, slow, strict=True))
    day = statistics.median(seconds)
    rows = [
        ("the market: quotes, matching, accounts, truth", f"{statistics.median(fills):,.0f}",
         f"{ratio:.0f}"),
        ("the ledger in Python: counting alone", f"{statistics.median(slow):,.0f}", "1"),
    ]  # fmt: skip
    body = table(("one core", "fills a second", "times as fast"), rows)
    each = [world(seed, 1.0, coin.asset)[1] for seed, coin in enumerate(default_assets(COINS))]
    month = sum(each) * (MONTH + 2) / CORES
    body += (
        f"\n\n{books} books; a day of bitcoin takes {day:.2f} s of a processor, of all {COINS} "
        f"coins {sum(each):.1f} s. {COINS} coins × {MONTH} days, their two days of burn-in "
        f"included, on {CORES} cores: {month:.0f} s, worked out from that. Medians of {ROUNDS} "
        f"worlds of {given.days:g} days, seeds 1 to {ROUNDS}, processor time."
    )
    report("market/making.py", body, write=given.write)


if __name__ == "__main__":
    main()
