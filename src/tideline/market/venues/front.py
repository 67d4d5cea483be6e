"""Where a venue's server meets the wire: connections with a beginning and an end, and faults.

Both hosts (``in_process``, ``serving``) speak to a Front and never to a VenueServer. A Front
counts what arrives, closes connections that are idle or too old, as venues do, and lets a script
of faults step in between.

    client -> host -> Front -> (faults: before) -> VenueServer
    client <- host <- Front <- (faults: after)  <-
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from tideline.domain.time import SECOND
from tideline.market.venues.server import Session, VenueServer
from tideline.venues.wire import Reply, Request


class Broken(NamedTuple):
    """No answer at all.

    kind
        ``connect``       nobody listens
        ``silence``       the line is up and nothing comes
        ``closed``        cut off in the middle
        ``too_large``     a small body that unpacks into a giant
        ``bad_encoding``  a compressed body that is not whole
    """

    kind: str


@dataclass(frozen=True, slots=True)
class Life:
    """How long a venue keeps a connection: without a word of the client, and at all. 0: for ever.

    ``ping_s``: how often the venue sends a ping of the protocol (real sockets only).
    """

    idle_s: float = 0.0
    whole_s: float = 0.0
    ping_s: float = 0.0


LIVES: dict[str, Life] = {
    "binance": Life(whole_s=86_400.0, ping_s=180.0),
    "bybit": Life(idle_s=600.0),
    "okx": Life(idle_s=30.0),
    "bitget": Life(idle_s=120.0, whole_s=86_400.0),
    "hyperliquid": Life(idle_s=60.0),
    "coinbase-gateway": Life(idle_s=60.0),
}
"""By venue (reference: exact subscribe messages and keep-alive)."""


class Faults(Protocol):
    """What may go wrong between client and server at each point; see ``script``.

    ``version`` changes whenever steps are added or taken away.
    """

    version: int

    def now(self, at: int) -> int:
        """What the venue's own clock says at ``at``."""
        ...

    def refuse(self, request: Request, at: int) -> Reply | Broken | None:
        """An answer instead of the server's; None: let it through."""
        ...

    def asked_at(self, request: Request, at: int) -> int:
        """As of when the server answers this request."""
        ...

    def spoil(self, request: Request, reply: Reply, at: int) -> Reply | Broken:
        """The answer as it leaves."""
        ...

    def refuse_line(self, host: str, target: str, at: int) -> Reply | Broken | None:
        """An answer to a handshake instead of a connection."""
        ...

    def heard(self, line: Line, text: str, at: int) -> bool:
        """Does the server get this message of this line?"""
        ...

    def deaf(self, line: Line, at: int) -> bool:
        """The venue neither reads nor answers pings."""
        ...

    def said(self, line: Line, frames: list[str], at: int) -> list[str]:
        """The frames as they leave; some may be gone, spoilt or new."""
        ...

    def wakes(self, line: Line, at: int) -> int | None:
        """When (>= at) a frame of the script itself is due."""
        ...

    def holds(self, line: Line, at: int) -> int | None:
        """Until when the venue pushes nothing on this line; None: it does."""
        ...

    def cut(self, host: str, opened: int) -> int | None:
        """When a connection opened then will be cut."""
        ...


class NoFaults:
    """A venue in good health."""

    version = 0

    def now(self, at: int) -> int:
        return at

    def refuse(self, request: Request, at: int) -> Reply | Broken | None:
        return None

    def asked_at(self, request: Request, at: int) -> int:
        return at

    def spoil(self, request: Request, reply: Reply, at: int) -> Reply | Broken:
        return reply

    def refuse_line(self, host: str, target: str, at: int) -> Reply | Broken | None:
        return None

    def heard(self, line: Line, text: str, at: int) -> bool:
        return True

    def deaf(self, line: Line, at: int) -> bool:
        return False

    def said(self, line: Line, frames: list[str], at: int) -> list[str]:
        return frames

    def wakes(self, line: Line, at: int) -> int | None:
        return None

    def holds(self, line: Line, at: int) -> int | None:
        return None

    def cut(self, host: str, opened: int) -> int | None:
        return None


