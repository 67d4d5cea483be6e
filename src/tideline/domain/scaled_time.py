"""A clock that runs faster than the machine's: the time of a made market.

    virtual = anchor.virtual_us + (monotonic − anchor.monotonic_s) · speed

Whoever knows the anchor reads the same time, in any process of the machine, since all of them share
one monotonic clock. ``now`` and ``monotonic`` go together: such a clock is never set.
"""

from __future__ import annotations

from dataclasses import dataclass

from tideline.domain.errors import BadInput
from tideline.domain.time import SECOND, Clock, TimeUs, WallClock

FASTEST = 10_000.0


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where the virtual time and the machine's monotonic clock meet, and how fast it runs.

    Attributes:
        virtual_us: µs UTC of the made market at that moment.
        monotonic_s: the machine's monotonic clock at that moment.
        speed: virtual seconds in a real one, above 0; 0: it stands still.
    """

    virtual_us: int
    monotonic_s: float
    speed: float


class ScaledClock:
    """The clock of one anchor.

    Raises:
        BadInput: a speed below 0 or beyond 10,000.
    """

    def __init__(self, anchor: Anchor, real: Clock | None = None) -> None:
        if not 0.0 <= anchor.speed <= FASTEST:
            raise BadInput("speed", anchor.speed, f"is not between 0 and {FASTEST:g}", "1")
        self.anchor = anchor
        self._real: Clock = real or WallClock()

    @classmethod
    def starting(cls, virtual_us: int, speed: float, real: Clock | None = None) -> ScaledClock:
        """A clock that shows ``virtual_us`` just now."""
        real = real or WallClock()
        return cls(Anchor(virtual_us, real.monotonic(), speed), real)

    @property
    def speed(self) -> float:
        """Virtual seconds in a real one."""
        return self.anchor.speed

    def _passed(self) -> float:
        """Virtual seconds since the anchor."""
        return (self._real.monotonic() - self.anchor.monotonic_s) * self.anchor.speed

    def now(self) -> TimeUs:
        """Virtual time, µs UTC."""
        return TimeUs(self.anchor.virtual_us + round(self._passed() * SECOND))

    def monotonic(self) -> float:
        """Virtual seconds since the anchor."""
        return self._passed()

    def sleep(self, seconds: float) -> None:
        """Wait for that many virtual seconds; without end where the time stands still."""
        self._real.sleep(seconds / self.anchor.speed if self.anchor.speed else FASTEST)


def speed_of(clock: Clock) -> float:
    """How many of its seconds pass in a real one."""
    return clock.speed if isinstance(clock, ScaledClock) else 1.0
