"""Features and scans, as a user runs them, on the planted store."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.planted import DELAY_US, END, LAST_KNOWN, PLANTED
from tideline.cli.app import run
from tideline.domain.time import HOUR, MINUTE, format_time, parse_time
from tideline.readings.odds.table import odds_table

AT = format_time(LAST_KNOWN)
TWO = "positioning.oi_usdtm_coin@1h:rate,price.ret@1h"
NAMES = TWO.split(",")


def answer(capsys: pytest.CaptureFixture[str], *given: str) -> dict[str, Any]:
    assert run([*given, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_one_moment_in_the_shape_of_the_interface(
    simulated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ("--asset", "BTC,ETH", "--as-of", AT, "--features", TWO)
    found = answer(capsys, "features", "--store", str(simulated), *given)
    assert found["resolved"] == AT
    assert [row["asset"] for row in found["rows"]] == ["BTC", "ETH"]
    rate, ret = found["rows"][0]["values"]
    assert (rate["feature"], rate["unit"], rate["as_of"]) == (NAMES[0], "1", AT)
    assert (ret["unit"], ret["basis"], ret["reason"]) == ("log", "recorded", None)
    assert rate["value"] < -0.02 < 0.02 < ret["value"]  # the planted covering
    assert rate["n"] == 36  # 12 snapshots of 3 venues in the hour
    assert rate["age_s"] == DELAY_US / 1e6
    assert rate["coverage"] == 1.0


def test_a_null_says_why(simulated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = "positioning.lsr_top@1h,positioning.oi_usdtm@24h:zscore[30]"
    given = ("features", "--store", str(simulated), "--asset", "BTC", "--as-of", AT)
    found = answer(capsys, *given, "--features", asked)["rows"][0]["values"]
    assert [(v["value"], v["reason"]) for v in found[:1]] == [(None, "no_data")]
    assert found[1]["value"] is not None
    assert run([*given, "--features", asked]) == 0
    out = capsys.readouterr().out
    assert "no_data" in out
    assert "–" in out


def test_asking_now_of_an_archive_says_when_it_ends(
    simulated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--store", str(simulated), "--asset", "BTC", "--features", "price.ret@1h"]
    assert run(["features", *given]) == 0
    assert f"the newest row is of {format_time(END)}" in capsys.readouterr().out
    for at, why in (("now", "open interest"), (str(END + 2 * HOUR), "binance BTCUSDT (age 2h")):
        given = ["scan", "--store", str(simulated), "--asset", "BTC", "--as-of", at, "--why"]
        assert run(given) == 0
        out = capsys.readouterr().out
        assert "Cannot tell: " in out
        assert why in out


@pytest.mark.parametrize("ending", ["parquet", "csv", "arrow"])
def test_a_batch_answers_row_by_row_in_order(
    simulated: Path, tmp_path: Path, ending: str, capsys: pytest.CaptureFixture[str]
) -> None:
    moments = [LAST_KNOWN - k * 7 * MINUTE for k in (3, 0, 9, 3, 1)]
    assets = ["ETH", "BTC", "BTC", "ETH", "BTC"]
    rows, out = tmp_path / f"rows.{ending}", tmp_path / f"out.{ending}"
    frame = pl.DataFrame({"asset": assets, "as_of": [format_time(at) for at in moments]})
    {"parquet": frame.write_parquet, "csv": frame.write_csv, "arrow": frame.write_ipc}[ending](rows)
    given = ["features", "--store", str(simulated), "--rows", str(rows), "--out", str(out)]
    done = answer(capsys, *given, "--features", TWO, "--evidence")
    assert done["rows"] == 5
    read = {"parquet": pl.read_parquet, "csv": pl.read_csv, "arrow": pl.read_ipc}[ending](out)
    assert read["asset"].to_list() == assets
    assert {f"{NAMES[0]}.{part}" for part in ("age_s", "n", "coverage", "basis", "reason")} <= set(
        read.columns
    )
    assert read[NAMES[0]][0] == read[NAMES[0]][3]
    for place in (0, 1, 2):
        single = answer(
            capsys, "features", "--store", str(simulated), "--asset", assets[place],
            "--as-of", str(moments[place]), "--features", TWO,
        )["rows"][0]["values"]  # fmt: skip
        assert [value["value"] for value in single] == [read[name][place] for name in NAMES]


@pytest.mark.parametrize(
    ("more", "named"),
    [
        (["--asset", "BTX", "--features", "price.ret@1h"], ("'BTX'", "BTC")),
        (["--asset", "BTC", "--features", "price.ret@2d"], ("window", "position 10")),
        (["--asset", "BTC", "--features", "price.rett@1h"], ("signal", "price.ret")),
        (["--asset", "BTC", "--features", "price.ret@1h:zscor"], ("transform", "zscore")),
        (["--asset", "BTC", "--features", "price.ret@1h:zscore[1]"], ("zscore[2]",)),
        (["--asset", "BTC", "--features", "price.ret@1h", "--as-of", "2099-01-01T00:00:00Z"],
         ("above the head",)),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_named(
    simulated: Path, more: list[str], named: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["features", "--store", str(simulated), *more]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    for part in named:
        assert part in err


def test_a_batch_that_fails_writes_nothing(
    simulated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = tmp_path / "rows.parquet"
    moments = [LAST_KNOWN, LAST_KNOWN]
    pl.DataFrame({"asset": ["BTC", "BTX"], "as_of": moments}).write_parquet(rows)
    given = ["--rows", str(rows), "--out", str(tmp_path / "out.parquet"), "--features", TWO]
    assert run(["features", "--store", str(simulated), *given]) == 2
    assert "'BTX'" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["rows.parquet"]


def test_the_scan_ranks_and_explains(simulated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ("scan", "--store", str(simulated), "--readings", "R1", "--as-of", AT)
    found = answer(capsys, *given)["readings"]
    assert [reading["name"] for reading in found] == ["short_covering", "new_shorts"]
    assert found[0]["strength"] > found[1]["strength"]
    first = found[0]
    assert first["severity"] == "extreme"
    assert [e["address"] for e in first["evidence"]] == [
        "price.ret@45m",
        "positioning.oi_usdtm_coin@45m:rate",
    ]
    assert first["evidence"][0]["value"] > first["evidence"][0]["threshold"] > 0
    assert [(g["venue"], g["used"]) for g in first["groups"]] == [
        ("binance", True), ("bybit", True), ("okx", True)]  # fmt: skip
    split = first["split"]
    parts = split["quantity"] + split["price"] + split["cross"] + split["remainder"]
    assert parts == pytest.approx(split["total"])
    assert 0.0 <= first["fuel_left"] <= 1.0
    assert first["label_p"]["source"] == "simulated"
    assert 0.0 < first["label_p"]["base_rate"] < first["label_p"]["p"] < 1.0
    counted = odds_table("follow").of("R1.state", "short_covering", "45m")
    assert counted is not None
    assert first["follow_p"] == asdict(counted)
    assert (first["spent"], "still moves" in first["spent_why"]) == (False, True)
    assert run([*given, "--why"]) == 0
    out = capsys.readouterr().out
    assert "positions were closed into the rise" in out
    assert "ΔP > " in out
    assert f"of {counted.n:,} cases over {counted.horizon}" in out


def test_scans_filter_by_asset_state_and_severity(
    simulated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ("scan", "--store", str(simulated), "--readings", "R1", "--as-of", AT)

    def named(*more: str) -> list[str]:
        return [reading["name"] for reading in answer(capsys, *given, *more)["readings"]]

    assert named("--asset", "ETH") == ["new_shorts"]
    assert named("--states", "short_covering,balanced") == ["short_covering"]
    assert named("--min-severity", "none") == ["short_covering", "new_shorts"]
    assert run([*given, "--asset", "BTX"]) == 2


def test_a_grid_finds_what_was_planted_and_a_single_scan_agrees(
    simulated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    push = PLANTED[0]
    start, end = push.start - HOUR + DELAY_US, push.end + HOUR + DELAY_US
    grid = f"{format_time(start)}/{format_time(end)}/5m"
    given = ("scan", "--store", str(simulated), "--readings", "R1", "--asset", push.asset)
    found = answer(capsys, *given, "--grid", grid, "--min-severity", "elevated")
    assert found["moments"] == (end - start) // (5 * MINUTE) + 1
    readings = found["readings"]
    strongest = max(readings, key=lambda reading: reading["strength"])
    assert strongest["name"] == push.state
    assert push.start < parse_time(strongest["as_of"]) <= push.end + 15 * MINUTE
    (run_of_it,) = [e for e in found["episodes"] if e["state"] == push.state]
    assert run_of_it["peak_strength"] == strongest["strength"]
    assert format_time(push.start) < run_of_it["entered"] < format_time(push.end)
    assert run_of_it["left"] > format_time(push.end)
    alone = answer(capsys, *given, "--as-of", strongest["as_of"])["readings"][0]
    assert alone == strongest


def test_at_the_published_bands_less_is_named(
    simulated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ("scan", "--store", str(simulated), "--readings", "R1", "--as-of", AT,
             "--bands", "fixed")  # fmt: skip
    first = answer(capsys, *given)["readings"][0]
    assert [e["threshold"] for e in first["evidence"]] == pytest.approx([0.01, 0.015])


def test_a_window_too_fine_for_the_data_says_so(
    simulated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """5-minute data may speak at 15m (cadence w/3), and no longer when it is 6 minutes old."""
    late = format_time(END + 6 * MINUTE)
    given = ("scan", "--store", str(simulated), "--readings", "R1", "--asset", "BTC",
             "--window", "15m")  # fmt: skip
    assert answer(capsys, *given, "--as-of", AT)["readings"][0]["name"] != "cannot_tell"
    told = answer(capsys, *given, "--as-of", late)["readings"][0]
    assert told["name"] == "cannot_tell"
    assert "age 6m > 5m" in told["because"]


def test_a_scan_finds_what_was_planted_and_says_that_it_is_simulated(
    simulated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for push in PLANTED:
        at = format_time(push.end + DELAY_US)
        given = ("scan", "--store", str(simulated), "--asset", push.asset, "--as-of", at)
        found = answer(capsys, *given, "--readings", "R1")
        assert found["simulated"] is True
        assert found["readings"][0]["name"] == push.state
        everything = answer(capsys, *given)
        assert everything["simulated"] is True
        assert push.state in {reading["name"] for reading in everything["readings"]}
        assert run(list(given)) == 0
        assert "SIMULATED readings" in capsys.readouterr().out
    for command in (["head"], ["legs", "--asset", "BTC"]):
        assert answer(capsys, *command, "--store", str(simulated))["simulated"] is True


def test_the_store_may_come_from_the_environment(simulated: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tideline.cli", "head", "--json"],
        env={**os.environ, "TIDELINE_STORE": str(simulated)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(ran.stdout)["head_us"] > LAST_KNOWN
