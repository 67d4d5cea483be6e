"""What a disk may hold after the power went: images built from a trace of operations.

A file's content is what was fsynced plus any part of what came after; a name is durable once its
directory was fsynced. What lies between may be there or not:

    dropped         nothing that was not synced
    kept            everything (the process died, the machine did not)
    torn            everything, the last write cut at a random byte
    zero tail       sizes and names are there, unsynced content is zeros
    renamed         names are there, unsynced content is not
    scattered       each unsynced write, and each run of unsynced names, there or not
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tests.faults.trace import Op

MODES = ("dropped", "kept", "torn", "zero tail", "renamed", "scattered")


@dataclass
class Inode:
    """One file: its durable bytes and the writes since (offset, data); data None: truncate."""

    durable: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)


class Disk:
    """A directory tree as the operations leave it, durable and not."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.names: dict[str, Inode | None] = {}  # None: a directory
        self.synced: dict[str, Inode | None] = {}
        self.loose: list[tuple[str, str, Inode | None]] = []  # (add | remove, path, inode)

    def apply(self, op: Op) -> None:
        """Do ``op``."""
        if op.kind == "create" and op.path not in self.names:
            self._name("add", op.path, Inode())
        elif op.kind == "mkdir":
            self._name("add", op.path, None)
        elif op.kind == "write":
            self._inode(op.path).pending.append((op.offset, op.data))
        elif op.kind == "truncate":
            self._inode(op.path).pending.append((op.offset, None))
        elif op.kind == "fsync":
            self._sync(op.path)
        elif op.kind in ("rename", "link"):
            inode = self.names[op.path]
            self._name("add", op.target, inode)
            if op.kind == "rename":
                self._name("remove", op.path, inode)
        elif op.kind == "unlink":
            self._name("remove", op.path, self.names.get(op.path))

    def image(self, target: Path, mode: str, rng: np.random.Generator) -> None:
        """Write what may be found after a power cut now."""
        written: dict[int, Path] = {}
        for path, inode in sorted(self._names(mode, rng).items()):
            if not path.startswith(self.root):
                continue
            place = target / path[len(self.root) :].lstrip("/")
            if inode is None:
                place.mkdir(parents=True, exist_ok=True)
            elif id(inode) in written:
                place.hardlink_to(written[id(inode)])
            elif place.parent.is_dir():
                written[id(inode)] = place
                place.write_bytes(_content(inode, mode, rng))

    def _inode(self, path: str) -> Inode:
        inode = self.names[path]
        assert inode is not None, path
        return inode

    def _name(self, what: str, path: str, inode: Inode | None) -> None:
        if what == "add":
            self.names[path] = inode
        else:
            self.names.pop(path, None)
        self.loose.append((what, path, inode))

    def _sync(self, path: str) -> None:
        inode = self.names.get(path)
        if inode is not None:
            inode.durable = _written(inode.durable, inode.pending)
            inode.pending = []
            return
        parent = path.rstrip("/")
        keep = []
        for entry in self.loose:
            if entry[1].rpartition("/")[0] == parent:
                _do(self.synced, entry)
            else:
                keep.append(entry)
        self.loose = keep

    def _names(self, mode: str, rng: np.random.Generator) -> dict[str, Inode | None]:
        if mode == "dropped":
            found = dict(self.synced)
        elif mode == "scattered":
            found = dict(self.synced)
            reached: dict[str, int] = {}
            for entry in self.loose:  # a directory's names become durable in their order
                parent = entry[1].rpartition("/")[0]
                size = sum(other[1].rpartition("/")[0] == parent for other in self.loose)
                reached.setdefault(parent, int(rng.integers(0, size + 1)))
                if reached[parent] > 0:
                    reached[parent] -= 1
                    _do(found, entry)
        else:
            found = dict(self.names)
        found[self.root] = None
        return found


def _do(names: dict[str, Inode | None], entry: tuple[str, str, Inode | None]) -> None:
    what, path, inode = entry
    if what == "add":
        names[path] = inode
    else:
        names.pop(path, None)


def _written(start: bytearray, writes: list[tuple[int, bytes | None]]) -> bytearray:
    content = bytearray(start)
    for offset, data in writes:
        if data is None:
            del content[offset:]
            content += bytes(offset - len(content))
            continue
        if len(content) < offset:
            content += bytes(offset - len(content))
        content[offset : offset + len(data)] = data
    return content


def _content(inode: Inode, mode: str, rng: np.random.Generator) -> bytes:
    pending = inode.pending
    if not pending or mode in ("dropped", "renamed"):
        return bytes(inode.durable)
    if mode == "zero tail":
        pending = [(at, data if data is None else _tail(inode, at, data)) for at, data in pending]
    elif mode == "torn":
        at, data = pending[-1]
        if data is not None:
            pending = [*pending[:-1], (at, data[: int(rng.integers(0, len(data) + 1))])]
    elif mode == "scattered":
        pending = [write for write in pending if rng.random() < 0.5]
    return bytes(_written(inode.durable, pending))


def _tail(inode: Inode, at: int, data: bytes) -> bytes:
    """Zeros where the write made the file longer; inside the file the old bytes stay."""
    inside = bytes(inode.durable[at : at + len(data)])
    return inside + bytes(len(data) - len(inside))
