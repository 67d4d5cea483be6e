"""What the log already holds of a leg, as an importer needs to see it: every revision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tideline.collect.legrows import Bools, Floats, Ints, LegKey


@dataclass(frozen=True, slots=True)
class StoredLeg:
    """The rows of one leg within a span of event_time, in event order, then in known order.

    ``first_event`` and ``first_recorded`` speak of the whole leg, not of the span.
    """

    event: Ints
    known: Ints
    value: Floats
    ok: Bools
    recorded: Bools
    cadence_s: Floats
    source_id: Ints
    first_event: int | None = None
    first_recorded: int | None = None

    def __len__(self) -> int:
        return len(self.event)


def nothing_stored() -> StoredLeg:
    """The view of a leg the log does not hold."""
    none = np.empty(0, np.int64)
    no = np.empty(0, np.bool_)
    return StoredLeg(none, none, np.empty(0), no, no, np.empty(0), none)


def stored_legs(table: Any, legs: dict[LegKey, tuple[int, int | None]]) -> dict[LegKey, StoredLeg]:
    """Views of the legs of ``table``, a canonical table sorted by leg, event, known, seq, row.

    ``legs`` gives first event and first recorded event of the wanted legs, as the index has them.
    """
    found: dict[LegKey, StoredLeg] = {}
    for key, rows in _split(table):
        if key not in legs:
            continue
        first, recorded = legs[key]
        found[key] = StoredLeg(
            event=_ints(rows, "event_time"),
            known=_ints(rows, "known_time"),
            value=rows.column("value").to_numpy(),
            ok=_is(rows, "status", "ok"),
            recorded=_is(rows, "basis", "recorded"),
            cadence_s=rows.column("cadence_s").to_numpy(),
            source_id=rows.column("source_id").to_numpy(),
            first_event=first,
            first_recorded=recorded,
        )
    return found


def _split(table: Any) -> list[tuple[LegKey, Any]]:
    if table.num_rows == 0:
        return []
    words = [_plain(table, name) for name in ("asset", "venue", "instrument", "field")]
    changed = np.zeros(table.num_rows, np.bool_)
    changed[0] = True
    for word in words:
        changed[1:] |= word[1:] != word[:-1]
    starts = np.flatnonzero(changed)
    ends = np.append(starts[1:], table.num_rows)
    pieces = []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        asset, venue, instrument, field = (str(word[start]) for word in words)
        pieces.append(((asset, venue, instrument, field), table.slice(start, end - start)))
    return pieces


def _plain(table: Any, name: str) -> np.ndarray[Any, Any]:
    import pyarrow as pa

    column = table.column(name).combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks)
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    names = np.array(column.dictionary.to_pylist(), dtype=object)
    return names[column.indices.to_numpy()]  # type: ignore[no-any-return]


def _ints(table: Any, name: str) -> Ints:
    import pyarrow as pa

    return table.column(name).cast(pa.int64()).to_numpy()  # type: ignore[no-any-return]


def _is(table: Any, name: str, word: str) -> Bools:
    return _plain(table, name) == word  # type: ignore[no-any-return]
