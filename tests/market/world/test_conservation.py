"""Nothing is made of nothing: positions, money and orders add up at every step."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.market.world.small import born, check_books, check_sums
from tideline.market.world.parameters import MECHANISMS


@settings(max_examples=8, suppress_health_check=list(HealthCheck))
@given(
    st.integers(0, 10_000),
    st.sets(st.sampled_from(MECHANISMS), max_size=3),
    st.sampled_from(["mixed", "short_squeeze", "contract_migration", "new_listing"]),
    st.integers(0, 1),
)
def test_every_step_adds_up(seed: int, off: set[str], scenario: str, family: int) -> None:
    living = born(seed, frozenset(off), scenario, family)
    check_sums(living.prepared.hands)
    living.live(0, 400)
    for step in range(400, 440):
        living.live(step, step + 1)
        check_sums(living.prepared.hands)
    check_books(living.prepared.hands)


def test_a_sum_that_does_not_hold_is_seen() -> None:
    living = born(1)
    living.live(0, 50)
    living.prepared.hands.acc["cash"][5] += 1
    with pytest.raises(AssertionError):
        check_sums(living.prepared.hands)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_hours_of_worlds_add_up(seed: int) -> None:
    living = born(seed, family=seed % 2)
    for hour in range(4):
        living.live(hour * 720, hour * 720 + 720)
        check_sums(living.prepared.hands)
        check_books(living.prepared.hands)
