"""The raw archive: what arrived, as it arrived, in hourly segments of zstd frames.

One block a commit, on the disk before the rows are: whatever the log has, the archive has. A new
process begins a new segment, so that nothing is ever written behind a torn end. When the archive
is larger than its cap, its oldest segments go; which, when and how large is kept in a file beside.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tideline.collect.live.record import Sealed
from tideline.collect.raw.entries import Block, Entry, pack
from tideline.collect.raw.framing import framed
from tideline.domain.time import HOUR, format_time
from tideline.log.files import DiskFiles, Files

SUFFIX = ".zst"
REMOVED = "removed.txt"
CAP_BYTES = 20 * 1024**3


@dataclass(frozen=True, slots=True)
class Removed:
    """A segment that went because the archive was full."""

    name: str
    size: int


def segments(directory: Path) -> list[Path]:
    """The segments of an archive, oldest first."""
    if not directory.is_dir():
        return []
    return sorted(path for path in directory.iterdir() if path.suffix == SUFFIX)


class Archive:
    """The one writer of an archive directory."""

    def __init__(
        self, directory: Path, files: Files | None = None, *, cap_bytes: int = CAP_BYTES
    ) -> None:
        self.directory, self._files = directory, files or DiskFiles()
        self._cap = cap_bytes
        self._files.mkdir(directory)
        self._sizes = {path.name: path.stat().st_size for path in segments(directory)}
        self._path: Path | None = None
        self._hour = -1
        self._offset = 0
        self.removed: list[Removed] = []

    @property
    def size(self) -> int:
        """Bytes of all segments."""
        return sum(self._sizes.values())

    def append(self, entries: Sequence[Entry], at: int) -> int:
        """One block, durable when this returns; gives its bytes.

        Raises:
            OSError: it could not be written; the same call may be made again.
        """
        times = [entry.at for entry in entries if not isinstance(entry, (Block, Sealed))]
        data = framed(pack(entries), min(times, default=at), max(times, default=at))
        if self._path is None or at // HOUR != self._hour:
            self._rotate(at)
        assert self._path is not None
        begins = self._offset == 0
        self._files.write_at(self._path, self._offset, data, sync=True)
        if begins:
            self._files.fsync_dir(self.directory)
        self._offset += len(data)
        self._sizes[self._path.name] = self._offset
        # The block is on the disk: what cannot be removed now goes with the next one.
        with contextlib.suppress(OSError):
            self._keep_below_cap(at)
        return len(data)

    def _rotate(self, at: int) -> None:
        hour = format_time(at - at % HOUR)[:13]
        number = 0
        while (name := f"{hour}-{number:03d}{SUFFIX}") in self._sizes:
            number += 1
        self._path = self.directory / name
        self._hour, self._offset = at // HOUR, 0

    def _keep_below_cap(self, at: int) -> None:
        assert self._path is not None
        for name in sorted(self._sizes):
            if self.size <= self._cap or name == self._path.name:
                return
            self._files.unlink(self.directory / name)
            size = self._sizes.pop(name)
            self.removed.append(Removed(name, size))
            book = self.directory / REMOVED
            line = f"{format_time(at)} {name} {size}\n".encode()
            self._files.write_at(book, book.stat().st_size if book.exists() else 0, line, sync=True)
