"""A simulated day of every venue, with faults of every kind, and what has to come out of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.simulation import judge
from tests.simulation.harness import World, collect
from tests.simulation.recording import Recording
from tideline.collect.attended import Wanted
from tideline.collect.supervisor import Collector
from tideline.domain.time import DAY, SECOND, ManualClock, parse_time
from tideline.market.synthetic import Synthetic
from tideline.market.venues.schedule import schedule

START = parse_time("2026-11-20T00:00:00Z")


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
    path: Path, *, coins: int, every_s: float, seconds: float, seed: int = 7, scenes: bool = True
) -> Ran:
    """The collector for that long, then the log read and judged."""
    market, clock = Synthetic(coins, seed, START), ManualClock(START)
    world = World(market, clock, seed, every_s=every_s)
    if scenes:
        rng = np.random.default_rng(seed)
        calm = round(4 * every_s * SECOND)
        span = (START + calm, START + round(seconds * SECOND))
        length = (4.2 * every_s, 6.0 * every_s)
        for venue in world.venues:
            symbols = [one.instrument.symbol for one in market.listed(venue.name, START)]
            world.play({venue.name: schedule(venue, symbols, span, length, rng)})
    wanted = Wanted(
        assets=tuple(coin.asset for coin in market.coins), commit_s=60.0, backfill_days=0.1
    )
    with Recording(world.venues, clock, path) as recording:
        collector = collect(world, recording, recording.commit, wanted, seconds)
        span = (START, clock.at)
        found = judge.judged(world, recording, span)
        digest = recording.log.digest(recording.log.head())
    return Ran(world, recording, collector, span, found, recording.archive(), digest)


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return ran(tmp_path_factory.mktemp("day"), coins=4, every_s=600.0, seconds=DAY / SECOND)


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


def test_the_same_seed_gives_the_same_log_and_the_same_archive(tmp_path: Path) -> None:
    one, other = (
        ran(tmp_path / name, coins=2, every_s=300.0, seconds=4 * 3600.0) for name in ("a", "b")
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


def test_fifty_coins_for_a_day_without_a_fault(tmp_path: Path) -> None:
    run = ran(tmp_path, coins=50, every_s=7200.0, seconds=DAY / SECOND, scenes=False)
    holds(run)
    assert run.found.gaps.keys() == {
        key for key in run.found.gaps if key[2] == "gap.liquidation"
    }  # only the end of the run cuts what is heard without pause
    assert sum(v.followed for v in run.collector.status.venues.values()) > 280


@pytest.mark.slow
def test_a_week_of_fifty_coins_and_faults(tmp_path: Path) -> None:
    run = ran(tmp_path, coins=50, every_s=3600.0, seconds=7 * DAY / SECOND)
    holds(run)
    assert run.recording.frames.total() > 300_000


def test_ten_minutes_at_full_cadence(tmp_path: Path) -> None:
    run = ran(tmp_path, coins=3, every_s=0.0, seconds=600.0, scenes=False)
    holds(run)
    assert run.found.rows > 20_000
