"""The greedy choice against the obvious one: sort everything, look at everything chosen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tideline.domain.time import HOUR
from tideline.readings import nearest
from tideline.readings.nearest import nearest_apart


def obvious(distance: list[float], at: list[int], count: int, gap: int) -> list[int]:
    chosen: list[int] = []
    for place in sorted(range(len(at)), key=lambda k: (distance[k], at[k])):
        if len(chosen) < count and all(abs(at[place] - at[c]) >= gap for c in chosen):
            chosen.append(place)
    return chosen


moments = st.lists(
    st.tuples(st.integers(0, 60), st.sampled_from([0.0, 0.5, 1.0, 1.5, 7.25])),
    unique_by=lambda pair: pair[0],
    max_size=40,
)


@given(moments, st.integers(1, 12), st.integers(1, 30), st.integers(1, 5))
def test_the_choice_is_the_obvious_one(pairs, count, gap, look) -> None:
    at = [hour * HOUR for hour, _ in pairs]
    distance = [d for _, d in pairs]
    whole = nearest.FIRST_LOOK
    try:
        nearest.FIRST_LOOK = look  # so small that it has to look again
        found = nearest_apart(np.array(distance), np.array(at, np.int64), count, gap * HOUR)
    finally:
        nearest.FIRST_LOOK = whole
    assert found.tolist() == obvious(distance, at, count, gap * HOUR)


@pytest.mark.parametrize("seed", range(3))
def test_on_years_of_hours(seed: int) -> None:
    rng = np.random.default_rng(seed)
    at = np.arange(20_000, dtype=np.int64) * HOUR
    distance = np.abs(np.cumsum(rng.normal(size=at.size)))  # neighbours are alike, as hours are
    found = nearest_apart(distance, at, 50, 24 * HOUR)
    assert found.tolist() == obvious(distance.tolist(), at.tolist(), 50, 24 * HOUR)


def test_the_gap_itself_is_far_enough() -> None:
    at = np.array([0, 23, 24, 47, 48], np.int64) * HOUR
    found = nearest_apart(np.zeros(5), at, 9, 24 * HOUR)
    assert at[found].tolist() == [0, 24 * HOUR, 48 * HOUR]
