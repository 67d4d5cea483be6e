"""Twelve features at 100 k moments over 1 M rows: the engine against DuckDB and Polars.

One process, one thread each, from each one's own table in memory to a result in memory. The
engine's kernels are compiled (or loaded from their cache) by a small call before the clock starts.
Every form is run in turn in each round, twice, and the second is timed; ratios are medians of the
rounds' ratios. All answers are compared with the engine's; a difference above 1e-9 stops the run.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

os.environ["POLARS_MAX_THREADS"] = "1"  # read when polars is first imported
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import polars as pl
from benchmarks.features import dataset, peer_duckdb, peer_polars
from benchmarks.features.dataset import ADDRESSES, WINDOWS, Floats, Int64s, Workload
from benchmarks.results import report, table

from tideline.features.engine import evaluate
from tideline.signals import BY_ADDRESS

SCRIPT = "features/versus.py"
TOLERANCE = 1e-9
LEANS = {
    "textbook": "every leg alive; no suspects, no breaks",
    "polars by_leg": "no suspects, no breaks",
    "duckdb by_leg": "rows known in event order, within 5 min",
    "merged": "no leg ever silent, rows known within 5 min",
    "plain_by_leg": "no restatement, no delay",
    "plain_merged": "no restatement, no delay, no leg ever silent",
}
NOTE = """\
*leans on*: what a form takes for granted of these rows and the engine does not; each tests it
first. `textbook` asks one moment after the other as the definition says; it was run on a sample
and scaled, the cost of a moment at two sample sizes beside it. `by_leg` and `merged` are the
fastest we could write. The engine hands back a reason beside every number; the peers do not."""


@dataclass
class Form:
    """One way to get the answers; ``scale`` multiplies seconds where a sample was run."""

    name: str
    run: Callable[[], Floats]
    wanted: Floats | None = None
    scale: float = 1.0
    seconds: list[float] = field(default_factory=list)
    note: str = ""


def ours(work: Workload, as_of: Int64s) -> Floats:
    """The engine's answers, one row for each moment, columns in the order of ADDRESSES."""
    return evaluate(work.rows, BY_ADDRESS, work.instruments, as_of, ADDRESSES).values


def forms_of(work: Workload, plain: bool, sample: int) -> list[Form]:
    """Engine first, then every form of the peers."""
    moments = pl.Series(work.as_of)
    frame = peer_polars.frame_of(work.rows)
    base = peer_duckdb.load(work.rows, work.as_of)
    forms = [Form("tideline", lambda: ours(work, work.as_of))]
    for shape in peer_polars.PLAIN if plain else peer_polars.POINT_IN_TIME:
        forms.append(Form(f"polars {shape.__name__}", _polars(shape, frame, moments)))
    for query in peer_duckdb.PLAIN if plain else peer_duckdb.POINT_IN_TIME:
        forms.append(Form(f"duckdb {query.__name__}", lambda query=query: query(base)))
    if plain or not sample:
        return forms
    few = np.sort(np.random.default_rng(dataset.SEED).choice(work.as_of, sample, replace=False))
    small = peer_duckdb.load(work.rows, few)
    scale, wanted = len(work.as_of) / sample, ours(work, few)
    half = few[::2].copy()
    forms.append(
        Form(
            "polars textbook",
            _polars(peer_polars.textbook, frame, pl.Series(few)),
            wanted,
            scale,
            note=_each(_polars(peer_polars.textbook, frame, pl.Series(half)), len(half)),
        )
    )
    other = peer_duckdb.load(work.rows, half)
    forms.append(
        Form(
            "duckdb textbook",
            lambda: peer_duckdb.textbook(small),
            wanted,
            scale,
            note=_each(lambda: peer_duckdb.textbook(other), len(half)),
        )
    )
    return forms


def _polars(
    shape: Callable[[pl.DataFrame, pl.Series], pl.DataFrame], frame: pl.DataFrame, ask: pl.Series
) -> Callable[[], Floats]:
    return lambda: shape(frame, ask).select(peer_polars.ANSWERS).to_numpy()


def _each(run: Callable[[], Floats], moments: int) -> str:
    began = time.perf_counter()
    run()
    return f"{(time.perf_counter() - began) / moments * 1e3:.0f} ms"


def measure(forms: list[Form], rounds: int) -> None:
    """Run every form in every round, checking each answer; samples once."""
    whole = forms[0].run()
    for turn in range(rounds):
        for form in forms:
            if form.scale != 1.0 and turn:
                continue
            if form.scale == 1.0:
                form.run()  # each starts on caches and pages of its own, not on another's
            began = time.perf_counter()
            found = form.run()
            form.seconds.append((time.perf_counter() - began) * form.scale)
            agree(form.name, found, whole if form.wanted is None else form.wanted)


def agree(name: str, found: Floats, wanted: Floats) -> None:
    """Stop unless both are the same to 1e-9 (relative above 1), nulls in the same places."""
    if not np.array_equal(np.isnan(found), np.isnan(wanted)):
        raise SystemExit(f"{name}: nulls in other places than the engine's")
    off = np.abs(found - wanted) / np.maximum(1.0, np.abs(wanted))
    if np.nanmax(off) > TOLERANCE:
        raise SystemExit(f"{name}: differs from the engine by {np.nanmax(off):.3g}")


def lines(work: Workload, forms: list[Form]) -> list[list[str]]:
    """One table row for each form."""
    units = len(work.as_of) * len(WINDOWS)
    found = []
    for form in forms:
        middle = statistics.median(form.seconds)
        pairs = zip(form.seconds, forms[0].seconds, strict=False)
        ratio = statistics.median(theirs / mine for theirs, mine in pairs)
        leans = next((LEANS[key] for key in LEANS if form.name.endswith(key)), "nothing")
        sampled = f" (scaled; {form.note} a moment at half the sample," if form.note else ""
        if sampled:
            each = middle / len(work.as_of) * 1e3
            sampled += f" {each:.0f} ms at the whole)"
        found.append(
            [
                f"{work.name}: {form.name}{sampled}",
                f"{middle:,.3f}" if middle < 100 else f"{middle:,.0f}",
                f"{middle / units * 1e6:,.2f}",
                f"{ratio:,.1f}",
                leans,
            ]
        )
    return found


def main() -> None:
    """Generate, run, check, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--as-of", type=int, default=100_000)
    parser.add_argument("--peer-sample", type=int, default=100, help="moments; 0 leaves it out")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    body = []
    for make, plain in ((dataset.set_one, False), (dataset.set_two, True)):
        work = make(args.rows, args.as_of)
        ours(work, work.as_of[:10])
        forms = forms_of(work, plain, args.peer_sample)
        measure(forms, args.rounds)
        body += lines(work, forms)
    head = ["form", "seconds", "µs per moment × window", "ratio to tideline", "leans on"]
    count = f"{args.rows:,} rows, {args.as_of:,} moments, {len(ADDRESSES)} features"
    report(SCRIPT, f"{count}.\n\n{table(head, body)}\n\n{NOTE}", write=args.write)


if __name__ == "__main__":
    main()
