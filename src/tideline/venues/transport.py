"""How requests get to a venue and frames come back, as a parameter: a socket, or a server in here.

The one implementation that opens sockets is ``collect/transport.py``; the one that calls venue
servers in the same process is in ``market/venues``. A collector cannot tell them apart.
"""

from __future__ import annotations

from typing import Protocol

from tideline.domain.errors import TidelineError
from tideline.venues.declaration import Host
from tideline.venues.wire import Reply, Request


class TransportError(TidelineError):
    """No answer: ``kind`` is connect, timeout, too_large, bad_encoding, redirect, tls or closed.

    ``refused`` is a handshake that the venue answered with something else: ``reply`` is that
    answer, to be judged as any other (a 429 there is a 429).
    """

    def __init__(self, kind: str, host: str, detail: str, reply: Reply | None = None) -> None:
        self.kind, self.host, self.detail, self.reply = kind, host, detail, reply
        super().__init__(f"{host}: {kind}: {detail}")


class Socket(Protocol):
    """An open WebSocket."""

    async def send(self, text: str) -> None:
        """Raises TransportError when it is closed."""
        ...

    async def receive(self) -> bytes | None:
        """The next text or binary frame; None when the other side closed or the line broke.

        Raises:
            TransportError: a frame beyond the limits; the socket is closed.
        """
        ...

    async def close(self) -> None: ...


class Transport(Protocol):
    """Requests and connections to the hosts of one venue's hosts table."""

    async def ask(self, host: Host, request: Request) -> Reply:
        """One answer, whatever its status; redirects are not followed.

        Raises:
            TransportError: there was no answer within the limits.
        """
        ...

    async def connect(self, host: Host, target: str) -> Socket:
        """A WebSocket to path and query ``target``.

        Raises:
            TransportError: refused, or no handshake within the limits.
        """
        ...
