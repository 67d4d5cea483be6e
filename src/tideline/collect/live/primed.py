"""What the log already holds when an intake begins: plain values, read by ``priming``."""

from __future__ import annotations

from dataclasses import dataclass, field

GroupName = tuple[str, str]
"""(venue, instrument)"""

LegName = tuple[str, str, str]
"""(venue, instrument, field)"""


@dataclass(slots=True)
class PrimedLeg:
    """The end of one leg.

    Attributes:
        first_event, first_recorded: of the whole leg.
        rows: (event_time, value that stands), the newest, in event order.
        floor: before this moment (inclusive) rows may exist that are not among ``rows``.
        grid, grid_floor: the same of the rows on the grid of histories, further back.
        last_ok: the newest ok row, for judging the next one.
    """

    first_event: int
    first_recorded: int | None
    last_event: int
    rows: list[tuple[int, float]] = field(default_factory=list)
    floor: int = -(2**62)
    grid: list[tuple[int, float]] = field(default_factory=list)
    grid_floor: int = -(2**62)
    last_ok: tuple[int, float, float] | None = None


@dataclass(slots=True)
class Primed:
    """The end of the log.

    Attributes:
        heard: (venue, instrument, gap leg) -> when it was last heard of; the start of a gap that
            was open.
        holes: (venue, instrument, gap leg) -> missing bars already said: start -> end.
        facts: (venue, instrument) -> the facts last written.
    """

    legs: dict[LegName, PrimedLeg] = field(default_factory=dict)
    heard: dict[LegName, int] = field(default_factory=dict)
    holes: dict[LegName, dict[int, int]] = field(default_factory=dict)
    facts: dict[GroupName, str] = field(default_factory=dict)


NOTHING = Primed()
"""An empty log."""
