"""Families of truth against slow references, at, under and over each number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tideline.domain.time import MINUTE
from tideline.market.truth import CLASSES, KINDS, ROLES, Truth, true_states
from tideline.research.scoring.families import BREADTH, CROWD, LASTING, SIDES, Family, dominant
from tideline.research.scoring.flows import Flows, flows_of
from tideline.research.scoring.observed import KINDS as CLASS_NAMES

NONE = np.zeros((1, 2))


def flows(taken: list[float], before: list[float] | None = None, venues=None) -> Flows:
    now = np.array([taken], float)
    then = now if before is None else np.array([before], float)
    each = now[None] if venues is None else np.array(venues, float)[:, None, :]
    return Flows(now, then, now, each, NONE, NONE, NONE)


def said(family: Family, *args, **more) -> str:
    kind = int(family.kinds(flows(*args, **more))[0])
    return "" if kind < 0 else family.classes[kind]


@given(st.lists(st.lists(st.integers(0, 9), min_size=4, max_size=4), min_size=1, max_size=30))
def test_what_dominates_is_what_the_true_state_says(rows: list[list[int]]) -> None:
    taken = np.array(rows, float)
    names = [CLASS_NAMES[k] if k >= 0 else "mixed" for k in dominant(taken)]
    assert names == true_states(taken, 1)


# new_longs, new_shorts, long_liquidation, short_covering
@pytest.mark.parametrize(
    ("taken", "name"),
    [([9, 6, 5, 5], "opened"), ([9, 5.9, 5, 5], "even"), ([5, 5, 9, 6], "closed"),
     ([5, 5, 9, 5.9], "even"), ([0, 0, 0, 0], ""), ([1, 0, 0, 0], "opened")],
)  # fmt: skip
def test_sides(taken: list[float], name: str) -> None:
    assert said(SIDES, taken) == name


@pytest.mark.parametrize(
    ("taken", "name"),
    [([10, 7, 5, 5], "both_open"), ([10, 6, 3, 3], "longs_open"), ([6, 10, 3, 3], "shorts_open"),
     ([10, 7, 6, 6], ""), ([5, 5, 10, 5], "")],
)  # fmt: skip
def test_crowd(taken: list[float], name: str) -> None:
    assert said(CROWD, taken) == name


@pytest.mark.parametrize(
    ("up", "down", "name"),
    [(3, 0, "many_open"), (2, 0, "few_open"), (0, 3, "many_close"), (1, 2, "few_close"),
     (2, 2, ""), (0, 0, ""), (3, 2, "many_open")],
)  # fmt: skip
def test_breadth(up: int, down: int, name: str) -> None:
    venues = [[3, 0, 1, 1]] * up + [[1, 1, 3, 0]] * down + [[1, 1, 1, 1]]
    assert said(BREADTH, [1, 1, 1, 1], venues=venues) == name


@pytest.mark.parametrize(
    ("now", "before", "name"),
    [(2, 1, "opening_on"), (-2, -1, "closing_on"), (2, -1, "turned"), (-2, 1, "turned"),
     (0, 1, ""), (2, float("nan"), "")],
)  # fmt: skip
def test_lasting(now: float, before: float, name: str) -> None:
    taken = [[5 + net, 5, 5, 5] for net in (now, before)]
    assert said(LASTING, taken[0], taken[1]) == name


def test_flows_are_sums_by_hand() -> None:
    """A slow walk over books, minutes and kinds gives the same windows."""
    draw = np.random.default_rng(7)
    lots = draw.integers(0, 5, (3, 60, len(ROLES), len(KINDS)))
    truth = Truth("BTC", 0, lots, np.array([1.0, 2.0, 0.5]))
    venues = ("binance", "bybit", "")
    found = flows_of(truth, venues, 15 * MINUTE, 20 * MINUTE, 60 * MINUTE, 5 * MINUTE)
    for row, end in enumerate(range(25, 61, 5)):
        for column, kinds in enumerate(CLASSES.values()):
            for shift, each in ((0, found.taken), (-15, found.before), (15, found.after)):
                low, high = end - 15 + shift, end + shift
                if high > 60 or low < 0:
                    assert np.isnan(each[row, column])
                    continue
                total = sum(
                    truth.coin[b] * lots[b, m, 0, KINDS.index(kind)]
                    for b in range(3) for m in range(low, high) for kind in kinds
                )  # fmt: skip
                assert each[row, column] == pytest.approx(total)
        forced = sum(
            2.0 * lots[1, m, role, KINDS.index(kind)]
            for m in range(end - 15, end)
            for role in range(len(ROLES))
            for kind in ("forced_close_short", "adl_short")
        )
        assert found.full_forced[row, 1] == pytest.approx(forced)
    assert found.venues.shape == (2, 8, 4)
    assert found.full_share.max() <= 1.0
    assert found.forced_share.max() <= 1.0
