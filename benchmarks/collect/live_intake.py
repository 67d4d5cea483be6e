"""From bytes to durable rows: frames a second on one core, feed by feed.

    python benchmarks/collect/live_intake.py [--runs 3] [--only bybit] [--share 1.0] [--write]

Four ways over the same frames, one after the other in every round:

    decode    msgspec, untyped: what any reader has to pay at least
    read      the venue's reader: strict decode, normalised observations
    intake    LiveIntake.take, sealed once a second; no disk
    durable   Committer: raw archive (zstd) and log on this disk, each commit fsynced, one commit a
              second, the flush from journal to table included

The process is pinned to one core, pyarrow to one thread. The first three are timed by the time of
the processor, the durable way by the clock on the wall, since it waits for the disk. The market's
clock is that of the frames, commits are spaced by the machine's: as when so much comes that one
core is full. Ratios are medians of the ratios of each round; 100 % would be bare decoding.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import msgspec
import pyarrow as pa
from benchmarks.collect.cases import CASES
from benchmarks.collect.served import COINS, FOLLOWED, Served, market
from benchmarks.results import report, table

from tideline.collect.live.committer import Committer
from tideline.collect.live.feeds import feeds_of
from tideline.collect.live.intake import LiveIntake
from tideline.collect.raw.archive import Archive
from tideline.domain.time import ManualClock
from tideline.log import Log
from tideline.venues.parsed import Note

SCRIPT = "collect/live_intake.py"
COMMIT_S = 1.0
LOOK = 32
"""Frames between two looks at the clock."""


@dataclass(slots=True)
class Round:
    """Seconds of each way, and what came of it."""

    decode: float = 0.0
    read: float = 0.0
    intake: float = 0.0
    durable: float = 0.0
    observations: int = 0
    rows: int = 0
    commits: int = 0
    committing: float = 0.0
    flushing: float = 0.0
    raw_bytes: int = 0


def decode(case: Served, found: Round) -> None:
    """Bare decoding."""
    bodies = [frame.body for frame in case.frames]
    read = msgspec.json.decode
    began = time.process_time()
    for body in bodies:
        read(body)
    found.decode = time.process_time() - began


def read(case: Served, found: Round) -> None:
    """Parse and normalise."""
    feed = feeds_of([case.venue])[case.feed]
    readers = {}
    for frame in {one.connection: one for one in case.frames}.values():
        readers[frame.connection] = feed.read or feed.reader().read
    for frame in case.before:
        if getattr(frame, "body", b"") and frame.feed == case.feed and frame.connection in readers:
            note = Note(frame.at, case.instruments, frame.params)
            readers[frame.connection](frame.body, note)
    count, instruments = 0, case.instruments
    began = time.process_time()
    for frame in case.frames:
        note = Note(frame.at, instruments, frame.params)
        count += len(readers[frame.connection](frame.body, note).observations)
    found.read = time.process_time() - began
    found.observations = count


def intake(case: Served, found: Round) -> None:
    """Rows of commits, and nothing done with them."""
    taker, source = LiveIntake([case.venue]), 1
    for record in case.before:
        taker.take(record)
    source += len(taker.seal(case.frames[0].at, source).origins)
    began, sealed = time.process_time(), time.perf_counter()
    for at, frame in enumerate(case.frames):
        taker.take(frame)
        if at % LOOK == 0 and time.perf_counter() - sealed >= COMMIT_S:
            source += len(taker.seal(frame.at, source).origins)
            sealed = time.perf_counter()
    taker.seal(case.frames[-1].at, source)
    found.intake = time.process_time() - began
    errors = taker.tally.feed(case.feed).errors
    if errors:
        raise SystemExit(f"{case.feed}: {errors}")


def durable(case: Served, found: Round) -> None:
    """Everything, on the disk."""
    clock = ManualClock(case.frames[0].at)
    with tempfile.TemporaryDirectory() as place:
        log = Log.create(Path(place) / "store", clock)
        with log.writer(background=False) as writer:
            archive = Archive(Path(place) / "raw")
            committer = Committer(log, writer, [case.venue], archive, clock)
            asyncio.run(_commits(case, committer, clock, found))
            began = time.perf_counter()
            writer.flush()
            found.flushing = time.perf_counter() - began
            found.durable += found.flushing
        log.close()
    if committer.done.refused:
        raise SystemExit(f"{case.feed}: {committer.done.refused[0]}")


async def _commits(case: Served, committer: Committer, clock: ManualClock, found: Round) -> None:
    for record in case.before:
        committer.take(record)
    await committer.commit()
    first = (committer.done.commits, committer.done.rows, committer.done.raw_bytes)

    async def commit() -> float:
        begins = time.perf_counter()
        await committer.commit()
        found.committing += time.perf_counter() - begins
        return time.perf_counter()

    began = committed = time.perf_counter()
    for at, frame in enumerate(case.frames):
        committer.take(frame)
        if at % LOOK == 0 and time.perf_counter() - committed >= COMMIT_S:
            clock.at = frame.at
            committed = await commit()
    clock.at = case.frames[-1].at
    await commit()
    found.durable = time.perf_counter() - began
    done = committer.done
    found.commits = done.commits - first[0]
    found.rows = done.rows - first[1]
    found.raw_bytes = done.raw_bytes - first[2]


def measured(case: Served, runs: int) -> list[Round]:
    """Rounds in which all ways run in turn."""
    rounds = []
    for _ in range(runs):
        found = Round()
        for way in (decode, read, intake, durable):
            gc.collect()
            way(case, found)
        rounds.append(found)
    return rounds


def median(rounds: list[Round], of: Callable[[Round], float]) -> float:
    return statistics.median(map(of, rounds))


def lines(name: str, case: Served, rounds: list[Round]) -> tuple[list[str], list[str]]:
    """The row of the first table and that of the second."""
    count, last = len(case.frames), rounds[-1]

    def rate(way: str) -> str:
        return f"{count / median(rounds, lambda one: getattr(one, way)):,.0f}"

    def share(way: str) -> str:
        return f"{median(rounds, lambda one: one.decode / getattr(one, way)):.0%}"

    usual = count / case.seconds
    first = [
        name,
        rate("decode"),
        rate("read"),
        share("read"),
        rate("intake"),
        share("intake"),
        rate("durable"),
        share("durable"),
        f"{count / median(rounds, lambda one: one.durable) / usual:,.0f}x",
    ]
    second = [
        name,
        f"{count:,}",
        f"{case.size:,.0f}",
        f"{last.observations / count:.1f}",
        f"{last.rows / count:.1f}",
        f"{median(rounds, lambda one: last.rows / one.durable):,.0f}",
        f"{last.commits}",
        f"{median(rounds, lambda one: one.committing / one.durable):.0%}",
        f"{median(rounds, lambda one: one.flushing / one.durable):.0%}",
        f"{last.raw_bytes / count:,.0f}",
    ]
    return first, second


def main() -> None:
    asking = argparse.ArgumentParser()
    asking.add_argument("--runs", type=int, default=3)
    asking.add_argument("--only", default="", help="cases whose name begins so")
    asking.add_argument("--share", type=float, default=1.0, help="of the frames of each case")
    asking.add_argument("--write", action="store_true")
    given = asking.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    pa.set_cpu_count(1)
    load = os.getloadavg()[0]
    firsts, seconds = [], []
    for name, make in CASES.items():
        if not name.startswith(given.only):
            continue
        case = make(market(), given.share)
        gc.collect()
        gc.freeze()
        first, second = lines(name, case, measured(case, given.runs))
        gc.unfreeze()
        print(" ".join(first), flush=True)
        firsts.append(first)
        seconds.append(second)
    body = "\n\n".join(
        (
            table(
                ("frames a second", "decode", "read", "of decode", "intake", "of decode",
                 "durable", "of decode", "durable / usual rate"),
                firsts,
            ),
            table(
                ("the same frames", "frames", "bytes", "values each", "rows each", "rows/s durable",
                 "commits", "in commits", "in flush", "raw bytes each"),
                seconds,
            ),
            f"Medians of {given.runs} rounds on one core, {os.cpu_count()} cores shared with other "
            "work; the durable way by the clock on the wall, the others by processor time "
            f"(load {load:.1f} at the start, {os.getloadavg()[0]:.1f} at the end). A market "
            f"of {COINS} coins, {FOLLOWED} of them followed. `usual rate`: what the venue's server "
            "pushes for them. `as recorded`: the fields of the recorded delta, and prices once a "
            "second; `all moves`: the synthetic market changes nearly every number in every "
            "100 ms.",
        )
    )  # fmt: skip
    report(SCRIPT, body, write=given.write)


if __name__ == "__main__":
    main()
