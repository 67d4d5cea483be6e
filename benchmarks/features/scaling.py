"""Cost per row as the rows grow, streaming: rows come in known order, a chunk at a time.

Moments spread evenly over the whole time; each chunk answers those inside it from its own rows and
the tail of the rows before it that the features can still reach. What is kept is therefore bounded
by the reach, not by the length of the history. Generating rows is not timed.
"""

from __future__ import annotations

import argparse
import gc
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from benchmarks.features.dataset import CADENCE, LEGS, START, instruments, moments, stream
from benchmarks.results import report, table

from tideline.features.address import parse_address
from tideline.features.engine import evaluate, lookback_us
from tideline.signals import BY_ADDRESS

SCRIPT = "features/scaling.py"
ADDRESSES = tuple(
    f"positioning.oi_usdtm_coin@{window}:{transform}"
    for window in ("5m", "1h")
    for transform in ("level", "delta", "zscore", "pctrank")
)


def reach() -> int:
    """How far before a moment rows can matter to the addresses asked."""
    parsed = [parse_address(text, BY_ADDRESS) for text in ADDRESSES]
    return max(lookback_us(address, BY_ADDRESS[address.signal]) for address in parsed)


def run(rows: int, chunk: int, asked: int) -> tuple[float, int]:
    """Seconds in the engine and answers given over ``rows`` rows and ``asked`` moments."""
    back = reach()
    every = moments(START, START + rows // len(LEGS) * CADENCE, asked)
    kept: pa.Table | None = None
    seconds, answered, low = 0.0, 0, 0
    for part in stream(rows, chunk):
        began = time.perf_counter()
        held = part if kept is None else pa.concat_tables([kept, part])
        newest = int(pc.max(part["known_time"]).cast(pa.int64()).as_py())
        high = int(np.searchsorted(every, newest, side="right"))
        if high > low:
            answers = evaluate(
                held.unify_dictionaries(), BY_ADDRESS, instruments(), every[low:high], ADDRESSES
            )
            answered += int((~np.isnan(answers.values)).sum())
        low = high
        # rows are in the order of event_time here: the tail is what the next chunk can reach
        events = held["event_time"].cast(pa.int64()).to_numpy()
        first = int(np.searchsorted(events, newest - back))
        kept = held.slice(first).combine_chunks()
        seconds += time.perf_counter() - began
    return seconds, answered


def peak_mb() -> float:
    """The most memory this process ever held, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Sizes in ascending order, so that the peak belongs to the size just run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[10**6, 10**7, 10**8])
    parser.add_argument("--chunk", type=int, default=3_000_000)
    parser.add_argument("--every", type=int, default=100, help="one moment for so many rows")
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    evaluate(next(stream(3_000, 3_000)), BY_ADDRESS, instruments(), np.array([START]), ADDRESSES)
    # the first touch of every page of memory costs as much as the work on it: done beforehand
    run(3 * args.chunk, args.chunk, 3 * args.chunk // args.every)
    lines, cost = [], 0.0
    for rows in sorted(args.rows):
        rounds = 3 if rows <= 10**7 else 1
        runs = [run(rows, args.chunk, rows // args.every) for _ in range(rounds)]
        seconds, answered = sorted(runs)[rounds // 2]
        cost = seconds / rows
        lines.append(
            [
                f"{rows:,}",
                f"{rows // args.every:,}",
                f"{answered:,}",
                f"{seconds:.2f}",
                f"{cost * 1e9:.0f}",
                f"{peak_mb():,.0f}",
            ]
        )
        print(lines[-1], file=sys.stderr, flush=True)
        gc.collect()
    head = ["rows", "moments", "answers", "seconds", "ns a row", "peak RSS, MB"]
    days = max(args.rows) // len(LEGS) * CADENCE / 86_400e6
    note = (
        f"Eight features at 5m and 1h; chunks of {args.chunk:,} rows; the longest run spans "
        f"{days:,.0f} days. Extrapolated, not measured: 10⁹ rows at the last cost would take "
        f"{cost * 1e9 / 60:.0f} minutes at the same memory."
    )
    report(SCRIPT, f"{table(head, lines)}\n\n{note}", write=args.write)


if __name__ == "__main__":
    main()
