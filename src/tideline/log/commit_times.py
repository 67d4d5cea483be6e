"""When commits were made, by their number: from when on a store held its rows.

A row's known_time may be modelled and earlier (imported history); the commit that brought it
cannot be. known_time of commits grows with their number.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from tideline.domain.errors import StoreDamaged
from tideline.log.schema import int_times

Ints: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]
Query: TypeAlias = Callable[[Callable[[sqlite3.Connection], Ints]], Ints]

BLOCK = 65_536
"""Commits looked up together, and kept."""


class CommitTimes:
    """The known_time of commits; those looked up are kept, 8 bytes each."""

    def __init__(self, query: Query) -> None:
        """``query`` runs a question on the journal."""
        self._query = query
        self._blocks: dict[int, Ints] = {}

    def of(self, seqs: Ints) -> Ints:
        """The known_time of each commit, 0 where the journal does not have it."""
        found = np.zeros(seqs.size, np.int64)
        blocks = seqs // BLOCK
        for block in np.unique(blocks).tolist():
            mine = blocks == block
            places = seqs[mine] - block * BLOCK
            times = self._block(block, int(places.max()))
            found[mine] = times[places]
        return found

    def brought(self, table: Any) -> Ints:
        """For each row of a canonical table the known_time of its commit; its own where the
        journal lost the commit."""
        known = int_times(table.column("known_time"))
        brought: Ints = np.maximum(self.of(table.column("seq").to_numpy()), known)
        return brought

    def _block(self, block: int, last: int) -> Ints:
        """A block that is told up to ``last``; the newest one still grows."""
        times = self._blocks.get(block)
        if times is None or not times[last]:
            try:
                times = self._query(lambda db: _times(db, block * BLOCK))
            except StoreDamaged:  # said by whoever reads the rows
                return np.zeros(BLOCK, np.int64)
            self._blocks[block] = times
        return times


def _times(db: sqlite3.Connection, first: int) -> Ints:
    ask = "SELECT seq, known_time FROM commits WHERE seq >= ? AND seq < ?"
    times = np.zeros(BLOCK, np.int64)
    found = db.execute(ask, (first, first + BLOCK)).fetchall()
    if found:
        seqs, known = np.array(found, np.int64).T
        times[seqs - first] = known
    return times
