"""The canonical table in and out."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.collect.stores import DATA, START, STEP, leg_of, new_log, rows_of
from tideline.collect.archives.binance_vision import import_binance_vision
from tideline.collect.archives.rows import export_rows, import_rows
from tideline.collect.archives.table_import import import_table
from tideline.domain.errors import BadInput, UnknownName

BASE = {
    "venue": ["binance", "binance", "okx"],
    "instrument": ["BTCUSDT", "BTCUSDT", "BTC-USDT-SWAP"],
    "field": ["open_interest", "alive.taker", "open_interest_usd"],
    "event_time": [START, START + STEP, START],
    "known_time": [START + 1, START + STEP + 2, START + 3],
    "value": [5.0, 1.0, 7e9],
    "basis": ["recorded", "recorded", "assumed"],
}


def write(path, **changes):
    """The base table with columns replaced, added, or (None) dropped."""
    columns = {**BASE, **changes}
    frame = pl.DataFrame({k: v for k, v in columns.items() if v is not None}, strict=False)
    getattr(
        frame,
        {"csv": "write_csv", "parquet": "write_parquet", "arrow": "write_ipc"}[path.suffix[1:]],
    )(path)
    return path


@pytest.mark.parametrize("suffix", ["csv", "parquet", "arrow"])
def test_rows_are_taken_as_given(tmp_path, suffix):
    log, clock = new_log(tmp_path)
    report = import_rows(log, write(tmp_path / f"in.{suffix}"), clock)
    assert report.rows == 3
    found = {r["field"]: r for r in rows_of(log)}
    assert found["open_interest"]["known_time"] == START + 1
    assert found["open_interest"]["basis"] == "recorded"
    assert found["open_interest_usd"]["venue"] == "okx"
    assert {(r["asset"], r["status"], r["cadence_s"]) for r in found.values()} == {
        ("BTC", "ok", 0.0)
    }


def test_timestamps_and_optional_columns(tmp_path):
    log, clock = new_log(tmp_path)
    times = pl.Series([START, START + STEP, START]).cast(pl.Datetime("us", "UTC"))
    path = write(
        tmp_path / "in.parquet",
        event_time=times,
        known_time=times + pl.duration(seconds=1) if False else times.dt.offset_by("1s"),
        asset=["BTC", None, "BTC"],
        cadence_s=[5.0, 1.0, 3.0],
        status=["suspect", "ok", "ok"],
    )
    import_rows(log, path, clock)
    row = leg_of(log, "open_interest")[0]
    assert (row["status"], row["cadence_s"], row["known_time"]) == (
        "suspect",
        5.0,
        START + 1_000_000,
    )


def test_ties_by_row_order(tmp_path):
    log, clock = new_log(tmp_path)
    same = {k: [v[0]] * 3 for k, v in BASE.items()}
    import_rows(log, write(tmp_path / "in.parquet", **{**same, "value": [1.0, 2.0, 1.0]}), clock)
    assert [r["value"] for r in leg_of(log, "open_interest")] == [1.0, 2.0, 1.0]


def test_recorded_rows_are_refused_where_rows_are(tmp_path):
    log, clock = new_log(tmp_path)
    path = write(tmp_path / "in.parquet")
    import_rows(log, path, clock)
    with pytest.raises(BadInput, match=r"binance BTCUSDT (alive|open_interest)"):
        import_rows(log, path, clock)
    assert len(rows_of(log)) == 3
    other = write(tmp_path / "more.parquet", instrument=["ETHUSDT", "ETHUSDT", "ETH-USDT-SWAP"])
    assert import_rows(log, other, clock).rows == 3


def test_assumed_rows_twice_add_nothing(tmp_path):
    log, clock = new_log(tmp_path)
    assumed = ["assumed"] * 3
    import_rows(log, write(tmp_path / "a.parquet", basis=assumed), clock)
    assert import_rows(log, tmp_path / "a.parquet", clock).rows == 0
    write(tmp_path / "b.csv", basis=assumed)
    again = import_rows(log, tmp_path / "b.csv", clock)
    assert (again.rows, again.total("duplicates")) == (0, 3)
    new = import_rows(log, write(tmp_path / "c.csv", basis=assumed, value=[5.0, 1.0, 8e9]), clock)
    assert (new.rows, new.total("duplicates")) == (1, 2)


def test_assumed_rows_after_recorded_ones_are_left_out(tmp_path):
    log, clock = new_log(tmp_path)
    import_rows(log, write(tmp_path / "a.parquet"), clock)
    late = write(
        tmp_path / "b.parquet",
        basis=["assumed"] * 3,
        event_time=[START, START, START - STEP],
        field=["open_interest"] * 3,
        instrument=["BTCUSDT"] * 3,
        venue=["binance"] * 3,
    )
    report = import_rows(log, late, clock)
    tally = report.leg(("BTC", "binance", "BTCUSDT", "open_interest"))
    assert (tally.taken, tally.left_out) == (1, {"at or after the first recorded row": 2})


BAD = {
    "naive timestamps": (
        {"event_time": pl.Series([START] * 3).cast(pl.Datetime("us"))},
        "event_time of row 0.*offset",
    ),
    "naive text": ({"event_time": ["2026-02-05T00:00:00"] * 3}, "event_time of row 0"),
    "milliseconds": ({"event_time": [START, START // 1000, START]}, "row 1.*milliseconds"),
    "missing time": ({"known_time": [START, None, START]}, "known_time of row 1"),
    "later than now": ({"known_time": [START, 10 * START // 9, START]}, "row 1, later than now"),
    "unknown venue": (
        {"venue": ["binance", "binance", "okxx"]},
        "venue of row 2.*nearest valid: okx",
    ),
    "unparsable symbol": (
        {"instrument": ["BTCUSDT", "BTC/USDT", "BTC-USDT-SWAP"]},
        "'BTC/USDT' of row 1.*nearest valid: BTCUSDT",
    ),
    "unknown field": (
        {"field": ["open_interest", "alive.takers", "open_intrest"]},
        "alive.takers|nearest valid: open_interest",
    ),
    "unknown basis": (
        {"basis": ["recorded", "assumd", "assumed"]},
        "row 1.*nearest valid: assumed",
    ),
    "unknown status": ({"status": ["ok", "ok", "suspekt"]}, "row 2.*nearest valid: suspect"),
    "not finite and ok": ({"value": [5.0, float("nan"), 1.0]}, "row 1 is not finite"),
    "missing value": ({"value": [5.0, None, 1.0]}, "missing in row 1"),
    "text value": ({"value": ["5", "6", "seven"]}, "not numbers"),
    "negative cadence": ({"cadence_s": [5.0, -1.0, 1.0]}, "row 1"),
    "another asset": ({"asset": ["BTC", "ETH", "BTC"]}, "row 1.*nearest valid: BTC"),
    "missing column": ({"basis": None}, "basis"),
    "misspelt column": ({"statuss": ["ok"] * 3}, "nearest valid: status"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_rows_are_refused_by_name_and_nothing_is_written(tmp_path, name):
    changes, said = BAD[name]
    log, clock = new_log(tmp_path)
    path = write(tmp_path / "in.parquet", **changes)
    with pytest.raises(BadInput, match=said):
        import_rows(log, path, clock)
    assert log.legs() == []


def test_foreign_columns_are_said(tmp_path):
    log, clock = new_log(tmp_path)
    report = import_rows(log, write(tmp_path / "in.parquet", colour=["red"] * 3), clock)
    assert report.notes == ["columns not read: colour"]


@pytest.mark.parametrize("name", ["in.parquet", "in.csv", "in.txt", "none.csv"])
def test_broken_files(tmp_path, name):
    log, clock = new_log(tmp_path)
    if not name.startswith("none"):
        (tmp_path / name).write_bytes(b"\x80 nothing")
    with pytest.raises(BadInput, match=name):
        import_rows(log, tmp_path / name, clock)


def _everything(log):
    return {
        asset: log.read(asset, log.head()).drop(["seq", "row", "source_id"])
        for asset in log.assets()
    }


@pytest.mark.parametrize("suffix", ["csv", "parquet", "arrow"])
def test_round_trip_to_the_last_bit(tmp_path, suffix):
    log, clock = new_log(tmp_path, "from")
    import_binance_vision(log, [DATA / "BTCUSDT-metrics-2026-02-05.zip"], clock)
    import_table(log, [DATA / "BTCUSDT_1h.parquet"], "bybit_linear_1h", clock)
    import_table(log, [DATA / "oi_usd.parquet"], "hyperliquid_1h", clock)
    count = export_rows(log, tmp_path / f"out.{suffix}")
    into, _ = new_log(tmp_path, "into")
    assert import_rows(into, tmp_path / f"out.{suffix}", clock).rows == count
    before, after = _everything(log), _everything(into)
    assert before.keys() == after.keys()
    for asset, table in before.items():
        assert table.equals(after[asset])


ROW = st.tuples(
    st.sampled_from(["open_interest", "mark_price", "taker_buy_coin"]),
    st.integers(0, 4),
    st.integers(0, 3),
    st.floats(allow_nan=False, allow_infinity=False, width=64),
    st.sampled_from(["recorded", "assumed"]),
    st.sampled_from(["ok", "suspect"]),
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.lists(ROW, min_size=1, max_size=20))
def test_any_bitemporal_history_round_trips(tmp_path, rows):
    folder = Path(tempfile.mkdtemp(dir=tmp_path))
    count = len(rows)
    columns = {
        "venue": ["binance"] * count,
        "instrument": ["BTCUSDT"] * count,
        "field": [r[0] for r in rows],
        "event_time": [START + r[1] * STEP for r in rows],
        "known_time": [START + r[1] * STEP + r[2] for r in rows],
        "value": [r[3] for r in rows],
        "basis": [r[4] for r in rows],
        "status": [r[5] for r in rows],
        "cadence_s": [300.0] * count,
    }
    log, clock = new_log(folder, "from")
    assert import_rows(log, write(folder / "in.parquet", **columns), clock).rows == count
    export_rows(log, folder / "out.parquet")
    into, _ = new_log(folder, "into")
    import_rows(into, folder / "out.parquet", clock)
    assert _everything(log)["BTC"].equals(_everything(into)["BTC"])
    kept = sorted(zip(columns["field"], columns["event_time"], columns["known_time"], strict=True))
    assert [(r["field"], r["event_time"], r["known_time"]) for r in rows_of(log)] == kept


def test_export_as_of_holds_nothing_later(tmp_path):
    log, clock = new_log(tmp_path)
    import_rows(log, write(tmp_path / "in.parquet"), clock)
    count = export_rows(log, tmp_path / "out.parquet", asset="BTC", as_of=START + 2)
    kept = pl.read_parquet(tmp_path / "out.parquet")
    assert (count, kept["field"].to_list()) == (1, ["open_interest"])


def test_export_errors_leave_no_file(tmp_path):
    log, clock = new_log(tmp_path)
    import_rows(log, write(tmp_path / "in.parquet"), clock)
    with pytest.raises(UnknownName, match="BTCC"):
        export_rows(log, tmp_path / "out.parquet", asset="BTCC")
    with pytest.raises(BadInput, match=r"out\.xlsx"):
        export_rows(log, tmp_path / "out.xlsx")
    assert not list(tmp_path.glob("out*"))


def test_a_killed_import_of_parts_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr("tideline.collect.archives.rows.PART_ROWS", 100)
    count = 350
    columns = {
        "venue": ["binance"] * count,
        "instrument": ["BTCUSDT"] * count,
        "field": ["open_interest"] * count,
        "event_time": [START + i * STEP for i in range(count)],
        "known_time": [START + i * STEP for i in range(count)],
        "value": np.arange(1.0, count + 1).tolist(),
        "basis": ["recorded"] * count,
    }
    path = write(tmp_path / "in.parquet", **columns)
    log, clock = new_log(tmp_path)

    class Killed(Exception):
        pass

    def kill(done, total, what):
        if what == "writing" and done >= 200:
            raise Killed

    with pytest.raises(Killed):
        import_rows(log, path, clock, progress=kill)
    assert len(leg_of(log, "open_interest")) == 200
    assert import_rows(log, path, clock).rows == 150
    assert [r["value"] for r in leg_of(log, "open_interest")] == columns["value"]
    with pytest.raises(BadInput, match="recorded"):
        import_rows(log, path, clock)
