"""Answers as bytes: JSON rows, an Arrow stream or CSV, piece by piece."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from tideline.serve.batch import Answered
from tideline.serve.media import ARROW, CSV
from tideline.serve.shapes import encode
from tideline.serve.times import moment
from tideline.store.frames import columns_of

PIECE_ROWS = 2_000
_RISKY = ("=", "+", "-", "@", "\t", "\r")
_TIME = "%Y-%m-%dT%H:%M:%S%.6fZ"


def moments(as_of: NDArray[np.int64]) -> list[str]:
    """Times as the interface writes them."""
    texts = np.datetime_as_string(as_of.astype("datetime64[us]"), unit="us")
    return [f"{text}Z" for text in texts.tolist()]


def json_pieces(done: Answered, resolved: int) -> Iterator[bytes]:
    """``{"resolved":…,"rows":[…]}``."""
    yield b'{"resolved":"%b","rows":[' % moment(resolved).encode()
    batch = done.batch
    for low in range(0, len(batch.assets), PIECE_ROWS):
        high = min(low + PIECE_ROWS, len(batch.assets))
        spelled = moments(batch.as_of[low:high])
        rows = [
            {"asset": asset, "as_of": at, "values": values}
            for asset, at, values in zip(
                batch.assets[low:high], spelled, _values(done, low, high, spelled), strict=True
            )
        ]
        yield (b"," if low else b"") + encode(rows)[1:-1]
    yield b"]}"


def _values(done: Answered, low: int, high: int, spelled: list[str]) -> list[list[object]]:
    """Numbers (what is not finite is written as null), or everything told of them."""
    if not done.batch.told:
        listed: list[list[object]] = done.answers.values[low:high].tolist()
        return listed
    made: list[list[object]] = []
    for place in range(low, high):
        told = done.told[place] or []
        for value in told:
            value["as_of"] = spelled[place - low]
        made.append(list(told))
    return made


def frame_of(done: Answered) -> pl.DataFrame:
    """The same as one table: asset, as_of, a column for each feature, evidence beside it."""
    batch = done.batch
    times = pl.Series("as_of", batch.as_of).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    head = [pl.Series("asset", batch.assets, pl.String), times]
    return pl.DataFrame([*head, *columns_of(done.answers, batch.columns)])


def arrow_pieces(frame: pl.DataFrame, facts: dict[str, str]) -> Iterator[bytes]:
    """An Arrow IPC stream; ``facts`` stand in the schema's metadata."""
    table = frame.to_arrow()
    schema = table.schema.with_metadata(facts)
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, schema) as writer:
        for batch in table.to_batches(max_chunksize=4 * PIECE_ROWS):
            writer.write_batch(batch.replace_schema_metadata(facts))
            yield _taken(sink)
    yield _taken(sink)


def csv_pieces(frame: pl.DataFrame) -> Iterator[bytes]:
    """CSV with a head; words that a spreadsheet would run are quoted with an apostrophe."""
    words = [name for name, kind in frame.schema.items() if kind == pl.String]
    safe = frame.with_columns(_unrunnable(name) for name in words)
    for low in range(0, max(frame.height, 1), PIECE_ROWS):
        part = safe.slice(low, PIECE_ROWS)
        yield part.write_csv(include_header=low == 0, datetime_format=_TIME).encode()


def _unrunnable(name: str) -> pl.Expr:
    column = pl.col(name)
    risky = column.str.slice(0, 1).is_in(_RISKY)
    return pl.when(risky).then(pl.concat_str(pl.lit("'"), column)).otherwise(column).alias(name)


def _taken(sink: io.BytesIO) -> bytes:
    body = sink.getvalue()
    sink.seek(0)
    sink.truncate()
    return body


def pieces_of(
    media: str,
    frame: Callable[[], pl.DataFrame],
    as_json: Callable[[], Iterator[bytes]],
    facts: dict[str, str],
) -> Iterator[bytes]:
    """The answer in the media type chosen."""
    if media == ARROW:
        return arrow_pieces(frame(), facts)
    if media == CSV:
        return csv_pieces(frame())
    return as_json()
