"""Token buckets that several processes share: one slot a key, one slot an owner and plan.

The rate is the plan's, over all keys that an owner has of it: more keys are not more requests, and
what is asked with a key of one plan takes nothing from a key of another.

A slot holds (tokens, when they were counted). Tokens grow at ``rate`` a second up to ``burst``;
a request takes one. The counts live in one small memory-mapped file that every worker maps, under
one lock; monotonic time, which all processes of a machine share, makes a clock that is set back
or forward change nothing.
"""

from __future__ import annotations

import fcntl
import math
import mmap
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tideline.domain.time import Clock

SLOTS = 1 << 16
"""Keys, and as many owners after them; numbers beyond share a slot."""
PLANS = 16
"""Plans of one owner with slots of their own."""
BURST_S = 10
"""Seconds of the steady rate that may come at once."""
_SLOT = struct.Struct("<dd")


class Rate(NamedTuple):
    """Tokens a second, and the most that are kept."""

    per_second: float
    burst: float


def rate_of(requests_per_minute: int) -> Rate:
    """A plan's rate; at least one request can always come."""
    per_second = requests_per_minute / 60.0
    return Rate(per_second, max(1.0, per_second * BURST_S))


class Buckets:
    """``take`` answers 0.0, or the seconds until a token will be there (then nothing is taken)."""

    def __init__(self, clock: Clock, shared: Path | None = None) -> None:
        """``shared``: a file that all workers map; None keeps the counts in this process."""
        self._clock, self._guard = clock, threading.Lock()
        size = (1 + PLANS) * SLOTS * _SLOT.size  # what is never touched takes no memory
        self._file = None
        if shared is None:
            self._memory: mmap.mmap = mmap.mmap(-1, size)
            return
        self._file = shared.open("a+b")
        self._file.truncate(size)
        self._memory = mmap.mmap(self._file.fileno(), size)

    def close(self) -> None:
        """Let go of the file."""
        self._memory.close()
        if self._file is not None:
            self._file.close()

    def take(self, key_id: int, owner_id: int, plan_id: int, rate: Rate) -> float:
        """One token of the key and one of its owner's on that plan, or none of either."""
        slots = (key_id % SLOTS, SLOTS + owner_id % SLOTS * PLANS + plan_id % PLANS)
        with self._alone():
            now = self._clock.monotonic()
            found = [self._tokens(slot, rate, now) for slot in slots]
            short = 1.0 - min(found)
            if short > 0.0:
                return max(short / rate.per_second, 1e-3)
            for slot, tokens in zip(slots, found, strict=True):
                _SLOT.pack_into(self._memory, slot * _SLOT.size, tokens - 1.0, now)
        return 0.0

    def _tokens(self, slot: int, rate: Rate, now: float) -> float:
        tokens, since = _SLOT.unpack_from(self._memory, slot * _SLOT.size)
        if since == 0.0 or since > now:  # never used, or counted before a restart of the machine
            return rate.burst
        grown: float = tokens + (now - since) * rate.per_second
        return min(rate.burst, grown)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._guard:
            if self._file is None:
                yield
                return
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)


def whole_seconds(wait_s: float) -> int:
    """What Retry-After says: never 0."""
    return max(1, math.ceil(wait_s))
