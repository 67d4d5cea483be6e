"""Tables of requests and answers, in and out of files, by the ending of their names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tideline.domain.errors import BadFile, BadInput, BadTime, nearest_of
from tideline.domain.time import EARLIEST, LATEST, parse_time

if TYPE_CHECKING:
    import polars as pl

ENDINGS = (".parquet", ".csv", ".arrow", ".feather", ".ipc")


def ending_of(path: str, field: str) -> str:
    """The ending of a table's name.

    Raises:
        BadInput: not one that is read and written here.
    """
    ending = Path(path).suffix.lower()
    if ending not in ENDINGS:
        near = nearest_of(ending, ENDINGS) or ".parquet"
        raise BadInput(field, path, f"ends in none of {', '.join(ENDINGS)}", near)
    return ending


def read_frame(path: str, field: str) -> pl.DataFrame:
    """A table from a file.

    Raises:
        BadFile: absent, unreadable or not what its ending says.
    """
    import polars as pl

    ending = ending_of(path, field)
    if not Path(path).is_file():
        raise BadFile(path, "does not exist" if not Path(path).exists() else "is not a file")
    try:
        if ending == ".parquet":
            return pl.read_parquet(path)
        if ending == ".csv":
            return pl.read_csv(path, infer_schema_length=None)
        return pl.read_ipc(path)
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        raise BadFile(path, f"cannot be read as {ending[1:]}: {error}") from None


def write_frame(frame: pl.DataFrame, path: str) -> None:
    """A table into a file, whole or not at all."""
    ending = ending_of(path, "out")
    target = Path(path)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        if ending == ".parquet":
            frame.write_parquet(unfinished)
        elif ending == ".csv":
            frame.write_csv(unfinished)
        else:
            frame.write_ipc(unfinished)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def read_requests(path: str, out: str) -> pl.DataFrame:
    """The request rows of a batch: asset (text), as_of (UTC µs), in the file's order.

    as_of may be a timestamp with an offset, an integer of microseconds, or RFC 3339 text.

    Raises:
        BadFile, BadInput, BadTime: naming the column and the row.
    """
    import polars as pl

    ending_of(out, "out")
    if not Path(out).absolute().parent.is_dir():
        raise BadInput("out", out, "lies in a directory that does not exist")
    frame = read_frame(path, "rows")
    for name in ("asset", "as_of"):
        if name not in frame.columns:
            near = nearest_of(name, frame.columns)
            raise BadInput("rows", path, f"has no column {name!r}", near)
    asset = frame.get_column("asset")
    if asset.dtype not in (pl.String, pl.Categorical, pl.Enum) or asset.null_count():
        raise BadInput("asset", str(asset.dtype), f"of {path} is not text without nulls")
    return pl.DataFrame({"asset": asset.cast(pl.String), "as_of": _moments(frame, path)})


def _moments(frame: pl.DataFrame, path: str) -> pl.Series:
    import polars as pl

    given = frame.get_column("as_of")
    if given.null_count():
        row = int(given.is_null().arg_max() or 0)
        raise BadInput("as_of", None, f"of {path} is null in row {row}")
    if isinstance(given.dtype, pl.Datetime):
        if given.dtype.time_zone is None:
            raise BadTime("as_of", f"{given[0]} (row 0 of {path})", nearest=f"{given[0]}+00:00")
        return given.dt.convert_time_zone("UTC").dt.cast_time_unit("us")
    if given.dtype.is_integer():
        _check_range(given, path)
        return given.cast(pl.Int64).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    if given.dtype == pl.String:
        read = [_read(text, row, path) for row, text in enumerate(given.to_list())]
        given = pl.Series("as_of", read, pl.Int64)
        return given.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    raise BadInput("as_of", str(given.dtype), f"of {path} is not a time", "timestamp[us, UTC]")


def _check_range(given: Any, path: str) -> None:
    for row in (given.arg_min(), given.arg_max()):
        value = int(given[row])
        if not EARLIEST <= value < LATEST:
            parse_time(value, field=f"as_of of row {row} of {path}")


def _read(text: str, row: int, path: str) -> int:
    return parse_time(text, field=f"as_of of row {row} of {path}")
