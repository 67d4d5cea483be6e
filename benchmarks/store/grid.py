"""R1 on a grid: readings one after the other against the grid evaluation, the same answers.

python benchmarks/store/grid.py
python benchmarks/store/grid.py --write
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.results import report, table
from tests.planted import LAST_KNOWN, fill

from tideline.domain.time import DAY, MINUTE
from tideline.log import Log
from tideline.readings.price_oi_rule import price_oi_rule
from tideline.store.gridding import GridScan
from tideline.store.scanning import AssetScan

ROUNDS = 5


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="replace the section of RESULTS.md")
    write = parser.parse_args().write
    as_of = np.arange(LAST_KNOWN - DAY, LAST_KNOWN, 5 * MINUTE, dtype=np.int64)
    with tempfile.TemporaryDirectory() as place:
        fill(Path(place) / "store")
        with Log.open(Path(place) / "store") as log:
            scan = AssetScan(log, "BTC", ("45m",), (price_oi_rule("adaptive"),))
            grid = GridScan(log, "BTC", "45m")
            read, found = scan.readings(as_of), grid.grid(as_of)
            for k, reading in enumerate(read):
                if (reading.price_change, reading.oi_change) != (found.move[k], found.rate[k]):
                    raise SystemExit(f"moment {k}: the answers differ")
            slow, fast = [], []
            for _ in range(ROUNDS):
                slow.append(timed(lambda: scan.readings(as_of)))
                fast.append(timed(lambda: grid.grid(as_of)))
    ratio = statistics.median(a / b for a, b in zip(slow, fast, strict=True))
    rows = [
        ("readings, one after the other", f"{min(slow) / as_of.size * 1e3:.2f}", "1.0"),
        ("the grid evaluation", f"{min(fast) / as_of.size * 1e3:.2f}", f"{ratio:.1f}"),
    ]
    body = table(("R1, adaptive bands, one asset", "ms a moment, best", "times as fast"), rows)
    body += (
        f"\n\n{as_of.size} moments 5 min apart on the planted set, rows read from the log "
        f"included; medians of {ROUNDS} rounds in which both run in turn; the same bits come out."
    )
    report("store/grid.py", body, write=write)


if __name__ == "__main__":
    main()
