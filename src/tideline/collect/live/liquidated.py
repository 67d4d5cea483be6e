"""Liquidations one by one: a repetition adds nothing, and no two stand at the same moment.

A venue's key tells a repetition from a second event. After a start the log is asked as well: it
has no keys, but each of its rows can explain one event of the same millisecond and value. Events
of one millisecond are set a microsecond apart, in the order in which they came.
"""

from __future__ import annotations

from tideline.collect.live.legs import Leg

MOST_KEYS = 4096
MILLI = 1000


class Liquidated:
    """Tells the events of all legs apart."""

    def when(self, leg: Leg, event: int, value: float, key: str) -> int | None:
        """The event_time for its row; None: it was seen before."""
        if not key:
            if leg.recent.get(event) == value:
                return None
        elif key in leg.keys:
            return None
        else:
            leg.keys[key] = None
            if len(leg.keys) > MOST_KEYS:
                del leg.keys[next(iter(leg.keys))]
        if leg.primed:
            twin = (event // MILLI, value)
            left = leg.primed.get(twin, 0)
            if left:
                leg.primed[twin] = left - 1
                return None
        while leg.recent.get(event) is not None:
            event += 1
        return event

    def keep(self, leg: Leg, event: int, value: float) -> None:
        """Its row is written."""
        leg.recent.put(event, value)
        leg.put_late(event)
