"""The table as other engines see it: the same rows, with nothing but a path."""

from __future__ import annotations

from pathlib import Path

import pytest
from deltalake import DeltaTable

from tests.log.rows import DAY, T0, rows
from tideline.domain.time import ManualClock
from tideline.log import ROWS, Log

ORDER = ["asset", "venue", "instrument", "field", "event_time", "known_time", "seq", "row"]


@pytest.fixture
def table(log: Log, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> tuple[str, list[dict]]:
    """A table with a checkpoint, a compaction and a restatement; its rows as the log reads them."""
    monkeypatch.setattr("tideline.log.table.CHECKPOINT_EVERY", 3)
    with log.writer() as writer:
        for n in range(8):
            clock.advance(1_000)
            events = [T0 + n * 8 * DAY, T0 + n * 8 * DAY, T0]
            writer.append(rows(events, [n, -n, n / 3], asset=["BTC", "币安人生", "BTC"]))
            writer.flush()
    log.compact(grace_us=-1)
    head = log.head()
    expected = [row for asset in log.assets() for row in log.read(asset, head).to_pylist()]
    assert len(expected) == 24
    return str(log.layout.table), expected


def test_polars_scans_it(table: tuple[str, list[dict]]) -> None:
    import polars as pl

    path, expected = table
    frame = pl.scan_delta(path).select(ROWS.names).sort(ORDER).collect()
    assert frame.to_dicts() == sorted(expected, key=lambda row: [row[name] for name in ORDER])
    one = pl.scan_delta(path).filter(pl.col("asset") == "币安人生").collect()
    assert one.height == 8


def test_duckdb_reads_its_files(table: tuple[str, list[dict]]) -> None:
    import duckdb

    path, expected = table
    uris = [uri.removeprefix("file://") for uri in DeltaTable(path).file_uris()]
    database = duckdb.connect()
    database.execute("SET TimeZone = 'UTC'")
    query = f"SELECT {', '.join(ROWS.names)} FROM read_parquet(?, hive_partitioning=false)"
    ordered = f"{query} ORDER BY {', '.join(ORDER)}"
    found = database.sql(ordered, params=[uris]).to_arrow_table()
    found = found.cast(ROWS).to_pylist()
    assert found == sorted(expected, key=lambda row: [row[name] for name in ORDER])


def test_as_known_at_in_sql_is_as_the_documentation_says(table: tuple[str, list[dict]]) -> None:
    import duckdb

    path, expected = table
    page = (Path(__file__).parents[2] / "docs" / "table.md").read_text()
    query = page.split("```sql\n")[1].split("```")[0]
    uris = [uri.removeprefix("file://") for uri in DeltaTable(path).file_uris()]
    database = duckdb.connect()
    files = ", ".join(f"'{uri}'" for uri in uris)
    view = f"CREATE VIEW rows AS SELECT * FROM read_parquet([{files}], hive_partitioning=false)"
    database.execute(view)
    known = sorted({row["known_time"] for row in expected})
    for moment in known:
        wanted: dict[tuple, tuple] = {}
        for row in sorted(expected, key=lambda row: (row["known_time"], row["seq"], row["row"])):
            if row["known_time"] <= moment and row["event_time"] <= moment:
                wanted[row["asset"], row["event_time"]] = (row["value"], row["seq"])
        found = database.sql(query, params={"as_of": moment}).to_arrow_table().to_pylist()
        assert {
            (row["asset"], row["event_time"]): (row["value"], row["seq"]) for row in found
        } == wanted


def test_as_known_at_in_polars_is_as_the_documentation_says(
    table: tuple[str, list[dict]],
) -> None:
    import polars as pl

    path, expected = table
    page = (Path(__file__).parents[2] / "docs" / "table.md").read_text()
    code = page.split("```python\n")[1].split("```")[0]
    moment = sorted(row["known_time"] for row in expected)[12]
    scope: dict = {"path": path, "as_of": moment, "pl": pl}
    exec(code, scope)
    frame = scope["known"]
    wanted: dict[tuple, float] = {}
    for row in sorted(expected, key=lambda row: (row["known_time"], row["seq"], row["row"])):
        if row["known_time"] <= moment and row["event_time"] <= moment:
            wanted[row["asset"], row["event_time"]] = row["value"]
    found = {(row["asset"], row["event_time"]): row["value"] for row in frame.to_dicts()}
    assert found == wanted


def test_the_table_refuses_to_forget(table: tuple[str, list[dict]]) -> None:
    from deltalake.exceptions import DeltaError

    with pytest.raises(DeltaError):
        DeltaTable(table[0]).delete("asset = 'BTC'")


def test_the_table_says_how_far_it_reaches(table: tuple[str, list[dict]]) -> None:
    assert DeltaTable(table[0]).transaction_version("journal") == 8


@pytest.mark.filterwarnings("ignore")  # Ray warns about itself
def test_ray_reads_it(table: tuple[str, list[dict]]) -> None:
    ray = pytest.importorskip("ray")
    ray.init(num_cpus=1, include_dashboard=False)
    try:
        found = ray.data.read_delta(table[0]).to_pandas()
        assert len(found) == len(table[1])
        assert sorted(found["value"]) == sorted(row["value"] for row in table[1])
    finally:
        ray.shutdown()
