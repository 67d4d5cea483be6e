"""Tables of requests and answers, in and out of files, by the ending of their names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tideline.domain.errors import BadFile, BadInput, nearest_of

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
    """The request rows of a batch; that its answers can be written is checked first.

    Raises:
        BadFile, BadInput: naming the file.
    """
    ending_of(out, "out")
    if not Path(out).absolute().parent.is_dir():
        raise BadInput("out", out, "lies in a directory that does not exist")
    frame = read_frame(path, "rows")
    for name in ("asset", "as_of"):
        if name not in frame.columns:
            near = nearest_of(name, frame.columns)
            raise BadInput("rows", path, f"has no column {name!r}", near)
    return frame.select("asset", "as_of")
