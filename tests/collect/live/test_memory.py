"""Memories against plain dictionaries."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tideline.collect.live.memory import NEVER, Marks, Memory


@given(st.lists(st.tuples(st.integers(0, 60), st.floats(0, 9)), max_size=120), st.integers(1, 10))
def test_remembers_the_newest_and_says_what_it_let_go(rows, keep):
    memory, whole = Memory(keep), {}
    for event, value in rows:
        if event > memory.floor:
            memory.put(event, value)
            whole[event] = value
    left = {event: whole[event] for event in whole if event > memory.floor}
    assert dict(zip(memory.events, memory.values, strict=True)) == left
    assert list(memory.events) == sorted(left)
    assert len(memory) <= 2 * keep
    assert memory.last == max(left, default=NEVER)
    for event in range(-1, 62):
        assert memory.get(event) == left.get(event)
        earlier = [one for one in left if one < event]
        assert memory.before(event) == ((max(earlier), left[max(earlier)]) if earlier else None)


@given(st.lists(st.integers(0, 20_000_000), max_size=200), st.integers(0, 21_000_000))
def test_marks_answer_within_a_second_of_the_newest_before(events, ask):
    marks, seen = Marks(), {}
    for event in sorted(events):
        marks.put(event, float(event))
        seen[event] = float(event)
    earlier = [event for event in seen if event <= ask]
    found = marks.at(ask, 30_000_000)
    if not earlier:
        assert found is None
    else:
        value, age = found
        assert value == ask - age
        assert max(earlier) - value <= Marks.APART_US
        if max(earlier) == max(seen):
            assert value == max(earlier)


def test_marks_that_come_late_and_too_many():
    marks = Marks()
    for second in range(1000):
        marks.put(second * 1_000_000, float(second))
    assert len(marks.events) <= 2 * Marks.KEEP
    assert marks.at(999_500_000, 1_000_000) == (999.0, 500_000)
    assert marks.at(0, 1_000_000) is None
    assert marks.at(1_300_000_000, 1_000_000) is None
    marks.put(998_000_000, 5.0)
    assert marks.at(998_000_001, 1_000_000) == (5.0, 1)


def test_rows_on_the_grid_of_histories_are_remembered_further_back():
    past = Memory(10)
    recent = Memory(10, past)
    for second in range(1000):
        recent.put(second * 1_000_000, float(second))
    assert list(past.events) == [0, 300_000_000, 600_000_000, 900_000_000]
    assert past.get(600_000_000) == 600.0
