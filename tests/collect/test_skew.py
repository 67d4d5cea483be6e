"""Clocks: the venue's against ours, and ours against itself."""

from __future__ import annotations

from typing import Any

import pytest

from tideline.collect.skew import Skew, SteadyClock
from tideline.domain.time import DAY, HOUR, SECOND, ManualClock, TimeUs

START = 1_790_000_000 * SECOND


class Wall(ManualClock):
    """A wall clock that can be set, beside a monotonic count that cannot."""

    ahead = 0

    def now(self) -> TimeUs:
        return TimeUs(self.at + self.ahead)


def steady() -> tuple[Wall, SteadyClock]:
    wall = Wall(START)
    return wall, SteadyClock(wall)


def test_the_median_of_the_middles_of_round_trips() -> None:
    skew = Skew()
    assert skew.us is None
    for error in (-20_000, 0, 20_000, 9_000_000):
        sent = START
        skew.answered(sent + 50_000 + 300_000 + error, sent, sent + 100_000)
    assert skew.us == pytest.approx(310_000, abs=1)


def test_a_date_header_is_cut_to_the_second() -> None:
    skew = Skew()
    skew.dated("Mon, 21 Sep 2026 14:13:20 GMT", START, START)
    assert skew.us == SECOND // 2
    for nonsense in ("", "yesterday", "Mon, 99 Sep 2026 14:13:20 GMT", "Mon, 21 Sep 2026"):
        skew.dated(nonsense, START, START)
    assert skew.us == SECOND // 2


def test_small_corrections_are_followed() -> None:
    wall, clock = steady()
    for _ in range(100):
        wall.advance(SECOND)
        wall.ahead += 50_000
        assert not clock.check()
    assert clock.now() == wall.now()
    assert clock.steps == 0


@pytest.mark.parametrize("jump", [DAY, -HOUR])
def test_a_jump_is_seen_counted_and_not_followed(jump: int) -> None:
    wall, clock = steady()
    wall.advance(SECOND)
    wall.ahead = jump
    assert clock.check()
    assert clock.in_doubt
    wall.advance(10 * SECOND)
    assert not clock.check()  # it began once
    assert clock.now() == START + 11 * SECOND
    # Venues stand by the steady time: the wall is wrong.
    assert not clock.settle([20_000, -5_000, 1_000])
    wall.ahead = 0
    clock.check()
    assert not clock.in_doubt
    assert (clock.steps, clock.now()) == (1, START + 11 * SECOND)


def test_venues_that_agree_with_the_wall_settle_it() -> None:
    wall, clock = steady()
    wall.ahead = DAY
    clock.check()
    assert not clock.settle([])
    assert clock.settle([DAY + 100_000, DAY - 700_000])
    assert not clock.in_doubt
    assert clock.now() == START + DAY


def test_it_never_steps_while_it_is_in_doubt() -> None:
    wall, clock = steady()
    last = clock.now()
    jumps: list[Any] = [0, DAY, DAY, -HOUR, 0, 5 * HOUR, 0]
    for jump in jumps:
        wall.ahead = jump
        wall.advance(SECOND)
        clock.check()
        assert clock.now() == last + SECOND
        last = clock.now()
