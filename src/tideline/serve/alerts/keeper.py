"""Keeps the alerts of a store going: one of several worker processes, the others stand by."""

from __future__ import annotations

import asyncio
import fcntl
from contextlib import suppress
from pathlib import Path
from typing import IO

from tideline.domain.time import DAY, Clock
from tideline.serve.alerts.book import Book
from tideline.serve.alerts.delivery import Delivery
from tideline.serve.alerts.watch import Watch
from tideline.serve.logs import Logger, Silent

LOCK = "alerts.lock"
PAUSE_S = 1.0
KEPT_US = 90 * DAY
"""Settled events are kept so long, to be read back."""
TIDY_TURNS = 3_600


class Keeper:
    """Evaluates and delivers while it holds the lock in ``directory``."""

    def __init__(
        self, directory: Path, book: Book, watch: Watch, delivery: Delivery, clock: Clock,
        log: Logger | None = None,
    ) -> None:  # fmt: skip
        self._path = directory / LOCK
        self._book, self._watch, self._delivery = book, watch, delivery
        self._clock, self._log = clock, log or Silent()
        self._held: IO[bytes] | None = None
        self._turns = 0

    @property
    def leading(self) -> bool:
        """Does this process keep the alerts?"""
        return self._held is not None

    async def run(self, pause_s: float = PAUSE_S) -> None:
        """For ever; a failure of one turn is logged and the next one comes."""
        try:
            while True:
                try:
                    await self.turn()
                except Exception as error:  # noqa: BLE001 - the keeper outlives any one turn
                    self._log.failure("alerts_turn_failed", error)
                await asyncio.sleep(pause_s)
        finally:
            self.release()

    async def turn(self) -> int:
        """Evaluate what passed and deliver what is due; the number of messages taken."""
        if not self._lead():
            return 0
        await asyncio.to_thread(self._watch.advance)
        self._turns += 1
        if self._turns % TIDY_TURNS == 0:
            before = int(self._clock.now()) - KEPT_US
            await asyncio.to_thread(self._book.forget, before)
        return await self._delivery.run_once()

    def release(self) -> None:
        """Let another process lead."""
        if self._held is not None:
            self._held.close()
            self._held = None

    def _lead(self) -> bool:
        if self._held is not None:
            return True
        lock = self._path.open("ab")
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._held = lock
            self._book.reopen()
            return True
        lock.close()
        return False
