"""From a view to rows: prune by file, verify, filter by both times, put in order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tideline.log.files import Files
from tideline.log.flusher import split
from tideline.log.layout import Layout
from tideline.log.order import by_leg, event_order, leg_rank
from tideline.log.part import Part, Wanted, decode_part, digest_of
from tideline.log.schema import MEMORY, int_times
from tideline.log.view import PartGone, View, Viewer


@dataclass(frozen=True, slots=True)
class Question:
    """Rows of one asset; every bound inclusive, times in µs. ``as_of`` bounds both times."""

    asset: str
    as_of: int
    fields: frozenset[str] | None = None
    event_from: int | None = None
    event_to: int | None = None

    @property
    def last_event(self) -> int:
        return self.as_of if self.event_to is None else min(self.as_of, self.event_to)

    @property
    def wanted(self) -> Wanted:
        return Wanted(self.fields, self.event_from, self.last_event)

    def may_touch(self, part: Part) -> bool:
        return (
            part.asset == self.asset
            and part.min_known <= self.as_of
            and part.min_event <= self.last_event
            and (self.event_from is None or part.max_event >= self.event_from)
        )


class PartReader:
    """Reads files of the table; never gives rows of a file whose bytes are not as written."""

    def __init__(self, layout: Layout, files: Files, viewer: Viewer) -> None:
        self._layout, self._files, self._viewer = layout, files, viewer

    def read(self, part: Part, *, gone: bool = False, wanted: Wanted | None = None) -> Any | None:
        """The file's rows, at least those ``wanted``; None, and a finding, when it is damaged.

        A file that is not there raises PartGone, unless ``gone`` says that this is its damage.
        """
        try:
            body = self._files.read(self._layout.table / part.path)
        except FileNotFoundError:
            if not gone:
                raise PartGone(part.path) from None
            self._damaged(part, "the file is missing")
            return None
        except OSError as error:
            self._damaged(part, str(error))
            return None
        if digest_of(body) != part.digest:
            self._damaged(part, "the file does not match its checksum")
            return None
        return decode_part(body, wanted)

    def _damaged(self, part: Part, problem: str) -> None:
        self._viewer.found("damaged file", f"table/{part.path}", span_of(part), problem)


def span_of(part: Part) -> str:
    """What a file holds, in words: the range that damage to it degrades."""
    from tideline.domain.time import format_time

    return (
        f"{part.asset} seq {part.min_seq}..{part.max_seq}, event_time "
        f"{format_time(part.min_event)} .. {format_time(part.max_event)}, {part.rows} rows"
    )


def answer(view: View, ask: Question, reader: PartReader, *, gone: frozenset[str]) -> Any:
    """The rows known at ``ask.as_of``, in canonical order."""
    pieces, messy = _pieces(view, ask, reader, gone)
    if not pieces:
        return MEMORY.empty_table()
    table = pa.concat_tables(pieces).unify_dictionaries().combine_chunks()
    keep = _mask(table, ask)
    order: Any = None
    if messy:
        order = np.arange(table.num_rows)
        for start, stop in messy:
            order[start:stop] = event_order(table, start, stop)
    if keep is not None:
        order = np.flatnonzero(keep) if order is None else order[keep[order]]
    order = by_leg(leg_rank(table), order)
    return canonical(table if order is None else table.take(pa.array(order)))


def canonical(table: Any) -> Any:
    """The same rows with dictionaries that depend on the rows alone: used words, sorted."""
    columns = []
    for name in table.column_names:
        column = table.column(name)
        if pa.types.is_dictionary(column.type):
            column = _tidy(column.combine_chunks())
        columns.append(column)
    return pa.table(columns, schema=MEMORY)


def _tidy(column: Any) -> Any:
    column = column.chunk(0) if isinstance(column, pa.ChunkedArray) else column
    codes, words = column.indices.to_numpy(), column.dictionary.to_pylist()
    used = np.flatnonzero(np.bincount(codes, minlength=len(words)))
    kept = sorted({words[at] for at in used})
    if kept == words:
        return column
    place = {word: at for at, word in enumerate(kept)}
    moved = np.array([place.get(word, 0) for word in words], np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(moved[codes]), pa.array(kept, pa.string()))


def _pieces(
    view: View, ask: Question, reader: PartReader, gone: frozenset[str]
) -> tuple[list[Any], list[tuple[int, int]]]:
    """Tables in the order of months, and the row ranges that several of them share."""
    found: list[tuple[str, Any]] = []
    for part in view.parts:
        if ask.may_touch(part):
            rows = reader.read(part, gone=part.path in gone, wanted=ask.wanted)
            if rows is not None and rows.num_rows:
                found.append((part.month, rows))
    found += _tail(view.tail.values(), ask)
    found.sort(key=lambda pair: pair[0])
    pieces: list[Any] = []
    messy: list[tuple[int, int]] = []
    at = 0
    for _, group in groupby(found, key=lambda pair: pair[0]):
        tables = [table for _, table in group]
        rows = sum(table.num_rows for table in tables)
        if len(tables) > 1:
            messy.append((at, at + rows))
        pieces += tables
        at += rows
    return pieces, messy


def _tail(tables: Iterable[Any], ask: Question) -> list[tuple[str, Any]]:
    mine = []
    for table in tables:
        column = pa.chunked_array(table.column("asset"))
        if len(column.unique()) == 1 and column[0].as_py() == ask.asset:
            mine.append(table)
        else:
            mine.append(table.filter(pc.equal(column, ask.asset)))
    mine = [table for table in mine if table.num_rows]
    if not mine:
        return []
    pairs: list[tuple[str, Any]] = []
    for _, month, piece in split(pa.concat_tables(mine)):
        pairs += [(month, piece.slice(0, 1)), (month, piece.slice(1))]  # two: to be put in order
    return pairs


def _mask(table: Any, ask: Question) -> Any:
    """Which rows answer the question; None: all."""
    keep = None
    event, known = int_times(table.column("event_time")), int_times(table.column("known_time"))
    if known.max() > ask.as_of:
        keep = known <= ask.as_of
    if event.max() > ask.last_event:
        keep = _both(keep, event <= ask.last_event)
    if ask.event_from is not None and event.min() < ask.event_from:
        keep = _both(keep, event >= ask.event_from)
    if ask.fields is not None:
        column = table.column("field").chunk(0)
        wanted = np.array([name in ask.fields for name in column.dictionary.to_pylist()], np.bool_)
        keep = _both(keep, wanted[column.indices.to_numpy()])
    return keep


def _both(first: Any, second: Any) -> Any:
    return second if first is None else first & second


def all_rows(view: View, reader: PartReader, parts: Sequence[Part] | None = None) -> Any:
    """Every row whenever known: for the log's own tools alone."""
    tables = [reader.read(part, gone=True) for part in (view.parts if parts is None else parts)]
    tables = [table for table in tables if table is not None]
    tables += [table for _, table in sorted(view.tail.items())]
    return pa.concat_tables(tables) if tables else MEMORY.empty_table()
