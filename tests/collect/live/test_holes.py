"""Missing bars against a slow model: what is said of them is what is missing."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tideline.collect.live.holes import Holes

P = 60


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.lists(st.integers(1, 40), min_size=1, max_size=8),
        min_size=1,
        max_size=20,
    )
)
def test_the_rows_stand_for_exactly_the_bars_that_are_missing(answers):
    holes = Holes()
    have: set[int] = set()
    rows: dict[int, float] = {}
    for answer in answers:
        new = {end for end in answer if end not in have and (not have or end > min(have))}
        if not have:
            new = {min(new)} if new else set()
        have |= new
        for start, end in holes.bars({P * end for end in new}, P):
            rows[start] = end
    newest = max(have) + 1
    have.add(newest)
    for start, end in holes.bars({P * newest}, P):
        rows[start] = end
    have.add(newest + 1)
    for start, end in holes.bars({P * (newest + 1)}, P):
        rows[start] = end
    missing = set(range(min(have), max(have))) - have
    said = {bar for start, end in rows.items() for bar in range(start // P + 1, int(end) // P + 1)}
    assert said == missing


def test_a_restart_goes_on_where_the_log_stands():
    holes = Holes(10 * P, {4 * P: 8 * P})
    assert holes.bars({6 * P}, P) == [(4 * P, 5.0 * P), (6 * P, 8.0 * P)]
    assert holes.bars({13 * P}, P) == []
    assert holes.bars({14 * P}, P) == [(10 * P, 12.0 * P)]
