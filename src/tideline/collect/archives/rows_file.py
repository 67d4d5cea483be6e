"""The canonical table as a file: read, checked against its definition, and named by instrument.

Required columns: venue, instrument, field, event_time, known_time, value, basis.
Optional: asset, cadence_s, status, text. Times are int64 µs or timestamps with an offset.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tideline.collect.archives.table_file import MAX_BYTES, SUFFIXES
from tideline.collect.legrows import Bools, Ints, LegKey
from tideline.domain.errors import BadFile, BadInput, BadTime, UnknownName, nearest_of
from tideline.domain.fields import BY_NAME, known_field
from tideline.domain.observation import BASES, STATUSES
from tideline.domain.time import EARLIEST, LATEST, parse_time
from tideline.venues.symbols import PARSERS, parse_symbol

REQUIRED = ("venue", "instrument", "field", "event_time", "known_time", "value", "basis")
OPTIONAL = ("asset", "cadence_s", "status", "text")
LOG_OWN = ("seq", "row", "source_id")

DICTIONARY = pa.dictionary(pa.int32(), pa.string())
TIMESTAMP = pa.timestamp("us", "UTC")


@dataclass(slots=True)
class Canonical:
    """A checked canonical table, ready for the log, with its legs."""

    path: Path
    sha256: str
    table: Any
    leg: Ints
    legs: list[LegKey]
    recorded: Bools
    ignored: tuple[str, ...]

    def __len__(self) -> int:
        return int(self.table.num_rows)


def read_rows(path: Path) -> Canonical:
    """Read and check a canonical table.

    Raises:
        BadFile: missing, broken, of another kind, or a column missing.
        BadTime, BadInput, UnknownName: the first row that does not hold, by number.
    """
    if not path.is_file():
        raise BadFile(path, "does not exist")
    if path.suffix.lower() not in SUFFIXES:
        raise BadFile(path, f"is none of {', '.join(SUFFIXES)}", f"{path.stem}.parquet")
    body = path.read_bytes()
    try:
        table = _table(path, body)
    except (pa.ArrowException, pl.exceptions.PolarsError, OSError) as error:
        said = str(error).strip().partition("\n")[0]
        raise BadFile(path, f"cannot be read as {path.suffix[1:]}: {said}") from None
    return check_rows(path, hashlib.sha256(body).hexdigest(), table)


def _table(path: Path, body: bytes) -> Any:
    kind = path.suffix.lower()
    if kind == ".csv":
        return pl.read_csv(body, infer_schema_length=None).to_arrow()
    if kind == ".parquet":
        names = pq.read_schema(pa.BufferReader(body)).names
        words = [name for name in ("venue", "instrument", "field", "basis") if name in names]
        source = pq.ParquetFile(pa.BufferReader(body), read_dictionary=words)
        meta = source.metadata
        size = sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups))
        if size > MAX_BYTES:
            raise BadFile(path, f"unpacks to {size} bytes, more than {MAX_BYTES}")
        return source.read()
    buffer = pa.py_buffer(body)
    if body[:6] == b"ARROW1":
        return pa.ipc.open_file(buffer).read_all()
    return pa.ipc.open_stream(buffer).read_all()


def check_rows(path: Path, sha256: str, table: Any) -> Canonical:
    """A canonical table in memory, checked; see :func:`read_rows`."""
    ignored = _columns(path, table.column_names)
    if not table.num_rows:
        raise BadFile(path, "holds no rows")
    columns: dict[str, Any] = {
        name: _words(table, name) for name in ("venue", "instrument", "field", "basis")
    }
    columns["status"] = (
        _words(table, "status") if "status" in table.column_names else _all_ok(table)
    )
    for name, choices in (("basis", BASES), ("status", STATUSES)):
        _choices(name, columns[name], choices)
    leg, legs = _legs(columns, _given_assets(table))
    columns["asset"] = _assets(leg, legs)
    for name in ("event_time", "known_time"):
        columns[name] = _times(table, name)
    columns["value"] = _numbers(table, "value")
    columns["cadence_s"] = _cadence(table)
    if "text" in table.column_names:
        columns["text"] = _plain(table, "text").cast(pa.string())
    _finite(columns)
    recorded = _flags(columns["basis"], "recorded")
    return Canonical(path, sha256, pa.table(columns), leg, legs, recorded, ignored)


def _columns(path: Path, present: Sequence[str]) -> tuple[str, ...]:
    for name in REQUIRED:
        if name not in present:
            near = nearest_of(name, [p for p in present if p not in REQUIRED])
            raise BadFile(path, f"has no column {name!r}", near)
    known = {*REQUIRED, *OPTIONAL, *LOG_OWN}
    ignored = tuple(name for name in present if name not in known)
    for name in ignored:
        near = nearest_of(name, [n for n in OPTIONAL if n not in present])
        if near:
            raise BadInput("column", name, "is not a column of the canonical table", near)
    return ignored


def _plain(table: Any, name: str) -> Any:
    column = table.column(name)
    if column.num_chunks == 1:
        return column.chunk(0)
    return pa.chunked_array(column).combine_chunks()


def _words(table: Any, name: str) -> Any:
    column = table.column(name)
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    if not (text or pa.types.is_string_view(kind)):
        raise BadInput("column", name, f"holds {column.type}, not text")
    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    found = column.unify_dictionaries().combine_chunks()
    found = found.chunk(0) if isinstance(found, pa.ChunkedArray) else found
    if found.null_count:
        raise BadInput(name, None, f"is missing in row {_first(found.is_null())}")
    return found.cast(DICTIONARY)


def _all_ok(table: Any) -> Any:
    codes = pa.array(np.zeros(table.num_rows, np.int32))
    return pa.DictionaryArray.from_arrays(codes, pa.array(["ok"]))


def _first(mask: Any) -> int:
    return int(np.flatnonzero(mask.to_numpy(zero_copy_only=False))[0])


def _row_of(column: Any, word: str) -> int:
    place = column.dictionary.to_pylist().index(word)
    return int(np.flatnonzero(column.indices.to_numpy() == place)[0])


def _choices(name: str, column: Any, choices: tuple[str, ...]) -> None:
    for word in column.unique().to_pylist():
        if word not in choices:
            near = nearest_of(word, choices) or choices[0]
            where = f"of row {_row_of(column, word)} is not one of {', '.join(choices)}"
            raise BadInput(name, word, where, near)


def _flags(column: Any, word: str) -> Bools:
    names = column.dictionary.to_pylist()
    picked = np.array([name == word for name in names] or [False], np.bool_)
    flags: Bools = picked[column.indices.to_numpy()]
    return flags


def _given_assets(table: Any) -> Any:
    return table.column("asset") if "asset" in table.column_names else None


def _legs(columns: dict[str, Any], assets: Any) -> tuple[Ints, list[LegKey]]:
    """Per row the number of its leg, and the legs: every symbol and field read once."""
    words = [columns[name] for name in ("venue", "instrument", "field")]
    code = np.zeros(len(words[0]), np.int64)
    for word in words:
        code = code * max(len(word.dictionary), 1) + word.indices.to_numpy()
    _, first, leg = np.unique(code, return_index=True, return_inverse=True)
    legs: list[LegKey] = []
    for row in first.tolist():
        venue, instrument, field = (str(word[row].as_py()) for word in words)
        legs.append((_asset(venue, instrument, row), venue, instrument, field))
        if not known_field(field):
            raise BadInput("field", field, f"of row {row} is unknown", nearest_of(field, BY_NAME))
    if assets is not None:
        _agree(assets, leg, legs)
    return leg, legs


def _asset(venue: str, instrument: str, row: int) -> str:
    if venue not in PARSERS:
        raise UnknownName(f"venue of row {row}", venue, PARSERS)
    try:
        return parse_symbol(venue, instrument).asset
    except BadInput as error:
        raise BadInput(
            "instrument", instrument, f"of row {row} is not a symbol of {venue}", error.nearest
        ) from None


def _agree(assets: Any, leg: Ints, legs: list[LegKey]) -> None:
    given = pl.Series(assets).cast(pl.String)
    wanted = pl.Series([key[0] for key in legs])[leg]
    differs = (given != wanted).fill_null(False)
    if differs.any():
        row = int(differs.arg_max() or 0)
        _, venue, symbol, _ = legs[int(leg[row])]
        problem = f"of row {row} is not the asset of {venue} {symbol}"
        raise BadInput("asset", given[row], problem, wanted[row])


def _assets(leg: Ints, legs: list[LegKey]) -> Any:
    names = list(dict.fromkeys(key[0] for key in legs))
    codes = np.array([names.index(key[0]) for key in legs], np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(codes[leg]), pa.array(names))


def _times(table: Any, name: str) -> Any:
    column = _plain(table, name)
    if column.null_count:
        raise BadTime(f"{name} of row {_first(column.is_null())}", None)
    kind = column.type
    if pa.types.is_timestamp(kind):
        if kind.tz is None:
            raise BadTime(
                f"{name} of row 0",
                f"{column[0].as_py()} (no offset)",
                f"timestamp[{kind.unit}, UTC]",
            )
        try:
            found = column.cast(TIMESTAMP)
        except pa.ArrowInvalid as error:
            raise BadTime(name, str(error)) from None
    elif pa.types.is_integer(kind):
        found = column.cast(pa.int64()).view(TIMESTAMP)
    elif (
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    ):
        texts = column.to_pylist()
        found = pa.array(
            [parse_time(text, field=f"{name} of row {i}") for i, text in enumerate(texts)],
            pa.int64(),
        ).view(TIMESTAMP)
    else:
        raise BadTime(name, f"{kind} column", "int64 µs or timestamp[us, UTC]")
    values = found.view(pa.int64()).to_numpy(zero_copy_only=False)
    outside = (values < EARLIEST) | (values >= LATEST)
    if outside.any():
        row = int(outside.argmax())
        parse_time(int(values[row]), field=f"{name} of row {row}")
    return found


def _numbers(table: Any, name: str) -> Any:
    column = _plain(table, name)
    kind = column.type
    if column.null_count:
        raise BadInput(name, None, f"is missing in row {_first(column.is_null())}")
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
        raise BadInput("column", name, f"holds {kind}, not numbers")
    return column.cast(pa.float64(), safe=False)


def _cadence(table: Any) -> Any:
    if "cadence_s" not in table.column_names:
        return pa.array(np.zeros(table.num_rows))
    found = pc.fill_null(_plain(table, "cadence_s").cast(pa.float64(), safe=False), 0.0)
    values = found.to_numpy(zero_copy_only=False)
    bad = ~(np.isfinite(values) & (values >= 0))
    if bad.any():
        row = int(bad.argmax())
        raise BadInput("cadence_s", float(values[row]), f"of row {row} is not a span", "0")
    return found


def _finite(columns: dict[str, Any]) -> None:
    values = columns["value"].to_numpy(zero_copy_only=False)
    bad = ~np.isfinite(values) & _flags(columns["status"], "ok")
    if "text" in columns:
        bad &= columns["text"].is_null().to_numpy(zero_copy_only=False)
    if bad.any():
        row = int(bad.argmax())
        raise BadInput(
            "value",
            float(values[row]),
            f"of row {row} is not finite, and its status ok",
            "status suspect",
        )
