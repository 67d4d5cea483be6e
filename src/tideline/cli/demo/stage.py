"""The demo, wired: market, store with its clock, history, venues, collector, screen.

1. the market                      loaded from the cache, or made
2. the store                       new: its clock at the moment from which on the market is lived
                                   old: goes on at the moment where it ended
3. history, assumed                weeks of it, up to the hours that the collector back-fills
4. venues on loopback              a process of their own, on the store's clock
5. the collector, the scan         until Ctrl-C, ``--for``, or the end of the market
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tideline.cli.demo.servers import venues_of
from tideline.cli.demo.venue_process import VenueProcess
from tideline.domain.errors import BadInput
from tideline.domain.scaled_time import Anchor, ScaledClock
from tideline.domain.time import DAY, HOUR, MINUTE, SECOND, WallClock, format_time
from tideline.log.store_clock import clock_of, stop_clock, write_clock
from tideline.market.made import MadeMarket, missing, obtain

if TYPE_CHECKING:
    from tideline.cli.running import Job
    from tideline.collect.live.committer import Committer
    from tideline.collect.supervisor import Collector
    from tideline.market.tape import Tape

FILE = "demo.json"
SIMULATED = "SIMULATED: a made market, drawn from a seed. Nothing here happened on any market."
LIVED = 2 * DAY
"""How much of the market is lived through; all before it is history."""
BACKFILLED = 3 * HOUR
UNASKED = ("mark_price", "index_price")
"""History of OKX that the collector does not ask for: archives bring it up to the start."""
LEAST_LEFT = MINUTE
RAW_BYTES = 1_000_000_000
COMMITS_A_SECOND = 4.0
ROWS_A_SECOND = 8.0


@dataclass(frozen=True, slots=True)
class Demo:
    """What is played.

    Attributes:
        seconds: real ones of collecting; None: until asked to stop.
        home: of the cache.
    """

    market: MadeMarket
    store: Path
    speed: float
    seconds: float | None
    as_json: bool
    home: Path

    @property
    def facts(self) -> dict[str, Any]:
        """The market, as JSON."""
        return {**self.market._asdict(), "assets": list(self.market.assets)}


@dataclass(slots=True)
class Played:
    """What came of it."""

    began: float
    took: dict[str, float] = field(default_factory=dict)
    ready_s: float | None = None
    readings: list[Any] = field(default_factory=list)
    rows: int = 0
    backfilled: int = 0
    refused: list[str] = field(default_factory=list)
    why: str = "asked"


def play(demo: Demo) -> None:
    """Everything, until it is over.

    Raises:
        BadInput: a store of something else, or one whose market is over.
        StoreBusy: another process writes the store.
    """
    real = WallClock()
    played = Played(real.monotonic())
    say: Callable[[str], None] = _silent if demo.as_json else click.echo
    say(SIMULATED)
    check_store(demo)
    with _timed(played, "market", real):
        tapes = _tapes(demo, say)
    with VenueProcess(demo.market, demo.home) as venues:
        start = _start_of(demo, tapes)
        with _timed(played, "history", real):
            _history(demo, tapes, start, say)
        with _timed(played, "venues", real):
            venues.loaded()
            clock = ScaledClock.starting(start, demo.speed)
            urls = venues.open(clock.anchor)
        write_clock(demo.store, clock)
        say(f"the market's time is {format_time(start // SECOND * SECOND)}, × {demo.speed:g}")
        job = _job(demo, tapes, urls)
        del tapes
        _collect(demo, job, clock, played, venues, say)
    _finish(demo, played, clock, say)


def _silent(_: str) -> None:
    """In place of words, where JSON is asked for."""


@contextlib.contextmanager
def _timed(played: Played, what: str, real: WallClock) -> Iterator[None]:
    before = real.monotonic()
    yield
    played.took[what] = round(real.monotonic() - before, 1)


# --- the market ------------------------------------------------------------------------------


def _tapes(demo: Demo, say: Callable[[str], None]) -> list[Tape]:
    absent = missing(demo.market, demo.home)
    if absent:
        days = f"{demo.market.days:g} days"
        say(f"making {days} of {', '.join(absent)}, once (kept in {demo.home}) …")

    def tell(asset: str, count: int, total: int) -> None:
        if absent:
            say(f"  {asset} is there, {count} of {total}")

    return obtain(demo.market, demo.home, tell)


# --- the store -------------------------------------------------------------------------------


def check_store(demo: Demo) -> None:
    """A place of this very market, or an empty one.

    Raises:
        BadInput: something else stands there.
    """
    store = demo.store
    if not store.exists():
        return
    try:
        held = json.loads((store / FILE).read_bytes())
    except (OSError, ValueError):
        held = None
    if held is None:
        if store.is_dir() and not any(store.iterdir()):
            return
        raise BadInput("store", str(store), "is no store of a demo", "another --store")
    if held.get("market") != demo.facts:
        words = held.get("market") or {}
        told = f"{words.get('scenario')}, seed {words.get('seed')}, {words.get('assets')}"
        problem = f"holds another made market ({told}, {words.get('days')} days)"
        raise BadInput("store", str(store), problem, "another --store")


def _start_of(demo: Demo, tapes: Sequence[Tape]) -> int:
    """From which moment on the market is lived, µs.

    Raises:
        BadInput: the market of this store is over.
    """
    end = min(tape.end for tape in tapes)
    if (demo.store / FILE).exists():
        from tideline.log import Log

        with Log.open(demo.store, clock_of(demo.store)) as log:
            start = int(log.head()) + SECOND
        if start > end - LEAST_LEFT:
            when = format_time(end)
            raise BadInput("store", str(demo.store), f"was lived to its end at {when}", "another")
        return start
    length = end - min(tape.start for tape in tapes)
    return end - min(LIVED, length // 3 // MINUTE * MINUTE)


def _history(demo: Demo, tapes: Sequence[Tape], start: int, say: Callable[[str], None]) -> None:
    """A new store, and everything in it that archives would have given."""
    from tideline.log import Log, Source
    from tideline.market.observation.rows import CENTRAL, history_rows
    from tideline.store.simulation_mark import SIMULATED as KIND

    if (demo.store / FILE).exists():
        say(f"going on with {demo.store}")
        return
    import numpy as np
    import pyarrow as pa

    standing = ScaledClock(Anchor(start, 0.0, 0.0))
    rows, until = 0, _history_end(tapes, start)
    try:
        with Log.create(demo.store, standing) as log, log.writer(background=False) as writer:
            stop_clock(demo.store, start)
            for tape in tapes:
                name = f"made market {demo.market.scenario}, seed {demo.market.seed}: history"
                source = Source(source_id=writer.next_source(), kind=KIND, name=name)
                parts = [
                    history_rows(tape, end=until, venues=CENTRAL),
                    history_rows(tape, start=until, end=start, venues=("okx",), fields=UNASKED),
                ]
                table = pa.concat_tables(parts).unify_dictionaries()
                ids = pa.array(np.full(table.num_rows, source.source_id, np.int64))
                writer.append(table.append_column("source_id", ids), [source])
                rows += table.num_rows
            writer.flush()
        (demo.store / FILE).write_text(json.dumps({"simulated": True, "market": demo.facts}))
    except BaseException:
        shutil.rmtree(demo.store, ignore_errors=True)  # half a history is none
        raise
    say(f"{rows:,} rows of history until {format_time(until)}, assumed, into {demo.store}")


def _history_end(tapes: Sequence[Tape], start: int) -> int:
    """Where the collector's back-fill begins: some hours before the start, on the hour."""
    first = min(tape.start for tape in tapes)
    return max((start - BACKFILLED) // HOUR * HOUR, first + (start - first) // 2)


# --- collecting ------------------------------------------------------------------------------


def _job(demo: Demo, tapes: Sequence[Tape], urls: dict[str, dict[str, str]]) -> Job:
    from tideline.cli.running import Job

    return Job(
        store=demo.store,
        venues=venues_of(tapes),
        assets=demo.market.assets,
        backfill_days=BACKFILLED / DAY,
        raw_bytes=RAW_BYTES,
        thin_us=round(max(1.0, demo.speed / ROWS_A_SECOND) * SECOND),
        urls=urls,
        simulated=True,
        commit_s=max(1.0, demo.speed / COMMITS_A_SECOND),
        patience=max(1.0, demo.speed),
    )


def _collect(
    demo: Demo,
    job: Job,
    clock: ScaledClock,
    played: Played,
    venues: VenueProcess,
    say: Callable[[str], None],
) -> None:
    """The real collector, and what is shown beside it."""
    from tideline.cli.demo.showing import Screen
    from tideline.cli.running import run

    end = demo.market.end
    screen = Screen(demo, played, say)

    async def beside(collector: Collector, committer: Committer) -> None:
        started = screen.real.monotonic()
        while True:
            await asyncio.sleep(demo.speed * screen.every_s)
            played.rows = committer.done.rows
            played.backfilled = committer.done.backfill.rows
            played.refused = committer.done.refused
            await asyncio.to_thread(screen.look)
            if venues.ended:
                played.why = "the venues ended"
                return
            if clock.now() >= end - LEAST_LEFT:
                played.why = "the market is over"
                return
            if demo.seconds is not None and screen.real.monotonic() - started >= demo.seconds:
                played.why = "time"
                return

    try:
        with screen:
            run(job, beside=beside, clock=clock, say=_silent)
    finally:
        stop_clock(demo.store, int(clock.now()))


def _finish(demo: Demo, played: Played, clock: ScaledClock, say: Callable[[str], None]) -> None:
    """What came of it, in words or as JSON."""
    from tideline.cli.demo.showing import last_scan, where_to_look
    from tideline.cli.scan import reading_facts
    from tideline.cli.show import put_json

    found, head = last_scan(demo.store)
    if demo.as_json:
        put_json(
            {
                "simulated": True,
                "market": demo.facts,
                "speed": demo.speed,
                "store": str(demo.store),
                "head": format_time(head),
                "ended": played.why,
                "ready_s": played.ready_s,
                "took_s": played.took,
                "rows": played.rows,
                "backfilled": played.backfilled,
                "refused": played.refused,
                "readings": [reading_facts(one) for one in found],
            }
        )
        return
    say(f"ended ({played.why}) at {format_time(head)} of the market's time")
    say(f"{played.rows:,} rows collected, {played.backfilled:,} back-filled; all committed")
    say(where_to_look(demo.store, head))
