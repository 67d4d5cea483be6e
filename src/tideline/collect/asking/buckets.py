"""Token buckets for a venue's limits: never more than our share in any window of its length.

A bucket holds at most a quarter of the share at once and refills with the rest of it over the
window, so that what is taken in ANY window, not only in the venue's own minutes, stays within the
share. Waiting goes by the loop's time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack

from tideline.venues.declaration import Bucket, Charge

BURST = 0.25
LEAST_S = 0.001
"""A shorter wait than this moves no clock that counts in floats of seconds."""
RESERVE = 0.5
"""The part of a full bucket that patient requests (back-fill, repair) leave to the others."""


def holds(declared: Bucket, largest: float) -> float:
    """Units a full bucket holds; ``largest`` is what the dearest single request costs of it."""
    return max(largest, declared.units * declared.share * BURST)


def sustained(declared: Bucket, largest: float) -> float:
    """Units per second that can be taken for ever."""
    share = declared.units * declared.share
    refill = share - holds(declared, largest)
    # Where few large requests fill the window, one more than fits never comes whole, since units
    # are only spent by whole requests.
    return (refill if refill >= share / 2 else share) / declared.per_s


class TokenBucket:
    """One limit. ``largest`` is what the dearest single request costs of it."""

    def __init__(self, declared: Bucket, largest: float, now: float) -> None:
        share = declared.units * declared.share
        self.name, self.header = declared.name, declared.header
        self.share = share
        self.holds = holds(declared, largest)
        self.rate = sustained(declared, largest)
        self.level, self.at = self.holds, now
        self.asked, self.patient = asyncio.Lock(), asyncio.Lock()

    def wait_s(self, units: float, floor: float, now: float) -> float:
        """How long until ``units`` can be taken and ``floor`` is left; 0: at once."""
        self._refill(now)
        short = units + min(floor, self.holds - units) - self.level
        return max(0.0, short / self.rate) if short > 1e-9 else 0.0

    def take(self, units: float) -> None:
        """Spend; ask ``wait_s`` before."""
        self.level -= units

    def heard(self, used: float, now: float) -> None:
        """The venue says what is used in its window; if that is more than we thought, we wait."""
        self._refill(now)
        self.level = min(self.level, self.share - used)

    def _refill(self, now: float) -> None:
        self.level = min(self.holds, self.level + (now - self.at) * self.rate)
        self.at = now


class Buckets:
    """All limits of one venue."""

    def __init__(self, declared: Iterable[Bucket], charges: Iterable[Charge]) -> None:
        largest: dict[str, float] = {}
        for charge in charges:
            largest[charge.bucket] = max(largest.get(charge.bucket, 0.0), charge.units)
        now = asyncio.get_running_loop().time()
        self._buckets = {
            bucket.name: TokenBucket(bucket, largest.get(bucket.name, 1.0), now)
            for bucket in declared
        }

    async def take(self, charges: Sequence[Charge], *, patient: bool = False) -> None:
        """Wait until every charge can be paid, and pay. First come, first served, per class.

        ``patient`` requests come second: they leave a reserve in the bucket.
        """
        loop = asyncio.get_running_loop()
        costs = sorted((charge for charge in charges if charge.units > 0), key=lambda c: c.bucket)
        async with AsyncExitStack() as held:
            for charge in costs:
                bucket = self._buckets[charge.bucket]
                await held.enter_async_context(bucket.patient if patient else bucket.asked)
            for name, units in costs:
                bucket = self._buckets[name]
                floor = bucket.holds * RESERVE if patient else 0.0
                while (wait := bucket.wait_s(units, floor, loop.time())) > 0:
                    await asyncio.sleep(max(wait, LEAST_S))
                bucket.take(units)

    def heard(self, headers: Mapping[str, str], charges: Sequence[Charge]) -> None:
        """Read what the reply to a request of these charges says is used up.

        Several limits may be told in a header of one name: it speaks of those that were drawn on.
        What cannot be read is left alone.
        """
        now = asyncio.get_running_loop().time()
        for name in {charge.bucket for charge in charges}:
            bucket = self._buckets[name]
            said = headers.get(bucket.header, "") if bucket.header else ""
            if said.isascii() and said.isdigit() and len(said) < 12:
                bucket.heard(float(said), now)
