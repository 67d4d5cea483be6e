"""Outages of a world as faults of its venue servers.

========  =======================================================================
``all``   nothing goes through, neither requests nor pushes
``push``  connections stand and say nothing
``poll``  every request is answered with 503
========  =======================================================================
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tideline.market.observation.quality import Outage
from tideline.market.venues.faults.fault import Step
from tideline.market.venues.script import Script
from tideline.venues.declaration import Venue

UNAVAILABLE = 503.0


def scripts_of(venues: Sequence[Venue], outages: Iterable[Outage]) -> dict[str, Script]:
    """A script for each venue, with its outages in it."""
    found = {venue.name: Script(venue.name) for venue in venues}
    by_name = {venue.name: venue for venue in venues}
    for outage in sorted(set(outages)):
        venue = by_name.get(outage.venue)
        step = None if venue is None else _step(venue, outage)
        if step is not None:
            found[outage.venue].add(step)
    return found


def _step(venue: Venue, outage: Outage) -> Step | None:
    lines = tuple(host.name for host in venue.hosts if host.url.startswith("ws"))
    asked = tuple(host.name for host in venue.hosts if not host.url.startswith("ws"))
    if outage.kind == "all":
        return Step("blackhole", outage.start, outage.end)
    if outage.kind == "poll":
        return Step("status", outage.start, outage.end, asked, amount=UNAVAILABLE)
    # a venue that pushes nothing loses nothing
    return Step("mute", outage.start, outage.end, lines) if lines else None
