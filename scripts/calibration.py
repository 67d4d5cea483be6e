"""Make markets, put them beside the recorded numbers, write docs/simulated-market/calibration.md.

python scripts/calibration.py [--scenario mixed] [--worlds 8] [--days 30] [--first-seed 1000]
"""

import argparse
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from tideline.market.cache import cache_home
from tideline.market.calibration.of_tape import series_of
from tideline.market.calibration.page import page
from tideline.market.calibration.series import Series
from tideline.market.calibration.targets import load
from tideline.market.made import MadeMarket, obtain

PAGE = Path(__file__).resolve().parent.parent / "docs" / "simulated-market" / "calibration.md"
ASSET, VENUE = "BTC", "binance"
PROCESSES = 2


def one(wanted: MadeMarket) -> Series:
    """The Binance book of a world: that of the recordings it is judged by."""
    (tape,) = obtain(wanted, cache_home(os.environ))
    books = [n for n, book in enumerate(tape.books) if book.venue == VENUE and not book.spot]
    return series_of(tape, books[0])


def made(scenario: str, seeds: range, days: int) -> Iterator[Series]:
    """One series a world, in the order of the seeds."""
    wanted = [MadeMarket(scenario, seed, (ASSET,), float(days)) for seed in seeds]
    with ProcessPoolExecutor(PROCESSES, get_context("spawn")) as pool:
        for seed, series in zip(seeds, pool.map(one, wanted), strict=True):
            print(f"world {seed} is there", flush=True)
            yield series


def main() -> None:
    """Make, compare, write."""
    parser = argparse.ArgumentParser(description="made markets beside recorded ones")
    parser.add_argument("--scenario", default="mixed", help="which kind of world")
    parser.add_argument("--worlds", type=int, default=8, help="how many")
    parser.add_argument("--days", type=int, default=30, help="of each")
    parser.add_argument("--first-seed", type=int, default=1_000, help="seeds count from here")
    given = parser.parse_args()
    seeds = range(given.first_seed, given.first_seed + given.worlds)
    how = (
        f"Made: scenario `{given.scenario}`, seeds {seeds[0]} to {seeds[-1]}, {given.days} days "
        f"each, {ASSET} on {VENUE}."
    )
    text = page(list(made(given.scenario, seeds, given.days)), load(), how)
    PAGE.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
