"""A clock that runs faster: one time for everyone who knows its anchor."""

from __future__ import annotations

import pytest

from tideline.domain.errors import BadInput
from tideline.domain.scaled_time import Anchor, ScaledClock, speed_of
from tideline.domain.time import HOUR, SECOND, ManualClock, WallClock, parse_time

START = int(parse_time("2026-03-02T00:00:00Z"))


def test_everyone_with_the_anchor_reads_the_same_time() -> None:
    real = ManualClock(77 * SECOND)
    clock = ScaledClock.starting(START, 60.0, real)
    other = ScaledClock(clock.anchor, real)
    assert clock.now() == other.now() == START
    real.advance(60 * SECOND)
    assert clock.now() == other.now() == START + HOUR
    assert clock.monotonic() == pytest.approx(3600.0)
    clock.sleep(120.0)
    assert real.at == 77 * SECOND + 62 * SECOND
    assert clock.now() == START + HOUR + 120 * SECOND


def test_time_may_stand_still() -> None:
    real = ManualClock(5 * SECOND)
    clock = ScaledClock(Anchor(START, 0.0, 0.0), real)
    real.advance(HOUR)
    assert clock.now() == START
    before = real.at
    clock.sleep(1.0)
    assert real.at > before + HOUR


@pytest.mark.parametrize("speed", [-1.0, 1e6, float("nan")])
def test_speeds_that_are_none(speed: float) -> None:
    with pytest.raises(BadInput, match="speed"):
        ScaledClock(Anchor(START, 0.0, speed))


def test_the_speed_of_any_clock() -> None:
    assert speed_of(WallClock()) == 1.0
    assert speed_of(ScaledClock.starting(START, 3.0)) == 3.0
