"""Small files beside the store that are replaced as a whole: bans, coverage, status.

A reader sees the old content or the new one, never half of either.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from tideline.log.files import DiskFiles

Content = TypeVar("Content")


def keep(path: Path, content: object, *, durable: bool) -> None:
    """Write ``content`` as JSON in the place of ``path``; ``durable``: it survives a power loss.

    Raises:
        OSError: the disk is full, gone or read-only; what was there before still is.
    """
    data = msgspec.json.encode(content)
    fresh = path.with_name(path.name + ".new")
    if not durable:
        fresh.write_bytes(data)
        fresh.replace(path)
        return
    files = DiskFiles()
    files.mkdir(path.parent)
    files.write_new(fresh, data)
    files.rename(fresh, path)
    files.fsync_dir(path.parent)


def kept(path: Path, kind: type[Content], otherwise: Content) -> Content:
    """What ``path`` holds; ``otherwise`` when it is not there or cannot be read as ``kind``."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (FileNotFoundError, msgspec.DecodeError):
        return otherwise
