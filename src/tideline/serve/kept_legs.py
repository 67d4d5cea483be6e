"""Legs of the assets that questions about the past were asked of, kept between the questions.

Rows are never changed and only added, and an answer at T looks at no row known later: legs that
were read for one question, and that take in every commit since, answer all others of the same
fields that look back no further. Moments that were lived have legs of their own, and those before
have others (:mod:`tideline.store.lived`). Where anything else happened to the files (a flush, a
compaction, a repair, a removal), where a commit has not come through yet, or where somebody else is
at work on the same legs, the log is read as if nothing were kept.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from tideline.features.legs import LegSet
from tideline.log import Commit
from tideline.serve.held_rows import HeldRows
from tideline.store import Store
from tideline.store.origins import Origins
from tideline.store.rows import AssetRows

MOST_ROWS = 1_500_000
"""Rows kept of all assets together, at about 130 bytes each; those not asked for longest go."""
MOST_ASKED = 1_000
"""Addresses whose rows are kept of one asset."""
MOST_IN_VAIN = 3.0
"""Rows read to be kept, for each that the question itself needs."""


class Applied(Protocol):
    """Who follows the log: the last commit handed on, and the moment published with it."""

    applied: int
    head: int


class Files(NamedTuple):
    """What the files of a store are, whatever is appended to it."""

    version: int
    horizon: int


class Borrowed(NamedTuple):
    """Legs that answer a stretch of moments, and where their rows come from."""

    legs: LegSet
    origins: Origins


class _Name(NamedTuple):
    asset: str
    lived: bool


class _Kept:
    def __init__(self, store: Store, name: _Name) -> None:
        self.rows, self.lock = HeldRows(store, name.asset, lived=name.lived), threading.Lock()
        self.files = Files(-1, -1)
        self.asked: dict[str, None] = {}


class KeptLegs:
    """One a process; asked from any thread."""

    def __init__(self, store: Store, follower: Applied) -> None:
        self._store, self._follower = store, follower
        self._lock = threading.Lock()
        self._kept: dict[_Name, _Kept] = {}

    def take(self, commit: Commit) -> None:
        """A commit of the log, in order, from the thread that follows it."""
        table = commit.table
        if table is None or not table.num_rows or not self._kept:
            return
        column = pa.chunked_array(table["asset"]).cast(pa.string())
        for asset in column.unique().to_pylist():
            kept = [one for lived in (False, True) if (one := self._taking(_Name(asset, lived)))]
            if kept:
                mine = table.filter(pc.equal(column, asset))
                for one in kept:
                    one.rows.put(commit, mine)

    def _taking(self, name: _Name) -> _Kept | None:
        """What is to take in commits; what nobody asks and that grows too much is let go."""
        with self._lock:
            kept = self._kept.get(name)
            if kept is not None and kept.rows.overflowing:
                del self._kept[name]
                return None
            return kept

    def forget(self) -> None:
        """Keep nothing of what is kept now."""
        with self._lock:
            self._kept.clear()

    @contextmanager
    def borrowed(self, rows: AssetRows, first: int, last: int) -> Iterator[Borrowed | None]:
        """Legs for the moments ``first`` to ``last`` (µs; all of them lived, or none), for as long
        as the block lasts; None: there are none that are certain."""
        name = _Name(rows.asset, rows.lived(first))
        kept = self._of(name)
        if not kept.lock.acquire(blocking=False):
            yield None
            return
        try:
            yield self._ready(name, kept, rows, first, last)
        finally:
            kept.lock.release()
        self._let_go()

    def _of(self, name: _Name) -> _Kept:
        """The place of an asset, newest in line."""
        with self._lock:
            kept = self._kept.pop(name, None) or _Kept(self._store, name)
            self._kept[name] = kept
            return kept

    def _ready(
        self, name: _Name, kept: _Kept, rows: AssetRows, first: int, last: int
    ) -> Borrowed | None:
        state = self._store.log.viewer.state()
        head = self._follower.head
        if state.last_seq > self._follower.applied or last > head:
            return None
        with self._lock:
            if self._kept.get(name) is not kept:
                return None  # let go meanwhile: the newest commits did not come to it
        files = Files(state.version, state.horizon)
        starts = rows.starts(first)
        if kept.files != files or not _covers(kept.rows, rows.fields, starts):
            if not self._worth_it(rows, first, last):
                return None
            if kept.files != files or len(kept.asked) > MOST_ASKED:
                kept.asked = {}
            kept.asked |= dict.fromkeys(rows.addresses)
            kept.rows.load(AssetRows(self._store.log, rows.asset, list(kept.asked)), first)
            kept.files = files
        kept.rows.take_in(head)
        growing = kept.rows.growing
        return None if growing is None else Borrowed(growing.legs, kept.rows.origins)

    def _worth_it(self, rows: AssetRows, first: int, last: int) -> bool:
        start = first - rows.back_us
        needed, read = rows.rows_between(start, last), rows.rows_between(start, self._follower.head)
        return read <= min(MOST_ROWS, MOST_IN_VAIN * max(needed, 10_000.0))

    def _let_go(self) -> None:
        """Of what was not asked for longest, while all of it is too much."""
        with self._lock:
            total = sum(_size(kept) for kept in self._kept.values())
            for name in list(self._kept):
                if total <= MOST_ROWS:
                    return
                total -= _size(self._kept.pop(name))


def _size(kept: _Kept) -> int:
    growing = kept.rows.growing
    return 0 if growing is None else growing.rows


def _covers(held: HeldRows, fields: frozenset[str], starts: dict[str, int]) -> bool:
    """Are the rows of these fields there, from these moments on?"""
    if held.growing is None or not fields <= held.fields:
        return False
    return all(
        name not in held.starts or held.starts[name] <= starts.get(name, -1) for name in fields
    )
