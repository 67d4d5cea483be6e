"""Answers as bytes: JSON rows, an Arrow stream or CSV, piece by piece."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import msgspec
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tideline.features.evidence import BASES
from tideline.features.reasons import REASONS
from tideline.serve.batch import Answered
from tideline.serve.media import ARROW, CSV
from tideline.serve.shapes import encode
from tideline.serve.times import moment
from tideline.store.frames import columns_of

PIECE_ROWS = 2_000
_RISKY = ("=", "+", "-", "@", "\t", "\r")
_BASES, _REASONS = (
    pa.array([word or None for word in words], pa.large_string()) for words in (BASES, REASONS)
)
_TIME = "%Y-%m-%dT%H:%M:%S%.6fZ"


class _Row(msgspec.Struct, gc=False):
    """A row of an answer, on its way out: what :class:`tideline.serve.shapes.Row` describes."""

    asset: str
    as_of: str
    values: list[object]


def moments(as_of: NDArray[np.int64]) -> list[str]:
    """Times as the interface writes them."""
    texts = pa.array(as_of).cast(pa.timestamp("us")).cast(pa.string())
    spelled = pc.binary_join_element_wise(pc.replace_substring(texts, " ", "T"), "Z", "")
    return spelled.to_pylist()  # type: ignore[no-any-return]


def json_pieces(done: Answered, resolved: int) -> Iterator[bytes]:
    """``{"resolved":…,"rows":[…]}``."""
    yield b'{"resolved":"%b","rows":[' % moment(resolved).encode()
    batch = done.batch
    for low in range(0, len(batch.assets), PIECE_ROWS):
        high = min(low + PIECE_ROWS, len(batch.assets))
        spelled = moments(batch.as_of[low:high])
        values = _values(done, low, high, spelled)
        rows = list(map(_Row, batch.assets[low:high], spelled, values))
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


def table_of(done: Answered) -> pa.Table:
    """The same columns without the way through a frame, which takes longer than the answers."""
    batch, answers = done.batch, done.answers
    named: dict[str, pa.Array] = {
        "asset": pa.array(batch.assets, pa.large_string()),
        "as_of": pa.array(batch.as_of).cast(pa.timestamp("us", "UTC")),
    }
    for k, name in enumerate(answers.addresses):
        named[name] = _numbers(answers.values[:, k])
        if batch.columns:
            named[f"{name}.age_s"] = _numbers(answers.age_s[:, k])
            named[f"{name}.n"] = pa.array(np.ascontiguousarray(answers.n[:, k]))
            named[f"{name}.coverage"] = _numbers(answers.coverage[:, k])
            named[f"{name}.basis"] = _BASES.take(pa.array(answers.basis[:, k]))
            named[f"{name}.revised"] = pa.array(np.ascontiguousarray(answers.revised[:, k]))
            named[f"{name}.reason"] = _REASONS.take(pa.array(answers.reason[:, k]))
    return pa.table(named)


def _numbers(values: NDArray[np.float64]) -> pa.Array:
    """NaN is null."""
    return pa.array(np.ascontiguousarray(values), from_pandas=True)


def arrow_pieces(table: pa.Table, facts: dict[str, str]) -> Iterator[bytes]:
    """An Arrow IPC stream; ``facts`` stand in the schema's metadata."""
    table = table.replace_schema_metadata(facts)
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        for batch in table.to_batches(max_chunksize=4 * PIECE_ROWS):
            writer.write_batch(batch)
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
    done: Answered,
    as_json: Callable[[], Iterator[bytes]],
    facts: dict[str, str],
) -> Iterator[bytes]:
    """The answer in the media type chosen."""
    if media == ARROW:
        return arrow_pieces(table_of(done), facts)
    if media == CSV:
        return csv_pieces(frame_of(done))
    return as_json()
