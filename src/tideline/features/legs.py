"""From rows (an Arrow table of one asset) to the arrays the kernels run on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from tideline.domain.fields import BY_NAME, TEXTS, default_max_age_us
from tideline.domain.time import HOUR
from tideline.features import build
from tideline.features.arrays import ENTRY, FAR, I32, I64, LEG, VERSION, Legs

LegKey = tuple[str, str, str]
"""(venue, instrument, field)"""

TWIN = "@settled"
"""Fields written with a funding rate exist twice: once as long as a quoted rate may be carried,
once more, under this suffix, as long as a settled one."""
TWINNED = ("funding_interval_h", "next_funding_time")


@dataclass(frozen=True)
class LegSet:
    """Legs by name: ``index[key]`` is the leg's number in ``arrays``."""

    index: dict[LegKey, int]
    arrays: Legs

    def leg(self, venue: str, instrument: str, field: str) -> int:
        """The leg's number, -1 if there is none."""
        return self.index.get((venue, instrument, field), -1)


def make_legs(
    rows: pa.Table, *, strict: bool = False, before: Mapping[LegKey, int] | None = None
) -> LegSet:
    """Sort rows into legs; suspects never represent and are left out here.

    ``before`` gives, for legs whose older rows are not at hand, the earliest known_time of those.
    ``strict`` keeps recorded rows alone.
    """
    keys, leg_of_row = name_legs(rows)
    keep = kept_rows(rows, strict)
    if keep is not None:
        leg_of_row = np.where(keep, leg_of_row, np.int32(-1))
    twins = twins_of(keys)
    pairs = [(keys.index(key), l) for l, key in enumerate(twins, len(keys))]
    leg_of_row, source = with_twins(leg_of_row, pairs)
    columns = columns_of(rows, source)
    keys = list(dict.fromkeys([*keys, *twins.values(), *(before or {})]))
    arrays = assemble(keys, leg_of_row, columns, before or {})
    return LegSet({key: l for l, key in enumerate(keys)}, arrays)


def _codes(column: pa.ChunkedArray) -> tuple[list[str], I32]:
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = array.unify_dictionaries().combine_chunks()
    if not pa.types.is_dictionary(array.type):
        array = array.dictionary_encode()
    codes = array.indices.to_numpy(zero_copy_only=False).astype(np.int32, copy=False)
    return array.dictionary.to_pylist(), codes


def name_legs(rows: pa.Table) -> tuple[list[LegKey], I32]:
    """Distinct (venue, instrument, field) and every row's number among them (-1: no leg)."""
    venues, v = _codes(rows["venue"])
    instruments, i = _codes(rows["instrument"])
    fields, f = _codes(rows["field"])
    if not rows.num_rows:
        return [], np.empty(0, np.int32)
    mixed = np.empty(rows.num_rows, np.int32)
    seen = np.zeros(len(venues) * len(instruments) * len(fields), np.uint8)
    build.mix(v, i, f, len(instruments), len(fields), mixed, seen)
    present = np.flatnonzero(seen)
    number = np.full(seen.size, -1, np.int32)
    keys: list[LegKey] = []
    for code in present.tolist():
        group, field = divmod(code, len(fields))
        venue, instrument = divmod(group, len(instruments))
        if fields[field] in TEXTS:
            continue
        number[code] = len(keys)
        keys.append((venues[venue], instruments[instrument], fields[field]))
    return keys, number[mixed]


def _equal(column: pa.ChunkedArray, value: str) -> np.ndarray[Any, np.dtype[np.bool_]] | None:
    """Mask of rows equal to value; None when all are."""
    words, codes = _codes(column)
    if words == [value]:
        return None
    wanted = words.index(value) if value in words else -1
    return np.asarray(codes == wanted)


def kept_rows(rows: pa.Table, strict: bool) -> np.ndarray[Any, np.dtype[np.bool_]] | None:
    """Which rows may represent; None: all of them."""
    keep = _equal(rows["status"], "ok") if "status" in rows.column_names else None
    if strict:
        recorded = _equal(rows["basis"], "recorded")
        if recorded is not None:
            keep = recorded if keep is None else keep & recorded
    return keep


