"""Follows the log in a thread: hands every commit on, and keeps the head that live answers bear.

A head is published only after every commit that was visible with it has been handed on, so an
answer at the published head misses nothing. A commit's own known_time is such a head; where nobody
writes, the log is asked for one once a second.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable

from tideline.domain.errors import TidelineError
from tideline.domain.time import Clock, TimeUs
from tideline.log import Commit, Log

POLL_S = 0.02
HEAD_EVERY_S = 1.0
AGAIN_S = 1.0

Handed = Callable[[Commit], None]
Heard = Callable[[int], None]


class Follower:
    """One a process. ``applied`` is the last commit handed on, ``head`` the moment published."""

    def __init__(self, log: Log, clock: Clock, handed: Handed) -> None:
        self._log, self._clock = log, clock
        self._handed: list[Handed] = [handed]
        self._listeners: list[Heard] = []
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        state = log.viewer.state()
        self.applied = state.last_seq
        self.moved = clock.monotonic()
        self.trouble = ""
        self._asked = clock.monotonic()
        self.head = int(log.head())

    def start(self) -> None:
        """Begin to follow."""
        self._thread = threading.Thread(target=self._run, name="follower", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop after the commit in hand."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=5.0)

    @property
    def running(self) -> bool:
        """Is the thread there?"""
        return self._thread is not None and self._thread.is_alive()

    def hand_to(self, handed: Handed) -> None:
        """``handed`` is called with every commit too, after those before it."""
        self._handed.append(handed)

    def listen(self, heard: Heard) -> Callable[[], None]:
        """``heard`` is called with every new head, in the follower's thread; returns its end."""
        self._listeners.append(heard)
        return lambda: self._listeners.remove(heard) if heard in self._listeners else None

    def step(self) -> None:
        """Hand on what there is now, then ask for the head: one round of what the thread does."""
        for commit in self._log.follow(self.applied, idle_s=0.0):
            self._take(commit)
        self.refresh()

    def refresh(self) -> None:
        """Ask the log for its head; publish it if all that was visible with it is handed on."""
        self._asked = self._clock.monotonic()
        head = TimeUs(self._log.head())
        if self._log.viewer.state().last_seq <= self.applied:
            self._publish(int(head))

    def _take(self, commit: Commit) -> None:
        for handed in self._handed:
            handed(commit)
        self.applied = commit.seq
        self.moved = self._clock.monotonic()
        self._publish(int(commit.known_time))

    def _publish(self, head: int) -> None:
        if head <= self.head:
            return
        self.head = head
        for heard in list(self._listeners):
            heard(head)

    def _run(self) -> None:
        watched = Log(self._log.layout, _Pulse(self._clock, self._between), self._log.files)
        while not self._stopping.is_set():
            try:
                for commit in watched.follow(self.applied, poll_s=POLL_S):
                    self._take(commit)
                    self.trouble = ""
            except _Stopped:
                break
            except (TidelineError, OSError, sqlite3.Error) as error:
                self.trouble = f"{type(error).__name__}: {error}"
                self._stopping.wait(AGAIN_S)
        watched.close()

    def _between(self, seconds: float) -> None:
        """While there is no news: the head, and whether to stop."""
        if self._clock.monotonic() - self._asked >= HEAD_EVERY_S:
            self.refresh()
        if self._stopping.wait(seconds):
            raise _Stopped


class _Stopped(Exception):
    """Out of the wait for news."""


class _Pulse:
    """The clock that the log waits on between looks."""

    def __init__(self, clock: Clock, waiting: Callable[[float], None]) -> None:
        self._clock, self._waiting = clock, waiting

    def now(self) -> TimeUs:
        return self._clock.now()

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        self._waiting(seconds)
