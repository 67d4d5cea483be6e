"""A simulated day of every venue, with faults of every kind, and what has to come out of it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.simulation import judge
from tests.simulation.harness import World, collect
from tests.simulation.recording import Recording
from tests.simulation.remembering import Remembering
from tideline.collect.attended import Wanted
from tideline.collect.supervisor import Collector
from tideline.domain.time import DAY, SECOND, ManualClock, parse_time
from tideline.market.synthetic import Synthetic
from tideline.market.venues.schedule import schedule

START = parse_time("2026-11-20T00:00:00Z")


@contextmanager
def in_memory(path: Path) -> Iterator[Path]:
    """A directory without a disk under it where there is such a thing, else the one given."""
    memory = Path("/dev/shm")
    if not (memory.is_dir() and os.access(memory, os.W_OK)):
        yield path
        return
    with tempfile.TemporaryDirectory(dir=memory) as found:
        yield Path(found)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Path]:
    with in_memory(tmp_path) as path:
        yield path


@dataclass
class Ran:
    """One run and everything that was seen of it."""

    world: World
    recording: Recording
    collector: Collector
    span: tuple[int, int]
    found: judge.Judged
    archive: str
    digest: str


def ran(
    path: Path,
    *,
    coins: int,
    every_s: float,
    seconds: float,
    seed: int = 7,
    scenes: bool = True,
    histories_of: tuple[str, ...] | None = None,
    commit_s: float = 60.0,
    polls_s: float = 0.0,
) -> Ran:
    """The collector for that long, then the log read and judged."""
    market, clock = Remembering(Synthetic(coins, seed, START)), ManualClock(START)
    world = World(market, clock, seed, every_s=every_s, histories_of=histories_of, polls_s=polls_s)
    if scenes:
        rng = np.random.default_rng(seed)
        calm = round(4 * world.slowest_s * SECOND)
        span = (START + calm, START + round(seconds * SECOND))
        length = (4.2 * world.slowest_s, 6.0 * world.slowest_s)
        for venue in world.venues:
            symbols = [one.instrument.symbol for one in market.listed(venue.name, START)]
            world.play({venue.name: schedule(venue, symbols, span, length, rng)})
    wanted = Wanted(
        assets=tuple(coin.asset for coin in market.coins), commit_s=commit_s, backfill_days=0.1
    )
    with Recording(world.venues, clock, path) as recording:
        collector = collect(world, recording, recording.commit, wanted, seconds)
        span = (START, clock.at)
        found = judge.judged(world, recording, span)
        digest = recording.log.digest(recording.log.head())
    return Ran(world, recording, collector, span, found, recording.archive(), digest)


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    with in_memory(tmp_path_factory.mktemp("day")) as path:
        return ran(path, coins=4, every_s=600.0, seconds=DAY / SECOND)


def holds(run: Ran) -> None:
    """Everything that is promised, of one run."""
    world, recording, found = run.world, run.recording, run.found
    status = run.collector.status
    assert status.commit_failures == 0, status.commit_error
    for name, venue in status.venues.items():
        assert venue.restarts == 0, (name, venue.crash)
        assert not [feed.crash for feed in venue.feeds.values() if feed.crash]
        assert venue.followed
    assert not recording.committer.done.refused
    # nothing is invented
    assert found.invented == []
    # nothing is lost but what is left out for a reason, and counted
    out = judge.left_out(recording)
    assert sum(judge.lost(recording, found).values()) <= out["before the feed was heard"]
    assert out["queue full"] == 0 == out["ahead of our clock"]
    # nobody is asked while he wants to be left alone
    assert world.during_bans == 0
    # every absence is recorded, and no other
    followed = {
        venue.name: [one.instrument for one in world.market.listed(venue.name, START)]
        for venue in world.venues
    }
    wanted = judge.wanted_gaps(world, followed, recording)
    assert bool(wanted) == bool(world.scenes)
    assert judge.unrecorded(world, found, wanted) == []
    assert judge.unexplained(world, found, run.span) == []
    # who comes back is heard
    assert judge.late_returns(world, recording) == []


def test_a_day_of_faults_at_every_venue(day: Ran) -> None:
    holds(day)
    kinds = {scene.kind for scene in day.world.scenes}
    assert len(kinds) > 30
    assert len(day.world.scenes) > 70
    assert day.found.rows > 50_000
    assert {venue for venue, _, _ in day.found.gaps} == {venue.name for venue in day.world.venues}


def test_the_faults_really_struck(day: Ran) -> None:
    struck = {
        fault.step.kind
        for script in day.world.scripts.values()
        for fault in script.faults
        if fault.acted
    }
    assert {"ban", "slow_down", "blackhole", "refuse", "page", "poison", "nan", "zero"} <= struck
    assert {"NotStrict"} <= {kind for _, kind in day.recording.errors}
    assert day.found.suspects.total() > 0
    assert any(
        feed.reconnects for v in day.collector.status.venues.values() for feed in v.feeds.values()
    )


def test_the_same_seed_gives_the_same_log_and_the_same_archive(room: Path) -> None:
    one, other = (
        ran(room / name, coins=2, every_s=300.0, seconds=4 * 3600.0) for name in ("a", "b")
    )
    assert one.found.rows > 3_000
    assert one.digest == other.digest
    assert one.archive == other.archive
    assert len(one.world.scenes) > 20


def test_another_seed_gives_another_log(tmp_path: Path) -> None:
    one, other = (
        ran(tmp_path / str(seed), coins=1, every_s=600.0, seconds=3600.0, seed=seed, scenes=False)
        for seed in (1, 2)
    )
    assert one.digest != other.digest
    assert one.archive != other.archive


@pytest.mark.slow
def test_fifty_coins_for_a_day_of_faults(room: Path) -> None:
    run = ran(
        room,
        coins=50,
        every_s=600.0,
        polls_s=1200.0,
        seconds=DAY / SECOND,
        histories_of=("BTC", "ETH", "SOL"),
    )
    holds(run)
    assert len(run.world.scenes) > 25
    assert run.recording.frames.total() > 60_000
    assert sum(v.followed for v in run.collector.status.venues.values()) > 280


@pytest.mark.slow
def test_fifty_coins_for_a_day_without_a_fault(room: Path) -> None:
    run = ran(room, coins=50, every_s=7200.0, seconds=DAY / SECOND, scenes=False)
    holds(run)
    assert run.found.gaps.keys() == {
        key for key in run.found.gaps if key[2] == "gap.liquidation"
    }  # only the end of the run cuts what is heard without pause
    assert sum(v.followed for v in run.collector.status.venues.values()) > 280


@pytest.mark.slow
def test_a_week_of_fifty_coins_and_faults(room: Path) -> None:
    run = ran(
        room,
        coins=50,
        every_s=360.0,
        polls_s=3600.0,
        seconds=7 * DAY / SECOND,
        histories_of=("BTC", "ETH", "SOL"),
    )
    holds(run)
    assert run.recording.frames.total() > 700_000
    assert len({scene.kind for scene in run.world.scenes}) > 30


def test_ten_minutes_at_full_cadence(room: Path) -> None:
    run = ran(room, coins=3, every_s=0.0, seconds=600.0, scenes=False)
    holds(run)
    assert run.found.rows > 20_000
