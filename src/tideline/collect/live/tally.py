"""Counts of the live intake, by feed and reason: nothing is left out without a number."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class FeedTally:
    """What came of one feed's frames."""

    frames: int = 0
    observations: int = 0
    rows: int = 0
    duplicates: int = 0
    restated: int = 0
    suspects: int = 0
    offered: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)

    def error(self, kind: str) -> None:
        """A frame nobody could read, by the class of its error."""
        self.errors[kind] = self.errors.get(kind, 0) + 1

    def leave_out(self, why: str, count: int = 1) -> None:
        """Something read and left out, with the reason."""
        self.left_out[why] = self.left_out.get(why, 0) + count


@dataclass(slots=True)
class Tally:
    """All feeds, what the intake made by itself, and how many pushed rows were thinned out."""

    feeds: dict[str, FeedTally] = field(default_factory=dict)
    made: dict[str, int] = field(default_factory=dict)
    thinned: int = 0

    def feed(self, name: str) -> FeedTally:
        """The counts of one feed, begun at zero."""
        found = self.feeds.get(name)
        if found is None:
            found = self.feeds[name] = FeedTally()
        return found

    def make(self, what: str, count: int = 1) -> None:
        """Rows the intake made: releases, breaks, gaps, heartbeats, facts, derived twins."""
        self.made[what] = self.made.get(what, 0) + count
