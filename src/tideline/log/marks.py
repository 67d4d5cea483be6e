"""Two numbers kept in place, crash-safe: two slots with checksums, the higher valid one counts."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

from tideline.log.files import Files

_SLOT = struct.Struct("<qI")
_STRIDE = 512  # a slot a sector: a torn write cannot reach the other one


class Mark:
    """A number that only grows, kept in a small file."""

    def __init__(self, path: Path, files: Files) -> None:
        self._path, self._files = path, files

    def read(self) -> int:
        """The highest valid slot; 0 when there is none."""
        first, second = self._slots()
        return max(first or 0, second or 0)

    def damaged(self) -> bool:
        """Does a slot hold bytes that do not match their checksum?"""
        return None in self._slots()

    def raise_to(self, value: int, *, sync: bool) -> None:
        """Keep ``value`` if it is higher than what is kept, over the lower slot."""
        first, second = (-1 if slot is None else slot for slot in self._slots())
        if value <= max(first, second):
            return
        at = 0 if first <= second else _STRIDE
        slot = _SLOT.pack(value, zlib.crc32(struct.pack("<q", value)))
        self._files.write_at(self._path, at, slot, sync=sync)

    def _slots(self) -> tuple[int | None, int | None]:
        """Both slots: 0 when never written, None when damaged."""
        try:
            body = self._files.read(self._path)
        except FileNotFoundError:
            body = b""
        return _slot(body[: _SLOT.size]), _slot(body[_STRIDE : _STRIDE + _SLOT.size])


def _slot(piece: bytes) -> int | None:
    if not piece.strip(b"\0"):
        return 0
    if len(piece) < _SLOT.size:
        return None
    value, checksum = _SLOT.unpack(piece)
    good = zlib.crc32(piece[:8]) == checksum and value > 0
    return int(value) if good else None
