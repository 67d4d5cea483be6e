"""Never more than the share in any window, whoever asks, however it is cut up."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from tests.collect.scripted import START, virtually
from tideline.collect.asking.buckets import Buckets, holds, sustained
from tideline.domain.time import ManualClock
from tideline.market.virtual_time import run
from tideline.venues.declaration import Bucket, Charge

DECLARED = [
    Bucket("weight", 2400, 60),
    Bucket("slow", 1, 1),
    Bucket("pairs", 5, 2),
    Bucket("many", 1000, 300),
    Bucket("dear", 1200, 60),
]
LARGEST = {"weight": 40.0, "dear": 20.0}


def most_in_a_window(taken: list[tuple[float, float]], per_s: float) -> float:
    """The most units in any window of that length, the slow way."""
    return max(
        sum(units for at, units in taken if start <= at < start + per_s - 1e-6)
        for start, _ in taken
    )


@pytest.mark.parametrize("declared", DECLARED, ids=lambda bucket: bucket.name)
def test_no_window_holds_more_than_the_limit(declared: Bucket) -> None:
    largest = LARGEST.get(declared.name, 1.0)
    taken: list[tuple[float, float]] = []
    rng = np.random.default_rng(7)
    count = min(400, int(declared.units / largest * 3))

    async def main() -> None:
        buckets = Buckets([declared], [Charge(declared.name, largest)])
        loop = asyncio.get_running_loop()

        async def one() -> None:
            await asyncio.sleep(float(rng.uniform(0, declared.per_s)))
            units = largest if rng.uniform() < 0.5 else 1.0
            await buckets.take((Charge(declared.name, units),), patient=rng.uniform() < 0.3)
            taken.append((loop.time(), units))

        await asyncio.gather(*(one() for _ in range(count)))

    virtually(main(), ManualClock(START))
    assert len(taken) == count
    assert most_in_a_window(taken, declared.per_s) <= declared.units


def test_the_lasting_rate_is_reached() -> None:
    declared = Bucket("weight", 2400, 60)

    async def main() -> float:
        buckets = Buckets([declared], [])
        start = asyncio.get_running_loop().time()
        for _ in range(3000):
            await buckets.take((Charge("weight"),))
        return asyncio.get_running_loop().time() - start

    took = virtually(main(), ManualClock(START))
    assert took == pytest.approx((3000 - holds(declared, 1)) / sustained(declared, 1), rel=0.01)


def test_what_the_venue_says_counts() -> None:
    declared = Bucket("weight", 2400, 60, header="x-used")

    async def main() -> float:
        buckets, cost = Buckets([declared], []), (Charge("weight"),)
        buckets.heard({"x-used": "nonsense"}, cost)
        buckets.heard({"x-used": "٣"}, cost)
        buckets.heard({"x-used": "2160"}, cost)
        start = asyncio.get_running_loop().time()
        await buckets.take(cost)
        return asyncio.get_running_loop().time() - start

    # The share is 1,920: 240 units above it and the one asked for come back at 24 a second.
    assert virtually(main(), ManualClock(START)) == pytest.approx(241 / 24, rel=0.01)


def test_a_header_speaks_of_the_limit_that_was_drawn_on() -> None:
    """Binance tells the weight of spot and of futures, two limits, in a header of one name."""
    declared = [Bucket("um", 2400, 60, header="x-used"), Bucket("spot", 6000, 60, header="x-used")]

    async def main() -> float:
        buckets = Buckets(declared, [])
        buckets.heard({"x-used": "4500"}, (Charge("spot", 2),))
        start = asyncio.get_running_loop().time()
        await buckets.take((Charge("um"),))
        return asyncio.get_running_loop().time() - start

    assert virtually(main(), ManualClock(START)) == 0.0


def test_patient_requests_leave_room_for_the_others() -> None:
    declared = Bucket("weight", 600, 60)
    waits: list[float] = []

    async def main() -> None:
        buckets = Buckets([declared], [])
        loop = asyncio.get_running_loop()

        async def flood() -> None:
            while True:
                await buckets.take((Charge("weight"),), patient=True)

        flooding = asyncio.create_task(flood())
        await asyncio.sleep(60)
        for _ in range(30):
            began = loop.time()
            await buckets.take((Charge("weight"),))
            waits.append(loop.time() - began)
            await asyncio.sleep(1)
        flooding.cancel()

    virtually(main(), ManualClock(START))
    assert max(waits) == 0.0


def test_a_dry_bucket_does_not_hold_up_another() -> None:
    async def main() -> float:
        buckets = Buckets([Bucket("a", 10, 60), Bucket("b", 10, 60)], [])
        loop = asyncio.get_running_loop()
        drain = asyncio.gather(*(buckets.take((Charge("a"),)) for _ in range(20)))
        await asyncio.sleep(0)
        began = loop.time()
        await buckets.take((Charge("b"),))
        took = loop.time() - began
        await drain
        return took

    assert virtually(main(), ManualClock(START)) == 0.0


def test_a_wait_too_short_for_the_clock_still_ends() -> None:
    """Seen in a simulation: 2e-10 s added to today's time in seconds is the same float."""

    async def main() -> float:
        buckets = Buckets([Bucket("ip", 100.0, 10.0)], [Charge("ip")])
        buckets._buckets["ip"].level = 1.0 - 2e-9
        await buckets.take([Charge("ip")])
        return asyncio.get_running_loop().time()

    clock = ManualClock(1_795_132_800_000_000)
    ended = run(main(), clock)
    assert ended - 1_795_132_800.0 < 0.01
