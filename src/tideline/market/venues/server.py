"""What every venue server is: answers to requests, and sessions that push frames.

Servers are pure of input and output: the time is handed in, frames are handed out. A host behind a
socket (``serving``) or inside the process (``in_process``) drives them; ``script`` stands before
them and makes the faults.
"""

from __future__ import annotations

from typing import Protocol

from tideline.venues.wire import Reply, Request


class Session(Protocol):
    """One WebSocket connection as the venue sees it."""

    def receive(self, text: str, now: int) -> list[str]:
        """The frames that answer one message of the client, at once."""
        ...

    def next_due(self, now: int) -> int | None:
        """When (µs, >= now) the next frame is to be pushed; None: nothing is subscribed."""
        ...

    def push(self, now: int) -> list[str]:
        """The frames due at ``now``, in order."""
        ...


class VenueServer(Protocol):
    """One venue. ``name`` as in the catalogue of venues; hosts by the names of its hosts table."""

    name: str

    def answer(self, request: Request, now: int) -> Reply: ...

    def open(self, host: str, target: str, now: int) -> Session | None:
        """A connection to ``target`` (path and query); None: there is no such place (HTTP 404)."""
        ...
