"""tideline report and tideline analogues, as a user runs them, on the simulated store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.planted import LAST_KNOWN
from tideline.cli.app import run
from tideline.domain.time import format_time
from tideline.store import open_store

AT = format_time(LAST_KNOWN)


def given(store: Path, **changes: str) -> list[str]:
    options = {"side": "long", "entry": "60000", "stop": "58000", "size": "0.1", "leverage": "10",
               "equity": "50000", "as-of": AT} | changes  # fmt: skip
    named = [part for name, value in options.items() for part in (f"--{name}", value)]
    return ["report", "BTC", "--store", str(store), *named]


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert run([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_report_on_the_terminal(simulated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(given(simulated)) == 0
    out = capsys.readouterr().out
    assert "BTC long:" in out
    assert "Checklist" in out
    assert "mark price, the last 72 hours" in out
    assert "entry 60,000" in out
    assert "short_covering" in out  # planted; its impulse pushes a long
    assert "not a forecast" in out


def test_the_same_in_markdown_json_and_from_python(
    simulated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*given(simulated), "--markdown"]) == 0
    page = capsys.readouterr().out
    facts = answer(capsys, *given(simulated))
    assert facts["as_of"] == AT
    with open_store(simulated) as store:
        report = store.report(
            "BTC", side="long", entry=60_000, stop=58_000, size=0.1, leverage=10, equity=50_000,
            as_of=AT,
        )  # fmt: skip
    verdicts = [item["verdict"] for item in facts["items"]]
    assert verdicts == [item.verdict for item in report.items]
    assert facts["liquidation"] == report.liquidation
    for item in report.items:
        assert item.title in page
    assert page.count("✗ fail") == report.count("fail")


def test_too_few_moments_say_so(simulated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    facts = answer(capsys, *given(simulated))
    assert facts["odds"] == []
    assert "20 are needed" in facts["analogues"]["because"]
    found = answer(capsys, "analogues", "BTC", "--store", str(simulated), "--as-of", AT)
    assert found["following"] == []
    assert found["chosen"] == []
    assert run(["analogues", "BTC", "--store", str(simulated), "--as-of", AT, "--moments"]) == 0
    assert "20 are needed" in capsys.readouterr().out


def test_own_tiers(simulated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("tiers = [[1000000, 20, 0.02]]")
    facts = answer(capsys, *given(simulated, tiers=str(path)))
    assert facts["tiers"] == "given in mine.toml"
    assert facts["liquidation"] == pytest.approx((6000 - 600) / 0.98 / 0.1)


def test_own_numbers_are_said(
    simulated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "desk.toml"
    path.write_text("[parameters]\nrisk_share = 0.001\nanalogue_least = 2\n")
    facts = answer(capsys, *given(simulated, profile=str(path)))
    assert facts["allowed_share"] == 0.001
    assert facts["profile"] == "desk"
    assert "risk_share 0.001 (default 0.01)" in facts["differs"]
    assert facts["odds"]  # two moments are enough for this desk
    for words in (given(simulated, profile=str(path)),
                  [*given(simulated, profile=str(path)), "--markdown"],
                  ["analogues", "BTC", "--store", str(simulated), "--as-of", AT,
                   "--profile", str(path)]):  # fmt: skip
        assert run(words) == 0
        assert "Profile desk: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"side": "buy"}, "side: 'buy' is unknown"),
        ({"stop": "61000"}, "nearest valid: below 60000"),
        ({"leverage": "130"}, "nearest valid: 125 or less"),
        ({"size": "0"}, "size: 0.0 is not a number above 0"),
        ({"size": "100"}, "nearest valid: 8.33333 or less"),
        ({"horizon": "two days"}, "horizon"),
        ({"horizon": "91d"}, "nearest valid: 90d"),
        ({"margin": "both"}, "margin: 'both' is unknown"),
        ({"tiers": "nowhere.toml"}, "cannot be read as margin tiers"),
        ({"as-of": "2026-03-13"}, "as_of"),
    ],
)
def test_what_cannot_be_is_refused(
    simulated: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, str], words: str
) -> None:
    assert run(given(simulated, **changes)) == 2
    assert words in capsys.readouterr().err


def test_an_unknown_coin_or_window(simulated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = given(simulated)
    assert run(["report", "BTX", *told[2:]]) == 2
    assert "nearest valid: BTC" in capsys.readouterr().err
    wrong = ["analogues", "BTC", "--store", str(simulated), "--as-of", AT, "--window", "3h"]
    assert run(wrong) == 2
    assert "window" in capsys.readouterr().err
