"""Binance metrics archives into a durable store: observations a second, one process, one thread.

    python benchmarks/collect/binance_vision.py [FOLDER] [RUNS]

FOLDER holds metrics zips; without it the recorded days are taken, or 128 made ones.
Each run imports into a new store on disk; the first run also pays for imports of the libraries.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from tideline.collect.archives.binance_vision import import_binance_vision
from tideline.domain.time import DAY, MINUTE, WallClock, format_time, parse_time
from tideline.log import Log

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("TIDELINE_SHARED", ROOT / ".." / "shared"))
HEADER = (
    "create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio,"
    "sum_toptrader_long_short_ratio,count_long_short_ratio,sum_taker_long_short_vol_ratio"
)


def made_days(folder: Path, days: int = 128) -> None:
    """Days of invented rows in the layout of the archive, where no recorded ones are at hand."""
    first = int(parse_time("2026-01-24T00:00:00Z"))
    for day in range(days):
        lines = [HEADER]
        for slot in range(1, 289):
            at = format_time(first + day * DAY + slot * 5 * MINUTE).replace("T", " ")[:19]
            coins = 90_000 + (day * 288 + slot) % 997 + 0.123
            lines.append(f"{at},BTCUSDT,{coins:.16f},{coins * 70_000.5:.16f},1.5,1.4,1.3,1.2")
        name = f"BTCUSDT-metrics-{format_time(first + day * DAY)[:10]}"
        with zipfile.ZipFile(folder / f"{name}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"{name}.csv", "\n".join(lines) + "\n")


def main() -> None:
    given = Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED / "data/binance_vision/BTCUSDT"
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with tempfile.TemporaryDirectory() as scratch:
        if not given.is_dir():
            given = Path(scratch) / "made"
            given.mkdir()
            made_days(given)
        files = len(list(given.glob("*.zip")))
        print(f"{files} zips of {Path(given).name}")
        rates = []
        for run in range(runs):
            log = Log.create(Path(scratch) / f"store-{run}")
            began = time.perf_counter()
            report = import_binance_vision(log, [given], WallClock())
            took = time.perf_counter() - began
            rates.append(report.rows / took)
            print(f"run {run}: {report.rows:,} observations in {took:.3f} s: {rates[-1]:,.0f} /s")
        again = import_binance_vision(log, [given], WallClock())
        print(f"the same again: {again.rows} new rows in {again.seconds:.3f} s")
        best = sorted(rates)[len(rates) // 2]
        print(f"median: {best:,.0f} observations a second, durable (asked: 300,000)")


if __name__ == "__main__":
    main()
