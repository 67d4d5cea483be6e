"""Where things lie in a store directory, and its format version.

store.json       format and creation time; written last when a store is created
journal.sqlite   commits, sources, legs, imports, the list of table files
table/           the Delta table, by asset and month
writer.lock      held by the one writer; says which process
served           the highest head a reader gave out while no writer was active
acked            the last acknowledged commit, so that a lost tail of the journal is noticed
damaged/         bad bytes moved aside
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tideline.domain.errors import NoStore, StoreDamaged, StoreTooNew
from tideline.log.files import Files
from tideline.log.marks import Mark

FORMAT = 1


class Identity(msgspec.Struct, frozen=True):
    """What store.json says."""

    format: int
    created: int
    product: str = "tideline"
    check: int = 0

    def checksum(self) -> int:
        return zlib.crc32(f"{self.product} {self.format} {self.created}".encode())


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of one store."""

    root: Path

    @property
    def identity(self) -> Path:
        return self.root / "store.json"

    @property
    def journal(self) -> Path:
        return self.root / "journal.sqlite"

    @property
    def table(self) -> Path:
        return self.root / "table"

    @property
    def delta_log(self) -> Path:
        return self.root / "table" / "_delta_log"

    @property
    def lock(self) -> Path:
        return self.root / "writer.lock"

    @property
    def served(self) -> Path:
        return self.root / "served"

    @property
    def acked(self) -> Path:
        return self.root / "acked"

    @property
    def pins(self) -> Path:
        return self.root / "pins"

    @property
    def kept_from(self) -> Path:
        return self.root / "kept_from"

    @property
    def damaged(self) -> Path:
        return self.root / "damaged"


def write_identity(layout: Layout, files: Files, created: int) -> None:
    """Publish the store: from here on it exists."""
    temporary = layout.root / "store.json.new"
    plain = Identity(FORMAT, created)
    signed = Identity(FORMAT, created, check=plain.checksum())
    files.write_new(temporary, msgspec.json.encode(signed))
    files.rename(temporary, layout.identity)
    files.fsync_dir(layout.root)


def read_identity(layout: Layout, files: Files) -> tuple[Identity | None, str | None]:
    """What the store says of itself; a damaged store.json yields None and the problem.

    Raises:
        NoStore: nothing here that looks like a store.
        StoreTooNew: a later version wrote it.
    """
    try:
        body = files.read(layout.identity)
    except (FileNotFoundError, NotADirectoryError):
        # an interrupted creation leaves a journal too, but nothing was ever acknowledged in it
        if layout.journal.exists() and Mark(layout.acked, files).read() > 0:
            return None, "store.json is missing"
        raise NoStore(layout.root) from None
    try:
        identity = msgspec.json.decode(body, type=Identity)
    except (msgspec.DecodeError, UnicodeDecodeError):
        if layout.journal.exists():
            return None, "store.json is unreadable"
        raise StoreDamaged(f"{layout.identity} is unreadable") from None
    if identity.checksum() != identity.check:
        return None, "store.json does not match its checksum"
    if identity.format > FORMAT:
        raise StoreTooNew(layout.root, identity.format, FORMAT)
    return identity, None
