"""Where rows of an hour came from: one source record per feed and way of counting.

The exact frame of a row is in the raw archive, by feed and time; the source names the frame in
which that way of counting was first met in the hour.
"""

from __future__ import annotations

import hashlib

from tideline.domain.time import HOUR, format_time
from tideline.log import Source
from tideline.venues.parsed import Counted

MOST_TEXT = 120


def segment_of(at: int) -> str:
    """The hour in words: ``2026-11-21T03``."""
    return format_time(at - at % HOUR)[:13]


class Origin:
    """A source; ``id`` is the log's once the first commit that needs it is sealed."""

    __slots__ = ("counted", "feed", "first", "id", "received", "sha256")

    def __init__(self, feed: str, counted: Counted, received: int, sha256: str, first: str) -> None:
        self.feed, self.counted, self.received = feed, counted, received
        self.sha256 = sha256
        self.first = first[:MOST_TEXT]
        self.id = 0

    def source(self) -> Source:
        """As the log keeps it."""
        counted = self.counted
        return Source(
            source_id=self.id,
            kind="live",
            name=self.feed,
            sha256=self.sha256,
            unit=counted.unit,
            sides=counted.sides,
            contract_size=counted.contract_size,
            factor=counted.factor,
            derived=counted.derived,
            received_time=self.received,
            raw={"segment": segment_of(self.received), "first": self.first},
        )


class Origins:
    """The sources of the current hour."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, Counted], Origin] = {}
        self.fresh: list[Origin] = []

    def get(self, feed: str, counted: Counted, received: int, body: bytes, first: str) -> Origin:
        """The source of that feed and counting, begun with this frame when it is new."""
        found = self._known.get((feed, counted))
        if found is None:
            sha256 = hashlib.sha256(body).hexdigest()
            found = self._keep(Origin(feed, counted, received, sha256, first))
        return found

    def beside(self, origin: Origin, counted: Counted) -> Origin:
        """The source of rows that are derived from those of ``origin``."""
        found = self._known.get((origin.feed, counted))
        if found is None:
            found = self._keep(
                Origin(origin.feed, counted, origin.received, origin.sha256, origin.first)
            )
        return found

    def _keep(self, origin: Origin) -> Origin:
        self._known[origin.feed, origin.counted] = origin
        self.fresh.append(origin)
        return origin

    def number(self, first_id: int) -> list[Origin]:
        """Give the new ones their ids, in order from ``first_id``, and hand them out once."""
        found, self.fresh = self.fresh, []
        for place, origin in enumerate(found):
            origin.id = first_id + place
        return found

    def again(self, origins: list[Origin]) -> None:
        """These were not kept after all."""
        self.fresh = origins + self.fresh

    def roll(self) -> None:
        """A new hour: every source is met anew."""
        self._known = {}
