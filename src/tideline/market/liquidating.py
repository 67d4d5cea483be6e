"""When positions are force-closed: seldom, and in clusters; a function of the minute alone."""

from __future__ import annotations

from typing import Literal, NamedTuple

from tideline.domain.time import MINUTE
from tideline.market.waves import uniform

STORM = 0.12
"""Share of half hours in which positions are closed in numbers."""
IN_STORM = 0.35
IN_CALM = 0.004
"""Chance that a minute holds any."""
MOST = 6
_HALF_HOUR = 30
_KEPT = 2048

Side = Literal["long", "short"]


class Forced(NamedTuple):
    """One closing: when (whole ms), whose, USD worth, and price next to the last one."""

    at: int
    side: Side
    worth: float
    slip: float


class Liquidating:
    """The forced closings of one contract."""

    def __init__(self, key: int) -> None:
        self._key = key
        self._minutes: dict[int, tuple[Forced, ...]] = {}

    def between(self, start: int, end: int) -> list[Forced]:
        """Those with start < at <= end, oldest first."""
        found: list[Forced] = []
        for minute in range(start // MINUTE, end // MINUTE + 1):
            kept = self._minutes.get(minute)
            if kept is None:
                kept = self._draw(minute)
                if len(self._minutes) >= _KEPT:
                    self._minutes.clear()
                self._minutes[minute] = kept
            found.extend(one for one in kept if start < one.at <= end)
        return found

    def _draw(self, minute: int) -> tuple[Forced, ...]:
        half_hour = minute // _HALF_HOUR
        storm = uniform(self._key, 3 * half_hour) < STORM
        if uniform(self._key, -1 - 9 * minute) >= (IN_STORM if storm else IN_CALM):
            return ()
        count = 1 + int(uniform(self._key, -2 - 9 * minute) * MOST) if storm else 1
        # in a storm one side dies; in calm either
        turn = uniform(self._key, 3 * half_hour + 1) if storm else uniform(self._key, minute)
        side: Side = "long" if turn < 0.5 else "short"
        found: dict[int, Forced] = {}
        for number in range(count):
            draw = [uniform(self._key ^ (0x1000 + number), 4 * minute + i) for i in range(3)]
            at = minute * MINUTE + int(draw[0] * 60_000) * 1000
            worth = 10.0 ** (2.3 + 3.2 * draw[1] ** 2)
            slip = 1.0 - 0.003 * draw[2] if side == "long" else 1.0 + 0.003 * draw[2]
            found[at] = Forced(at, side, worth, slip)
        return tuple(found[at] for at in sorted(found))
