"""From the journal into the table, exactly once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from tideline.log.part import Part, encode_part, month_name, months_of
from tideline.log.schema import MEMORY, int_times
from tideline.log.table import TableFiles


def write_parts(table: TableFiles, rows: Any) -> list[Part]:
    """Write canonical rows as files of the table, one for each asset and month, and sync them."""
    written = []
    for asset, month, piece in split(rows):
        part, body = encode_part(piece, asset, month)
        table.write(part, body)
        written.append(part)
    table.sync_names(written)
    return written


def split(rows: Any) -> Iterator[tuple[str, str, Any]]:
    """The rows of each asset and month, in the order they lie."""
    rows = rows.unify_dictionaries().combine_chunks()
    assets = pa.chunked_array(rows.column("asset")).combine_chunks()
    months = months_of(int_times(rows.column("event_time")))
    first = int(months.min())
    span = int(months.max()) - first + 1
    code = assets.indices.to_numpy().astype(np.int64) * span + (months - first)
    order = np.argsort(code, kind="stable")
    ordered = code[order]
    cuts = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    for group in np.split(order, cuts):
        asset = assets.dictionary[int(code[group[0]] // span)].as_py()
        yield asset, month_name(int(code[group[0]] % span) + first), rows.take(pa.array(group))


def joined(tables: list[Any]) -> Any:
    """Several canonical tables as one."""
    return pa.concat_tables(tables) if tables else MEMORY.empty_table()
