"""Who may write, and from when: the writer's lock and the mark of heads served without it.

Both parties go through one short mutex (the ``served`` file), in this order:

    writer   mutex { take the lock, read the mark }        then stamps above the mark
    reader   clock; mutex { test the lock; free: raise the mark to the clock's reading }

So a reader that found the lock free has raised the mark before any writer reads it, and a head
once served can never be undercut, whatever the wall clock does. The kernel frees both with their
process.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

from tideline.domain.errors import StoreBusy
from tideline.domain.time import Clock, format_time
from tideline.log.files import Files
from tideline.log.layout import Layout
from tideline.log.marks import Mark


class WriterLock:
    """Held from construction to ``release``.

    Raises:
        StoreBusy: another writer holds it; its pid and start time.
    """

    def __init__(self, layout: Layout, files: Files, clock: Clock) -> None:
        self._fd = os.open(layout.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            with _mutex(layout):
                fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self.served = Mark(layout.served, files).read()
            owner = {"pid": os.getpid(), "started": format_time(clock.now())}
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, msgspec.json.encode(owner), 0)
        except BlockingIOError:
            os.close(self._fd)
            pid, started = _owner(layout)
            raise StoreBusy(layout.root, pid, started) from None
        except BaseException:
            os.close(self._fd)
            raise

    def release(self) -> None:
        os.close(self._fd)


def served_head(layout: Layout, files: Files, clock: Clock, floor: Callable[[], int]) -> int | None:
    """With no writer active: raise the mark to the clock's reading and return it; else None.

    ``floor`` gives the head the journal shows: a clock that was set back takes nothing back.
    """
    now = int(clock.now())
    with _mutex(layout):
        if not _free(layout):
            return None
        mark = Mark(layout.served, files)
        now = max(now, mark.read(), floor())
        mark.raise_to(now, sync=True)
    return now


def _free(layout: Layout) -> bool:
    try:
        fd = os.open(layout.lock, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(fd)
    return True


@contextmanager
def _mutex(layout: Layout) -> Iterator[None]:
    fd = os.open(layout.served, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


class _Owner(msgspec.Struct):
    pid: int | None = None
    started: str | None = None


def _owner(layout: Layout) -> tuple[int | None, str | None]:
    try:
        found = msgspec.json.decode(layout.lock.read_bytes(), type=_Owner)
    except (OSError, msgspec.DecodeError):
        return None, None
    return found.pid, found.started


@contextmanager
def pinned(layout: Layout, *, alone: bool) -> Iterator[bool]:
    """Hold the store's files in place (a backup), or ask to be the only one (``alone``).

    Yields False when ``alone`` was asked for and a backup is under way.
    """
    fd = os.open(layout.pins, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(fd, (fcntl.LOCK_EX | fcntl.LOCK_NB) if alone else fcntl.LOCK_SH)
            got = True
        except BlockingIOError:
            got = False
        yield got
    finally:
        os.close(fd)
