"""The picture: what is drawn is what the store answers, and the states are shaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import tideline as tl
from tests.planted import DELAY_US, END, fill
from tideline.domain.errors import BadInput
from tideline.domain.time import HOUR, MINUTE
from tideline.plot import COLOURS, stretches
from tideline.readings.price_oi import BY_NAME
from tideline.readings.reading import Reading

START = END - 3 * HOUR + DELAY_US


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory):
    path = tmp_path_factory.mktemp("plot") / "store"
    fill(path)
    with tl.open(path) as opened:
        yield opened


def test_lines_are_the_series_and_states_are_shaded(store) -> None:
    figure = tl.plot.oi(store, "BTC", start=START, end=END + DELAY_US, step="5m")
    price, held = figure.data[0], figure.data[1]
    assert len(price.x) == len(held.x) == 37
    direct = store.historical(
        asset="BTC",
        features=["price.mark@45m", "positioning.oi_usdtm_coin@45m"],
        as_of=END + DELAY_US,
    ).row(0)
    assert (price.y[-1], held.y[-1]) == (direct[2], direct[3])
    shaded = {trace.name for trace in figure.data[2:]}
    assert "short_covering" in shaded  # planted at the end
    assert shaded <= set(COLOURS)
    assert len(figure.layout.shapes) >= 2
    assert figure.layout.title.text.startswith("BTC: price over open interest")


def test_in_dollars(store) -> None:
    figure = tl.plot.oi(store, "ETH", start=END, end=END + DELAY_US, step="1s", usd=True)
    assert figure.data[1].name == "open interest, USD"


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"step": "7m"}, "step"),
        ({"start": END, "end": START}, "points"),
        ({"start": START - 300 * HOUR, "step": "1m"}, "2,000"),
        ({"start": "2026-03-13T12:00:00"}, "start"),
    ],
)
def test_what_cannot_be_drawn_is_named(store, more: dict[str, object], named: str) -> None:
    with pytest.raises(BadInput, match=named):
        tl.plot.oi(store, "BTC", **({"start": START, "end": END} | more))


def reading(name: str, as_of: int) -> Reading:
    return Reading(name, "BTC", "45m", as_of, "none", "none", 1.0, (), "", "")


def test_neighbours_of_one_state_are_one_stretch() -> None:
    m = MINUTE
    names = ["balanced", "new_longs", "new_longs", "short_covering", "cannot_tell", "new_longs"]
    found = stretches([reading(name, k * m) for k, name in enumerate(names)], m)
    assert found == [
        ("new_longs", m, 3 * m),
        ("short_covering", 3 * m, 4 * m),
        ("new_longs", 5 * m, 6 * m),
    ]


def test_every_state_but_balanced_has_a_colour() -> None:
    assert set(COLOURS) == set(BY_NAME) - {"balanced"}


def test_without_plotly_it_says_which_extra(tmp_path: Path) -> None:
    (tmp_path / "plotly.py").write_text("raise ImportError('no plotly here')\n")
    code = (
        "import tideline.plot as p\n"
        "try:\n    p.oi(None, 'BTC', start=0, end=0)\n"
        "except p.PlotMissing as e:\n    print(e)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": f"{tmp_path}:{Path(tl.__file__).parent.parent}"},
    )
    assert "tideline[notebook]" in ran.stdout
