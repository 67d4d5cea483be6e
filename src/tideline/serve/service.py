"""Everything a route needs, made once a process and handed down: no global state."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from tideline.domain.errors import TidelineError
from tideline.domain.time import Clock
from tideline.serve.buckets import Buckets
from tideline.serve.flights import Flights
from tideline.serve.following import Follower
from tideline.serve.gate import Gate
from tideline.serve.kept_legs import KeptLegs
from tideline.serve.keys.ring import KeyRing
from tideline.serve.keys.usage import Usage
from tideline.serve.live.answers import LiveAnswers
from tideline.serve.logs import JsonLogger, Logger
from tideline.serve.metrics import Metrics
from tideline.serve.pushing import Pushing
from tideline.serve.readings import Scans
from tideline.serve.refusals import TooLong
from tideline.serve.seats import Seats
from tideline.settings import PLANS, Plan
from tideline.store import Store, open_store

T = TypeVar("T")

ALERTS = "alerts"
SEATS = "seats"
WARM = "price.ret@1h"
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True, slots=True)
class Options:
    """How one service is set up. Times in seconds.

    Attributes:
        keys: the file of keys; None: no keys, everybody may ask (loopback).
        limits: the file of token counts that all workers share, the seats of streams beside it;
            None: this process alone.
        hosts: names this service answers to; ``*``: any.
        timeout_s: no answer takes longer.
        alerts: directory of the book of alerts; None: ``alerts`` beside the log.
        mail_server: an Apprise address of the operator's, for alerts by mail.
        threads: questions worked on at a time; more wait in line.
        body_bytes: the largest request body.
    """

    store: Path
    keys: Path | None = None
    limits: Path | None = None
    hosts: tuple[str, ...] = LOOPBACK
    plans: tuple[Plan, ...] = PLANS
    timeout_s: float = 10.0
    alerts: Path | None = None
    mail_server: str = ""
    threads: int = 2
    body_bytes: int = 2_500_000


@dataclass(slots=True)
class Service:
    """One process's share of the service."""

    options: Options
    clock: Clock
    log: Logger
    store: Store
    gate: Gate
    follower: Follower
    live: LiveAnswers
    kept: KeptLegs
    scans: Scans
    flights: Flights
    metrics: Metrics
    pushing: Pushing
    pool: ThreadPoolExecutor = field(repr=False)

    @property
    def head(self) -> int:
        """The moment live answers bear: everything visible with it has been taken in."""
        return self.follower.head

    async def work(self, job: Callable[[], T]) -> T:
        """Run a question in a thread, at most ``threads`` of them at a time.

        Raises:
            TooLong: no answer within the hard time-out; what comes later is thrown away.
        """
        running = asyncio.get_running_loop().run_in_executor(self.pool, job)
        try:
            return await asyncio.wait_for(running, self.options.timeout_s)
        except TimeoutError:
            raise TooLong(self.options.timeout_s) from None

    def start(self) -> None:
        """Begin to follow the log; load the kernels before the first question waits for them."""
        self.follower.start()
        self.gate.start()
        self.pool.submit(self._warm)

    def _warm(self) -> None:
        with suppress(TidelineError, OSError):  # a store that is empty, or gone: /v1/health tells
            for asset in self.store.assets()[:1]:
                self.store.values(asset, [WARM], self.head)

    def stop(self) -> None:
        """Stop following, write what was counted, let go of the files."""
        self.follower.stop()
        self.pool.shutdown(wait=True, cancel_futures=True)
        self.pushing.close()
        self.gate.close()
        self.store.close()


def open_service(
    options: Options, clock: Clock, log: Logger | None = None, *, lived: Clock | None = None
) -> Service:
    """Put a service together; ``start`` makes it follow.

    ``lived``: the clock of a store whose market has its own time; None: ``clock``.

    Raises:
        NoStore: nothing at ``options.store``.
    """
    store = open_store(options.store, lived or clock)
    ring = KeyRing(options.keys, clock, options.plans) if options.keys is not None else None
    usage = Usage(ring, clock) if ring is not None else None
    log = log or JsonLogger(clock)
    gate = Gate(ring, Buckets(clock, options.limits), usage, options.plans)
    live = LiveAnswers(store)
    follower = Follower(store.log, clock, live.take)
    kept = KeptLegs(store, follower)
    follower.hand_to(kept.take)
    pushing = Pushing(
        store, live, follower, gate, clock,
        options.alerts or options.store / ALERTS, options.plans, options.mail_server, log,
        Seats(options.limits.with_name(SEATS) if options.limits is not None else None),
    )  # fmt: skip
    return Service(
        options=options,
        clock=clock,
        log=log,
        store=store,
        gate=gate,
        follower=follower,
        live=live,
        kept=kept,
        scans=Scans(store),
        flights=Flights(),
        metrics=Metrics(),
        pushing=pushing,
        pool=ThreadPoolExecutor(options.threads, thread_name_prefix="question"),
    )
