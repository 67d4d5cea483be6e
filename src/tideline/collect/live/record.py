"""What happened on the wire, in order: the only input of the live intake, and what is kept raw.

Feeding the same records again gives the same rows: that is what ``tideline reparse`` does.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec


class Frame(msgspec.Struct, frozen=True, tag="frame", array_like=True):
    """Bytes of one feed. ``connection`` is 0 for a REST reply; ``params`` are its request's.

    ``feed`` is a name of the declarations. ``purpose`` is ``live``, ``repair`` (history asked for
    to mend a gap or as the regular tail) or ``backfill`` (history before the first own row).
    """

    at: int
    feed: str
    body: bytes
    connection: int = 0
    params: dict[str, str] = {}
    purpose: str = "live"


class Watch(msgspec.Struct, frozen=True, tag="watch", array_like=True):
    """From ``at`` on these (instrument, field) legs are expected of a feed.

    ``usual_s``: the longest usual silence of one instrument; 0: life is that of the connection.
    ``connection`` 0 stands for REST.
    """

    at: int
    feed: str
    connection: int
    instruments: tuple[str, ...]
    fields: tuple[str, ...]
    usual_s: float
    cadence_s: float


class Opened(msgspec.Struct, frozen=True, tag="opened", array_like=True):
    """A connection of a stream stands; a reader with no memory begins."""

    at: int
    feed: str
    connection: int


class Closed(msgspec.Struct, frozen=True, tag="closed", array_like=True):
    """A connection is over. ``replaced``: another one had taken over before, nothing was missed."""

    at: int
    feed: str
    connection: int
    why: str
    replaced: bool = False


class Dropped(msgspec.Struct, frozen=True, tag="dropped", array_like=True):
    """``count`` frames of a feed between ``since`` and ``at`` were thrown away (queue full)."""

    at: int
    feed: str
    connection: int
    since: int
    count: int


class Universe(msgspec.Struct, frozen=True, tag="universe", array_like=True):
    """From ``at`` on these symbols of a venue are followed; the venue's listings name them."""

    at: int
    venue: str
    symbols: tuple[str, ...]


class Sealed(msgspec.Struct, frozen=True, tag="sealed", array_like=True):
    """A commit was taken here: what came before is in it. Written by the log's own stamp."""

    at: int
    known_time: int
    rows: int


Record: TypeAlias = Frame | Watch | Opened | Closed | Dropped | Universe | Sealed
