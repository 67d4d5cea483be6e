"""Moments in and out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tideline.domain.errors import BadTime
from tideline.domain.time import EARLIEST, LATEST, parse_time
from tideline.serve.times import moment, read_moment, read_moments

TIMES = st.integers(int(EARLIEST), int(LATEST) - 1)


@given(TIMES)
def test_what_is_written_is_read_again(us: int) -> None:
    text = moment(us)
    assert read_moment(text, "as_of") == us == parse_time(text)
    assert len(text) == len("2026-02-05T12:00:00.000000Z")


@given(st.lists(TIMES.map(lambda us: us // 1000 * 1000), min_size=1, max_size=20))
def test_many_are_read_as_one_by_one(times: list[int]) -> None:
    numbers = [us // 1000 for us in times]
    kinds = (numbers, [str(n) for n in numbers], [moment(us) for us in times])
    for values in kinds:
        assert read_moments(values, "as_of").tolist() == times
        assert [int(read_moment(value, "as_of")) for value in values] == times


@pytest.mark.parametrize("bad", [True, 0, -1, 10**14, 10**30, 1, "1_000", "2026-02-05", ""])
def test_one_bad_among_many_is_named(bad: object) -> None:
    for values in ([1_772_427_600_000, bad], [bad]):
        with pytest.raises(BadTime, match="as_of"):
            read_moments(values, "as_of")
