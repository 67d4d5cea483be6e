"""One block on disk: a header that zstd skips, then one standard zstd frame.

``zstd -dc`` reads a whole segment, since it passes over skippable frames. The header says where the
frame ends, what lies in it, and by checksums whether both are whole.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any, NamedTuple

import pyarrow as pa

MAGIC = 0x184D2A5A
"""A skippable zstd frame (0x184D2A50 to 0x184D2A5F)."""

_OUTER = struct.Struct("<II")
_INNER = struct.Struct("<QQIqq")
_SUM = struct.Struct("<I")
HEADER_BYTES = _OUTER.size + _INNER.size + _SUM.size

LEVEL = 1


class Header(NamedTuple):
    """raw and packed length, checksum of the packed bytes, receive times of first and last."""

    raw: int
    packed: int
    crc: int
    first_at: int
    last_at: int


def framed(body: bytes, first_at: int, last_at: int) -> bytes:
    """A block: header and frame."""
    packed = _codec().compress(body, asbytes=True)
    inner = _INNER.pack(len(body), len(packed), zlib.crc32(packed), first_at, last_at)
    outer = _OUTER.pack(MAGIC, _INNER.size + _SUM.size)
    head = outer + inner
    return head + _SUM.pack(zlib.crc32(head)) + bytes(packed)


def header_at(data: memoryview, at: int) -> Header | None:
    """The header that begins there; None when none does."""
    if at + HEADER_BYTES > len(data):
        return None
    magic, size = _OUTER.unpack_from(data, at)
    if magic != MAGIC or size != HEADER_BYTES - _OUTER.size:
        return None
    (sum_,) = _SUM.unpack_from(data, at + HEADER_BYTES - _SUM.size)
    if zlib.crc32(data[at : at + HEADER_BYTES - _SUM.size]) != sum_:
        return None
    return Header(*_INNER.unpack_from(data, at + _OUTER.size))


def opened(data: memoryview, at: int, header: Header) -> bytes | None:
    """The body of the block whose header begins at ``at``; None when it is not whole."""
    start = at + HEADER_BYTES
    packed = data[start : start + header.packed]
    if len(packed) != header.packed or zlib.crc32(packed) != header.crc:
        return None
    body: bytes = _codec().decompress(packed, decompressed_size=header.raw, asbytes=True)
    return body


def next_magic(data: memoryview, at: int) -> int:
    """Where the next header may begin at or after ``at``; the end of ``data`` when nowhere."""
    found = bytes(data[at:]).find(_OUTER.pack(MAGIC, HEADER_BYTES - _OUTER.size))
    return len(data) if found < 0 else at + found


def _codec() -> Any:
    return pa.Codec("zstd", compression_level=LEVEL)
