"""Seats that several processes share: so many of an owner and plan may be taken at a time.

A seat is one byte of a file, and taking it is a lock on that byte. The system lets go of the locks
of a process that ends, however it ends, so no seat stays taken by a worker that died and there is
no lease to renew. Locks do not part the seats of one process, which remembers its own.
"""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import NewType

from tideline.serve.buckets import PLANS

MOST = 1 << 20
"""Seats of one owner and plan that the file has room for."""

Seat = NewType("Seat", int)


class Seats:
    """One a process: a second one on the same file would free its locks when it is closed."""

    def __init__(self, shared: Path | None = None) -> None:
        """``shared``: a file that all workers open; None keeps the seats in this process."""
        self._file = None if shared is None else shared.open("ab")
        self._mine: set[Seat] = set()

    def close(self) -> None:
        """Leave every seat."""
        self._mine.clear()
        if self._file is not None:
            self._file.close()

    def take(self, owner_id: int, plan_id: int, most: int) -> Seat | None:
        """A free seat among ``most`` of an owner and plan; None: all are taken."""
        first = (owner_id * PLANS + plan_id % PLANS) * MOST
        for number in range(first, first + min(most, MOST)):
            seat = Seat(number)
            if seat not in self._mine and self._lock(seat):
                self._mine.add(seat)
                return seat
        return None

    def leave(self, seat: Seat) -> None:
        """It is free again."""
        self._mine.discard(seat)
        if self._file is not None and not self._file.closed:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, seat)

    def _lock(self, seat: Seat) -> bool:
        if self._file is None:
            return True
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, seat)
        except OSError:  # another process sits there
            return False
        return True
