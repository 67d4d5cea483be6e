"""The whole collector against every venue, in one process and on virtual time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from unittest import mock

import numpy as np

from tests.simulation.thinning import Thinned, life_of, thinned
from tideline.collect.asking import poller
from tideline.collect.attended import Wanted
from tideline.collect.sink import Commit, Sink
from tideline.collect.supervisor import Collector
from tideline.domain.time import SECOND, ManualClock
from tideline.market.state import Market
from tideline.market.venues.catalogue import SERVERS
from tideline.market.venues.front import Front
from tideline.market.venues.in_process import InProcess
from tideline.market.venues.schedule import Scene
from tideline.market.venues.script import Script
from tideline.market.venues.server import VenueServer
from tideline.market.virtual_time import run
from tideline.venues.catalogue import VENUES
from tideline.venues.declaration import Venue

LATENCY_US = 20_000


@dataclass(slots=True)
class World:
    """Everything outside the collector.

    ``every_s`` 0: at full cadence. ``polls_s``: polls are more seldom than that.
    """

    market: Market
    clock: ManualClock
    seed: int
    every_s: float = 0.0
    bars_of: tuple[str, ...] = ("BTC",)
    histories_of: tuple[str, ...] | None = None
    polls_s: float = 0.0
    names: Sequence[str] = tuple(SERVERS)
    venues: list[Venue] = field(default_factory=list)
    scripts: dict[str, Script] = field(default_factory=dict)
    fronts: dict[str, Front] = field(default_factory=dict)
    scenes: list[Scene] = field(default_factory=list)

    def __post_init__(self) -> None:
        for venue in VENUES:
            if venue.name not in self.names:
                continue
            server: VenueServer = SERVERS[venue.name](self.market)
            script = self.scripts[venue.name] = Script(venue.name)
            life = None
            if self.every_s:
                server, life = Thinned(server, self.every_s), life_of(venue.name, self.every_s)
                venue = thinned(venue, self.every_s, self.bars_of, self.histories_of, self.polls_s)
            self.fronts[venue.name] = Front(server, script, life)
            self.venues.append(venue)

    def play(self, scenes: Mapping[str, Sequence[Scene]]) -> None:
        """Put these scenes on."""
        for name, found in scenes.items():
            self.scenes += found
            for scene in found:
                for step in scene.steps:
                    self.scripts[name].add(step)

    def transport(self) -> InProcess:
        """The way to every host."""
        served = [(host, self.fronts[one.name]) for one in self.venues for host in one.hosts]
        return InProcess(served, self.clock, LATENCY_US)

    @property
    def slowest_s(self) -> float:
        """Between two looks at anything."""
        return max(self.every_s, self.polls_s)

    @property
    def during_bans(self) -> int:
        """Requests that came while a venue wanted none."""
        return sum(script.during_bans for script in self.scripts.values())


def collect(world: World, sink: Sink, commit: Commit, wanted: Wanted, seconds: float) -> Collector:
    """Run a collector for that long."""
    transport = world.transport()
    collector = Collector(
        world.venues,
        lambda _: transport,
        sink,
        commit,
        world.clock,
        np.random.default_rng(world.seed),
        wanted,
    )

    async def main() -> None:
        task = asyncio.create_task(collector.run())
        await asyncio.wait((task,), timeout=seconds)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    # a thinned world asks again as much more seldom as it asks
    retry_s = max(poller.RETRY_S, world.slowest_s / 20)
    with mock.patch.object(poller, "RETRY_S", retry_s):
        run(main(), world.clock)
    return collector


def seconds_of(us: int) -> float:
    return us / SECOND
