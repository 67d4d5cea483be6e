"""Where the collector's records go: taken one by one in order, made durable by a commit.

The collector parses nothing twice: whoever takes a record reads it, and says what was in it, so
that acknowledgements, silence and pages are judged by the very reading that makes the rows.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol

from tideline.collect.live.record import Record
from tideline.venues.parsed import Parsed


class Taken(NamedTuple):
    """What came of one record.

    Attributes:
        parsed: what the frame said; None for other records and for frames that nobody could read.
        error: the class name of the WireError ("NotStrict", "BadWire", "VenueRefusal"); else "".
        rows: rows that now wait for the next commit because of it.
        doubts: of those how many are suspect, and words that contradict the venue's listings.
    """

    parsed: Parsed | None = None
    error: str = ""
    rows: int = 0
    doubts: int = 0


NOTHING = Taken()
"""A record that is no frame."""


class Sink(Protocol):
    """The live intake, as the collector sees it. Called from one thread, never re-entered."""

    def take(self, record: Record) -> Taken:
        """Keep the record and read it. Never raises for what a venue sent; never waits."""
        ...

    def full(self) -> bool:
        """It holds as much as it wants before the next commit: nothing is given to it until then.

        The queues fill up meanwhile, and what does not fit is recorded as Dropped.
        """
        ...


Commit = Callable[[], Awaitable[None]]
"""Makes everything taken so far durable. Called every ``commit_s`` and once more at the end.

What it raises (disk full, a damaged store) is counted and shown, and it is called again later.
"""
