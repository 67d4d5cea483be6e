"""The worked examples of the slow reference, put to the engine itself."""

from __future__ import annotations

import inspect

import pytest

import tests.reference.test_reference as worked
from tests.properties.engine import ask, given_at, table_of
from tests.reference.model import Answer

NOT_OF_THE_ENGINE = {
    "test_the_table_covers_every_signal_of_the_catalogue_once",
    "test_addresses_are_read_as_written",
}

EXAMPLES = [
    name
    for name, function in vars(worked).items()
    if name.startswith("test_")
    and name not in NOT_OF_THE_ENGINE
    and not inspect.signature(function).parameters
    and "used_groups" not in inspect.getsource(function)
]

BY_TRANSFORM = worked.test_transforms_by_hand.pytestmark[0].args[1]


def by_engine(rows, asset, as_of, address, instruments=None, strict=False) -> Answer:
    """The engine's answer in the reference's words."""
    given = given_at(ask(table_of(rows), [as_of], [address], strict=strict), 0, 0)
    return Answer(
        given.value,
        given.reason,
        given.age_s,
        given.n,
        given.coverage,
        given.basis,
        given.revised,
    )


@pytest.mark.parametrize("name", EXAMPLES)
def test_worked_example(name, monkeypatch):
    monkeypatch.setattr(worked, "reference", by_engine)
    getattr(worked, name)()


@pytest.mark.parametrize(("transform", "expected"), BY_TRANSFORM)
def test_transform_by_hand(transform, expected, monkeypatch):
    monkeypatch.setattr(worked, "reference", by_engine)
    worked.test_transforms_by_hand(transform, expected)


def test_there_are_examples():
    assert len(EXAMPLES) >= 15
