"""Many csv bodies of one layout read as one block, each row knowing its file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from tideline.collect.archives.archive_file import Content
from tideline.collect.legrows import Ints
from tideline.domain.errors import BadFile


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of several files in their order; ``file`` is the index of each row's file."""

    frame: pl.DataFrame
    file: Ints


def header_of(content: Content) -> tuple[str, ...]:
    """The words of the first line, unquoted."""
    line = content.body.partition(b"\n")[0].strip().removeprefix(b"\xef\xbb\xbf")
    return tuple(
        word.strip().strip('"') for word in line.decode("utf-8", errors="replace").split(",")
    )


def read_block(
    contents: Sequence[Content], columns: Sequence[str], types: dict[str, Any], *, header: bool
) -> Block:
    """Read files that share their columns; every column of ``types`` becomes that type.

    Raises:
        BadFile: names the file with the wrong number of columns or the unreadable number.
    """
    bodies = [_rows(content, header=header) for content in contents]
    try:
        frame = _parse(b"".join(bodies), columns, types)
        counts = [_count(body) for body in bodies]
    except pl.exceptions.PolarsError:
        frame, counts = None, []
    if frame is None or sum(counts) != frame.height:
        pieces = [_alone(c, b, columns, types) for c, b in zip(contents, bodies, strict=True)]
        frame, counts = pl.concat(pieces), [piece.height for piece in pieces]
    return Block(frame, np.repeat(np.arange(len(contents)), counts))


def _rows(content: Content, *, header: bool) -> bytes:
    body = content.body.removeprefix(b"\xef\xbb\xbf")
    if header:
        body = body.partition(b"\n")[2]
    body = body.strip(b"\r\n \t")
    return body + b"\n" if body else b""


def _count(body: bytes) -> int:
    return body.count(b"\n")


def _parse(body: bytes, columns: Sequence[str], types: dict[str, Any]) -> pl.DataFrame:
    if not body:
        return pl.DataFrame(schema={name: types.get(name, pl.String) for name in columns})
    return pl.read_csv(
        body,
        has_header=False,
        new_columns=list(columns),
        schema={name: types.get(name, pl.String) for name in columns},
    )


def _alone(
    content: Content, body: bytes, columns: Sequence[str], types: dict[str, Any]
) -> pl.DataFrame:
    try:
        return _parse(body, columns, types)
    except pl.exceptions.PolarsError as error:
        said = str(error).strip().partition("\n")[0]
        raise BadFile(content.path, f"is not the csv it should be: {said}") from None
