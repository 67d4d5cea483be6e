"""Any table as a frame: csv, parquet or feather, capped; no format that can run code."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from tideline.domain.errors import BadFile, BadMap, nearest_of

SUFFIXES = (".csv", ".parquet", ".feather", ".arrow")
MAX_BYTES = 8 * 2**30
"""Uncompressed size of what is read; a real file of this size belongs in pieces."""


@dataclass(frozen=True, slots=True)
class TableFile:
    """A file's needed columns and the sha256 of its bytes."""

    path: Path
    sha256: str
    frame: pl.DataFrame


def read_table(path: Path, columns: Sequence[str]) -> TableFile:
    """The named columns of a table file.

    Raises:
        BadFile: missing, broken, of another kind, or too large when unpacked.
        BadMap: a named column is not there; names the nearest one.
    """
    if not path.is_file():
        raise BadFile(path, "does not exist")
    if path.suffix.lower() not in SUFFIXES:
        raise BadFile(path, f"is none of {', '.join(SUFFIXES)}", f"{path.stem}.parquet")
    body = path.read_bytes()
    try:
        frame = _frame(path, body, columns)
    except (pa.ArrowException, pl.exceptions.PolarsError, OSError) as error:
        said = str(error).strip().partition("\n")[0]
        raise BadFile(path, f"cannot be read as {path.suffix[1:]}: {said}") from None
    if not frame.height:
        raise BadFile(path, "holds no rows")
    return TableFile(path, hashlib.sha256(body).hexdigest(), frame)


def _frame(path: Path, body: bytes, columns: Sequence[str]) -> pl.DataFrame:
    kind = path.suffix.lower()
    if kind == ".csv":
        head = pl.read_csv(body, n_rows=0, infer_schema=False)
        _all_there(path, columns, head.columns)
        return pl.read_csv(body, columns=list(columns), infer_schema_length=None)
    if kind == ".parquet":
        source = pq.ParquetFile(pa.BufferReader(body))
        _all_there(path, columns, source.schema_arrow.names)
        meta = source.metadata
        size = sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups))
        _small_enough(path, size)
        return _from_arrow(source.read(columns=list(columns)))
    table = pa.ipc.open_file(io.BytesIO(body)) if body[:6] == b"ARROW1" else None
    found = table.read_all() if table is not None else pa.ipc.open_stream(body).read_all()
    _small_enough(path, found.nbytes)
    _all_there(path, columns, found.column_names)
    return _from_arrow(found.select(list(columns)))


def _from_arrow(table: Any) -> pl.DataFrame:
    found = pl.from_arrow(table)
    assert isinstance(found, pl.DataFrame)
    return found


def _small_enough(path: Path, size: int) -> None:
    if size > MAX_BYTES:
        raise BadFile(path, f"unpacks to {size} bytes, more than {MAX_BYTES}")


def _all_there(path: Path, wanted: Sequence[str], present: Sequence[str]) -> None:
    for name in wanted:
        if name not in present:
            near = nearest_of(name, present) or (present[0] if present else None)
            raise BadMap("column", name, f"is not in {path.name}", near)
