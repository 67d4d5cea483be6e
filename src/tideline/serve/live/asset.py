"""One asset's rows in memory, following the log: live answers without reading the log again.

A commit is only put aside when it comes; it is taken in when the asset is next asked, up to the
head of the question. What is asked decides how far back rows are held; a deeper question, or one
of other fields, reads the log once more.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tideline.domain.instrument import Instrument
from tideline.domain.time import HOUR
from tideline.features.engine import evaluate_legs
from tideline.features.groups import Group
from tideline.features.growing import GrowingLegs
from tideline.log import Commit
from tideline.signals import BY_ADDRESS
from tideline.store import Store
from tideline.store.origins import Origins
from tideline.store.rows import AssetRows, reach
from tideline.store.value import Telling
from tideline.venues.symbols import parse_symbol

MOST_WAITING = 200_000
"""Rows put aside for an asset that nobody asks: beyond, it is let go and read again when asked."""
ANEW_US = 6 * HOUR
"""Rows that have left every window are let go by reading anew, so often."""
MOST_TOLD = 256


class LiveAsset:
    """Asked from any thread, one at a time."""

    def __init__(self, store: Store, asset: str) -> None:
        self._store, self.asset = store, asset
        self._lock = threading.Lock()
        self._waiting: deque[Commit] = deque()
        self._waiting_rows = 0
        self._asked: dict[str, None] = {}
        self._forget()

    def _forget(self) -> None:
        self._growing: GrowingLegs | None = None
        self._fields: frozenset[str] = frozenset()
        self._back: dict[str, int] = {}
        self._since = 0
        self._seq = 0
        self._instruments: dict[Group, Instrument] = {}
        self._told: dict[tuple[str, ...], Telling] = {}
        self._told_of = 0
        self._origins = Origins(self._store.log)

    def put(self, commit: Commit, rows: pa.Table) -> None:
        """The asset's rows of a commit. Called by the follower; waits for nobody."""
        if self._waiting_rows > MOST_WAITING and self._lock.acquire(blocking=False):
            try:
                self._waiting.clear()
                self._waiting_rows = 0
                self._forget()
            finally:
                self._lock.release()
        self._waiting.append(Commit(commit.seq, commit.known_time, rows.num_rows, rows))
        self._waiting_rows += rows.num_rows

    def values(self, addresses: Sequence[str], head: int) -> list[dict[str, Any]]:
        """What :meth:`tideline.store.Store.values` gives at ``head``, bit for bit."""
        with self._lock:
            self._ready(addresses, head)
            return self._answer(list(addresses), head)

    def numbers(self, addresses: Sequence[str], head: int) -> list[float | None]:
        """The values alone: the same numbers without what stands beside them."""
        with self._lock:
            self._ready(addresses, head)
            growing = self._growing
            if growing is None:
                return []
            moment = np.array([head], np.int64)
            found = evaluate_legs(
                growing.legs, BY_ADDRESS, self._instruments, moment, addresses
            ).values[0]
            return [float(value) if math.isfinite(value) else None for value in found]

    def _ready(self, addresses: Sequence[str], head: int) -> None:
        """Hold the rows that the addresses look back to, up to the head."""
        if not self.holds(addresses, head):
            self._load(addresses, head)
        self._take_in(head)

    def holds(self, addresses: Sequence[str], head: int) -> bool:
        """Are the rows that these addresses look back to in memory?"""
        return (
            self._growing is not None
            and head - self._since < ANEW_US
            and all(far <= self._back.get(name, -1) for name, far in reach(addresses).items())
        )

    def _load(self, addresses: Sequence[str], head: int) -> None:
        """Read what the questions so far look back to, of one moment of the log."""
        self._forget()
        for address in addresses:
            self._asked[address] = None
        rows = AssetRows(self._store.log, self.asset, list(self._asked))
        starts = rows.starts(head)
        table, self._seq = self._store.log.standing(self.asset, rows.asks(starts))
        older = AssetRows(self._store.log, self.asset, list(self._asked)).before(starts)
        self._growing = GrowingLegs(table, older)
        self._fields, self._back, self._since = rows.fields, rows.back, head
        self._origins.add(table)
        self._name(self._growing)

    def _take_in(self, head: int) -> None:
        """Commits put aside, as far as they were known at the head."""
        growing = self._growing
        if growing is None:
            return
        while self._waiting and self._waiting[0].known_time <= head:
            commit = self._waiting.popleft()
            self._waiting_rows -= commit.rows
            if commit.seq <= self._seq:
                continue
            self._seq = commit.seq
            rows = _of_fields(commit.table, self._fields)
            count = len(growing.legs.index)
            growing.append(rows)
            self._origins.add(rows)
            if len(growing.legs.index) != count:
                self._name(growing)

    def _name(self, growing: GrowingLegs) -> None:
        for venue, instrument, _ in growing.legs.index:
            if (venue, instrument) not in self._instruments:
                self._instruments[venue, instrument] = parse_symbol(venue, instrument)
        self._told.clear()

    def _answer(self, addresses: list[str], head: int) -> list[dict[str, Any]]:
        growing = self._growing
        if growing is None:
            return []
        if growing.generation != self._told_of or len(self._told) > MOST_TOLD:
            self._told.clear()
            self._told_of = growing.generation
        key = tuple(addresses)
        if key not in self._told:
            self._told[key] = Telling(
                growing.legs,
                self._instruments,
                self._origins,
                addresses,
                self._store.simulated,
            )
        moment = np.array([head], np.int64)
        found = evaluate_legs(
            growing.legs, BY_ADDRESS, self._instruments, moment, addresses, evidence=True
        )
        return self._told[key].at(found, 0)


def _of_fields(rows: pa.Table, fields: frozenset[str]) -> pa.Table:
    """The rows of those fields."""
    column = pa.chunked_array(rows["field"])
    words = pa.array(sorted(fields), pa.string())
    return rows.filter(pc.is_in(column.cast(pa.string()), words))
