"""One asset's rows in memory, as legs that follow the log.

A commit is only put aside when it comes; it is taken in when the asset is next asked. Whoever
asks sees to it that one thread at a time does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from tideline.domain.instrument import Instrument
from tideline.features.groups import Group
from tideline.features.growing import GrowingLegs
from tideline.log import Commit
from tideline.store import Store
from tideline.store.lived import as_lived, commit_as_lived
from tideline.store.origins import Origins
from tideline.store.rows import AssetRows
from tideline.venues.symbols import parse_symbol

MOST_WAITING = 200_000
"""Rows put aside for an asset that nobody asks: beyond, it is let go and read again when asked."""


class HeldRows:
    """Empty until :meth:`load`.

    Rows are known from the commit that brought them (:mod:`tideline.store.lived`), or from the
    known_time they have.

    Attributes:
        growing: the legs; ``fields`` and ``starts`` say of what and from which event_time on, µs
            (fields without a start: from their beginning).
        instruments, origins: of all of them.
        structure: changes when legs were read anew, or came.
    """

    def __init__(self, store: Store, asset: str, *, lived: bool = True) -> None:
        self._store, self.asset, self._lived = store, asset, lived
        self.structure = 0
        self._waiting: deque[Commit] = deque()
        self._waiting_rows = 0
        self.forget()

    def forget(self) -> None:
        """Hold nothing."""
        self.growing: GrowingLegs | None = None
        self.fields: frozenset[str] = frozenset()
        self.starts: Mapping[str, int] = {}
        self.instruments: dict[Group, Instrument] = {}
        self.origins = Origins(self._store.log)
        self.structure += 1
        self._seq = 0

    @property
    def overflowing(self) -> bool:
        """Has more been put aside than is worth taking in?"""
        return self._waiting_rows > MOST_WAITING

    def drop(self) -> None:
        """Hold nothing, and nothing put aside."""
        self._waiting.clear()
        self._waiting_rows = 0
        self.forget()

    def put(self, commit: Commit, rows: pa.Table) -> None:
        """The asset's rows of a commit, from the thread that follows the log."""
        self._waiting.append(Commit(commit.seq, commit.known_time, rows.num_rows, rows))
        self._waiting_rows += rows.num_rows

    def load(self, rows: AssetRows, first: int) -> GrowingLegs:
        """Read what questions of these addresses from ``first`` (µs) on look back to, whenever it
        was known, of one moment of the log."""
        self.forget()
        self.starts = rows.starts(first)
        table, self._seq = self._store.log.standing(self.asset, rows.asks(self.starts))
        # the index again: a leg that came meanwhile has its older rows in the table
        again = AssetRows(self._store.log, self.asset, rows.addresses)
        before = again.before(self.starts, lived=self._lived)
        if self._lived:
            table = as_lived(self._store.log, table)
        self.growing = GrowingLegs(table, before)
        self.fields = rows.fields
        self.origins.add(table)
        self._name(self.growing)
        return self.growing

    def take_in(self, head: int) -> None:
        """Commits put aside, as far as they were known at the head, µs."""
        growing = self.growing
        if growing is None:
            return
        while self._waiting and self._waiting[0].known_time <= head:
            commit = self._waiting.popleft()
            self._waiting_rows -= commit.rows
            if commit.seq <= self._seq:
                continue
            self._seq = commit.seq
            rows = commit_as_lived(commit) if self._lived else commit.table
            rows = _of_fields(rows, self.fields)
            count = len(growing.legs.index)
            growing.append(rows)
            self.origins.add(rows)
            if len(growing.legs.index) != count:
                self._name(growing)

    def _name(self, growing: GrowingLegs) -> None:
        self.structure += 1
        for venue, instrument, _ in growing.legs.index:
            if (venue, instrument) not in self.instruments:
                self.instruments[venue, instrument] = parse_symbol(venue, instrument)


def _of_fields(rows: pa.Table, fields: frozenset[str]) -> pa.Table:
    """The rows of those fields."""
    column = pa.chunked_array(rows["field"])
    words = pa.array(sorted(fields), pa.string())
    return rows.filter(pc.is_in(column.cast(pa.string()), words))