def twins_of(keys: Collection[LegKey]) -> dict[LegKey, LegKey]:
    """The twins of those with a settled rate beside them."""
    settled = {(v, i) for v, i, f in keys if f == "funding_rate_settled"}
    return {(v, i, f): (v, i, f + TWIN) for v, i, f in keys if f in TWINNED and (v, i) in settled}


def with_twins(leg_of_row: I32, pairs: Sequence[tuple[int, int]]) -> tuple[I32, I64 | None]:
    """Repeat the rows of the first leg of each pair as rows of the second; the row each rests on
    (None: on itself)."""
    if not pairs:
        return leg_of_row, None
    source = [np.arange(leg_of_row.size)]
    legs = [leg_of_row]
    for l, twin in pairs:
        picked = np.flatnonzero(leg_of_row == l)
        source.append(picked)
        legs.append(np.full(picked.size, twin, np.int32))
    return np.concatenate(legs), np.concatenate(source)


def _int64(column: pa.ChunkedArray) -> I64:
    array = column.cast(pa.int64()) if not pa.types.is_int64(column.type) else column
    return np.ascontiguousarray(array.to_numpy(), dtype=np.int64)


def columns_of(rows: pa.Table, source: I64 | None = None) -> dict[str, Any]:
    """The columns as arrays. Empty: ``log`` when the rows stand in log order, ``cadence`` when
    none is given, ``assumed`` when all rows are recorded."""
    given = "cadence_s" in rows.column_names
    cadence = rows["cadence_s"].to_numpy() if given else np.empty(0)
    if "seq" in rows.column_names and "row" in rows.column_names:
        log = (_int64(rows["seq"]) << 32) + _int64(rows["row"])
    else:
        log = np.empty(0, np.int64)
    assumed = _equal(rows["basis"], "recorded") if "basis" in rows.column_names else None
    columns = {
        "event": _int64(rows["event_time"]),
        "known": _int64(rows["known_time"]),
        "value": np.ascontiguousarray(rows["value"].to_numpy(), dtype=np.float64),
        "cadence": np.ascontiguousarray(cadence, dtype=np.float64),
        "assumed": np.empty(0, np.uint8) if assumed is None else (~assumed).astype(np.uint8),
        "log": log,
    }
    if source is None:
        return columns
    return {
        name: np.ascontiguousarray(column[source]) if column.size else column
        for name, column in columns.items()
    }


def _max_age(key: LegKey) -> int:
    venue, _, field = key
    if field.endswith(TWIN):
        return default_max_age_us("funding_rate_settled", venue)
    return default_max_age_us(field, venue) if field in BY_NAME else HOUR


def assemble(
    keys: list[LegKey], leg_of_row: I32, c: dict[str, Any], before: Mapping[LegKey, int]
) -> Legs:
    """The arrays of ``keys`` from columns; rows with a negative leg are left out."""
    off = np.zeros(len(keys) + 1, np.int64)
    build.count_rows(leg_of_row, off)
    rows = int(off[-1])
    order = np.empty(rows, np.int64)
    build.scatter(leg_of_row, off, order)
    build.arrange(c["event"], c["known"], c["log"], off, order)
    leg = np.zeros(len(keys), LEG)
    leg["max_age"] = [_max_age(key) for key in keys]
    leg["before"] = [before.get(_plain_key(key), FAR) for key in keys]
    entries = np.zeros(build.bounds(c["event"], order, off, leg) + 1, ENTRY)
    version = np.empty(rows, VERSION)
    build.fill(
        *(c["event"], c["known"], c["value"], c["cadence"], c["assumed"]),
        *(order, off, leg, version, entries),
    )
    build.visibility(leg, entries)
    bucket = np.empty(build.plan_buckets(leg, entries), np.int32)
    build.fill_buckets(leg, entries, bucket)
    return Legs(leg, entries, version, bucket)


def _plain_key(key: LegKey) -> LegKey:
    venue, instrument, field = key
    return venue, instrument, field.removesuffix(TWIN)
