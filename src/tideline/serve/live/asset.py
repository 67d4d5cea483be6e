"""One asset's rows in memory, following the log: live answers without reading the log again.

What is asked decides how far back rows are held; a deeper question, or one of other fields, reads
the log once more.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from tideline.features.growing import GrowingLegs
from tideline.features.planned import Planned
from tideline.log import Commit
from tideline.serve.held_rows import HeldRows
from tideline.signals import BY_ADDRESS
from tideline.store import Store
from tideline.store.rows import AssetRows, reach
from tideline.store.value import Telling

MOST_GROWN = 20_000
"""Rows taken in, beyond as many as were read, after which an asset is read anew: that lets go of
those that have left every window."""
MOST_PLANNED = 256


class LiveAsset:
    """Asked from any thread, one at a time."""

    def __init__(self, store: Store, asset: str) -> None:
        self._store, self.asset = store, asset
        self._lock = threading.Lock()
        self._rows = HeldRows(store, asset)
        self._asked: dict[str, None] = {}
        self._back: dict[str, int] = {}
        self._read = 0
        self._told: dict[tuple[str, ...], Telling] = {}
        self._planned: dict[tuple[str, ...], Planned] = {}
        self._planned_of = (0, 0)

    def put(self, commit: Commit, rows: pa.Table) -> None:
        """The asset's rows of a commit. Called by the follower; waits for nobody."""
        if self._rows.overflowing and self._lock.acquire(blocking=False):
            try:
                self._rows.drop()
            finally:
                self._lock.release()
        self._rows.put(commit, rows)

    def values(self, addresses: Sequence[str], head: int) -> list[dict[str, Any]]:
        """What :meth:`tideline.store.Store.values` gives at ``head``, bit for bit."""
        with self._lock:
            growing = self._ready(addresses, head)
            planned = self._plan(growing, addresses)
            key = tuple(addresses)
            if key not in self._told:
                self._told[key] = Telling(
                    growing.legs,
                    self._rows.instruments,
                    self._rows.origins,
                    addresses,
                    self._store.simulated,
                )
            return self._told[key].at(planned.at(head, evidence=True), 0)

    def numbers(self, addresses: Sequence[str], head: int) -> list[float | None]:
        """The values alone: the same numbers without what stands beside them."""
        with self._lock:
            found = self._plan(self._ready(addresses, head), addresses).at(head).values[0]
            return [value if math.isfinite(value) else None for value in found.tolist()]

    def holds(self, addresses: Sequence[str]) -> bool:
        """Are the rows that these addresses look back to in memory?"""
        growing = self._rows.growing
        return (
            growing is not None
            and growing.rows <= 2 * self._read + MOST_GROWN
            and all(far <= self._back.get(name, -1) for name, far in reach(addresses).items())
        )

    def _ready(self, addresses: Sequence[str], head: int) -> GrowingLegs:
        """The rows that the addresses look back to, up to the head."""
        growing = self._rows.growing
        if growing is None or not self.holds(addresses):
            for address in addresses:
                self._asked[address] = None
            rows = AssetRows(self._store.log, self.asset, list(self._asked))
            growing = self._rows.load(rows, head)
            self._back, self._read = rows.back, growing.rows
        self._rows.take_in(head)
        return growing

    def _plan(self, growing: GrowingLegs, addresses: Sequence[str]) -> Planned:
        """The plan of these addresses, made once for as long as the legs only grow."""
        made_of = (self._rows.structure, growing.generation)
        if made_of != self._planned_of or len(self._planned) > MOST_PLANNED:
            self._told.clear()
            self._planned.clear()
            self._planned_of = made_of
        key = tuple(addresses)
        found = self._planned.get(key)
        if found is None:
            found = Planned(growing.legs, BY_ADDRESS, self._rows.instruments, addresses)
            self._planned[key] = found
        return found
