"""What one moment of each feature costs, alone and with its evidence, one thread.

Open interest comes from set 1 (restated, delayed); flows from one-minute bars and from single
liquidations. Rows are made into legs before the clock starts, on both sides; that cost has a line
of its own. Polars beside: the point-in-time form that leans on nothing, samples and transform.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ["POLARS_MAX_THREADS"] = "1"  # read when polars is first imported
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import polars as pl
import pyarrow as pa
from benchmarks.features import flow_dataset, peer_polars
from benchmarks.features.dataset import START, Floats, Int64s, instruments, moments, set_one
from benchmarks.results import report, table

from tideline.domain.time import DAY, HOUR, MINUTE
from tideline.features.engine import evaluate_legs
from tideline.features.legs import make_legs
from tideline.signals import BY_ADDRESS

SCRIPT = "features/each_feature.py"
WIDTHS = {"5m": 5 * MINUTE, "1h": HOUR, "4h": 4 * HOUR, "24h": DAY}
STOCK = ("level", "delta", "rate", "zscore", "pctrank", "ewma", "min", "max", "range")
FLOWS = ("level", "delta", "zscore", "max")
BASELINES = {"24h": "[10]"}  # 19 days of rows hold no more
NOTE = """\
µs for each moment; medians of the rounds. *with evidence*: age, n, coverage, basis and revised
as well, at 1,000 of the moments (so few that the merged sum may not be worth building).
zscore and pctrank look at 30 samples, at 24h at 10. A zscore of a flow sums
31 windows of bars on every venue; `max` of a flow sums 60 sub-windows."""


def _timed(run: Callable[[], object], rounds: int) -> float:
    run()
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def _address(signal: str, window: str, transform: str) -> str:
    base = BASELINES.get(window, "") if transform in ("zscore", "pctrank") else ""
    return f"{signal}@{window}:{transform}{base}"


def _rows_line(name: str, rows: pa.Table, rounds: int) -> list[str]:
    cost = _timed(lambda: make_legs(rows), rounds) / rows.num_rows * 1e9
    return [f"rows to legs, {name}", f"{cost:.0f} ns a row", "", "", ""]


def _lines(
    rows: pa.Table,
    asked: Int64s,
    addresses: list[str],
    rounds: int,
    peers: dict[str, float] | None = None,
) -> list[list[str]]:
    legs = make_legs(rows)
    some = asked[:: max(1, len(asked) // 1000)].copy()
    found = []
    for address in addresses:

        def run(evidence: bool, address: str = address) -> Floats:
            at = some if evidence else asked
            return evaluate_legs(
                legs, BY_ADDRESS, instruments(), at, [address], evidence=evidence
            ).values

        nulls = int(np.isnan(run(evidence=False)).sum())
        alone = _timed(lambda: run(evidence=False), rounds) / len(asked) * 1e6
        full = _timed(lambda: run(evidence=True), rounds) / len(some) * 1e6
        peer = (peers or {}).get(address)
        shown = [f"{peer:.2f}", f"{peer / alone:.1f}"] if peer else ["", ""]
        name = f"{address} ({nulls} null)" if nulls else address
        found.append([name, f"{alone:.2f}", f"{full:.2f}", *shown])
    return found


def _polars(rows: pa.Table, asked: Int64s, rounds: int) -> dict[str, float]:
    """µs a moment of each stock feature in Polars, versions laid side by side beforehand."""
    legs = peer_polars.legs_of(peer_polars.frame_of(rows))
    ask = pl.Series(asked)
    found = {}
    for window, width in WIDTHS.items():
        for transform in STOCK[:6]:
            address = _address("positioning.oi_usdtm_coin", window, transform)
            deep = {"level": 0, "delta": 1, "rate": 1, "ewma": 7}.get(transform)
            deep = (10 if window in BASELINES else 30) if deep is None else deep

            def run(
                lags: list[int] = [k * width for k in range(deep + 1)],  # noqa: B006
                transform: str = transform,
            ) -> pl.DataFrame:
                samples = peer_polars.samples(legs, ask, lags)
                return samples.select(_expression(transform, len(lags) - 1, lags))

            found[address] = _timed(run, rounds) / len(asked) * 1e6
    return found


def _expression(transform: str, n: int, lags: list[int]) -> pl.Expr:
    x, base = pl.col("0"), [pl.col(str(lag)) for lag in lags[1:]]
    if transform == "level":
        return x
    if transform in ("delta", "rate"):
        return x - base[0] if transform == "delta" else (x - base[0]) / base[0].abs()
    if transform == "ewma":
        weighed = [x, *[b * 0.5 ** (k + 1) for k, b in enumerate(base)]]
        return pl.sum_horizontal(*weighed) / sum(0.5**k for k in range(n + 1))
    if transform == "pctrank":
        lower = pl.sum_horizontal(*[b < x for b in base])
        return (lower + 0.5 * pl.sum_horizontal(*[b == x for b in base])) / n
    mean = pl.sum_horizontal(*base) / n
    return (x - mean) / (pl.sum_horizontal(*[(b - mean).pow(2) for b in base]) / (n - 1)).sqrt()


def main() -> None:
    """Every feature on its own line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--as-of", type=int, default=20_000)
    parser.add_argument("--days", type=int, default=20, help="of bars and liquidations")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    work = set_one(args.rows, args.as_of)
    last = int(work.as_of[-1])
    asked = moments(min(START + 11 * DAY, last - DAY), last, args.as_of)
    body = [_rows_line("set 1", work.rows, args.rounds)]
    stock = [_address("positioning.oi_usdtm_coin", w, t) for w in WIDTHS for t in STOCK]
    peers = _polars(work.rows, asked, args.rounds)
    body += _lines(work.rows, asked, stock, args.rounds, peers)
    end = START + args.days * DAY
    asked = moments(START + min(11, args.days - 1) * DAY, end, max(args.as_of // 10, 10))
    for name, signal, rows in (
        ("one-minute bars", "flow.cvd", flow_dataset.bars(args.days)),
        ("liquidations", "liquidations.liq_long_vol", flow_dataset.liquidations(args.days)),
    ):
        body.append(_rows_line(name, rows, args.rounds))
        flows = [_address(signal, w, t) for w in WIDTHS for t in FLOWS]
        body += _lines(rows, asked, flows, args.rounds)
    head = ["feature", "µs", "with evidence", "Polars by_leg", "ratio"]
    report(SCRIPT, f"{table(head, body)}\n\n{NOTE}", write=args.write)


if __name__ == "__main__":
    main()
