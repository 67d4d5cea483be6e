"""A step of a script, and what a fault may do at each point where something passes."""

from __future__ import annotations

from dataclasses import dataclass

from tideline.domain.time import SECOND
from tideline.market.venues.front import Broken, Line
from tideline.venues.wire import Reply, Request


@dataclass(frozen=True, slots=True)
class Step:
    """One fault of one venue, from ``start`` until ``end`` (µs).

    Attributes:
        kind: a name of ``script.KINDS``.
        hosts: names of hosts; empty: all of the venue.
        path: only requests whose path begins so.
        symbols: only these; empty: all.
        amount: what the kind says: seconds, a status, a number of copies.
    """

    kind: str
    start: int
    end: int
    hosts: tuple[str, ...] = ()
    path: str = ""
    symbols: tuple[str, ...] = ()
    amount: float = 0.0

    @property
    def amount_us(self) -> int:
        """The amount as seconds, in µs."""
        return round(self.amount * SECOND)

    def on(self, host: str) -> bool:
        """Does it strike this host?"""
        return not self.hosts or host in self.hosts

    def meets(self, request: Request) -> bool:
        """Does it strike this request?"""
        if not self.on(request.host) or not request.path.startswith(self.path):
            return False
        return not self.symbols or any(
            value in self.symbols or name in self.symbols for name, value in request.params
        )


class Fault:
    """One step at work. A kind overrides the points at which it acts; ``acted`` counts them."""

    def __init__(self, step: Step, venue: str) -> None:
        self.step, self.venue = step, venue
        self.acted = 0

    @property
    def over(self) -> int:
        """From when on it does nothing any more."""
        return self.step.end

    def skew(self) -> int:
        """µs by which the venue's clock is ahead."""
        return 0

    def refuse(self, request: Request, at: int) -> Reply | Broken | None:
        return None

    def older(self, request: Request) -> int:
        """µs by which the answer is older than it should be."""
        return 0

    def spoil(self, request: Request, reply: Reply, at: int) -> Reply | Broken:
        return reply

    def refuse_line(self, host: str, at: int) -> Reply | Broken | None:
        return None

    def heard(self, line: Line, text: str) -> bool:
        return True

    def deaf(self, line: Line) -> bool:
        return False

    def said(self, line: Line, frames: list[str], at: int) -> list[str]:
        return frames

    def holds(self, line: Line) -> int | None:
        return None

    def wakes(self, line: Line, at: int) -> int | None:
        return None

    def cut(self, host: str, opened: int) -> int | None:
        return None
