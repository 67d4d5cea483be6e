"""The virtual loop: exact, fast, the same each time, and never hanging."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from tideline.domain.time import DAY, SECOND, ManualClock
from tideline.market.virtual_time import NothingLeft, run

START = 1_790_000_000 * SECOND


def test_a_day_passes_at_once_and_exactly() -> None:
    clock = ManualClock(START)

    async def main() -> float:
        await asyncio.sleep(86_400)
        return asyncio.get_running_loop().time()

    assert run(main(), clock) == clock.monotonic()
    assert clock.at == START + DAY


def test_the_same_seed_gives_the_same_run() -> None:
    def once(seed: int) -> list[tuple[int, int]]:
        clock, rng = ManualClock(START), np.random.default_rng(seed)
        seen: list[tuple[int, int]] = []

        async def walker(number: int) -> None:
            for _ in range(50):
                await asyncio.sleep(float(rng.exponential(3.0)))
                seen.append((clock.at, number))

        async def main() -> None:
            await asyncio.gather(*(walker(number) for number in range(10)))

        run(main(), clock)
        return seen

    assert once(3) == once(3)
    assert once(3) != once(4)


def test_timers_fire_in_order_and_never_early() -> None:
    clock = ManualClock(START)
    fired: list[tuple[float, int]] = []

    async def main() -> None:
        async def wait(seconds: float) -> None:
            await asyncio.sleep(seconds)
            fired.append((seconds, clock.at - START))

        waits = [0.3, 0.1, 7.000001, 0.1, 3600.5, 1e-6]
        await asyncio.gather(*(wait(seconds) for seconds in waits))

    run(main(), clock)
    assert [seconds for seconds, _ in fired] == sorted(seconds for seconds, _ in fired)
    for seconds, us in fired:
        assert us / SECOND - seconds == pytest.approx(0, abs=2e-6)


def test_waiting_for_nothing_is_an_error() -> None:
    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(NothingLeft):
        run(main(), ManualClock(START))


def test_timeouts_count_virtual_seconds() -> None:
    clock = ManualClock(START)

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(120):
                await asyncio.Event().wait()

    run(main(), clock)
    assert clock.at - START == pytest.approx(120 * SECOND, abs=2)
