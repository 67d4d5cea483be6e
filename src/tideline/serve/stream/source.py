"""Where the hub's answers come from: the live state for values, the store for readings and gaps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isfinite
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from tideline.log import Commit
from tideline.readings.asking import Track
from tideline.readings.transitions import Transition
from tideline.serve.shapes import GapEntry
from tideline.serve.times import moment
from tideline.store import Store
from tideline.store.tracking import Stand, Tracking, stood_at

GAP = "gap."


class Source(Protocol):
    """What the hub asks. Everything here blocks and is called in a thread."""

    def values(self, asset: str, features: Sequence[str], head: int, evidence: bool) -> list[bytes]:
        """Each value at ``head`` as JSON: the whole value, or the bare number."""
        ...

    def move(self, asset: str, tracks: Sequence[Track], head: int) -> list[Transition]:
        """What changed of these tracks since they were moved before; new ones only begin."""
        ...

    def standing(self, asset: str, tracks: Sequence[Track]) -> Stand:
        """Those of them that are in a state, where they were moved to."""
        ...

    def keep(self, wanted: Iterable[tuple[str, Track]]) -> None:
        """Nobody asks for any other (asset, track)."""
        ...

    def stood(self, asset: str, tracks: Sequence[Track], as_of: int) -> Stand:
        """Those of them that were in a state at a moment of the past."""
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
        self._tracking = Tracking(store.log)

    def values(self, asset: str, features: Sequence[str], head: int, evidence: bool) -> list[bytes]:
        return self._live.answer(asset, features, head, evidence)

    def move(self, asset: str, tracks: Sequence[Track], head: int) -> list[Transition]:
        return self._tracking.move(asset, tracks, head)

    def standing(self, asset: str, tracks: Sequence[Track]) -> Stand:
        return self._tracking.standing(asset, tracks)

    def keep(self, wanted: Iterable[tuple[str, Track]]) -> None:
        self._tracking.keep(wanted)

    def stood(self, asset: str, tracks: Sequence[Track], as_of: int) -> Stand:
        return stood_at(self._store.log, asset, tracks, as_of)


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
