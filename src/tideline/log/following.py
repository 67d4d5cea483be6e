"""New commits in order, in any process, from the journal or, once flushed, from the table."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from tideline.log.reading import PartReader, canonical
from tideline.log.records import Commit
from tideline.log.schema import MEMORY
from tideline.log.view import View, Viewer

if TYPE_CHECKING:
    from tideline.log.log import Log

WINDOW_ROWS = 1_000_000
Facts = tuple[int, int, int]


def follow(log: Log, after_seq: int, poll_s: float, idle_s: float | None) -> Iterator[Commit]:
    """Every commit after ``after_seq``, each once, in order; waits for more.

    Ends only when ``idle_s`` seconds pass without news. A commit whose rows are damaged or were
    removed by retention comes with the rows that are left.
    """
    viewer, clock = Viewer(log.layout, log.files), log.clock
    reader = PartReader(log.layout, log.files, log.viewer)
    quiet_since = clock.monotonic()
    try:
        while True:
            batch = _next(viewer, reader, after_seq)
            for commit in batch:
                after_seq = commit.seq
                yield commit
            if batch:
                quiet_since = clock.monotonic()
            elif idle_s is not None and clock.monotonic() - quiet_since >= idle_s:
                return
            else:
                clock.sleep(poll_s)
    finally:
        log.viewer.findings.update(viewer.findings)
        viewer.close()


def _next(viewer: Viewer, reader: PartReader, after: int) -> list[Commit]:
    facts = viewer.query(lambda db: _facts(db, after))
    if not facts:
        return []
    view, tables = viewer.settled(lambda view, gone: (view, _flushed(view, reader, facts, gone)))
    empty = MEMORY.empty_table()
    return [
        Commit(seq, known, rows, view.tail.get(seq, tables.get(seq, empty)))
        for seq, known, rows in facts
    ]


def _facts(db: sqlite3.Connection, after: int) -> list[Facts]:
    """The next commits, up to a window of rows."""
    found: list[Facts] = []
    total = 0
    ask = "SELECT seq, known_time, rows FROM commits WHERE seq > ? ORDER BY seq LIMIT 4096"
    for seq, known, rows in db.execute(ask, (after,)):
        total += rows
        if found and total > WINDOW_ROWS:
            break
        found.append((seq, known, rows))
    return found


def _flushed(
    view: View, reader: PartReader, facts: list[Facts], gone: frozenset[str]
) -> dict[int, Any]:
    low, high = facts[0][0], min(facts[-1][0], view.state.flushed)
    if low > high:
        return {}
    pieces = []
    for part in view.parts:
        if part.min_seq <= high and part.max_seq >= low:
            table = reader.read(part, gone=part.path in gone)
            if table is not None:
                seq = table.column("seq").to_numpy()
                pieces.append(table.filter(pa.array((seq >= low) & (seq <= high))))
    if not pieces:
        return {}
    rows = pa.concat_tables(pieces).unify_dictionaries().combine_chunks()
    seq, row = rows.column("seq").to_numpy(), rows.column("row").to_numpy()
    order = np.lexsort((row, seq))
    rows, seq = rows.take(pa.array(order)), seq[order]
    cuts = np.append(np.append(0, np.flatnonzero(seq[1:] != seq[:-1]) + 1), len(seq))
    return {
        int(seq[start]): canonical(rows.slice(start, stop - start))
        for start, stop in pairwise(cuts)
        if stop > start
    }
