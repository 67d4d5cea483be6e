"""An event loop on a scaled clock, with real sockets: timers and sleeps are divided by the speed.

``loop.time()`` is the clock's own monotonic time, so that what waits a second waits a virtual one;
sockets, threads and signals wake the loop as ever. The operating system waits in whole
milliseconds: at speed 100 a timer may be a tenth of a virtual second late.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

from tideline.domain.scaled_time import ScaledClock
from tideline.market.wrapped_selector import WrappedSelector

Result = TypeVar("Result")


class _ScaledSelector(WrappedSelector):
    """Waits for so many virtual seconds at most."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        super().__init__()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return self.inner.select(None if timeout is None else timeout / self._speed)


class ScaledLoop(asyncio.SelectorEventLoop):
    """An asyncio loop whose seconds are those of the clock."""

    def __init__(self, clock: ScaledClock) -> None:
        self.clock = clock
        super().__init__(_ScaledSelector(clock.speed))
        self._clock_resolution = 1e-9 * max(1.0, clock.speed)

    def time(self) -> float:
        return self.clock.monotonic()


def run_scaled(main: Coroutine[Any, Any, Result], clock: ScaledClock) -> Result:
    """Run ``main`` to its end on a fresh loop of that clock."""
    with asyncio.Runner(loop_factory=lambda: ScaledLoop(clock)) as runner:
        return runner.run(main)
