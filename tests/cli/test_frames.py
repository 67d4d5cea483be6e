"""Request tables: every shape of as_of that is allowed, and each that is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import polars as pl
import pytest

from tideline.cli.frames import read_requests, write_frame
from tideline.domain.errors import BadFile, BadInput
from tideline.store.frames import requests as requested

NOON = datetime(2026, 2, 5, 12, tzinfo=UTC)
US = 1_770_292_800_000_000


def requests(tmp_path: Path, as_of: object, ending: str = ".parquet") -> pl.DataFrame:
    path = tmp_path / f"rows{ending}"
    frame = pl.DataFrame({"asset": ["BTC"], "as_of": as_of, "other": [1]})
    write_frame(frame, str(path))
    return requested(read_requests(str(path), str(tmp_path / "out.parquet")), None, None)


@pytest.mark.parametrize(
    "as_of",
    [
        [NOON],
        [US],
        ["2026-02-05T12:00:00Z"],
        ["2026-02-05T13:00:00+01:00"],
        pl.Series([NOON]).dt.cast_time_unit("ms"),
        pl.Series([NOON]).dt.cast_time_unit("ns"),
        pl.Series([NOON.astimezone(timezone(timedelta(hours=0)))]).dt.convert_time_zone(
            "America/New_York"
        ),
    ],
    ids=["datetime", "int", "Z", "offset", "ms", "ns", "zone"],
)
def test_every_exact_moment_is_read(tmp_path: Path, as_of: object) -> None:
    frame = requests(tmp_path, as_of)
    assert frame.columns == ["asset", "as_of"]
    assert frame["as_of"].to_list() == [NOON]
    assert frame["as_of"].dtype == pl.Datetime("us", "UTC")


@pytest.mark.parametrize("ending", [".parquet", ".csv", ".arrow", ".feather"])
def test_every_ending(tmp_path: Path, ending: str) -> None:
    text = ["2026-02-05T12:00:00Z"]
    assert requests(tmp_path, text, ending)["as_of"].to_list() == [NOON]


@pytest.mark.parametrize(
    ("as_of", "named"),
    [
        ([datetime(2026, 2, 5, 12)], "no time zone"),  # noqa: DTZ001
        (["2026-02-05T12:00:00"], "+00:00"),
        ([US // 1000], "milliseconds"),
        ([US * 1000], "nanoseconds"),
        (["yesterday"], "yesterday"),
    ],
    ids=["naive", "naive text", "ms", "ns", "word"],
)
def test_what_is_no_moment_is_refused(tmp_path: Path, as_of: object, named: str) -> None:
    with pytest.raises(BadInput, match="as_of") as caught:
        requests(tmp_path, as_of)
    assert named in str(caught.value)


def test_nulls_and_missing_columns_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="null as_of in row 0"):
        requests(tmp_path, pl.Series([None], dtype=pl.Int64))
    path = tmp_path / "rows.parquet"
    write_frame(pl.DataFrame({"asset": ["BTC"], "asof": [US]}), str(path))
    with pytest.raises(BadInput, match="nearest valid: asof"):
        read_requests(str(path), str(tmp_path / "out.csv"))
    with pytest.raises(BadInput, match="directory"):
        read_requests(str(path), str(tmp_path / "no" / "out.csv"))
    path.write_bytes(b"not parquet")
    with pytest.raises(BadFile, match="cannot be read as parquet"):
        read_requests(str(path), str(tmp_path / "out.csv"))


def test_a_table_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    out.write_text("before")
    with pytest.raises(pl.exceptions.PolarsError):
        write_frame(pl.DataFrame({"a": [[1, 2]]}), str(out))  # csv holds no lists
    assert out.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
