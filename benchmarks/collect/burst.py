"""A burst: many times the usual rate for ten seconds, into bounded queues.

    python benchmarks/collect/burst.py [--coins 50 150] [--times 50] [--seconds 10] [--write]

Bybit's tickers of so many coins at the usual rate, then so many times as many, then at the usual
rate again, offered as they fall due to one venue's inbox. Beside it, as in ``tideline collect``:
the drain into the committer, a commit a second in a thread, archive and log on this disk, the
log's own flushing. One fresh process on one core for each. A socket would slow the venue down when
nobody reads; here nothing does.

After it the log is asked whether every span in which frames were dropped is a gap of everything
that the connection was to bring. Memory is that of /proc/self/status; by construction at most
``most`` records or 64 MiB wait in the inbox, and 128 MiB of frames or 400,000 rows for a commit.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import pyarrow as pa
from benchmarks.collect.burst_frames import AFTER_S, BEFORE_S, STREAM, read, written
from benchmarks.collect.burst_gaps import judged
from benchmarks.collect.served import START
from benchmarks.results import report, table

from tideline.collect.attended import Wanted
from tideline.collect.inbox import Inbox
from tideline.collect.live.committer import Committer, in_thread
from tideline.collect.live.record import Dropped, Frame, Record
from tideline.collect.raw.archive import Archive
from tideline.collect.sink import Taken
from tideline.collect.status import VenueStatus
from tideline.domain.time import SECOND, TimeUs
from tideline.log import Log
from tideline.venues.catalogue import venue as declared

SCRIPT = "collect/burst.py"
FRAMES = "frames"
MIB = 1024 * 1024


class Running:
    """A clock that runs with the machine's from ``start`` on."""

    def __init__(self, start: int) -> None:
        self._start, self._began = start, time.perf_counter()

    def now(self) -> TimeUs:
        return TimeUs(self._start + round(self.monotonic() * SECOND))

    def monotonic(self) -> float:
        return time.perf_counter() - self._began

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass(slots=True)
class Seen:
    """What a run brought."""

    offered: int = 0
    refused: int = 0
    late_s: float = 0.0
    queue: int = 0
    drained_s: float = 0.0
    durable_s: float = 0.0
    commit_s: float = 0.0
    rss_before: int = 0
    rss_peak: int = 0
    dropped: list[Dropped] = field(default_factory=list)
    rows: int = 0
    gap_legs: tuple[int, int] = (0, 0)
    gap_rows: int = 0


class Watched:
    """The committer, with an eye on what is said to have been dropped."""

    def __init__(self, committer: Committer, seen: Seen) -> None:
        self._committer, self._seen = committer, seen
        self.full = committer.full

    def take(self, record: Record) -> Taken:
        if type(record) is Dropped:
            self._seen.dropped.append(record)
        return self._committer.take(record)


def memory(name: str) -> int:
    """A line of /proc/self/status, bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise SystemExit(f"no {name} in /proc/self/status")


async def offering(
    file: IO[bytes], inbox: Inbox, clock: Running, seen: Seen, ends: list[int]
) -> None:
    """Every frame when it is due; ``ends`` of the burst as it went."""

    def heard(record: Record, taken: Taken) -> None:
        return

    now = clock.now()
    for due, number, body in read(file):
        if (
            due > now
        ):  # all that is due is offered; the others get the loop, then it is looked again
            await asyncio.sleep(0)
            now = clock.now()
            while due > now:
                await asyncio.sleep(min(0.001, (due - now) / SECOND))
                now = clock.now()
        seen.late_s = max(seen.late_s, (now - due) / SECOND)
        seen.offered += 1
        if not inbox.offer(Frame(now, STREAM, body, number), heard):
            seen.refused += 1
        if due < ends[0]:
            ends[1] = now


async def running(place: Path, before: Sequence[Record], seconds: int, seen: Seen) -> Log:
    """The collector's part."""
    clock = Running(START)
    log = Log.create(place / "store", clock)
    with log.writer() as writer, (place / FRAMES).open("rb") as file:
        committer = Committer(
            log, writer, [declared("bybit")], Archive(place / "raw"), clock, offload=in_thread
        )
        sink, status = Watched(committer, seen), VenueStatus()
        inbox = Inbox(Wanted().queue, clock, status)
        for record in before:
            sink.take(record)
        ends = [START + (BEFORE_S + seconds) * SECOND, 0]
        gc.collect()
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
        seen.rss_before = memory("VmRSS")

        async def house() -> None:
            while True:
                await asyncio.sleep(Wanted().commit_s)
                idle, begun = not len_of(inbox), time.perf_counter()
                await committer.commit()
                seen.commit_s = max(seen.commit_s, time.perf_counter() - begun)
                if idle and seen.drained_s and not seen.durable_s:
                    seen.durable_s = (clock.now() - ends[1]) / SECOND

        async def look() -> None:
            while True:
                await asyncio.sleep(0.01)
                seen.queue = max(seen.queue, len_of(inbox))
                over = ends[1] and clock.now() > ends[0] and seen.offered > 0
                if over and not seen.drained_s and not len_of(inbox):
                    seen.drained_s = (clock.now() - ends[1]) / SECOND

        tasks = [asyncio.create_task(one) for one in (inbox.drain(sink), house(), look())]
        await offering(file, inbox, clock, seen, ends)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        inbox.finish(sink)
        await committer.close()
        seen.rss_peak = memory("VmHWM")
        seen.rows = committer.done.rows
        writer.flush()
    return log


