"""The columns of the log in Arrow, and the strict check of what is offered to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tideline.domain.errors import BadInput, nearest_of
from tideline.domain.fields import BY_NAME, known_field
from tideline.domain.observation import BASES, STATUSES
from tideline.domain.time import EARLIEST, LATEST, format_time

TIMESTAMP: Final = pa.timestamp("us", "UTC")

ROWS: Final = pa.schema(
    [
        ("asset", pa.string()),
        ("venue", pa.string()),
        ("instrument", pa.string()),
        ("field", pa.string()),
        ("event_time", TIMESTAMP),
        ("known_time", TIMESTAMP),
        ("value", pa.float64()),
        ("basis", pa.string()),
        ("status", pa.string()),
        ("cadence_s", pa.float64()),
        ("source_id", pa.int64()),
        ("text", pa.string()),
        ("seq", pa.int64()),
        ("row", pa.int32()),
    ]
)
"""The canonical table. In memory the name columns may be dictionary-encoded."""

NAMES: Final = ("asset", "venue", "instrument", "field")
WORDS: Final = (*NAMES, "basis", "status", "text")
OFFERED: Final = tuple(name for name in ROWS.names if name not in ("seq", "row"))
DICTIONARY: Final = pa.dictionary(pa.int32(), pa.string())
MEMORY: Final = pa.schema(
    [pa.field(f.name, DICTIONARY if f.name in WORDS[:-1] else f.type) for f in ROWS]
)
"""The canonical table as read() gives it: the words dictionary-encoded, text plain."""
MAX_ROWS: Final = 5_000_000
MAX_NAME: Final = 80


@dataclass(frozen=True, slots=True)
class Checked:
    """A batch that passed: its columns, and the numpy views that stamping and indexing need."""

    columns: dict[str, Any]
    rows: int
    event: np.ndarray[Any, np.dtype[np.int64]]
    known: np.ndarray[Any, np.dtype[np.int64]]
    live: np.ndarray[Any, np.dtype[np.bool_]] | None
    """Where known_time was left to the commit; None: everywhere."""


def int_times(column: Any) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The microseconds of a timestamp column without nulls, without copying."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return array.view(pa.int64()).to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]


def times(values: np.ndarray[Any, np.dtype[np.int64]]) -> Any:
    """A timestamp column of these microseconds."""
    return pa.array(values, pa.int64()).view(TIMESTAMP)


def check_batch(table: Any) -> Checked:
    """Check names, types and ranges of a batch offered to the log.

    Raises:
        BadInput: names the column and, for a value, the row.
    """
    _check_columns(table)
    rows = table.num_rows
    if not 0 < rows <= MAX_ROWS:
        raise BadInput("rows", rows, f"is not between 1 and {MAX_ROWS} rows in one commit")
    columns: dict[str, Any] = {}
    for name in OFFERED:
        columns[name] = _column(table, name)
    for name in NAMES:
        _check_names(name, columns[name])
    _check_choice("basis", columns["basis"], BASES)
    _check_choice("status", columns["status"], STATUSES)
    event = _times("event_time", columns["event_time"])
    known, live = _known(columns["known_time"])
    _check_numbers(columns)
    return Checked(columns, rows, event, known, live)


def _check_columns(table: Any) -> None:
    if not isinstance(table, pa.Table):
        raise BadInput("table", type(table).__name__, "is not a pyarrow.Table")
    for name in table.column_names:
        if name not in OFFERED:
            problem = "is given by the log" if name in ("seq", "row") else "is not a column"
            raise BadInput("column", name, problem, nearest_of(name, OFFERED))
    for name in OFFERED:
        if name not in table.column_names and name not in ("text", "source_id", "known_time"):
            raise BadInput("column", name, "is missing")


def _column(table: Any, name: str) -> Any:
    wanted = MEMORY.field(name).type
    if name not in table.column_names:
        empty = pa.nulls(table.num_rows, wanted)
        return pc.fill_null(empty, 0) if name == "source_id" else empty
    column = table.column(name)
    column = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    if isinstance(column, pa.ChunkedArray):  # no chunk at all
        column = pa.concat_arrays(column.chunks) if column.chunks else pa.array([], wanted)
    if column.type == wanted:
        return column
    try:
        if pa.types.is_dictionary(wanted) and not pa.types.is_dictionary(column.type):
            if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
                raise pa.ArrowInvalid(f"{column.type} is not text")
            return column.cast(pa.string()).dictionary_encode()
        if pa.types.is_timestamp(wanted) and getattr(column.type, "tz", None) is None:
            raise pa.ArrowInvalid(f"{column.type} carries no UTC offset")
        return column.cast(wanted)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise BadInput("column", name, f"is not {ROWS.field(name).type}: {error}") from None


def _check_names(name: str, column: Any) -> None:
    if column.null_count:
        raise BadInput(name, None, f"is null in row {_first_null(column)}")
    for word in column.dictionary.to_pylist():
        if word and len(word) <= MAX_NAME and word.isprintable() and word.strip() == word:
            if name != "field" or known_field(word):
                continue
            raise BadInput("field", word, "is unknown", nearest_of(word, BY_NAME))
        raise BadInput(name, word, f"is not 1 to {MAX_NAME} printable characters")


def _check_choice(name: str, column: Any, choices: tuple[str, ...]) -> None:
    if column.null_count:
        raise BadInput(name, None, f"is null in row {_first_null(column)}", choices[0])
    for word in column.dictionary.to_pylist():
        if word not in choices:
            near = nearest_of(str(word), choices) or choices[0]
            raise BadInput(name, word, f"is not one of {', '.join(choices)}", near)


def _times(name: str, column: Any) -> np.ndarray[Any, np.dtype[np.int64]]:
    if column.null_count:
        raise BadInput(name, None, f"is null in row {_first_null(column)}")
    found = int_times(column)
    if found.size and not (found.min() >= EARLIEST and found.max() < LATEST):
        row = int(np.flatnonzero((found < EARLIEST) | (found >= LATEST))[0])
        raise BadInput(name, int(found[row]), f"of row {row} is outside 2009 .. 2100 in µs")
    return found


def _known(column: Any) -> tuple[Any, Any]:
    if column.null_count == len(column):
        return np.zeros(len(column), np.int64), None
    live = column.is_null().to_numpy(zero_copy_only=False)
    return _times("known_time", pc.fill_null(column, pa.scalar(EARLIEST, TIMESTAMP))), live


def _check_numbers(columns: dict[str, Any]) -> None:
    value = columns["value"]
    numbers = value.to_numpy(zero_copy_only=False)
    if value.null_count or not np.isfinite(numbers).all():
        _refuse_value(columns, numbers)
    cadence = columns["cadence_s"]
    steps = cadence.to_numpy(zero_copy_only=False)
    if cadence.null_count or not (np.isfinite(steps).all() and (steps >= 0).all()):
        row = int(np.flatnonzero(~(np.isfinite(steps) & (steps >= 0)))[0])
        raise BadInput("cadence_s", float(steps[row]), f"of row {row} is not a span", "0")
    source = columns["source_id"]
    if source.null_count:
        raise BadInput("source_id", None, f"is null in row {_first_null(source)}", "0")
    if (source.to_numpy() < 0).any():
        raise BadInput("source_id", int(source.to_numpy().min()), "is negative", "0")


def _refuse_value(columns: dict[str, Any], numbers: Any) -> None:
    """A non-finite value may stand only in a suspect row or in a row that speaks in text."""
    bad = ~np.isfinite(numbers)
    bad &= pc.equal(columns["status"].cast(pa.string()), "ok").to_numpy(zero_copy_only=False)
    bad &= ~columns["text"].is_valid().to_numpy(zero_copy_only=False)
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        where = ", ".join(str(columns[name][row].as_py()) for name in NAMES)
        when = format_time(int(int_times(columns["event_time"])[row]))
        raise BadInput("value", float(numbers[row]), f"of row {row} ({where}, {when}) is not ok")


def _first_null(column: Any) -> int:
    return int(np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))[0])
