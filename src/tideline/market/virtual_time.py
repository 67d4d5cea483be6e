"""An event loop whose time is a clock that jumps to the next timer when nothing else is left to do.

A simulated day of polls, pings and reconnects runs as fast as the machine can, every wait is
exact, and the same program with the same seed does the same things in the same order. Nothing
outside the loop (threads, sockets) can wake it: waiting for such a thing is an error, not a hang.
"""

from __future__ import annotations

import asyncio
import math
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

from tideline.domain.time import SECOND, ManualClock
from tideline.market.wrapped_selector import WrappedSelector

Result = TypeVar("Result")


class NothingLeft(RuntimeError):
    """Every task waits for something that no timer will bring."""


class _JumpingSelector(WrappedSelector):
    """Waits by moving the clock."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        super().__init__()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self.inner.select(0)
        if not ready:
            if timeout is None:
                raise NothingLeft("all tasks wait, and no timer is set")
            if timeout > 0:
                self._clock.advance(max(1, math.ceil(timeout * SECOND)))
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An asyncio loop on a ManualClock: ``loop.time()`` is ``clock.monotonic()``."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        super().__init__(_JumpingSelector(clock))
        # Times of today as float seconds are 2e-7 apart; a timer that is due within 1 µs is due.
        self._clock_resolution = 1e-6

    def time(self) -> float:
        return self.clock.monotonic()


def run(main: Coroutine[Any, Any, Result], clock: ManualClock) -> Result:
    """Run ``main`` to its end on a fresh virtual loop.

    Raises:
        NothingLeft: it waits for something that will never come.
    """
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(clock)) as runner:
        return runner.run(main)
