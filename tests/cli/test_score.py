"""``tideline score`` from end to end, on toy worlds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.research.scoring.toy import ToyWorlds
from tideline.cli import score as command
from tideline.cli.app import run
from tideline.research.scoring import card as cards
from tideline.research.scoring import parameters as numbers

ARGUMENTS = ["score", "--quick", "--worlds", "2", "--days", "1", "--processes", "1", "--seed", "n"]


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Toy worlds for the market's, and an empty directory to work in."""
    monkeypatch.setattr(command, "maker", ToyWorlds)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_card_is_printed_written_and_logged(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [*ARGUMENTS, "--write", "card.md", "--log", "versions.log"]
    assert run(asked) == 0
    told = capsys.readouterr().out
    first = told.splitlines()[0]
    assert first.startswith("NOT TESTED: too few alerts")
    assert "SIMULATED" in told
    assert "base-rate random" in told
    assert "logged in versions.log" in told
    text = (toy / "card.md").read_text()
    assert "# Scorecard" in text
    command = "tideline score --quick --worlds 2 --days 1 --window 45m --ablation 0 --seed n"
    assert f"`{command} --write card.md`" in text
    (line,) = (toy / "versions.log").read_text().splitlines()
    assert json.loads(line)["sha256"] in text
    assert json.loads(line)["nonce"] == "n"


def test_json_is_one_document_and_repeats(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*ARGUMENTS, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["simulated"] is True
    assert told["logged"] is None
    assert told["parameters"]["worlds"] == 2
    assert told["fingerprint"]["repeated"] is True
    assert len(told["fingerprint"]["seeds"]) == 2
    assert not list(toy.iterdir())


def test_a_failed_control_is_an_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cards, "shuffled_truth", lambda scored, _: [one.truth for one in scored])
    monkeypatch.setitem(numbers.QUICK, "control_days", 1)
    assert run([*ARGUMENTS, "--json"]) == command.CONTROL_FAILED
    assert "shuffled truth" in json.loads(capsys.readouterr().out)["failed"]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (["--window", "44m"], "window"),
        (["--worlds", "1"], "worlds"),
        (["--processes", "0"], "processes"),
        (["--log", "nowhere/versions.log"], "log"),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_runs(
    asked: list[str], field: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*ARGUMENTS, "--json", *asked]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["field"] == field


def test_help_teaches() -> None:
    told = CliRunner().invoke(command.score, ["--help"]).output
    assert "tideline score --write docs/scorecard.md" in told
