"""What the raw archive holds: the records of the collector, and the marks of its commits.

    Begun                      a process starts: its intake begins from what the log holds
    Sealed* Block record*      one archive block: how the block before went into the log, the moment
                               at which this one was sealed, and everything taken until then

Each is msgpack with its length before it (4 bytes, little endian).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import TypeAlias

import msgspec

from tideline.collect.live.record import Record


class Begun(msgspec.Struct, frozen=True, tag="begun", array_like=True):
    """From here on another intake reads, primed from the log.

    ``trusted``: see the scale test; ``kind``: that of the sources, "live" or "simulated";
    ``thin_us``: see the live intake.
    """

    at: int
    trusted: tuple[str, ...] = ()
    kind: str = "live"
    thin_us: int = 0


class Block(msgspec.Struct, frozen=True, tag="block", array_like=True):
    """Sealed at ``at``: ``rows`` rows, meant to be commit ``seq`` of the log (0: no rows)."""

    at: int
    seq: int
    rows: int


Entry: TypeAlias = Record | Begun | Block

_LENGTH = struct.Struct("<I")
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Entry).decode


def pack(entries: Iterable[Entry]) -> bytes:
    """Entries as one run of bytes."""
    pieces = []
    for entry in entries:
        body = _encode(entry)
        pieces.append(_LENGTH.pack(len(body)))
        pieces.append(body)
    return b"".join(pieces)


def unpack(body: bytes) -> Iterator[Entry]:
    """The entries again.

    Raises:
        ValueError: the bytes end in the middle of one, or are none.
    """
    view, at = memoryview(body), 0
    while at < len(view):
        if at + 4 > len(view):
            raise ValueError("ends in a length")
        (size,) = _LENGTH.unpack_from(view, at)
        at += 4
        if at + size > len(view):
            raise ValueError("ends in an entry")
        try:
            yield _decode(view[at : at + size])
        except msgspec.DecodeError as error:
            raise ValueError(str(error)) from error
        at += size
