"""The position report, and R8 from the log, over years of hours: seconds for each part.

python benchmarks/readings/report.py [--years N] [--write]

A store with N years of hourly rows of three venues is made in a temporary folder, flushed into its
table, and opened anew; every figure is of one process that has its kernels loaded.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import pyarrow as pa
from benchmarks.results import report, table

from tideline.domain.time import DAY, HOUR, ManualClock, parse_time
from tideline.log import Log
from tideline.readings.analogues import find_analogues
from tideline.readings.report_text import markdown
from tideline.store import Store
from tideline.store.analogues import AnalogueTables

END = int(parse_time("2026-06-01T00:00:00Z"))
GROUPS = (("binance", "BTCUSDT"), ("bybit", "BTCUSDT"), ("okx", "BTC-USDT-SWAP"))
LATE = 2_000_000
RUNS = 5


def leg(venue: str, instrument: str, field: str, event: np.ndarray, value: np.ndarray) -> pa.Table:
    """Recorded hourly rows of one leg."""
    size, stamp = event.size, pa.timestamp("us", "UTC")
    words = {"asset": "BTC", "venue": venue, "instrument": instrument, "field": field}
    columns = {name: pa.array([word] * size) for name, word in words.items()}
    columns["event_time"] = pa.array(event).cast(stamp)
    columns["known_time"] = pa.array(event + LATE).cast(stamp)
    columns["value"] = pa.array(value)
    columns["basis"] = pa.array(["recorded"] * size)
    columns["status"] = pa.array(["ok"] * size)
    columns["cadence_s"] = pa.array(np.full(size, 3600.0))
    return pa.table(columns)


def rows(years: float) -> pa.Table:
    """Random walks of mark, open interest, funding and taker volumes, hour by hour."""
    rng = np.random.default_rng(11)
    size = int(years * 365 * 24)
    event = END - np.arange(size, 0, -1, dtype=np.int64) * HOUR
    mark = 30_000 * np.exp(np.cumsum(rng.normal(size=size) * 0.004))
    legs = []
    for venue, instrument in GROUPS:
        coins = 60_000 * np.exp(np.cumsum(rng.normal(size=size) * 0.002))
        fields = {
            "mark_price": mark,
            "open_interest": coins,
            "open_interest_usd": coins * mark,
            "funding_rate_quoted": rng.normal(size=size) * 5e-5 + 1e-4,
            "funding_interval_h": np.full(size, 8.0),
            "taker_buy_coin": rng.uniform(50, 150, size),
            "taker_sell_coin": rng.uniform(50, 150, size),
        }
        legs += [leg(venue, instrument, name, event, value) for name, value in fields.items()]
    whole = pa.concat_tables(legs)
    order = np.argsort(whole["known_time"].cast(pa.int64()).to_numpy(), kind="stable")
    return whole.take(pa.array(order))


def timed(run: Callable[[], object]) -> tuple[str, str]:
    """Median of the seconds on the clock and of the processor's."""
    wall, cpu = [], []
    run()
    for _ in range(RUNS):
        begun, used = time.perf_counter(), time.process_time()
        run()
        wall.append(time.perf_counter() - begun)
        cpu.append(time.process_time() - used)
    return f"{np.median(wall):.3f}", f"{np.median(cpu):.3f}"


def anew(log: Log, position: dict[str, object]) -> object:
    """A report from a store without memory of an earlier one."""
    return Store(log).report("BTC", **position)  # type: ignore[arg-type]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--years", type=float, default=6.0)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    made = rows(asked.years)
    with tempfile.TemporaryDirectory() as folder:
        clock = ManualClock(END + DAY)
        path = Path(folder) / "store"
        with Log.create(path, clock) as log:
            with log.writer(background=False) as writer:
                writer.append(made)
            log.flush()
        store = Store(Log.open(path, clock))
        moment = END - HOUR
        price = float(store.value("BTC", "price.mark@1h", moment)["value"])
        position = {"side": "long", "entry": price, "stop": price * 0.95, "size": 1.0,
                    "leverage": 5.0, "equity": 2 * price, "as_of": moment}  # fmt: skip
        given = AnalogueTables(store.log).inputs("BTC", moment, "4h")
        whole = partial(store.report, "BTC", **position)
        found = whole()
        parts = {
            "whole report, the first of a process": partial(anew, store.log, position),
            "of it: hours and outcomes from the log": partial(
                lambda: AnalogueTables(store.log).inputs("BTC", moment, "4h")
            ),
            "whole report, hours at hand": whole,
            "of it: the search among them": partial(find_analogues, given),
            "and as a page of Markdown": partial(markdown, found),
        }
        lines = [(name, *timed(run)) for name, run in parts.items()]
    body = (
        f"{made.num_rows:,} rows: {asked.years:g} years of hours, 3 venues, 7 fields each; "
        f"{found.analogues.candidates:,} candidates\n\n"
        + table(("", "s on the clock", "s of processor"), lines)
        + "\n\nMedian of five. Asked: a report in under 1 s."
    )
    report("readings/report.py", body, write=asked.write)


if __name__ == "__main__":
    main()
