"""docs/simulated-market/ledger.md: its table and its examples are run."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

from tideline.market.ledger import Ledger

PAGE = Path(__file__).resolve().parents[3] / "docs" / "simulated-market" / "ledger.md"


def test_the_examples_say_what_python_says() -> None:
    parsed = doctest.DocTestParser().get_doctest(
        PAGE.read_text("utf-8"), {}, PAGE.name, str(PAGE), 0
    )
    assert len(parsed.examples) > 30
    said: list[str] = []
    failed = doctest.DocTestRunner(verbose=False).run(parsed, out=said.append)
    assert failed.failed == 0, "".join(said)


def test_the_taught_example_counts_two_on_its_last_day() -> None:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in PAGE.read_text("utf-8").splitlines()
        if re.match(r"\| \d \|", line)
    ]
    assert [row[0] for row in rows] == ["1", "2", "3", "4"]
    ledger = Ledger()
    for name in "ABCDE":
        ledger.open(name)
    for row in rows:
        ledger.trade(row[1], row[2], 1, 100)
        assert [ledger[name].pos for name in "ABCDE"] == [int(cell) for cell in row[3:8]]
        assert ledger.open_interest == int(row[9])
        assert ledger.discrepancies() == []
    assert [int(row[8]) for row in rows] == [1, 2, 2, 1]
    assert [int(row[9]) for row in rows] == [1, 2, 2, 2]
