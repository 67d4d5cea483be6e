"""The log again, from what arrived: every record through a new intake, every commit at its moment.

    Begun    another intake, primed from what the target holds by now, as the process once was
    Block    the records, then the seal; the rows get the known_time that the archive's stamps say

With the same parsers the target is the same log, row for row. With mended ones it is what would
have been recorded, had they been right from the start. Blocks that never reached the log are left
out, as they were then; only of the archive's very last one nobody can say, and it is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tideline.collect.intake import take_in
from tideline.collect.live.committer import of_kind
from tideline.collect.live.intake import LiveIntake
from tideline.collect.live.priming import prime
from tideline.collect.live.record import Record, Sealed
from tideline.collect.live.rows import TIMESTAMP
from tideline.collect.raw.entries import Begun, Block, Entry
from tideline.collect.raw.reading import Damage, Reading
from tideline.collect.report import ImportReport
from tideline.domain.errors import BadInput
from tideline.domain.time import ManualClock
from tideline.log import Commit, ImportRecord, Log, Source, Writer
from tideline.venues.declaration import Venue


@dataclass(slots=True)
class Reparsed:
    """What a run did. ``unsealed``: blocks that had not reached the log."""

    blocks: int = 0
    records: int = 0
    commits: int = 0
    rows: int = 0
    unsealed: int = 0
    refused: list[str] = field(default_factory=list)
    damage: list[Damage] = field(default_factory=list)


@dataclass(slots=True)
class _Piece:
    """One block with all that belongs to it."""

    block: Block
    records: list[Record] = field(default_factory=list)
    stamps: list[Sealed] = field(default_factory=list)
    final: bool = False


def reparse(directory: Path, target: Log, venues: Sequence[Venue]) -> Reparsed:
    """Rebuild the live rows of an archive in ``target``, which should be empty.

    Raises:
        StoreBusy, StoreError: the target cannot be written.
    """
    reading = Reading(directory)
    found = Reparsed()
    intake, kind = LiveIntake(venues), "live"
    with target.writer(background=False) as writer:
        run = _Run(target, writer, found)
        for piece in _pieces(reading.entries()):
            if isinstance(piece, Begun):
                intake = LiveIntake(
                    venues, prime(target), trusted=piece.trusted, thin_us=piece.thin_us
                )
                kind = piece.kind
            else:
                run.block(intake, piece, kind)
    found.damage = reading.damage
    return found


def _pieces(entries: Iterable[Entry]) -> Iterator[_Piece | Begun]:
    """Blocks with their stamps, and the starts between them, in order."""
    piece: _Piece | None = None
    for entry in entries:
        if isinstance(entry, Sealed):
            if piece is not None:
                piece.stamps.append(entry)
        elif isinstance(entry, (Block, Begun)):
            if piece is not None:
                yield piece
            piece = None
            if isinstance(entry, Begun):
                yield entry
            else:
                piece = _Piece(entry)
        elif piece is not None:
            piece.records.append(entry)
    if piece is not None:
        piece.final = True
        yield piece


class _Run:
    def __init__(self, target: Log, writer: Writer, found: Reparsed) -> None:
        self._log, self._writer, self._found = target, writer, found
        self._last = 0

    def block(self, intake: LiveIntake, piece: _Piece, kind: str) -> None:
        """One block: read, seal, append as it was appended."""
        self._found.blocks += 1
        self._found.records += len(piece.records)
        for record in piece.records:
            intake.take(record)
        batch = intake.seal(piece.block.at, self._writer.next_source())
        stamps = _Stamps(self._writer, piece, self._last)
        if piece.block.rows and not piece.stamps:
            self._found.unsealed += 1
            if not piece.final:
                intake.refused(batch)
                return
        before = self._writer.state.last_seq
        try:
            if batch.rows:
                stamps.append(batch.table, of_kind(kind, batch.sources))
        except BadInput as error:
            self._found.refused.append(str(error))
            intake.refused(batch)
        for offer in batch.offers:
            offer.sources = of_kind(kind, offer.sources)
            try:
                take_in(self._log, stamps, ManualClock(piece.block.at), offer, ImportReport("live"))
            except BadInput as error:
                self._found.refused.append(str(error))
        self._found.commits += self._writer.state.last_seq - before
        self._found.rows += stamps.rows
        self._last = stamps.last


class _Stamps:
    """The writer, told for each append when it was known."""

    def __init__(self, writer: Writer, piece: _Piece, last: int) -> None:
        self._writer, self._piece, self.last = writer, piece, last
        self._left = list(piece.stamps)
        self.rows = 0

    def next_source(self) -> int:
        """The first source_id that is still free."""
        return self._writer.next_source()

    def append(
        self, rows: Any, sources: Iterable[Source] = (), imports: Iterable[ImportRecord] = ()
    ) -> Commit:
        """As the writer's, at the moment of the archive's next stamp."""
        if self._left:
            known = self._left.pop(0).known_time
        else:  # a mended parser finds rows where there were none
            known = max(self.last + 1, self._piece.block.at)
        self.last = max(self.last, known)
        commit = self._writer.append(_known_at(rows, known), sources, imports)
        self.rows += commit.rows
        return commit

    def record_import(self, record: ImportRecord) -> None:
        """As the writer's."""
        self._writer.record_import(record)


def _known_at(rows: Any, known: int) -> Any:
    moment = pa.scalar(known, pa.int64()).cast(TIMESTAMP)
    if "known_time" not in rows.column_names:
        column = pa.repeat(moment, rows.num_rows)
        return rows.append_column("known_time", column)
    place = rows.column_names.index("known_time")
    return rows.set_column(place, "known_time", pc.fill_null(rows.column(place), moment))
