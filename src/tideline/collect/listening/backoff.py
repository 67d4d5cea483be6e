"""How long to wait before the next connection: full jitter, never in step with others.

Two cases. A venue that cannot be reached at all is tried at least every 4 s, so that we are back
within 5 s of its return. One that lets us in and throws us out again, or answers the handshake
with a refusal, is left alone for up to 30 s; that memory goes only after 10 s of health.
"""

from __future__ import annotations

import numpy as np

BASE_S = 0.5
UNREACHED_S = 4.0
THROWN_OUT_S = 30.0
HEALTHY_S = 10.0


def full_jitter_s(failures: int, longest_s: float, rng: np.random.Generator) -> float:
    """A uniform wait in [0, min(longest, 0.5 s x 2^failures)]."""
    return float(rng.uniform(0.0, min(longest_s, BASE_S * 2.0 ** min(failures, 16))))


class Backoff:
    """The waits of one line."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self.unreached = 0
        self.thrown_out = 0

    def not_reached(self) -> float:
        """No connection at all: the seconds to wait."""
        self.unreached += 1
        floor = full_jitter_s(self.thrown_out, THROWN_OUT_S, self._rng) if self.thrown_out else 0.0
        return min(max(full_jitter_s(self.unreached, UNREACHED_S, self._rng), floor), UNREACHED_S)

    def refused(self) -> float:
        """The venue answered the handshake with a refusal."""
        self.unreached = 0
        self.thrown_out += 1
        return full_jitter_s(self.thrown_out, THROWN_OUT_S, self._rng)

    def lost(self, lasted_s: float) -> float:
        """A connection of that many seconds is over."""
        self.unreached = 0
        self.thrown_out = 0 if lasted_s >= HEALTHY_S else self.thrown_out + 1
        return full_jitter_s(self.thrown_out, THROWN_OUT_S, self._rng)

    def reached(self) -> None:
        """A connection stands (that says nothing of its health yet)."""
        self.unreached = 0