class Front:
    """One venue's door.

    Attributes:
        asked: requests that arrived, by host.
        opened: handshakes that arrived, by host.
        lines: connections that stand.
    """

    def __init__(
        self, server: VenueServer, faults: Faults | None = None, life: Life | None = None
    ) -> None:
        self.name = server.name
        self.life = life or LIVES.get(server.name, Life())
        self.asked: Counter[str] = Counter()
        self.opened: Counter[str] = Counter()
        self.lines: list[Line] = []
        self._server = server
        self._faults: Faults = faults or NoFaults()

    def answer(self, request: Request, at: int) -> Reply | Broken:
        """What comes back to one request that arrives at ``at``."""
        self.asked[request.host] += 1
        faults = self._faults
        refused = faults.refuse(request, at)
        if refused is not None:
            return refused
        reply = self._server.answer(request, faults.asked_at(request, faults.now(at)))
        return faults.spoil(request, reply, at)

    def open(self, host: str, target: str, at: int) -> Line | Reply | Broken:
        """A connection; a Reply or Broken when the handshake fails."""
        self.opened[host] += 1
        refused = self._faults.refuse_line(host, target, at)
        if refused is not None:
            return refused
        session = self._server.open(host, target, self._faults.now(at))
        if session is None:
            return Reply(404, b"not found")
        line = Line(self, host, session, self._faults, at)
        self.lines.append(line)
        return line


class Line:
    """One connection, from the venue's side."""

    __slots__ = (
        "_cut",
        "_faults",
        "_front",
        "_idle_us",
        "_session",
        "_version",
        "heard_at",
        "host",
        "opened",
    )

    def __init__(self, front: Front, host: str, session: Session, faults: Faults, at: int) -> None:
        self.host = host
        self.opened = self.heard_at = at
        self._front, self._session, self._faults = front, session, faults
        self._idle_us = round(front.life.idle_s * SECOND)
        self._version = -1
        self._cut: int | None = None

    def receive(self, text: str, at: int) -> list[str]:
        """What answers one message of the client."""
        faults = self._faults
        if faults.deaf(self, at):
            return []
        self.heard_at = at
        if not faults.heard(self, text, at):
            return []
        frames = self._session.receive(text, faults.now(at))
        return faults.said(self, frames, at) if frames else frames

    def next_due(self, at: int) -> int | None:
        """When the next frame is due; a frame of the script included."""
        now = self._faults.now(at)
        due = self._session.next_due(now)
        if due is not None:
            due += at - now
            held = self._faults.holds(self, due)
            due = due if held is None else max(due, held)
        wakes = self._faults.wakes(self, at)
        if due is None or (wakes is not None and wakes < due):
            return wakes
        return due

    def push(self, at: int) -> list[str]:
        """The frames that leave at ``at``."""
        if self._faults.holds(self, at) is not None:
            return self._faults.said(self, [], at)
        frames = self._session.push(self._faults.now(at))
        return self._faults.said(self, frames, at)

    def deaf(self, at: int) -> bool:
        """Is the client not being read?"""
        return self._faults.deaf(self, at)

    def ends(self) -> int | None:
        """When the venue cuts the connection, as things stand."""
        if self._version != self._faults.version:
            self._version = self._faults.version
            self._cut = self._faults.cut(self.host, self.opened)
        ends = self._cut
        if self._front.life.whole_s:
            whole = self.opened + round(self._front.life.whole_s * SECOND)
            ends = whole if ends is None else min(ends, whole)
        if self._idle_us:
            idle = self.heard_at + self._idle_us
            ends = idle if ends is None else min(ends, idle)
        return ends

    def left(self) -> None:
        """The connection is over."""
        if self in self._front.lines:
            self._front.lines.remove(self)
