"""How long to wait before the next connection: full jitter, never in step with others.

A venue that lets us in and throws us out again, or answers the handshake with a refusal, is left
alone for up to 30 s; that memory goes only after 10 s of health. A venue that cannot be reached
at all is another case: see ``asking/reach.py``.
"""

from __future__ import annotations

import numpy as np

BASE_S = 0.5
THROWN_OUT_S = 30.0
HEALTHY_S = 10.0


def full_jitter_s(failures: int, longest_s: float, rng: np.random.Generator) -> float:
    """A uniform wait in [0, min(longest, 0.5 s x 2^failures)]."""
    return float(rng.uniform(0.0, min(longest_s, BASE_S * 2.0 ** min(failures, 16))))


class Backoff:
    """The waits of one line."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self.failures = 0

    def refused(self) -> float:
        """The venue answered the handshake with a refusal: the seconds to wait."""
        self.failures += 1
        return full_jitter_s(self.failures, THROWN_OUT_S, self._rng)

    def lost(self, lasted_s: float) -> float:
        """A connection of that many seconds is over: the seconds to wait."""
        self.failures = 0 if lasted_s >= HEALTHY_S else self.failures + 1
        return full_jitter_s(self.failures, THROWN_OUT_S, self._rng)
