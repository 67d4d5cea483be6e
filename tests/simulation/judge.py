"""What a run has to show: the log against the market, the frames and the faults."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from tests.simulation.harness import LATENCY_US, World
from tests.simulation.recording import Recording
from tests.simulation.truth import Truth
from tideline.domain.fields import BY_NAME
from tideline.domain.instrument import Instrument
from tideline.domain.time import MINUTE, SECOND
from tideline.log import Log
from tideline.market.venues.faults.refusals import Ban
from tideline.market.venues.schedule import Scene
from tideline.venues.declaration import Venue

BACK_US = 5 * SECOND
"""How soon after a venue's return its data are there again."""
SLACK_US = 2 * SECOND


class Row(NamedTuple):
    """One row of the log."""

    venue: str
    symbol: str
    field: str
    event: int
    value: float
    status: str
    cadence_s: float


def rows_of(log: Log) -> Iterator[Row]:
    """Every row, in the log's order (per leg by event, then by known time)."""
    head = log.head()
    for asset in log.assets():
        table = log.read(asset, head)
        words = [
            table.column(name).combine_chunks().cast("string").to_pylist()
            for name in ("venue", "instrument", "field", "status")
        ]
        events = table.column("event_time").combine_chunks().view("int64").to_pylist()
        values = table.column("value").to_pylist()
        cadences = table.column("cadence_s").to_pylist()
        for venue, symbol, field, status, event, value, cadence in zip(
            *words, events, values, cadences, strict=True
        ):
            yield Row(venue, symbol, field, event, value, status, cadence)


@dataclass(slots=True)
class Judged:
    """What was found. ``invented`` and the others hold examples, a few of each kind."""

    rows: int
    invented: list[Row]
    kept: dict[tuple[str, str, str], set[tuple[int, float]]]
    gaps: dict[tuple[str, str, str], dict[int, float]]
    suspects: Counter[str]


def judged(world: World, recording: Recording, span: tuple[int, int]) -> Judged:
    """Read the log once and look at every row."""
    truth = Truth(world.market, span, LATENCY_US)
    found = Judged(0, [], {}, {}, Counter())
    for row in rows_of(recording.log):
        found.rows += 1
        key = (row.venue, row.symbol, row.field)
        if row.field.startswith("gap."):
            found.gaps.setdefault(key, {})[row.event] = row.value
            continue
        if row.field not in BY_NAME or row.field.startswith("alive."):
            continue
        liquidated = row.field.startswith("liquidation")
        event = row.event // 1000 if liquidated else row.event
        found.kept.setdefault(key, set()).add((event, row.value))
        if row.status != "ok":
            found.suspects[row.venue] += 1
        elif not truth.holds(*row[:5], row.cadence_s):
            found.invented.append(row)
    return found


def lost(recording: Recording, found: Judged) -> Counter[tuple[str, str, str]]:
    """Values that came in frames and are nowhere, less those left out for a reason and counted."""
    missing: Counter[tuple[str, str, str]] = Counter()
    for key, (events, values) in recording.came.items():
        kept = found.kept.get(key, set())
        liquidated = key[2].startswith("liquidation")
        for event, value in zip(events, values, strict=True):
            at = event // 1000 if liquidated else event
            missing[key] += not math.isnan(value) and (at, value) not in kept
    return +missing


def left_out(recording: Recording) -> Counter[str]:
    """What the intake left out on purpose, by reason."""
    found: Counter[str] = Counter()
    for tally in recording.committer.intake.tally.feeds.values():
        found.update(tally.left_out)
    return found


class Wanted(NamedTuple):
    """A gap that must be there: its leg, the scene, and between two values of it, µs."""

    key: tuple[str, str, str]
    scene: Scene
    interval: int


LINES_CUT = frozenset(("blackhole", "refuse", "mute", "half_open", "drop", "storm", "unacked"))


