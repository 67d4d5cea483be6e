"""A few venues for a few hours with one thing going wrong, and what came of it, leg by leg.

Beside the days of ``harness``: here the collector may have a clock, a disk and a store of its own
that are not the world's.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tests.simulation.harness import World
from tideline.collect.attended import Wanted
from tideline.collect.live.committer import Committer, Offload, inline
from tideline.collect.live.feeds import feeds_of
from tideline.collect.live.record import Dropped, Frame, Record
from tideline.collect.raw.archive import Archive
from tideline.collect.sink import Taken
from tideline.collect.status import Status
from tideline.collect.supervisor import Collector
from tideline.domain.time import MINUTE, SECOND, Clock, ManualClock, parse_time
from tideline.log import Log
from tideline.market.state import Market
from tideline.market.virtual_time import run

START = int(parse_time("2026-11-20T00:00:00Z"))
WANTED = Wanted(assets=("BTC", "ETH"), commit_s=10.0, backfill_days=0.05)

Key = tuple[str, str, str]
"""venue, symbol, field"""


class Kept(NamedTuple):
    """One row of one leg."""

    event: int
    value: float
    status: str
    known: int
    text: str | None
    basis: str


Legs = dict[Key, list[Kept]]
"""Rows by event, then by known time."""


def legs_of(log: Log, as_of: int | None = None) -> Legs:
    """Everything in the log as it was known then."""
    found: Legs = defaultdict(list)
    head = as_of or log.head()
    for asset in log.assets():
        table = log.read(asset, head)
        venues, symbols, names, statuses, bases = (
            table.column(name).combine_chunks().cast("string").to_pylist()
            for name in ("venue", "instrument", "field", "status", "basis")
        )
        events, knowns = (
            table.column(name).combine_chunks().view("int64").to_pylist()
            for name in ("event_time", "known_time")
        )
        values, texts = table.column("value").to_pylist(), table.column("text").to_pylist()
        rows = map(Kept, events, values, statuses, knowns, texts, bases)
        for venue, symbol, name, row in zip(venues, symbols, names, rows, strict=True):
            found[venue, symbol, name].append(row)
    return found


class Store:
    """The sink of a run: the committer, into a store that may be there already.

    Attributes:
        came: what was read from frames, less what came while the sink was not asked.
        dropped: frames that the queues threw away.
    """

    def __init__(self, log: Log, committer: Committer, world: World) -> None:
        self.log, self.committer = log, committer
        self.came: dict[Key, set[tuple[int, float]]] = defaultdict(set)
        self.dropped: list[Dropped] = []
        self.commit = committer.commit
        self.full = committer.full
        self._venue_of = {name: feed.venue for name, feed in feeds_of(world.venues).items()}

    def take(self, record: Record) -> Taken:
        taken = self.committer.take(record)
        if isinstance(record, Dropped):
            self.dropped.append(record)
        if isinstance(record, Frame) and taken.parsed is not None:
            venue = self._venue_of[record.feed]
            for seen in taken.parsed.observations:
                key = (venue, seen.instrument, seen.field)
                self.came[key].add((seen.event_time, seen.value))
        return taken


@dataclass
class Played:
    """One run, over. ``said``: (time, venue) -> a few words of the status, once a minute."""

    world: World
    log: Log
    store: Store
    status: Status
    head: int
    legs: Legs
    said: dict[tuple[int, str], dict[str, Any]] = field(default_factory=dict)

    def ok(self, *key: str) -> dict[int, float]:
        """What stands of a leg: the latest sound value of each event."""
        rows = self.legs.get((key[0], key[1], key[2]), [])
        return {row.event: row.value for row in rows if row.status == "ok"}

    def suspects(self, *key: str) -> list[Kept]:
        """The suspect rows of a leg."""
        return [row for row in self.legs.get((key[0], key[1], key[2]), []) if row.status != "ok"]

    def gaps(self, venue: str, symbol: str) -> dict[tuple[str, int], float]:
        """(gap leg, start) -> end of every gap of an instrument."""
        return {
            (key[2], row.event): row.value
            for key, rows in self.legs.items()
            if key[:2] == (venue, symbol) and key[2].startswith("gap.")
            for row in rows
        }


def world_of(
    market: Market, names: Sequence[str], every_s: float = 60.0, clock: ManualClock | None = None
) -> World:
    """These venues alone, from START on."""
    clock = clock or ManualClock(START)
    return World(market, clock, 7, every_s=every_s, names=names, bars_of=())


def play(
    world: World,
    path: Path,
    hours: float,
    *,
    wanted: Wanted = WANTED,
    clock: Clock | None = None,
    offload: Offload = inline,
    spoil: Callable[[Committer], None] = lambda _: None,
) -> Played:
    """Run a collector over this world for so long; ``clock`` is the collector's own.

    ``spoil`` may do something to the committer before it begins.
    """
    clock = clock or world.clock
    said: dict[tuple[int, str], dict[str, Any]] = {}
    log = Log.open_or_create(path / "store", clock)
    with log, log.writer(background=False) as writer:
        archive = Archive(path / "raw")
        committer = Committer(log, writer, world.venues, archive, clock, offload=offload)
        spoil(committer)
        store = Store(log, committer, world)
        transport = world.transport()
        collector = Collector(
            world.venues,
            lambda _: transport,
            store,
            store.commit,
            clock,
            np.random.default_rng(world.seed),
            wanted,
            committer.tell,
        )

        async def main() -> None:
            task = asyncio.create_task(collector.run())
            for _ in range(round(hours * 60)):
                await asyncio.wait((task,), timeout=MINUTE / SECOND)
                for name, venue in collector.status.venues.items():
                    said[world.clock.at, name] = {
                        "skew_us": venue.skew_us,
                        "followed": venue.followed,
                        "queue": venue.queue,
                        "concern": venue.concern,
                        "in_doubt": collector.status.clock_in_doubt,
                    }
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

        run(main(), world.clock)
        head = int(log.head())
        return Played(world, log, store, collector.status, head, legs_of(log, head), said)
