"""Two questions about clocks: how far a venue's is from ours, and whether ours was set.

``Skew`` is the median of what recent answers said: the venue's time against the middle of the
round trip. ``SteadyClock`` is the wall clock carried on by the monotonic one: when the wall jumps
against it, the steady time goes on as before, the jump is counted, and until it is settled the
time is *in doubt*, so that nothing is stamped with it. It is settled when the wall comes back, or
when venues confirm the new time.
"""

from __future__ import annotations

from collections import deque
from email.utils import parsedate_to_datetime
from statistics import median

from tideline.domain.time import SECOND, Clock, TimeUs, from_datetime

RECENT = 31
STEP_US = SECOND
"""A jump of more than this between wall and monotonic clock is a step, not a correction."""
AGREES_US = 3 * SECOND
"""Venues this close to the wall confirm it."""


class Skew:
    """A venue's clock minus ours, µs."""

    def __init__(self) -> None:
        self._recent: deque[int] = deque(maxlen=RECENT)

    def answered(self, server_us: int, sent_us: int, received_us: int) -> None:
        """An answer stamped ``server_us`` to what we sent and received at these moments."""
        self._recent.append(server_us - (sent_us + received_us) // 2)

    def dated(self, header: str, sent_us: int, received_us: int) -> None:
        """The same from a Date header, which is cut to the second: half a second is added."""
        try:
            said = from_datetime(parsedate_to_datetime(header))
        except ValueError:
            return
        self.answered(said + SECOND // 2, sent_us, received_us)

    def forget(self) -> None:
        """Our own clock was set: what was measured before says nothing."""
        self._recent.clear()

    @property
    def us(self) -> int | None:
        """The estimate; None before the first answer."""
        return round(median(self._recent)) if self._recent else None


class SteadyClock:
    """The wall clock without its jumps. ``check`` is to be called about once a second."""

    def __init__(self, wall: Clock) -> None:
        self._wall = wall
        self._anchor_wall = int(wall.now())
        self._anchor = wall.monotonic()
        self.steps = 0
        self.in_doubt = False

    def now(self) -> TimeUs:
        """The steady time, µs UTC."""
        passed = self._wall.monotonic() - self._anchor
        return TimeUs(self._anchor_wall + round(passed * SECOND))

    def monotonic(self) -> float:
        return self._wall.monotonic()

    def sleep(self, seconds: float) -> None:
        self._wall.sleep(seconds)

    @property
    def jump_us(self) -> int:
        """How far the wall is ahead of the steady time."""
        return int(self._wall.now()) - int(self.now())

    def check(self) -> bool:
        """Compare the two; True when a jump begins just now."""
        if abs(self.jump_us) <= STEP_US:
            self._follow()
            return False
        began = not self.in_doubt
        if began:
            self.steps += 1
        self.in_doubt = True
        return began

    def settle(self, skews: list[int]) -> bool:
        """Decide by venues' clocks against the steady time whether the wall is right.

        True when the doubt is over: most of them stand where the wall now stands. Where they
        stand by the steady time instead, the wall is wrong and the doubt goes on.
        """
        if not self.in_doubt or not skews:
            return False
        if abs(median(skews) - self.jump_us) > AGREES_US:
            return False
        self._follow()
        return True

    def _follow(self) -> None:
        self._anchor_wall = int(self._wall.now())
        self._anchor = self._wall.monotonic()
        self.in_doubt = False
