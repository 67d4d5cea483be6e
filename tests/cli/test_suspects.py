"""Suspects are listed, released and confirmed by rows of their own; the past stays as seen."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from tideline.cli.app import run
from tideline.domain.time import MINUTE, parse_time
from tideline.log import Log

T = parse_time("2026-02-05T12:00:00Z")


@pytest.fixture
def store(tmp_path: Path) -> str:
    """Five values, the second and the fourth of them held back."""
    utc = pa.timestamp("us", "UTC")
    times = pa.array([T + k * 5 * MINUTE for k in range(5)], utc)
    size = len(times)
    table = pa.table(
        {
            "asset": ["BTC"] * size,
            "venue": ["binance"] * size,
            "instrument": ["BTCUSDT"] * size,
            "field": ["open_interest"] * size,
            "event_time": times,
            "known_time": times,
            "value": [100.0, 1000.0, 101.0, 10.0, 102.0],
            "basis": ["assumed"] * size,
            "status": ["ok", "suspect", "ok", "suspect", "ok"],
            "cadence_s": [300.0] * size,
        }
    )
    with Log.create(tmp_path / "store") as log, log.writer() as writer:
        writer.append(table)
    return str(tmp_path / "store")


def listed(store: str, capsys: pytest.CaptureFixture[str], *more: str) -> dict[float, dict]:
    assert run(["suspects", "list", "--store", store, "--json", *more]) == 0
    return {s["value"]: s for s in json.loads(capsys.readouterr().out)["suspects"]}


def test_release_and_confirm(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    held = listed(store, capsys)
    assert {value: s["state"] for value, s in held.items()} == {1000.0: "waiting", 10.0: "waiting"}
    with Log.open(store) as log:
        before = log.head()
    assert run(["suspects", "release", held[10.0]["id"], "--store", store]) == 0
    assert run(["suspects", "confirm", held[1000.0]["id"], "--store", store]) == 0
    capsys.readouterr()
    assert listed(store, capsys) == {}
    states = {value: s["state"] for value, s in listed(store, capsys, "--all").items()}
    assert states == {1000.0: "confirmed", 10.0: "released"}
    with Log.open(store) as log:
        then, now = log.read("BTC", before), log.read("BTC", log.head())
    assert then.num_rows == 5  # what was seen before the release is as it was
    assert now.num_rows == 7
    new = [row for row in now.to_pylist() if row["seq"] > 1]
    assert {(row["field"], row["value"], row["status"]) for row in new} == {
        ("open_interest", 10.0, "ok"),
        ("confirmed.open_interest", 1000.0, "ok"),
    }
    assert all(row["basis"] == "assumed" for row in new)


def test_what_is_settled_or_unknown_is_refused(
    store: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = listed(store, capsys)[10.0]["id"]
    assert found == "binance/BTCUSDT/open_interest/2026-02-05T12:15:00Z"
    assert run(["suspects", "release", found, "--store", store]) == 0
    assert run(["suspects", "confirm", found, "--store", store]) == 2
    assert "is not waiting" in capsys.readouterr().err
    assert run(["suspects", "release", "1.99", "--store", store]) == 2
    assert "venue/instrument/field/time" in capsys.readouterr().err
    assert run(["suspects", "list", "--asset", "BTX", "--store", store]) == 2
    assert "nearest valid: BTC" in capsys.readouterr().err


def test_the_table_is_printed(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["suspects", "list", "--store", store]) == 0
    out = capsys.readouterr().out
    assert "open_interest" in out
    assert "1,000" in out
    assert "2 shown" in out
