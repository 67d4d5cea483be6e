"""The demo, wired: market, store with its clock, history, venues, collector, screen.

1. the market                      loaded from the cache, or made
2. the store                       new: its clock at the moment from which on the market is lived
                                   old: goes on at the moment where it ended
3. history, assumed                weeks of it, up to the hours that the collector back-fills
4. venues on loopback              a process of their own, on the store's clock
5. the service                     a process of its own, on the store's clock
6. collector, evaluator, scan      until Ctrl-C, ``--for``, or the end of the market
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import click

from tideline.cli.beside import LOG_FILE, served_beside
from tideline.cli.demo.past import BACKFILLED, LEAST_LEFT, check_store, import_history, start_of
from tideline.cli.demo.played import Demo, Played, too_fast
from tideline.cli.demo.servers import venues_of
from tideline.cli.demo.showing import Screen, last_scan, where_to_look
from tideline.cli.demo.venue_process import VenueProcess
from tideline.domain.scaled_time import ScaledClock
from tideline.domain.time import DAY, SECOND, WallClock, format_time
from tideline.log.store_clock import stop_clock, write_clock
from tideline.market.made import missing, obtain

if TYPE_CHECKING:
    from tideline.cli.running import Job
    from tideline.collect.live.committer import Committer
    from tideline.collect.supervisor import Collector
    from tideline.market.tape import Tape

SIMULATED = "SIMULATED: a made market, drawn from a seed. Nothing here happened on any market."
RAW_BYTES = 1_000_000_000
COMMITS_A_SECOND = 4.0
ROWS_A_SECOND = 8.0


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
        start = start_of(demo, tapes)
        with _timed(played, "history", real):
            import_history(demo, tapes, start, say)
        with _timed(played, "venues", real):
            venues.loaded()
            clock = ScaledClock.starting(start, demo.speed)
            urls = venues.open(clock.anchor)
        write_clock(demo.store, clock)
        say(f"the market's time is {format_time(start // SECOND * SECOND)}, × {demo.speed:g}")
        job = _job(demo, tapes, urls)
        del tapes
        with served_beside(demo.serving, say) as service_ended:
            _collect(demo, job, clock, played, venues, service_ended, say)
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
        judging=True,
        commit_s=max(1.0, demo.speed / COMMITS_A_SECOND),
        patience=max(1.0, demo.speed),
    )


def _collect(
    demo: Demo,
    job: Job,
    clock: ScaledClock,
    played: Played,
    venues: VenueProcess,
    service_ended: Callable[[], bool],
    say: Callable[[str], None],
) -> None:
    """The real collector, and what is shown beside it."""
    from tideline.cli.running import run

    end = demo.market.end
    screen = Screen(demo, played, say)

    async def beside(collector: Collector, committer: Committer) -> None:
        started = screen.real.monotonic()
        while True:
            # seen while it runs: Ctrl-C in a terminal ends the service as well
            played.served = demo.serving is not None and not service_ended()
            before = screen.real.monotonic()
            await asyncio.sleep(demo.speed * screen.every_s)
            late = screen.real.monotonic() - before - screen.every_s
            played.late_s = max(played.late_s, round(late, 3))
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
                "late_s": played.late_s,
                "rows": played.rows,
                "backfilled": played.backfilled,
                "refused": played.refused,
                "served": played.served,
                "readings": [reading_facts(one) for one in found],
            }
        )
        return
    if demo.serving is not None and not played.served:
        say(f"the service ended before its time; why: {demo.store / LOG_FILE}")
    say(f"ended ({played.why}) at {format_time(head)} of the market's time")
    if played.behind:
        say(too_fast(played, demo.speed))
    say(f"{played.rows:,} rows collected, {played.backfilled:,} back-filled; all committed")
    say(where_to_look(demo.store, head))
