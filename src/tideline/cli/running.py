"""A collector wired by hand: store, archive, transports, signals, and what is shown meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import click
import numpy as np

from tideline.cli.show import console
from tideline.domain.errors import BadInput, TidelineError
from tideline.domain.scaled_time import ScaledClock, speed_of
from tideline.domain.time import SECOND, Clock, parse_time

if TYPE_CHECKING:
    from tideline.collect.live.committer import Committer
    from tideline.collect.supervisor import Collector
    from tideline.log import Log, Writer
    from tideline.venues.declaration import Venue

RAW = "raw"
SHOW_S = 1.0
REOPEN_S = 2.0
SEED = 20_261_121
MARKET_START = int(parse_time("2026-01-01T00:00:00Z"))

Result = TypeVar("Result")
Beside: TypeAlias = "Callable[[Collector, Committer], Coroutine[Any, Any, None]]"
"""What runs beside the collector; when it ends, collecting ends as if asked to."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be collected, where from and where to.

    ``simulated`` with ``urls``: the venues are made ones, and served already. ``commit_s``: seconds
    of the clock between commits. ``patience``: how much longer than usual an exchange with a venue
    may take, for clocks that run faster than the machine's. ``judging``: every reading
    is judged beside it.
    """

    store: Path
    venues: Sequence[Venue]
    assets: tuple[str, ...] = ()
    top: int = 50
    backfill_days: float = 30.0
    raw_bytes: int = 20_000_000_000
    thin_us: int = SECOND
    trusted: tuple[str, ...] = ()
    urls: dict[str, dict[str, str]] = field(default_factory=dict)
    simulated: bool = False
    commit_s: float = 1.0
    patience: float = 1.0
    judging: bool = False


def run(
    job: Job,
    *,
    beside: Beside | None = None,
    clock: Clock | None = None,
    say: Callable[[str], None] = click.echo,
) -> None:
    """Collect until SIGINT or SIGTERM; what was received is committed before this returns.

    Raises:
        StoreBusy: another process writes the store.
        BadInput: a store of the other kind (simulated or not).
    """
    from tideline.log import FlushPolicy, Log
    from tideline.log.store_clock import clock_of

    clock = clock or clock_of(job.store)
    policy = FlushPolicy(age_s=FlushPolicy().age_s * max(1.0, speed_of(clock)))
    with Log.open_or_create(job.store, clock) as log:
        check_kind(log, job)
        while True:
            with log.writer(policy=policy) as writer:
                stopped = _on_loop(_collect(job, log, writer, clock, beside, say), clock)
            if not stopped:
                return
            click.echo(f"the store failed ({stopped}); it is opened again", err=True)
            clock.sleep(REOPEN_S)


def _on_loop(main: Coroutine[Any, Any, Result], clock: Clock) -> Result:
    """On a loop whose seconds are those of the clock."""
    if not isinstance(clock, ScaledClock):
        return asyncio.run(main)
    from tideline.market.scaled_loop import run_scaled

    return run_scaled(main, clock)


def check_kind(log: Log, job: Job) -> None:
    """Simulated rows and real ones never meet in one store."""
    from tideline.store.simulation_mark import SIMULATED

    kinds = {source.kind == SIMULATED for source in log.sources()}
    if job.simulated and False in kinds:
        raise BadInput("store", str(job.store), "holds rows that were not simulated", "a new one")
    if not job.simulated and True in kinds:
        raise BadInput("store", str(job.store), "holds simulated rows", "a new store")


async def _collect(
    job: Job,
    log: Log,
    writer: Writer,
    clock: Clock,
    beside: Beside | None,
    say: Callable[[str], None],
) -> str | None:
    """Until asked to stop (None), or until the writer stopped: why it did."""
    async with AsyncExitStack() as stack:
        if job.simulated and not job.urls:
            urls = await stack.enter_async_context(market_on_loopback(job, clock))
            job = replace(job, urls=urls)
        committer = _committer(job, log, writer, clock)
        collector = await _collector(job, committer, clock, stack)
        evaluator = Evaluating(job.store, committer.also, clock) if job.judging else None
        stopping = _on_signals()
        _begin(job, say)
        task = asyncio.create_task(collector.run())
        failing = asyncio.create_task(_failure(writer))
        others: list[asyncio.Task[None]] = []
        if beside is not None:
            others.append(asyncio.create_task(beside(collector, committer)))
        ends = [task, stopping, failing, *others]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        failing.cancel()
        for other in others:
            other.cancel()
        beside_failed = await asyncio.gather(*others, return_exceptions=True)
        task.cancel()
        try:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        finally:
            if evaluator is not None:
                await asyncio.to_thread(evaluator.stop)
            if writer.stopped is None and not collector.clock.in_doubt:
                await committer.close()
        if writer.stopped is not None:
            return None if stopping.done() else writer.stopped
        say(
            f"stopped: {committer.done.rows:,} rows in {committer.done.commits:,} commits, "
            f"{committer.done.backfill.rows:,} back-filled"
        )
        for error in beside_failed:
            if isinstance(error, Exception):
                raise error
        return None


def _committer(job: Job, log: Log, writer: Writer, clock: Clock) -> Committer:
    from tideline.collect.live.committer import Committer, in_thread
    from tideline.collect.raw.archive import Archive

    return Committer(
        log,
        writer,
        job.venues,
        Archive(job.store / RAW, cap_bytes=job.raw_bytes) if job.raw_bytes else None,
        clock,
        offload=in_thread,
        kind="simulated" if job.simulated else "live",
        thin_us=job.thin_us,
        trusted=job.trusted,
    )


class Evaluating:
    """The evaluator in a thread of its own, beside the collector."""

    def __init__(self, store: Path, write: Callable[[Any], object], clock: Clock) -> None:
        self._stopping = Event()
        self._thread = Thread(target=self._work, args=(store, write, clock), name="evaluator")
        self._thread.start()

    def stop(self) -> None:
        """Returns once the instant at hand was judged."""
        self._stopping.set()
        self._thread.join()

    def _work(self, store: Path, write: Callable[[Any], object], clock: Clock) -> None:
        from tideline.log import Log
        from tideline.store.judging import Judging

        try:
            with Log.open(store, clock) as log:
                Judging(log, write).run(self._stopping, clock)
        except TidelineError as error:
            click.echo(f"readings are no longer judged: {error}", err=True)


async def _failure(writer: Writer) -> None:
    """Done when the writer has stopped acknowledging (a failed write or fsync)."""
    while writer.stopped is None:
        await asyncio.sleep(SHOW_S)


async def _collector(
    job: Job, committer: Committer, clock: Clock, stack: AsyncExitStack
) -> Collector:
    from tideline.collect.attended import Wanted
    from tideline.collect.supervisor import Collector
    from tideline.collect.transport import Limits, WebTransport

    limits = Limits().stretched(job.patience)
    transports = {
        venue.name: await stack.enter_async_context(
            WebTransport(job.urls.get(venue.name), limits=limits)
        )
        for venue in job.venues
    }
    return Collector(
        job.venues,
        lambda venue: transports[venue.name],
        committer,
        committer.commit,
        clock,
        np.random.default_rng(SEED),
        Wanted(
            assets=job.assets,
            top=job.top,
            commit_s=job.commit_s,
            backfill_days=job.backfill_days,
            directory=job.store,
            patience=job.patience,
        ),
        committer.tell,
    )


def _on_signals() -> asyncio.Future[None]:
    """Done when the process is asked to stop."""
    loop = asyncio.get_running_loop()
    asked = loop.create_future()

    def stop() -> None:
        if not asked.done():
            asked.set_result(None)

    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop)
    return asked


def _begin(job: Job, say: Callable[[str], None]) -> None:
    what = ", ".join(job.assets) if job.assets else f"the {job.top} coins of most open interest"
    if job.simulated:
        say("SIMULATED venues on loopback: nothing here happens on any market.")
    say(f"collecting {what} from {', '.join(one.name for one in job.venues)}")
    say(f"into {job.store}; see it with: tideline status --store {job.store} --watch")


async def show_status(collector: Collector, committer: Committer) -> None:
    """The status table in place."""
    from rich.live import Live

    from tideline.cli.status import Rates, view

    rates = Rates()
    with Live(console=console(), auto_refresh=False, transient=True) as live:
        while True:
            await asyncio.sleep(SHOW_S)
            if collector.status.commits or collector.status.commit_failures:
                live.update(view(collector.status, collector.clock, rates), refresh=True)


@contextlib.asynccontextmanager
async def market_on_loopback(job: Job, clock: Clock) -> AsyncIterator[dict[str, dict[str, str]]]:
    """The venues' own formats on this machine, from one synthetic market; gives the URLs."""
    from tideline.market.assets import coins_named, default_assets
    from tideline.market.synthetic import Synthetic
    from tideline.market.venues.catalogue import served
    from tideline.market.venues.serving import Serving

    coins = coins_named(job.assets) if job.assets else default_assets(job.top)
    market = Synthetic(coins, seed=SEED, start=MARKET_START)
    async with Serving(served(job.venues, market), clock) as serving:
        yield serving.urls
