"""The walk of docs/guides/archives.md, command by command; skipped without the recordings."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.collect.test_real_data import ROOT, SHARED, pytestmark  # noqa: F401
from tideline.cli.app import tideline

PAGE = ROOT / "docs" / "guides" / "archives.md"


def commands() -> list[list[str]]:
    found = re.findall(r"^ {4}(tideline .+)$", PAGE.read_text("utf-8"), re.MULTILINE)
    return [shlex.split(line)[1:] for line in found]


def expanded(words: list[str], folder: Path) -> list[str]:
    places = {
        "S": str(folder / "S"),
        "S2": str(folder / "S2"),
        "btc.parquet": str(folder / "btc.parquet"),
        "supply.csv": str(folder / "supply.csv"),
    }
    out: list[str] = []
    for word in words:
        if word.startswith("$DATA/"):
            pattern = word.removeprefix("$DATA/")
            out += [str(path) for path in sorted(SHARED.glob(pattern))]
        else:
            out.append(places.get(word, word))
    return out


@pytest.fixture(scope="module")
def walked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("walk")
    supply = "date,asset,circulating_supply\n2026-02-04,BTC,19985000\n"
    (folder / "supply.csv").write_text(supply, encoding="utf-8")
    said = []
    for words in commands():
        ran = CliRunner().invoke(tideline, expanded(words, folder), catch_exceptions=False)
        said.append((" ".join(words), ran.exit_code, ran.output))
    return said


def test_every_command_of_the_walk_works(walked):
    assert len(walked) > 15
    for command, code, output in walked:
        assert code == 0, f"{command}\n{output}"


def test_the_numbers_of_the_page_are_those_of_the_run(walked):
    said = {command: re.sub(r"\s+", " ", output) for command, _, output in walked}
    first = next(text for command, text in said.items() if command.startswith("import binance"))
    assert "258,048 new rows" in first
    tables = [text for command, text in said.items() if "--map binance_um_5m_oi" in command]
    assert any("19,295" in text and "15,552" in text for text in tables)
    waiting = next(text for command, text in said.items() if command.startswith("suspects"))
    assert "bybit/ETHUSDT/open_interest/2020-10-21T09:00:00Z" in waiting


def test_the_falls_are_named(walked):
    scans = [output for command, _, output in walked if command.startswith("scan")]
    assert len(scans) == 3
    for output in scans:
        assert "long_liquidation" in output
