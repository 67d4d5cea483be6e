"""Is what is served fresh and whole? Unhealthy within a minute of anything standing still."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tideline.collect.status import Status, read_status
from tideline.domain.errors import TidelineError
from tideline.domain.time import SECOND, Clock
from tideline.log import Log
from tideline.serve.following import Follower
from tideline.serve.times import moment

FROZEN_S = 30.0
"""A follower that has commits before it and has not moved for so long stands still."""
SILENT_S = 60.0
"""A store that is collected into has a commit a second."""
MOST_DAMAGE = 20


class FollowerHealth(msgspec.Struct):
    """``behind``: commits that are visible and not yet taken in; ``still_s``: since it moved."""

    running: bool
    applied: int
    behind: int
    still_s: float
    trouble: str = ""


class CollectorHealth(msgspec.Struct):
    """What the collector said last; ``said_s``: how long ago."""

    said_s: float
    last_commit_s: float | None
    commit_failures: int
    stopped: bool
    concerns: list[str] = []


class Health(msgspec.Struct):
    """``status``: ok, degraded (damage, a concern) or unhealthy (503); ``why`` in words."""

    status: str
    why: list[str]
    head: str
    head_age_s: float
    simulated: bool
    follower: FollowerHealth
    collector: CollectorHealth | None
    damage: list[str]


def health_of(log: Log, follower: Follower, clock: Clock, simulated: bool) -> Health:
    """Asked anew each time: the log's own state is compared with what the follower made of it."""
    why: list[str] = []
    last_seq = follower.applied
    age_s = 0.0
    try:
        state = log.viewer.state()
        last_seq, age_s = state.last_seq, max(0.0, (int(log.clock.now()) - state.head) / SECOND)
    except (TidelineError, OSError) as error:
        why.append(f"the store cannot be read: {error}")
    if not Path(log.path).is_dir():
        why.append("the directory of the store is gone")
    following = _follower(follower, clock, last_seq)
    if not following.running:
        why.append("the follower is not running")
    elif following.behind and following.still_s > FROZEN_S:
        why.append(f"the follower stands still, {following.behind} commits behind")
    if following.trouble:
        why.append(f"the follower fails: {following.trouble}")
    collector = _collector(read_status(log.path), int(log.clock.now()))
    if collector is not None and not collector.stopped and age_s > SILENT_S:
        why.append(f"nothing was committed for {age_s:.0f} s")
    damage = [f"{one.where}: {one.detail} ({one.range})" for one in log.degraded[:MOST_DAMAGE]]
    poor = bool(damage) or (collector is not None and bool(collector.concerns))
    return Health(
        status="unhealthy" if why else "degraded" if poor else "ok",
        why=why,
        head=moment(follower.head),
        head_age_s=max(0.0, (int(log.clock.now()) - follower.head) / SECOND),
        simulated=simulated,
        follower=following,
        collector=collector,
        damage=damage,
    )


def _follower(follower: Follower, clock: Clock, last_seq: int) -> FollowerHealth:
    return FollowerHealth(
        running=follower.running,
        applied=follower.applied,
        behind=max(0, last_seq - follower.applied),
        still_s=clock.monotonic() - follower.moved,
        trouble=follower.trouble,
    )


def _collector(status: Status | None, now: int) -> CollectorHealth | None:
    """None where nothing has ever collected: then silence is no fault."""
    if status is None:
        return None
    last = (now - status.last_commit_at) / SECOND if status.last_commit_at else None
    concerns = [f"{name}: {one.concern}" for name, one in status.venues.items() if one.concern]
    return CollectorHealth(
        said_s=(now - status.at) / SECOND,
        last_commit_s=last,
        commit_failures=status.commit_failures,
        stopped=status.stopped,
        concerns=concerns,
    )
