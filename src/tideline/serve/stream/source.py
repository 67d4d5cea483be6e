"""Where the hub's answers come from: the live state for values, the store for readings and gaps."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from tideline.log import Commit
from tideline.readings.reading import Reading
from tideline.serve.shapes import GapEntry
from tideline.serve.times import moment
from tideline.store import Store

GAP = "gap."


class Source(Protocol):
    """What the hub asks. Everything here blocks and is called in a thread."""

    def values(self, asset: str, features: Sequence[str], head: int, evidence: bool) -> list[bytes]:
        """Each value at ``head`` as JSON: the whole value, or the bare number."""
        ...

    def reading(self, asset: str, window: str, head: int) -> Reading:
        """The price × OI state at ``head``."""
        ...


class Values(Protocol):
    """The live state, as far as the stream uses it."""

    def answer(
        self, asset: str, addresses: Sequence[str], head: int, evidence: bool
    ) -> list[bytes]: ...


class StoreSource:
    """The service's own live state and store."""

    def __init__(self, store: Store, live: Values) -> None:
        self._store, self._live = store, live

    def values(self, asset: str, features: Sequence[str], head: int, evidence: bool) -> list[bytes]:
        return self._live.answer(asset, features, head, evidence)

    def reading(self, asset: str, window: str, head: int) -> Reading:
        return self._store.scan_grid([head], window=window, assets=[asset])[0]


def gaps_in(commit: Commit) -> list[tuple[str, GapEntry, bool]]:
    """The gap rows of a commit: asset, the gap, and whether nothing is left of it."""
    table = commit.table
    if table is None or not table.num_rows:
        return []
    names = table.column("field")
    if isinstance(names, pa.ChunkedArray):
        names = names.combine_chunks()
    words = names.dictionary if isinstance(names, pa.DictionaryArray) else names
    if not any(word.startswith(GAP) for word in words.to_pylist()):
        return []
    plain = names.dictionary_decode() if isinstance(names, pa.DictionaryArray) else names
    rows = table.filter(pc.starts_with(plain, GAP))
    for name in ("event_time", "known_time"):
        rows = rows.set_column(rows.column_names.index(name), name, rows[name].cast(pa.int64()))
    return [_gap(row) for row in rows.to_pylist() if isfinite(row["value"] or 0.0)]


def _gap(row: dict[str, Any]) -> tuple[str, GapEntry, bool]:
    start, end = row["event_time"], int(row["value"] or 0.0)
    entry = GapEntry(
        asset=row["asset"],
        venue=row["venue"],
        instrument=row["instrument"],
        feed=row["field"].removeprefix(GAP),
        start=moment(start),
        end=moment(end or start),
        known=moment(row["known_time"]),
    )
    return entry.asset, entry, end == 0
