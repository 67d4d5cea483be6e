"""The poll plan: how often each feed of a venue asks, so that the limits are kept by construction.

For every bucket the units per minute of all feeds are added up. Where they exceed what may be used
for ever (less a part that is left for repair and back-fill), cadences are stretched: history
first (nothing of it is lost while its pages overlap), then the tail of instruments, then the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from tideline.collect.asking.buckets import sustained
from tideline.collect.asking.door import all_charges
from tideline.domain.instrument import Instrument
from tideline.domain.time import DAY, SECOND
from tideline.venues.declaration import Charge, History, Poll, Venue

LISTINGS_S = 3600.0
REGULAR = 0.85
"""The part of a bucket's lasting rate that regular sweeps may use."""
LONGEST_TAIL_S = 300.0

Group = Literal["listings", "top", "tail", "rows"]


@dataclass(slots=True)
class Sweep:
    """One line of the plan: ``requests`` each ``cadence_s`` seconds.

    ``declared_s`` is what the venue's declaration asks for, ``longest_s`` how far it can be
    stretched before something would be lost or late.
    """

    feed: str
    group: Group
    instruments: tuple[Instrument, ...]
    requests: int
    charges: tuple[Charge, ...]
    declared_s: float
    cadence_s: float
    longest_s: float
    backfill_requests: int = 0

    @property
    def per_minute(self) -> float:
        """Requests per minute."""
        return 60.0 * self.requests / self.cadence_s

    def units(self, bucket: str) -> float:
        """Units per minute it takes of a bucket."""
        return self.per_minute * sum(charge.units for charge in self.charges if charge[0] == bucket)


class Load(NamedTuple):
    """One bucket under the plan, in units per minute. ``allowed`` is for the regular sweeps."""

    bucket: str
    used: float
    allowed: float
    limit: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked of one venue, and what that takes of its limits."""

    venue: str
    sweeps: tuple[Sweep, ...]
    loads: tuple[Load, ...]

    def sweep(self, feed: str, group: Group) -> Sweep | None:
        """The line of that feed and group, None when there is nothing to ask."""
        return next((s for s in self.sweeps if s.feed == feed and s.group == group), None)


def plan_of(
    venue: Venue, instruments: Sequence[Instrument], *, backfill_us: int = 30 * DAY
) -> Plan:
    """The plan for these followed instruments, in order of open interest."""
    sweeps = [_listing(poll) for poll in venue.listings]
    for poll in venue.polls:
        sweeps += _sweeps(poll, [one for one in instruments if poll.selects(one)])
    for history in venue.histories:
        chosen = tuple(one for one in instruments if history.selects(one))
        if chosen:
            sweeps.append(_rows(history, chosen, backfill_us))
    largest: dict[str, float] = {}
    for charge in all_charges(venue):
        largest[charge.bucket] = max(largest.get(charge.bucket, 0.0), charge.units)
    loads = []
    for bucket in venue.buckets:
        lasting = 60.0 * sustained(bucket, largest.get(bucket.name, 1.0))
        _fit(sweeps, bucket.name, lasting * REGULAR)
        loads.append((bucket, lasting * REGULAR))
    return Plan(
        venue.name,
        tuple(sweeps),
        tuple(
            Load(
                bucket.name,
                sum(sweep.units(bucket.name) for sweep in sweeps),
                allowed,
                60.0 * bucket.units / bucket.per_s,
            )
            for bucket, allowed in loads
        ),
    )


def _listing(poll: Poll) -> Sweep:
    requests = max(1, len(poll.ask(())))
    return Sweep(
        poll.name, "listings", (), requests, poll.charges, LISTINGS_S, LISTINGS_S, LISTINGS_S
    )


def _sweeps(poll: Poll, chosen: Sequence[Instrument]) -> list[Sweep]:
    """The first instruments at the poll's cadence, the others at that of the tail."""
    if not chosen:
        return []
    tail_s = poll.tail_every_s or poll.every_s
    split = len(chosen) if poll.covers_all or tail_s == poll.every_s else poll.top
    found = []
    for group, part, every_s in (
        ("top", tuple(chosen[:split]), poll.every_s),
        ("tail", tuple(chosen[split:]), tail_s),
    ):
        if part:
            requests, longest = len(poll.ask(part)), max(every_s, LONGEST_TAIL_S)
            found.append(
                Sweep(
                    poll.name,
                    "top" if group == "top" else "tail",
                    part,
                    requests,
                    poll.charges,
                    every_s,
                    every_s,
                    longest,
                )
            )
    return found


def _rows(history: History, chosen: tuple[Instrument, ...], backfill_us: int) -> Sweep:
    """One page per instrument; stretched no further than half a page, so that pages overlap."""
    page_us = history.rows * history.period_us
    reach_us = min(page_us, history.depth_us or page_us)
    depth_us = min(history.depth_us, backfill_us)
    return Sweep(
        history.name,
        "rows",
        chosen,
        len(chosen),
        history.charges,
        history.every_s,
        history.every_s,
        max(history.every_s, reach_us / 2 / SECOND),
        len(chosen) * -(-depth_us // page_us),
    )


def _fit(sweeps: Sequence[Sweep], bucket: str, allowed: float) -> None:
    """Stretch the sweeps that draw on ``bucket`` until together they take ``allowed`` a minute."""
    stretchable: tuple[tuple[Group, ...], ...] = (("rows",), ("tail",), ("top",))
    for groups in stretchable:
        _stretch([s for s in sweeps if s.group in groups], sweeps, bucket, allowed, limited=True)
    # What does not fit even so is late rather than refused by the venue.
    _stretch([s for s in sweeps if s.group != "listings"], sweeps, bucket, allowed, limited=False)


def _stretch(
    some: Sequence[Sweep], every: Sequence[Sweep], bucket: str, allowed: float, *, limited: bool
) -> None:
    for _ in range(len(some) + 1):
        used = sum(sweep.units(bucket) for sweep in every)
        free = [
            sweep
            for sweep in some
            if sweep.units(bucket) > 0 and (not limited or sweep.cadence_s < sweep.longest_s)
        ]
        theirs = sum(sweep.units(bucket) for sweep in free)
        if used <= allowed or not free:
            return
        left = allowed - (used - theirs)
        factor = theirs / left if left > 0 else float("inf")
        for sweep in free:
            wanted = sweep.cadence_s * min(factor, 1e6)
            sweep.cadence_s = min(wanted, sweep.longest_s) if limited else wanted
