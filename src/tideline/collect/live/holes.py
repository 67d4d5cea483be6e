"""Bars that are missing: asked-for flows have no pulse, they have a grid.

A hole is seen when a bar comes whose END is more than one bar after the newest before. It is given
until the next newer bar comes; if the bars are still missing then, it is a gap: from the END of the
last bar before it to the start of the first one after. Bars that are brought later still take away
from the gap: a later row with the same start has the new end, and the end 0 when nothing is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tideline.collect.live.memory import NEVER

MENDED = 0.0
"""The end of a gap of which nothing is left: it overlaps no window."""

MOST_HOLES = 1000


class Holes:
    """The grid of one feed (taker, volume) of one group."""

    __slots__ = ("_holes", "_told", "last")

    def __init__(self, last: int = NEVER, told: Mapping[int, int] | None = None) -> None:
        self.last = last
        self._told = dict(told or {})
        # start -> (end, already due)
        self._holes = {start: (end, True) for start, end in self._told.items()}

    def bars(self, ends: Iterable[int], period: int) -> list[tuple[int, float]]:
        """The new bars of one answer, by END: the gap rows (start, end) that follow from them."""
        newer = False
        due = dict.fromkeys(self._holes, True)
        for end in sorted(ends):
            if self.last == NEVER:
                self.last = end
            elif end > self.last:
                if end - self.last >= 2 * period:
                    self._holes[self.last] = (end - period, False)
                self.last = end
                newer = True
            else:
                self._fill(end, period, due)
        if newer:
            for start in due:
                if start in self._holes:
                    self._holes[start] = (self._holes[start][0], True)
        return self._news()

    def _fill(self, end: int, period: int, due: dict[int, bool]) -> None:
        """A bar inside a hole: what is left of it on either side."""
        inside = [start for start, (stop, _) in self._holes.items() if start < end <= stop]
        if not inside:
            return
        start = inside[0]
        stop, was_due = self._holes.pop(start)
        if end - period > start:
            self._holes[start] = (end - period, was_due)
        if end < stop:
            self._holes[end] = (stop, was_due)
            if start in due:
                due[end] = True

    def _news(self) -> list[tuple[int, float]]:
        found: list[tuple[int, float]] = []
        for start in [start for start in self._told if start not in self._holes]:
            del self._told[start]
            found.append((start, MENDED))
        for start, (stop, is_due) in sorted(self._holes.items()):
            if is_due and self._told.get(start) != stop:
                self._told[start] = stop
                found.append((start, float(stop)))
        for start in sorted(self._holes)[:-MOST_HOLES]:
            del self._holes[start]
            self._told.pop(start, None)
        return found
