"""The real numbers: what is shipped, and that the recordings give it."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pytest

from tideline.domain.errors import UnknownName
from tideline.market.calibration.compare import compare, table
from tideline.market.calibration.numbers import Number
from tideline.market.calibration.rows import ROWS
from tideline.market.calibration.targets import FIT, HELD_OUT, Column, load, parse, render

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"


@pytest.fixture(scope="module")
def recorded():
    """The script that reads the recordings; skipped where there are none."""
    sys.path.insert(0, str(SCRIPTS))
    try:
        import calibration_targets
    finally:
        sys.path.remove(str(SCRIPTS))
    if not calibration_targets.DATA.is_dir():
        pytest.skip("the real recordings are not here (TIDELINE_SHARED)")
    return calibration_targets


def test_the_recordings_give_what_is_shipped(recorded) -> None:
    made = parse(recorded.text())
    for column in load().columns:
        again = made.column(column.name)
        assert (again.title, again.steps) == (column.title, column.steps)
        assert set(again.numbers) == set(column.numbers)
        for name, number in column.numbers.items():
            assert again.numbers[name].n == number.n, name
            assert again.numbers[name].value == pytest.approx(number.value, rel=1e-4, abs=1e-9)
        assert again.profile == column.profile


def test_the_fit_and_the_held_out_dates_do_not_meet(recorded) -> None:
    series = recorded.recordings()
    assert series[FIT].ends_s[-1] <= series[HELD_OUT].start_s


def test_the_figures_others_quote_are_found_in_the_fit() -> None:
    targets = load()
    assert targets.value(FIT, "doi_over_volume_1h") == pytest.approx(0.035, abs=5e-4)
    assert targets.value(FIT, "oi_over_volume_24h") == pytest.approx(0.42, abs=5e-3)
    for column in (FIT, HELD_OUT):
        for price in ("up", "down"):
            for oi in ("up", "down"):
                agrees = targets.value(column, f"taker_agrees_price_{price}_oi_{oi}_1h")
                assert 0.82 < agrees < 0.95


def test_every_judged_row_is_known_from_some_recording() -> None:
    targets = load()
    for row in ROWS:
        low, high = targets.span(row.name)
        assert math.isfinite(low), row.name
        assert low <= high


def test_an_unknown_column_is_named() -> None:
    with pytest.raises(UnknownName, match="held_out"):
        load().column("held-out")


def test_what_is_written_is_read_back() -> None:
    one = Column("fit", "a", 3, 300, {"x": Number(1 / 3, 7), "y": Number(math.nan, 0)}, (0.5, 0.5))
    two = Column("held_out", "b", 4, 900, {"y": Number(-1e-9, 2)})
    back = parse(render([one, two], "note\n\nmore")).columns
    assert back[0].numbers == {"x": Number(0.333333, 7)}
    assert back[1].numbers == {"y": Number(-1e-9, 2)}
    assert back[0].profile == (0.5, 0.5)


def test_the_real_market_is_near_itself_and_twice_it_is_not() -> None:
    targets = load()
    held = targets.column(HELD_OUT).numbers
    same = compare([held], targets)
    assert all(one.met and one.inside for one in same)
    assert all(one.ratio == pytest.approx(1.0) for one in same)
    twice = compare([{name: Number(2 * n.value, n.n) for name, n in held.items()}], targets)
    missed = [one.row.name for one in twice if not one.met]
    assert "doi_over_volume_1h" in missed
    assert "oi_over_volume_24h" in missed
    assert "**no**" in table(twice)
    assert "**no**" not in table(same)


def test_the_made_figure_is_the_median_of_the_worlds() -> None:
    made = [{"oi_over_volume_24h": Number(value, 10)} for value in (0.1, 0.7, 9.0, math.nan)]
    (one,) = compare(made, load())
    assert (one.made, one.low, one.high) == (0.7, 0.1, 9.0)
    assert np.isclose(one.ratio, 0.7 / one.real)
