"""The file layer: every write of ours goes through it, so that crashes can be replayed.

SQLite and the Delta commit write past it; what they leave is synced through it before anything
relies on it. A failed fsync is never tried again: the page cache may have dropped the data.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol


class Files(Protocol):
    """What the log asks of a file system. Every method raises OSError when it cannot."""

    def write_new(self, path: Path, data: bytes) -> None:
        """Create ``path`` with ``data`` and fsync it; the name is durable after ``fsync_dir``.

        A file that had the name is let go, never written into: it may have another name as well.
        """
        ...

    def write_at(self, path: Path, offset: int, data: bytes, *, sync: bool) -> None:
        """Write in place, creating the file when needed; fsync when ``sync``."""
        ...

    def fsync(self, path: Path) -> None:
        """Make a file's content durable."""
        ...

    def fsync_dir(self, path: Path) -> None:
        """Make the names in a directory durable."""
        ...

    def mkdir(self, path: Path) -> None:
        """Create a directory and its missing parents, durably."""
        ...

    def rename(self, source: Path, target: Path) -> None:
        """Rename, replacing ``target``."""
        ...

    def link(self, source: Path, target: Path) -> None:
        """Give a file a second name; FileExistsError when ``target`` is there."""
        ...

    def unlink(self, path: Path) -> None:
        """Remove a name; nothing happens when it is gone already."""
        ...

    def read(self, path: Path) -> bytes:
        """The whole content."""
        ...


class DiskFiles:
    """The machine's own disk."""

    def write_new(self, path: Path, data: bytes) -> None:
        path.unlink(missing_ok=True)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        try:
            _write_all(fd, data, 0)
            os.fsync(fd)
        finally:
            os.close(fd)

    def write_at(self, path: Path, offset: int, data: bytes, *, sync: bool) -> None:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            _write_all(fd, data, offset)
            if sync:
                os.fsync(fd)
        finally:
            os.close(fd)

    def fsync(self, path: Path) -> None:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def fsync_dir(self, path: Path) -> None:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def mkdir(self, path: Path) -> None:
        missing = [path]
        while not missing[-1].parent.is_dir():
            missing.append(missing[-1].parent)
        for folder in reversed(missing):
            folder.mkdir(exist_ok=True)
            self.fsync_dir(folder.parent)

    def rename(self, source: Path, target: Path) -> None:
        source.rename(target)

    def link(self, source: Path, target: Path) -> None:
        os.link(source, target)

    def unlink(self, path: Path) -> None:
        path.unlink(missing_ok=True)

    def read(self, path: Path) -> bytes:
        return path.read_bytes()


def _write_all(fd: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, offset)
        view, offset = view[written:], offset + written