def wanted_gaps(
    world: World, followed: dict[str, list[Instrument]], recording: Recording
) -> list[Wanted]:
    """Every leg that each scene really blinds, of those that ever spoke."""
    found = []
    venues = {venue.name: venue for venue in world.venues}
    pushed, asked = round(world.every_s * SECOND), round(world.slowest_s * SECOND)
    for scene in world.scenes:
        venue = venues[scene.venue]
        streams = {stream.name for stream in venue.streams}
        blind = {feed for one in scene.blinds if one.end and not one.symbols for feed in one.feeds}
        for instrument in followed[scene.venue]:
            for field, feeds in live_feeds(venue, instrument).items():
                if field.startswith("liquidation"):
                    if scene.kind in LINES_CUT:
                        found.append(
                            Wanted((*_whose(instrument), "gap.liquidation"), scene, pushed)
                        )
                elif feeds <= blind and (*_whose(instrument), field) in recording.came:
                    interval = pushed if feeds & streams else asked
                    found.append(Wanted((*_whose(instrument), f"gap.{field}"), scene, interval))
    return sorted(set(found), key=lambda one: (one.scene.start, one.key))


def live_feeds(venue: Venue, instrument: Instrument) -> dict[str, set[str]]:
    """The feeds that bring each field of an instrument as it is now (no history)."""
    found: dict[str, set[str]] = {}
    for poll in venue.polls:
        if poll.selects(instrument):
            for field in poll.fields:
                found.setdefault(field, set()).add(poll.name)
    for stream in venue.streams:
        if stream.selects(instrument):
            for topic in stream.topics([instrument]):
                for field in topic.fields:
                    found.setdefault(field, set()).add(stream.name)
    return {name: feeds for name, feeds in found.items() if name in BY_NAME}


def _whose(instrument: Instrument) -> tuple[str, str]:
    return instrument.venue, instrument.symbol


def unrecorded(world: World, found: Judged, wanted: list[Wanted]) -> list[Wanted]:
    """Wanted gaps that are not there, or whose edges are further off than one interval."""
    return [one for one in wanted if not _recorded(one, found)]


def _recorded(one: Wanted, found: Judged) -> bool:
    scene, near = one.scene, one.interval + BACK_US + SLACK_US
    sure = all(blind.end is not None for blind in scene.blinds) and scene.kind != "storm"
    return any(
        scene.start - near <= start <= scene.start + near
        and (not sure or scene.end - SLACK_US <= end <= scene.end + near)
        for start, end in found.gaps.get(one.key, {}).items()
    )


def unexplained(world: World, found: Judged, span: tuple[int, int]) -> list[tuple[object, ...]]:
    """Gaps that no scene and neither end of the run accounts for."""
    near = round(world.slowest_s * SECOND) + BACK_US + SLACK_US
    by_venue: dict[str, list[Scene]] = {}
    for scene in world.scenes:
        by_venue.setdefault(scene.venue, []).append(scene)
    strange = []
    for key, gaps in found.gaps.items():
        for start, end in gaps.items():
            if end == 0.0 or end >= span[1] - MINUTE:
                continue
            scenes = by_venue.get(key[0], ())
            if not any(
                start <= scene.end + 4 * near and end >= scene.start - near for scene in scenes
            ):
                strange.append((*key, start, end))
    return strange


def late_returns(world: World, recording: Recording) -> list[tuple[str, str, int, float]]:
    """Feeds that were not heard again in time after a scene: feed, kind, end, seconds it took."""
    found = []
    scripts = world.scripts
    for scene in world.scenes:
        until = scene.end
        bans = [
            fault
            for fault in scripts[scene.venue].faults
            if isinstance(fault, Ban) and fault.step in scene.steps
        ]
        if bans:
            until = max(ban.until for ban in bans)
        live = [feed for blind in scene.blinds for feed in blind.feeds]
        polls = {poll.name for venue in world.venues for poll in venue.polls}
        lines = {stream.name for venue in world.venues for stream in venue.streams}
        for feed in dict.fromkeys(live):
            arrivals = recording.arrivals.get(feed)
            if feed not in polls | lines or not arrivals:
                continue
            if any(blind.end is None for blind in scene.blinds) and not bans:
                continue  # the client has to notice first
            every_s = world.every_s if feed in lines else world.slowest_s
            within = round(every_s * SECOND) + BACK_US + SLACK_US
            place = bisect_left(arrivals, until)
            after = arrivals[place] - until if place < len(arrivals) else 10**15
            if after > within:
                found.append((feed, scene.kind, until, after / SECOND))
    return found
