"""What is evaluated once and shown to many clients."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import NamedTuple

from tideline.domain.time import SECOND
from tideline.readings.asking import Track
from tideline.serve.stream.queue import Queue


class ValuesKey(NamedTuple):
    """Features of one asset, on change (``every_s`` 0) or at a cadence."""

    asset: str
    features: tuple[str, ...]
    every_s: int
    evidence: bool


class ReadingKey(NamedTuple):
    """Tracks of one asset under the name they were asked by: told when one changes."""

    asset: str
    reading: str
    tracks: tuple[Track, ...]


class GapsKey(NamedTuple):
    """Gaps of one asset's feeds."""

    asset: str
    gaps: str = "gaps"


Key = ValuesKey | ReadingKey | GapsKey


@dataclass(slots=True, eq=False)
class Channel:
    """Its clients, and what it told last.

    Attributes:
        name: in every message of it; the same for the same question, in every process.
        frame: the newest message, for whoever joins. Empty before the first; of readings, what
            stands.
        state: what the newest message said, to tell whether anything changed.
        at: the head it was evaluated at, µs.
    """

    key: Key
    name: str
    clients: set[Queue] = field(default_factory=set)
    frame: str = ""
    state: object = None
    at: int = 0

    def due(self, head: int) -> bool:
        """Values: is it to be evaluated at this head?"""
        if not isinstance(self.key, ValuesKey) or head <= self.at:
            return False
        every = self.key.every_s * SECOND
        return not every or head // every > self.at // every


def new_channel(key: Key) -> Channel:
    """An empty channel of that key."""
    return Channel(key, hashlib.sha256(repr(tuple(key)).encode()).hexdigest()[:12])
