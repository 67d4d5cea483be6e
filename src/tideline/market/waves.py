"""Smooth randomness with random access: waves and hashed noise as functions of time alone.

Nothing is remembered, so that any moment may be asked for, in any order, and answers the same.
Times are seconds as floats.
"""

from __future__ import annotations

import hashlib
from math import cos, pi, sin
from typing import TypeAlias

Terms: TypeAlias = tuple[tuple[float, float, float], ...]
"""(amplitude, 2 pi / period, phase) of each sine."""

_MASK = (1 << 64) - 1
_UNIT = 1.0 / (1 << 53)


def key_of(*words: object) -> int:
    """64 bits that stand for these words."""
    text = "\x1f".join(str(word) for word in words)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def uniform(key: int, step: int) -> float:
    """A number in [0, 1) for one step of one key (the finaliser of splitmix64)."""
    z = (key + step * 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return ((z ^ (z >> 31)) >> 11) * _UNIT


def terms(key: int, shape: tuple[tuple[float, float], ...]) -> Terms:
    """Sines of these (amplitude, period in seconds), periods bent and phases drawn by the key."""
    found = []
    for step, (amplitude, period) in enumerate(shape):
        bent = period * (0.8 + 0.4 * uniform(key, 2 * step))
        found.append((amplitude, 2 * pi / bent, 2 * pi * uniform(key, 2 * step + 1)))
    return tuple(found)


def wave(of: Terms, at: float) -> float:
    """The sum of the sines at one moment."""
    total = 0.0
    for amplitude, speed, phase in of:
        total += amplitude * sin(speed * at + phase)
    return total


def noise(key: int, at: float, every: float) -> float:
    """Noise in [-1, 1): hashed knots ``every`` seconds, straight lines between them."""
    place = at / every
    step = int(place)
    left = uniform(key, step)
    return 2.0 * (left + (uniform(key, step + 1) - left) * (place - step)) - 1.0


class Flow:
    """A growing total, such as all that ever traded: rate x (time + waves + noise), always rising.

    The sums of the amplitudes of ``of`` stay below 0.6 and the noise takes 0.3, so that the
    rate never falls below a tenth of its mean.
    """

    __slots__ = ("_key", "_knots", "_offsets", "_rate")

    def __init__(self, key: int, rate: float, of: Terms) -> None:
        self._key, self._rate = key, rate
        self._knots: dict[int, float] = {}
        # the integral of a sin(w t + p) is -(a / w) cos(w t + p)
        self._offsets = tuple((-a / w, w, p) for a, w, p in of)

    def total(self, at: float) -> float:
        """How much until ``at``."""
        total = at
        for size, speed, phase in self._offsets:
            total += size * cos(speed * at + phase)
        # knots each minute; between two of them at most 0.3 of a minute's flow moves
        place = at / 60.0
        step = int(place)
        left, right = self._knot(step), self._knot(step + 1)
        jitter = left + (right - left) * (place - step)
        return self._rate * (total + 18.0 * jitter)

    def _knot(self, step: int) -> float:
        found = self._knots.get(step)
        if found is None:
            if len(self._knots) >= 512:
                self._knots.clear()
            found = self._knots[step] = uniform(self._key, step)
        return found
