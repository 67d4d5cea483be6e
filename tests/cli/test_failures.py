"""Wrong input: one message that names the thing and the nearest valid choice, and exit code 2."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tideline.cli.app import run
from tideline.log import Log


@pytest.fixture
def empty(tmp_path: Path) -> str:
    Log.create(tmp_path / "store").close()
    return str(tmp_path / "store")


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (["verfy"], ("'verfy'", "verify")),
        (["catalog", "price.rat"], ("'price.rat'", "price.ret")),
        (["completion", "bsh"], ("'bsh'", "bash")),
        (["scan", "--window", "45min"], ("'45min'", "45m")),
        (["scan", "--window", "5m"], ("'5m'", "15m")),
        (["scan", "--bands", "fix"], ("'fix'", "fixed")),
        (["scan", "--states", "new_long"], ("'new_long'", "new_longs")),
        (["scan", "--min-severity", "high"], ("'high'", "watch")),
        (["scan", "--grid", "2026-01-01T00:00:00Z"], ("grid", "START/END/STEP")),
        (["scan", "--grid", "2026-01-02T00:00:00Z/2026-01-01T00:00:00Z/1h"], ("grid", "ends")),
        (["scan", "--grid", "2026-01-01T00:00:00Z/2026-01-02T00:00:00Z/1x"], ("'1x'", "5m")),
        (["scan", "--as-of", "2026-01-01T00:00:00"], ("as_of", "2026-01-01T00:00:00+00:00")),
        (["scan", "--as-of", "1770000000"], ("as_of", "1770000000000000")),
        (["scan", "--as-of", "1770000000000"], ("as_of", "milliseconds")),
        (["scan", "--as-of", "tomorrow"], ("as_of", "'tomorrow'")),
        (["legs", "--asset", "BTC"], ("asset", "'BTC'")),
        (["retain", "--before", "now"], ("before", "'now'")),
        (["features", "--features", "price.ret@1h"], ("asset", "--rows")),
        (["features", "--features", "a,,b", "--asset", "BTC"], ("features", "empty")),
        (["features", "--features", "a,a", "--asset", "BTC"], ("features", "twice")),
        (["features", "--features", "a", "--rows", "r.xls", "--out", "o.csv"], ("rows", ".csv")),
        (["features", "--features", "a", "--rows", "r.csv", "--out", "o.csv"], ("r.csv", "exist")),
        (["features", "--features", "a", "--rows", "r.csv"], ("out", "missing")),
        (["features", "--features", "a", "--out", "r.csv"], ("out", "--rows")),
        (["features", "--stoer", "x"], ("--stoer", "--store")),
        (["import", "binance-vision", "nowhere.zip"], ("nowhere.zip",)),
        (["import", "binance-vision", "x", "--labels", "strt"], ("'strt'", "start")),
        (["import", "binance-vision", "x", "--lag", "soon"], ("'soon'", "open_interest=300")),
    ],
    ids=lambda value: " ".join(value[:3]) if isinstance(value, list) else "",
)
def test_wrong_input_is_named(
    given: list[str], named: tuple[str, ...], empty: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if given[0] in ("scan", "legs", "retain", "features", "import"):
        given = [*given, "--store", empty]
    assert run(given) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err
    for part in named:
        assert part in err


def test_json_errors_are_objects(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["catalog", "price.rat", "--json"]) == 2
    out, err = capsys.readouterr()
    error = json.loads(out)["error"]
    assert (error["field"], error["value"], error["nearest"]) == (
        "signal",
        "price.rat",
        "price.ret",
    )
    assert err == ""


def test_no_store_is_a_failure_and_not_bad_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["head", "--store", str(tmp_path / "none")]) == 1
    assert "no tideline store" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_an_import_that_fails_leaves_no_store_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "BTCUSDT-metrics-2026-02-05.zip"
    broken.write_bytes(b"PK\x03\x04 not a zip")
    store = tmp_path / "store"
    assert run(["import", "binance-vision", str(broken), "--store", str(store)]) == 2
    assert broken.name in capsys.readouterr().err
    assert not store.exists()


def test_help_and_version_need_no_store(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    assert "binance-vision" in capsys.readouterr().out
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("tideline ")


def test_the_entry_point_leaves_with_the_code() -> None:
    code = "from tideline.cli import main; main(['verfy'])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert (
        ran.stderr.strip() == "tideline: command: 'verfy' is not a command; nearest valid: verify"
    )


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", shell]) == 0
    assert "_TIDELINE_COMPLETE" in capsys.readouterr().out
