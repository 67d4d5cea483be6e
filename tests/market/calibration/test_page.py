"""The page says what misses, and counts it right."""

from __future__ import annotations

import re

from tests.market.calibration.test_statistics import market
from tideline.market.calibration.compare import compare
from tideline.market.calibration.page import page
from tideline.market.calibration.statistics import statistics
from tideline.market.calibration.targets import load


def test_every_judged_row_stands_on_the_page_and_misses_are_counted() -> None:
    made = [market(seed) for seed in (1, 2, 3)]
    targets = load()
    text = page(made, targets, "Made of noise.")
    compared = compare([statistics(one) for one in made], targets)
    missed = [one for one in compared if not one.met]
    assert missed
    assert f"{len(compared) - len(missed)} of {len(compared)} rows are near" in text
    rows = text.split("## Row by row")[1].split("## Real markets")[0]
    for one in compared:
        (line,) = (line for line in rows.splitlines() if line.startswith(f"| {one.row.words} |"))
        assert ("**no**" in line.split("|")[6]) == (not one.met)
        assert ("†" in line) == (not one.real_met and one.fit == one.fit)
    listed = text.split("Own misses:")[1].split("## Row by row")[0].strip().splitlines()
    assert len(listed) == sum(1 for one in missed if one.real_met or one.fit != one.fit)
    assert "60 days of 3 worlds" in text


def test_each_recording_and_each_hour_has_its_line() -> None:
    text = page([market()], load(), "Made of noise.")
    for column in load().columns:
        assert f"| {column.title} |" in text
    assert len(re.findall(r"(?m)^\| \d+ \| [\d.]+% \|", text)) == 24
