"""What was last seen of one leg, compactly: the newest rows by event time, 16 bytes each."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right

from tideline.domain.time import MINUTE

NEVER = -(2**62)
GRID_US = 5 * MINUTE
"""The grid of histories whose fields are streamed as well."""


class Memory:
    """event_time -> latest value of the newest ``keep`` to ``2 x keep`` events.

    ``floor``: events up to here were let go; nothing can be said about them any more. Those on the
    grid of histories go on to ``later`` when they are let go.
    """

    __slots__ = ("events", "floor", "keep", "last", "later", "most", "values")

    def __init__(self, keep: int, later: Memory | None = None) -> None:
        self.keep, self.most, self.later = keep, 2 * keep, later
        self.events = array("q")
        self.values = array("d")
        self.last = NEVER
        self.floor = NEVER

    def __len__(self) -> int:
        return len(self.events)

    def get(self, event: int) -> float | None:
        """The value at exactly that event; None when it is not remembered."""
        at = bisect_left(self.events, event)
        if at < len(self.events) and self.events[at] == event:
            return self.values[at]
        return None

    def before(self, event: int) -> tuple[int, float] | None:
        """The newest remembered row earlier than ``event``."""
        at = bisect_left(self.events, event) - 1
        return (self.events[at], self.values[at]) if at >= 0 else None

    def put(self, event: int, value: float) -> None:
        """Remember a row, in any order; a later value of the same event replaces the earlier."""
        events = self.events
        if event > self.last:
            events.append(event)
            self.values.append(value)
            self.last = event
        else:
            at = bisect_left(events, event)
            if at < len(events) and events[at] == event:
                self.values[at] = value
                return
            events.insert(at, event)
            self.values.insert(at, value)
        if len(events) > self.most:
            self.trim()

    def trim(self) -> None:
        """Let go of all but the newest ``keep``."""
        gone = len(self.events) - self.keep
        if gone > 0:
            if self.later is not None:
                for place, event in enumerate(self.events[:gone]):
                    if event % GRID_US == 0 and event > self.later.floor:
                        self.later.put(event, self.values[place])
            self.floor = max(self.floor, self.events[gone - 1])
            del self.events[:gone]
            del self.values[:gone]


class Marks:
    """Mark prices of the last minutes, at most two a second: what stood at an instant."""

    __slots__ = ("events", "values")

    KEEP = 160
    APART_US = 1_000_000

    def __init__(self) -> None:
        self.events = array("q")
        self.values = array("d")

    def put(self, event: int, value: float) -> None:
        """A mark of that instant. Between two that stand a second apart only the newest is kept."""
        events = self.events
        count = len(events)
        if count and event <= events[-1]:
            self._late(event, value)
            return
        if count > 1 and event - events[-2] < self.APART_US:
            events[-1], self.values[-1] = event, value
            return
        events.append(event)
        self.values.append(value)
        if count > 2 * self.KEEP:
            del events[: count - self.KEEP]
            del self.values[: count - self.KEEP]

    def at(self, event: int, age_us: int) -> tuple[float, int] | None:
        """The newest mark at or before ``event``, and its age, which is ``age_us`` at most."""
        events = self.events
        if not events:
            return None
        place = -1 if events[-1] <= event else bisect_right(events, event) - 1
        if place < 0 and events[-1] > event:
            return None
        age = event - events[place]
        return (self.values[place], age) if age <= age_us else None

    def _late(self, event: int, value: float) -> None:
        at = bisect_left(self.events, event)
        if self.events[at] == event:
            self.values[at] = value
        elif at > 0 and event - self.events[at - 1] >= self.APART_US:
            self.events.insert(at, event)
            self.values.insert(at, value)
