"""What waits for one client: of each channel's values the latest alone, of events a bounded line.

A value that replaces one not yet sent counts as a skip; an event beyond the line pushes out the
oldest. Both are told, of values before the one that came through. Nothing here waits for anybody.
"""

from __future__ import annotations

import asyncio
from collections import deque

from tideline.serve.stream.messages import told

MOST_EVENTS = 256


class Queue:
    """One client's. The sender alone takes; anybody on the loop may offer."""

    def __init__(self, most_events: int = MOST_EVENTS) -> None:
        self._latest: dict[str, str] = {}
        self._events: deque[tuple[str, str]] = deque()
        self._said: deque[str] = deque()
        self._skipped: dict[str, int] = {}
        self._most = most_events
        self._news = asyncio.Event()
        self.skips = 0

    def __len__(self) -> int:
        return len(self._latest) + len(self._events) + len(self._said)

    def say(self, message: str) -> None:
        """An answer to the client itself; as many as the client's own frames."""
        self._said.append(message)
        self._news.set()

    def offer_latest(self, channel: str, frame: str) -> None:
        """Values: what waits of the same channel is replaced."""
        if channel in self._latest:
            self._skip(channel)
        self._latest[channel] = frame
        self._news.set()

    def offer_event(self, channel: str, frame: str) -> None:
        """A transition or a gap: kept in order, the oldest dropped beyond the bound."""
        if len(self._events) >= self._most:
            self._skip(self._events.popleft()[0])
        self._events.append((channel, frame))
        self._news.set()

    def forget(self, channel: str) -> None:
        """Nothing more of a channel."""
        self._latest.pop(channel, None)
        self._skipped.pop(channel, None)
        self._events = deque(item for item in self._events if item[0] != channel)

    async def take(self) -> str:
        """The next message to send; waits for one."""
        while True:
            found = self._next()
            if found is not None:
                return found
            self._news.clear()
            await self._news.wait()

    def _next(self) -> str | None:
        if self._said:
            return self._said.popleft()
        for channel in self._skipped:
            if channel not in self._latest:
                return self._tell(channel)
        if self._events:
            return self._events.popleft()[1]
        for channel in self._latest:
            if channel in self._skipped:
                return self._tell(channel)
            return self._latest.pop(channel)
        return None

    def _skip(self, channel: str) -> None:
        self.skips += 1
        self._skipped[channel] = self._skipped.get(channel, 0) + 1

    def _tell(self, channel: str) -> str:
        return told("skipped", channel=channel, count=self._skipped.pop(channel))
