"""Requests in, answers out, as Polars frames."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from tideline.domain.errors import BadInput
from tideline.domain.time import parse_time
from tideline.features.answers import Answers
from tideline.features.evidence import BASES
from tideline.features.reasons import REASONS

UTC_US = pl.Datetime("us", "UTC")


def requests(rows: Any, asset: str | None, as_of: Any) -> pl.DataFrame:
    """A frame of asset and as_of from ``rows`` (Polars, Arrow or pandas), or from one asset.

    Raises:
        BadInput: neither or both given, a column missing or of another type, a naive time.
    """
    if rows is None:
        if asset is None or as_of is None:
            raise BadInput("asset", asset, "and as_of are needed, or rows with both")
        given = as_of if isinstance(as_of, Iterable) and not isinstance(as_of, str) else [as_of]
        moments = [int(parse_time(_scalar(value), field="as_of")) for value in given]
        times = pl.Series("as_of", moments, pl.Int64).cast(pl.Datetime("us"))
        return pl.DataFrame({"asset": [asset] * len(moments)}, {"asset": pl.String}).with_columns(
            times.dt.replace_time_zone("UTC")
        )
    if asset is not None or as_of is not None:
        raise BadInput("rows", "…", "stand beside asset or as_of: give one or the other")
    frame = _frame(rows)
    for name in ("asset", "as_of"):
        if name not in frame.columns:
            raise BadInput("rows", ", ".join(frame.columns), f"have no column {name!r}")
        if frame[name].null_count():
            raise BadInput(
                "rows", None, f"have a null {name} in row {frame[name].is_null().arg_max()}"
            )
    return pl.DataFrame({"asset": frame["asset"].cast(pl.String), "as_of": _times(frame["as_of"])})


def _scalar(value: Any) -> Any:
    return int(value) if isinstance(value, np.integer) else value


def _frame(rows: Any) -> pl.DataFrame:
    if isinstance(rows, pl.DataFrame):
        return rows
    if isinstance(rows, pa.Table | pa.RecordBatch):
        return pl.DataFrame(pl.from_arrow(rows))
    return pl.DataFrame(pl.from_arrow(pa.Table.from_pandas(rows, preserve_index=False)))


def _times(column: pl.Series) -> pl.Series:
    if column.dtype == pl.String:
        column = pl.Series([parse_time(text, field="as_of") for text in column], dtype=pl.Int64)
    if column.dtype.is_integer():
        for value in (column.min(), column.max()) if len(column) else ():
            parse_time(value, field="as_of")
        return column.cast(pl.Datetime("us")).dt.replace_time_zone("UTC").alias("as_of")
    if not isinstance(column.dtype, pl.Datetime):
        raise BadInput("as_of", str(column.dtype), "is not a time", "timestamp[us, UTC]")
    if column.dtype.time_zone is None:
        raise BadInput("as_of", str(column.dtype), "has no time zone", "timestamp[us, UTC]")
    return column.dt.convert_time_zone("UTC").cast(UTC_US).alias("as_of")


def microseconds(column: pl.Series) -> NDArray[np.int64]:
    """The µs of a column of UTC times."""
    return column.to_physical().to_numpy().astype(np.int64)


def number(name: str, values: NDArray[np.float64]) -> pl.Series:
    """A float column in which NaN is null."""
    return pl.Series(name, np.ascontiguousarray(values)).fill_nan(None)


def words(name: str, codes: NDArray[np.int8], names: tuple[str, ...]) -> pl.Series:
    """A text column from codes; the empty word is null."""
    table = pl.Series([word or None for word in names], dtype=pl.String)
    return table.gather(pl.Series(codes.astype(np.uint32))).alias(name)


def columns_of(answers: Answers, evidence: bool) -> list[pl.Series]:
    """One column per address and, with evidence, its age, n, coverage, basis, revised, reason."""
    made = []
    for k, name in enumerate(answers.addresses):
        made.append(number(name, answers.values[:, k]))
        if evidence:
            made += [
                number(f"{name}.age_s", answers.age_s[:, k]),
                pl.Series(f"{name}.n", np.ascontiguousarray(answers.n[:, k])),
                number(f"{name}.coverage", answers.coverage[:, k]),
                words(f"{name}.basis", answers.basis[:, k], BASES),
                pl.Series(f"{name}.revised", np.ascontiguousarray(answers.revised[:, k])),
                words(f"{name}.reason", answers.reason[:, k], REASONS),
            ]
    return made
