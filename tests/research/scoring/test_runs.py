"""Episodes from arrays are those the reading itself gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tideline.domain.time import MINUTE
from tideline.readings.bands import Band
from tideline.readings.episodes import Moment, episodes
from tideline.readings.parameters import DEFAULTS
from tideline.research.scoring.detectors import dwell_steps
from tideline.research.scoring.observed import KINDS
from tideline.research.scoring.runs import Banded, band_runs, label_runs

STEP = 5 * MINUTE
MOVES = st.one_of(
    st.just(float("nan")), st.sampled_from([0.0, 1.0, -1.0, 2.0, -2.0]), st.floats(-3, 3)
)
WIDTH = st.sampled_from([0.5, 1.0, 1.5])


def reference(given: Banded, window: str) -> list[tuple[str, int, int, float]]:
    """The four classes among the episodes of the reading's own file."""
    grid = []
    for k in range(given.move.size):
        move, rate = float(given.move[k]), float(given.rate[k])
        grid.append(
            Moment(
                k * STEP,
                None if np.isnan(move) else move,
                None if np.isnan(rate) else rate,
                Band(float(given.price_in[k]), float(given.price_out[k]), "fixed"),
                Band(float(given.oi_in[k]), float(given.oi_out[k]), "fixed"),
            )
        )
    return [
        (
            e.state,
            e.entered // STEP,
            given.move.size if e.left is None else e.left // STEP,
            e.peak_strength,
        )
        for e in episodes(grid, window)
        if e.state in KINDS
    ]


@given(
    st.lists(st.tuples(MOVES, MOVES, WIDTH, WIDTH), min_size=1, max_size=60),
    st.sampled_from(["15m", "45m", "1h"]),
)
def test_band_runs_are_the_episodes_of_the_reading(
    rows: list[tuple[float, ...]], window: str
) -> None:
    move, rate, price, oi = (np.array(column) for column in zip(*rows, strict=True))
    made = Banded(move, rate, price, oi, price * 2 / 3, oi * 2 / 3)
    found = band_runs(made, dwell_steps(window, STEP), edges=True)
    told = [
        (KINDS[kind], first, last, strength)
        for kind, first, last, strength in zip(*(c.tolist() for c in found), strict=True)
    ]
    assert told == reference(made, window)


@pytest.mark.parametrize(("window", "steps"), [("15m", 1), ("45m", 3), ("1h", 4), ("4h", 16)])
def test_the_dwell_is_a_third_of_the_window(window: str, steps: int) -> None:
    assert dwell_steps(window, STEP) == steps
    assert DEFAULTS.dwell == 1 / 3


def test_a_flat_side_holds_back_only_where_it_is_asked_to() -> None:
    """Price alone moves, and one step later open interest with it: R1 dwells in the edge first."""
    move = np.array([2.0, 2.0, 2.0, 2.0, 2.0, 0.0])
    rate = np.array([0.0, 2.0, 2.0, 2.0, 2.0, 0.0])
    even = np.ones(6)
    made = Banded(move, rate, even, even, even * 2 / 3, even * 2 / 3)
    with_edges, without = (band_runs(made, 3, edges) for edges in (True, False))
    assert (with_edges.first.tolist(), with_edges.last.tolist()) == ([3], [6])
    assert (without.first.tolist(), without.last.tolist()) == ([1], [5])


def test_runs_of_labels_end_where_the_label_changes() -> None:
    found = label_runs(np.array([-1, 0, 0, 2, 2, 2, -1, 2, 0]))
    assert found.kind.tolist() == [0, 2, 2, 0]
    assert found.first.tolist() == [1, 3, 7, 8]
    assert found.last.tolist() == [3, 6, 8, 9]
    assert label_runs(np.array([-1, -1])).size == 0
    assert label_runs(np.array([], np.int64)).size == 0


@given(st.lists(st.integers(-1, 3), max_size=40))
def test_runs_of_labels_paint_the_labels(kinds: list[int]) -> None:
    found = label_runs(np.array(kinds, np.int64))
    painted = [-1] * len(kinds)
    for kind, first, last in zip(found.kind, found.first, found.last, strict=True):
        painted[first:last] = [int(kind)] * int(last - first)
        assert first == 0 or kinds[first - 1] != kind
        assert last == len(kinds) or kinds[last] != kind
    assert painted == kinds
