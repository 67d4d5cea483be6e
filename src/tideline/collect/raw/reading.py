"""Reading the archive: blocks in order, damage named and passed over, frames by feed and time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tideline.collect.live.record import Frame
from tideline.collect.raw.archive import segments
from tideline.collect.raw.entries import Entry, unpack
from tideline.collect.raw.framing import HEADER_BYTES, Header, header_at, next_magic, opened


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes of a segment that cannot be read: a torn end, or rot."""

    segment: str
    offset: int
    size: int
    why: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a block lies: segment, byte offset of its header, receive times of what is in it."""

    segment: Path
    offset: int
    first_at: int
    last_at: int


@dataclass(slots=True)
class Reading:
    """One pass over an archive; ``damage`` fills as it is met."""

    directory: Path
    damage: list[Damage] = field(default_factory=list)

    def entries(self) -> Iterator[Entry]:
        """Every entry that can be read, oldest first."""
        for path in segments(self.directory):
            for _, body in self._blocks(path):
                yield from unpack(body)

    def tail(self) -> list[Entry]:
        """The entries of the last block that can be read."""
        for path in reversed(segments(self.directory)):
            last = None
            for _, body in self._blocks(path):
                last = body
            if last is not None:
                return list(unpack(last))
        return []

    def frames(self, feed: str, since: int, until: int, containing: bytes = b"") -> Iterator[Frame]:
        """The frames of a feed received in [since, until], those that contain some bytes."""
        for _, frame in self.places(feed, since, until, containing):
            yield frame

    def places(
        self, feed: str, since: int, until: int, containing: bytes = b""
    ) -> Iterator[tuple[Place, Frame]]:
        """As ``frames``, each with the block it lies in."""
        for path in segments(self.directory):
            for place, body in self._blocks(path, since, until):
                for entry in unpack(body):
                    if (
                        isinstance(entry, Frame)
                        and entry.feed == feed
                        and since <= entry.at <= until
                        and containing in entry.body
                    ):
                        yield place, entry

    def _blocks(
        self, path: Path, since: int | None = None, until: int | None = None
    ) -> Iterator[tuple[Place, bytes]]:
        data = memoryview(path.read_bytes())
        at = 0
        while at < len(data):
            header = header_at(data, at)
            if header is None:
                at = self._lost(path, data, at, "no block begins here")
                continue
            end = at + HEADER_BYTES + header.packed
            if _apart(header, since, until) and end <= len(data):
                at = end
                continue
            body = opened(data, at, header)
            if body is None:
                at = self._lost(path, data, at, "the block is not whole")
                continue
            yield Place(path, at, header.first_at, header.last_at), body
            at = end

    def _lost(self, path: Path, data: memoryview, at: int, why: str) -> int:
        after = next_magic(data, at + 1)
        while after < len(data) and header_at(data, after) is None:
            after = next_magic(data, after + 1)
        self.damage.append(Damage(path.name, at, after - at, why))
        return after


def _apart(header: Header, since: int | None, until: int | None) -> bool:
    return (since is not None and header.last_at < since) or (
        until is not None and header.first_at > until
    )
