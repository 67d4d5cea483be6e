"""Profiles: a user's own numbers, strictly read, and told by every answer."""

from __future__ import annotations

import dataclasses

import pytest

from tideline.domain.errors import BadInput, UnknownName
from tideline.readings.parameters import DEFAULTS, SECTIONS, Parameters, table
from tideline.readings.profiles import DEFAULT, parse_profile


def test_a_profile_replaces_numbers_by_name_and_says_where_it_differs() -> None:
    mine = parse_profile('name = "desk"\n[parameters]\nk_in = 4\nsqueeze_rank = 0.99\n')
    assert mine.name == "desk"
    assert (mine.parameters.k_in, mine.parameters.squeeze_rank) == (4.0, 0.99)
    assert mine.parameters.watch == DEFAULTS.watch
    assert mine.differs == ("k_in 4 (default 3)", "squeeze_rank 0.99 (default 0.98)")


def test_the_default_differs_nowhere_and_an_empty_text_is_the_default() -> None:
    assert DEFAULT.differs == ()
    assert parse_profile("", "mine").parameters == DEFAULTS
    assert parse_profile("", "mine").name == "mine"


@pytest.mark.parametrize(
    ("text", "error", "nearest"),
    [
        ("[parameters]\nk_inn = 4", UnknownName, "k_in"),
        ("[parameter]\nk_in = 4", UnknownName, "parameters"),
        ('[parameters]\nk_in = "4"', BadInput, "3"),
        ("[parameters]\nk_in = true", BadInput, "3"),
        ("[parameters]\nk_in = nan", BadInput, "3"),
        ("[parameters]\nk_in = 0", BadInput, "0.1"),
        ("[parameters]\nsqueeze_rank = 1.01", BadInput, "1"),
        ("[parameters]\nsharp_fall = 0.05", BadInput, "0"),
        ("parameters = 3", BadInput, "[parameters]"),
        ("name = 3", BadInput, "mine"),
        ("k_in = ", BadInput, None),
    ],
)
def test_what_does_not_hold_is_refused_and_the_nearest_named(
    text: str, error: type[BadInput], nearest: str | None
) -> None:
    with pytest.raises(error) as raised:
        parse_profile(text, "mine")
    assert raised.value.nearest == nearest


def test_every_number_stands_within_its_own_range_and_in_one_section() -> None:
    names = [item.name for item in dataclasses.fields(Parameters)]
    assert sorted(row.name for row in table()) == sorted(names)
    by_section = [row.name for key, _ in SECTIONS for row in table(section=key)]
    assert sorted(by_section) == sorted(names)
    for item in dataclasses.fields(Parameters):
        assert item.metadata["low"] <= getattr(DEFAULTS, item.name) <= item.metadata["high"]
