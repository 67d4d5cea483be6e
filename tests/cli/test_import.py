"""Imports from the command line: what is printed, what is written, and that twice is once."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from tideline.cli.app import run
from tideline.domain.time import DAY, MINUTE, format_time, parse_time
from tideline.log import Log

HEAD = (
    "create_time,symbol,sum_open_interest,sum_open_interest_value,"
    "count_toptrader_long_short_ratio,sum_toptrader_long_short_ratio,"
    "count_long_short_ratio,sum_taker_long_short_vol_ratio"
)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """One day of metrics as Binance writes them, labels at the end of the period."""
    start = parse_time("2026-02-05T00:00:00Z")
    lines = [HEAD]
    for k in range(1, 289):
        at = format_time(start + k * 5 * MINUTE).replace("T", " ").removesuffix("Z")
        coin = 70_000 - k
        lines.append(f"{at},BTCUSDT,{coin}.0,{coin * (80_000 - 10 * k)}.0,1.5,1.2,1.3,0.9")
    path = tmp_path / "BTCUSDT-metrics-2026-02-05.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("BTCUSDT-metrics-2026-02-05.csv", "\n".join(lines) + "\n")
    return path


def answer(capsys: pytest.CaptureFixture[str], *given: str) -> dict:
    assert run([*given, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_binance_vision_twice_is_once(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = str(tmp_path / "store")
    first = answer(capsys, "import", "binance-vision", str(archive), "--store", store)
    assert first["rows"] == 288 * 7
    assert {leg["field"]: leg["derived"] for leg in first["legs"]}["mark_price"] == 288
    second = answer(capsys, "import", "binance-vision", str(archive), "--store", store)
    assert second["rows"] == 0
    assert second["files"][0]["skipped"] is True
    legs = answer(capsys, "legs", "--store", store)["legs"]
    assert {leg["cadence_s"] for leg in legs} == {300.0}
    assert {leg["gaps"] for leg in legs} == {0}
    assert {leg["last_event"] for leg in legs} == {"2026-02-06T00:00:00Z"}


def test_what_was_taken_is_printed(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["import", "binance-vision", str(archive), "--lag", "60", "--lag", "mark_price=0"]
    assert run([*given, "--store", str(tmp_path / "store")]) == 0
    out = capsys.readouterr().out
    assert "1 file taken in" in out
    assert "labels are the end of the period" in out
    assert "assumed known 0 s after event time: mark_price" in out
    assert "assumed known 60 s after event time: lsr_global_accounts" in out


def test_a_gap_is_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "oi.csv"
    start = parse_time("2026-02-05T00:00:00Z")
    steps = [k for k in range(100) if not 40 <= k < 60]
    rows = [f"{(start + k * 5 * MINUTE) // 1000},{1000 + k}" for k in steps]
    table.write_text("\n".join(["t,oi", *rows]) + "\n")
    rules = tmp_path / "map.toml"
    rules.write_text(
        'name = "oi"\nvenue = "binance"\ncadence_s = 300\n'
        '[instrument]\nconstant = "BTCUSDT"\n'
        '[time]\ncolumn = "t"\nunit = "ms"\nlabel = "instant"\n'
        '[[take]]\ncolumn = "oi"\nfield = "open_interest"\nunit = "coin"\nsides = "1"\n'
    )
    store = str(tmp_path / "store")
    given = ("import", "table", str(table), "--map", str(rules))
    dry = answer(capsys, *given, "--dry-run")
    assert dry["dry_run"] is True
    assert dry["understood"][0]["rows"] == 80
    assert not Path(store).exists()
    assert answer(capsys, *given, "--store", store)["rows"] == 80
    (leg,) = answer(capsys, "legs", "--store", store)["legs"]
    assert (leg["gaps"], leg["longest_gap_s"]) == (1, 21 * 300.0)


def test_a_map_is_asked_for_and_its_nearest_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["import", "table", "x.csv", "--store", str(tmp_path / "s")]) == 2
    assert "--maps lists the ready ones" in capsys.readouterr().err
    assert run(["import", "table", "x.csv", "--map", "bybit_linear", "--store", "s"]) == 2
    assert "nearest valid: bybit_linear_1h" in capsys.readouterr().err
    names = [one["name"] for one in answer(capsys, "import", "table", "--maps")["maps"]]
    assert "binance_um_5m_oi" in names


@pytest.mark.parametrize("ending", ["parquet", "csv", "arrow"])
def test_rows_go_out_and_come_in_the_same(
    archive: Path, tmp_path: Path, ending: str, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, out = (str(tmp_path / name) for name in ("a", "b", f"rows.{ending}"))
    answer(capsys, "import", "binance-vision", str(archive), "--store", first)
    assert answer(capsys, "export", "rows", out, "--store", first)["rows"] == 288 * 7
    assert answer(capsys, "import", "rows", out, "--store", second)["rows"] == 288 * 7
    at = parse_time("2026-02-05T12:00:00Z") + DAY
    with Log.open(first) as a, Log.open(second) as b:
        own = ["seq", "row", "source_id"]
        assert a.read("BTC", at).drop(own).equals(b.read("BTC", at).drop(own))
