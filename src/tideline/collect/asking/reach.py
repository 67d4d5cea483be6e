"""Whether a host can be reached: while it cannot, one request at a time tries it.

The tries are at most 4 s apart, so that a venue that comes back is asked again within 5 s, and
spread at random, so that many collectors do not come back in step.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np

from tideline.collect.listening.backoff import full_jitter_s

LONGEST_S = 4.0
TRY_S = 4.0
"""A try waits no longer than this for its answer, but every fourth does: the host may be slow."""
TOGETHER_S = 0.5
"""Those who waited for the one that tried go at random within this time."""


class Reach:
    """One host."""

    def __init__(self, rng: np.random.Generator, patience: float = 1.0) -> None:
        self._rng, self._try_s = rng, TRY_S * patience
        self._turn = asyncio.Lock()
        self._tried_at = float("-inf")
        self.failures = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Within it one request may go out: at once, or as the only one that tries."""
        loop = asyncio.get_running_loop()
        if self.failures:
            async with self._turn:
                if self.failures:
                    # From the start of the last try: one that ran into its time-out has waited.
                    wait = full_jitter_s(self.failures, LONGEST_S, self._rng)
                    await asyncio.sleep(max(0.0, self._tried_at + wait - loop.time()))
                    self._tried_at = loop.time()
                    yield
                    return
            await asyncio.sleep(float(self._rng.uniform(0.0, TOGETHER_S)))
        self._tried_at = loop.time()
        yield

    def patience_s(self) -> float | None:
        """How long the next answer may take; None: as long as the transport has it."""
        return self._try_s if self.failures % 4 else None

    def answered(self) -> None:
        """The host gave an answer of its own."""
        self.failures = 0

    def failed(self) -> None:
        """There was no answer."""
        self.failures += 1