def len_of(inbox: Inbox) -> int:
    return inbox.status.queue


def ran(place: Path, before: Sequence[Record], seconds: int, answer: Connection) -> None:
    """One run, in a process of its own."""
    pa.set_cpu_count(1)
    seen = Seen()
    with asyncio.Runner() as runner:
        log = runner.run(running(place, before, seconds, seen))
    needed, found, seen.gap_rows = judged(log, before, seen.dropped)
    seen.gap_legs = needed, found
    log.close()
    answer.send(seen)


def burst(times: float, seconds: int, coins: int) -> list[str]:
    """One column of the table."""
    spawning = get_context("spawn")
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        made = written(times, seconds, coins, place / FRAMES)
        ours, theirs = spawning.Pipe()
        process = spawning.Process(target=ran, args=(place, made.before.before, seconds, theirs))
        process.start()
        seen = ours.recv()
        process.join()
    counted = sum(one.count for one in seen.dropped)
    needed, found = seen.gap_legs
    if counted != seen.refused or needed != found:
        raise SystemExit(f"{counted} of {seen.refused} dropped told, {found} of {needed} gaps")
    return [
        f"{times:g}x, {coins} coins",
        f"{made.rate:,.0f}",
        f"{made.count / seconds:,.0f}",
        f"{seen.offered:,}",
        f"{seen.offered - seen.refused:,}",
        f"{seen.refused:,} ({seen.refused / made.count:.1%} of the burst)",
        f"{len(seen.dropped):,}",
        f"{found:,} of {needed:,}",
        f"{seen.gap_rows:,}",
        f"{seen.queue:,}",
        f"{seen.late_s:.2f}",
        f"{seen.rss_before / MIB:,.0f}",
        f"+{(seen.rss_peak - seen.rss_before) / MIB:,.0f}",
        f"{seen.drained_s:.1f}",
        f"{seen.durable_s:.1f}",
        f"{seen.commit_s:.1f}",
        f"{seen.rows:,}",
    ]


def main() -> None:
    asking = argparse.ArgumentParser()
    asking.add_argument("--times", type=float, nargs="+", default=[50.0])
    asking.add_argument("--coins", type=int, nargs="+", default=[50, 150])
    asking.add_argument("--seconds", type=int, default=10)
    asking.add_argument("--write", action="store_true")
    given = asking.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    load = os.getloadavg()[0]
    rows = [burst(times, given.seconds, coins) for coins in given.coins for times in given.times]
    head = (
        "burst",
        "frames/s usually",
        "frames/s in it",
        "frames offered",
        "taken",
        "dropped",
        "spells of dropping",
        "gap legs told",
        "gap rows",
        "longest queue",
        "offered late by at most, s",
        "RSS before, MiB",
        "at its peak, MiB",
        "queue empty after, s",
        "durable after, s",
        "longest commit, s",
        "rows",
    )
    turned = list(zip(*chain([head], rows), strict=True))
    body = (
        f"{table(turned[0], turned[1:])}\n\n"
        f"{BEFORE_S} s at the usual rate, {given.seconds} s of burst, {AFTER_S} s at the usual "
        f"rate; queue of {Wanted().queue:,} records. One core of {os.cpu_count()} shared with "
        f"other work (load {load:.1f} at the start). `gap legs told`: for each spell, the gap legs "
        "of all that the connection was to bring, found in the log with edges around the spell. "
        "Deltas that follow each other so fast move few numbers: about a row each."
    )
    report(SCRIPT, body, write=given.write)


if __name__ == "__main__":
    main()
