"""The importers on the whole recorded archives; skipped where they are not at hand."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.collect.stores import NOW, leg_of, new_log
from tideline.collect.archives.binance_vision import import_binance_vision
from tideline.collect.archives.rows import export_rows, import_rows
from tideline.collect.archives.table_import import import_table
from tideline.collect.suspects import suspects
from tideline.domain.time import ManualClock, format_time, parse_time
from tideline.log import Log

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("TIDELINE_SHARED", ROOT / ".." / "shared")) / "data"

pytestmark = pytest.mark.skipif(
    not SHARED.is_dir(), reason=f"the recorded archives are not at {SHARED} (TIDELINE_SHARED)"
)

HOUR = 3_600_000_000

MAPS = {
    "binance_um_5m_oi": "binance_um_5m/*_oi_5m.parquet",
    "binance_um_5m_funding": "binance_um_5m/*_funding_8h_per_hour.parquet",
    "bybit_linear_1h": "bybit_linear_1h/*.parquet",
    "okx_swap_1h": "okx_swap_1h/*.parquet",
    "hyperliquid_1h": "hyperliquid_1h/*.parquet",
    "binance_15m_oi": "binance_bybit_15m/[!b]*i_15m.parquet",
    "binance_15m_long_short": "binance_bybit_15m/[!b]*ong_short_15m.parquet",
    "binance_15m_taker": "binance_bybit_15m/*taker_ratio_15m.parquet",
    "binance_funding": "binance_bybit_15m/*funding.parquet",
    "bybit_15m_klines": "binance_bybit_15m/bybit_perp_15m.parquet",
    "bybit_15m_oi": "binance_bybit_15m/bybit_oi_15m.parquet",
    "bybit_15m_long_short": "binance_bybit_15m/bybit_long_short_15m.parquet",
    "binance_1h_ohlcv": "binance_vision/BTCUSDT_1h_ohlcv.parquet",
}
"""Every file of the recorded data but the zips, by the ready map that reads it."""


@pytest.fixture(scope="module")
def days(tmp_path_factory):
    log, clock = new_log(tmp_path_factory.mktemp("days"))
    return log, import_binance_vision(log, [SHARED / "binance_vision" / "BTCUSDT"], clock)


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    log, clock = new_log(tmp_path_factory.mktemp("tables"))
    reports = {
        name: import_table(log, sorted(SHARED.glob(pattern)), name, clock)
        for name, pattern in MAPS.items()
    }
    return log, reports


def test_every_file_has_a_map():
    covered = {path for pattern in MAPS.values() for path in SHARED.glob(pattern)}
    assert covered == set(SHARED.rglob("*.parquet"))


def test_128_days(days):
    log, report = days
    assert (report.rows, report.total("suspects"), report.total("duplicates")) == (258_048, 0, 0)
    assert len(report.files) == 128
    assert {note.note for note in report.files} == {"labels are the end of the period (labels)"}
    rows = leg_of(log, "open_interest")
    off_grid = [format_time(r["event_time"]) for r in rows if r["event_time"] % 300_000_000]
    assert off_grid == [
        "2026-01-28T09:45:01Z",
        "2026-02-24T00:35:02Z",
        "2026-03-07T16:55:02Z",
        "2026-03-18T19:25:02Z",
    ]
    assert all(r["known_time"] - r["event_time"] == 300_000_000 for r in rows)


def test_marks_of_the_days_are_the_closes_of_the_hours(days):
    log, _ = days
    hours = pl.read_parquet(SHARED / "binance_vision" / "BTCUSDT_1h_ohlcv.parquet")
    ends = hours["timestamp_utc"].str.to_datetime(time_zone="UTC").dt.offset_by("1h")
    close = dict(zip(ends.dt.timestamp("us").to_list(), hours["close"].to_list(), strict=True))
    marks = [(r["value"], close.get(r["event_time"])) for r in leg_of(log, "mark_price")]
    off = [abs(mark / price - 1) for mark, price in marks if price is not None]
    assert len(off) == 3072
    assert np.median(off) < 1e-4


def test_two_sources_of_one_number_are_duplicates(days, tmp_path):
    log, _ = days
    path = tmp_path / "days.parquet"
    export_rows(log, path)
    copy, clock = new_log(tmp_path, "copy")
    import_rows(copy, path, clock)
    report = import_table(
        copy, [SHARED / "binance_um_5m" / "BTCUSDT_oi_5m.parquet"], "binance_um_5m_oi", clock
    )
    tally = report.leg(("BTC", "binance", "BTCUSDT", "open_interest"))
    assert (tally.duplicates, tally.restated) == (19_295, 0)
    assert tally.taken == 34_847 - 19_295


def test_nothing_real_is_suspect_but_a_zero(tables):
    log, _ = tables
    found = [(s.venue, s.instrument, s.field, format_time(s.event_time)) for s in suspects(log)]
    assert found == [("bybit", "ETHUSDT", "open_interest", "2020-10-21T09:00:00Z")]


def test_breaks_stand_only_where_the_counting_changed(tables):
    log, _ = tables
    places = {
        (leg.venue, leg.instrument, leg.field)
        for leg in log.legs()
        if leg.field.startswith("break.")
    }
    assert places == {
        ("bybit", coin, f"break.{field}")
        for coin in ("BTCUSDT", "ETHUSDT")
        for field in ("open_interest", "open_interest_usd")
    }


def test_bybit_is_one_sided_and_at_its_instants(tables):
    log, _ = tables
    at = int(parse_time("2023-08-17T21:00:00Z"))
    raw = pl.read_parquet(SHARED / "bybit_linear_1h" / "BTCUSDT_1h.parquet").with_columns(
        us=pl.col("timestamp").dt.timestamp("us")
    )
    rows = {
        name: {r["event_time"]: r["value"] for r in leg_of(log, name, venue="bybit")}
        for name in ("open_interest", "volume_coin", "mark_price", "open_interest_usd")
    }
    now, before = (
        raw.row(by_predicate=pl.col("us") == t, named=True) for t in (at, at - 3_600_000_000)
    )
    assert rows["open_interest"][at] == now["open_interest"] / 2
    assert rows["volume_coin"][at] == before["volume"]
    assert rows["mark_price"][at] == before["close"]
    assert rows["open_interest_usd"][at] == now["open_interest"] / 2 * before["close"]


def test_okx_open_interest_stands_at_its_label(tables):
    """The coins implied by the notional follow the price under any label but the right one."""
    log, _ = tables
    usd = {
        r["event_time"]: r["value"]
        for r in leg_of(log, "open_interest_usd", "BTC-USDT-SWAP", "okx")
    }
    marks = {r["event_time"]: r["value"] for r in leg_of(log, "mark_price", "BTC-USDT-SWAP", "okx")}

    def follows(shift):
        both = [
            (usd[t] / marks[t + shift], marks[t + shift]) for t in sorted(usd) if t + shift in marks
        ]
        coins, price = (np.diff(np.log(column)) for column in zip(*both, strict=True))
        return abs(np.corrcoef(coins, price)[0, 1])

    assert follows(0) < 0.1
    assert follows(HOUR) > 0.4


def test_all_tables_twice_add_nothing(tables, tmp_path):
    log, reports = tables
    assert sum(report.rows for report in reports.values()) > 500_000
    clock = ManualClock(NOW + 10**9)
    for name, pattern in MAPS.items():
        assert (
            import_table(Log.open(log.path, clock), sorted(SHARED.glob(pattern)), name, clock).rows
            == 0
        )


def test_a_real_day_under_start_labels_is_the_same_day(days, tmp_path):
    """The archive's later convention, made from a real file, lands on the same instants."""
    import zipfile

    from tests.collect.stores import zipped

    log, _ = days
    source = SHARED / "binance_vision" / "BTCUSDT" / "BTCUSDT-metrics-2026-02-05.zip"
    with zipfile.ZipFile(source) as archive:
        lines = archive.read(archive.namelist()[0]).decode().splitlines()
    moved = [lines[0]]
    for line in lines[1:]:
        time, rest = line[:19], line[19:]
        us = int(parse_time(time.replace(" ", "T") + "Z")) - 300_000_000
        moved.append(format_time(us).replace("T", " ")[:19] + rest)
    path = zipped(tmp_path / source.name, "\n".join(moved) + "\n")
    into, clock = new_log(tmp_path)
    report = import_binance_vision(into, [path], clock)
    assert report.files[0].note.startswith("labels are the start")
    values = {r["event_time"]: r["value"] for r in leg_of(log, "open_interest")}
    assert all(values[r["event_time"]] == r["value"] for r in leg_of(into, "open_interest"))
