"""The order of rows: venue, instrument, field, event_time, known_time, then the log's own order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from tideline.log.schema import int_times

Ints = np.ndarray[Any, np.dtype[np.int64]]


def leg_rank(table: Any) -> Ints:
    """A number for each row's leg, in the order of (venue, instrument, field) as text."""
    code = np.zeros(table.num_rows, np.int64)
    for name in ("venue", "instrument", "field"):
        column = table.column(name)
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        if isinstance(column, pa.ChunkedArray):
            column = column.unify_dictionaries().combine_chunks()
        words = column.dictionary.to_pylist()
        rank = np.empty(len(words), np.int64)
        place = {word: at for at, word in enumerate(sorted(set(words)))}
        rank[:] = [place[word] for word in words]
        code = code * len(place) + rank[column.indices.to_numpy()]
    return code


def by_leg(rank: Ints, order: Ints | None) -> Ints | None:
    """Bring rows together leg by leg, keeping their order within; None: they lie so already."""
    ordered = rank if order is None else rank[order]
    if not (ordered[1:] < ordered[:-1]).any():
        return order
    narrow = ordered.astype(np.uint16) if ordered.max(initial=0) < 65_536 else ordered
    moved = np.argsort(narrow, kind="stable")
    return moved if order is None else order[moved]


def sort_order(table: Any) -> Ints:
    """Where each row goes, for any input order."""
    order = _inner_order(table)
    order = by_leg(leg_rank(table), order)
    return np.arange(table.num_rows) if order is None else order


def _inner_order(table: Any) -> Ints | None:
    """By event_time, known_time, seq, row: least significant key first, sorted ones skipped."""
    arrival = (_ints(table, "seq") << 32) + _ints(table, "row")
    order: Ints | None = None
    for key in (arrival, _times(table, "known_time"), _times(table, "event_time")):
        ordered = key if order is None else key[order]
        if (ordered[1:] < ordered[:-1]).any():
            moved = np.argsort(ordered, kind="stable")
            order = moved if order is None else order[moved]
    return order


def event_order(table: Any, start: int, stop: int) -> Ints:
    """The order within rows ``start:stop`` of a table, as positions in the whole table."""
    order = _inner_order(table.slice(start, stop - start))
    return start + (np.arange(stop - start) if order is None else order)


def _ints(table: Any, name: str) -> Ints:
    return table.column(name).combine_chunks().to_numpy().astype(np.int64)  # type: ignore[no-any-return]


def _times(table: Any, name: str) -> Ints:
    return int_times(table.column(name))
