"""A file layer that fails where it is told, and one that writes down what it does."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from tideline.log import DiskFiles

WRITES = ("write_new", "write_at", "fsync", "fsync_dir", "mkdir", "rename", "link", "unlink")


class BrokenFiles(DiskFiles):
    """The ``nth`` writing call (from 1) raises ``code``; with ``short`` half is written first."""

    def __init__(self, nth: int, code: int, *, short: bool = False) -> None:
        self.nth, self.code, self.short = nth, code, short
        self.calls: list[tuple[str, str]] = []

    def _count(self, name: str, path: Path, data: bytes | None = None) -> None:
        self.calls.append((name, str(path)))
        if len(self.calls) == self.nth:
            if self.short and data:
                path.write_bytes(data[: len(data) // 2])
            raise OSError(self.code, os.strerror(self.code), str(path))

    def write_new(self, path: Path, data: bytes) -> None:
        self._count("write_new", path, data)
        super().write_new(path, data)

    def write_at(self, path: Path, offset: int, data: bytes, *, sync: bool) -> None:
        self._count("write_at", path)
        super().write_at(path, offset, data, sync=sync)

    def fsync(self, path: Path) -> None:
        self._count("fsync", path)
        super().fsync(path)

    def fsync_dir(self, path: Path) -> None:
        self._count("fsync_dir", path)
        super().fsync_dir(path)

    def rename(self, source: Path, target: Path) -> None:
        self._count("rename", target)
        super().rename(source, target)

    def link(self, source: Path, target: Path) -> None:
        self._count("link", target)
        super().link(source, target)

    def unlink(self, path: Path) -> None:
        self._count("unlink", path)
        super().unlink(path)


CODES = (errno.ENOSPC, errno.EIO, errno.EMFILE)
