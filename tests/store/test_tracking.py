"""Tracks followed commit by commit stand where the evaluator and the log say they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.planted import PLANTED
from tests.serve.world import Growing, minutes, planted_rows, simulated_rows
from tideline.domain.errors import UnknownName
from tideline.readings.naming import tracks_called
from tideline.readings.transitions import standing_after
from tideline.store.judging import Judging, replay
from tideline.store.tracking import Tracking, instant_of, stood_at

ALL = tracks_called("all@45m")
STEP_US = 5_000_000


@pytest.fixture
def growing(tmp_path: Path):
    made = Growing(tmp_path / "store", simulated_rows(["BTC", "ETH"], 0.25))
    for _ in range(30):
        made.advance(minutes(5))
    yield made
    made.close()


def test_what_changes_is_what_a_replay_of_every_instant_says(tmp_path: Path):
    """Around a planted push, at every instant: what the evaluator would have written."""
    push = PLANTED[0]
    first, last = (instant_of(int(push.end) - minutes(back)) for back in (38, 29))
    growing = Growing(tmp_path / "store", planted_rows(push.asset, last))
    growing.live_until(first)
    log, tracking = growing.log, Tracking(growing.log)
    assert tracking.move(push.asset, ALL, first) == []
    stood = dict(tracking.standing(push.asset, ALL))
    moved = []
    while growing.clock.at < last:
        growing.advance(STEP_US)
        moved += tracking.move(push.asset, ALL, int(log.head()))
    assert tracking.move(push.asset, ALL, int(log.head())) == []
    asked = replay(log, first, last, windows=("45m",), assets=[push.asset])
    assert stood_at(log, push.asset, ALL, first) == tuple(
        (track, stood[track]) for track in ALL if track in stood
    )
    growing.close()
    mine = [one for one in asked if (one.rule, one.window) in ALL]
    assert [one for one in mine if one.as_of > first] == moved
    assert {one.rule for one in moved} > {"R1.state"}
    begun = standing_after([one for one in mine if one.as_of == first])
    assert stood == begun.get(push.asset, {})


def test_it_goes_on_from_the_states_the_evaluator_wrote(growing: Growing):
    judging = Judging(growing.log, growing.writer.append, windows=("45m",))
    for _ in range(4):
        growing.advance(minutes(1))
        judging.step()
    growing.advance(STEP_US)
    head = int(growing.log.head())
    tracking = Tracking(growing.log)
    assert tracking.move("BTC", ALL, head) == []
    written = judging.evaluator.states["BTC"]
    told = dict(tracking.standing("BTC", ALL))
    assert written
    assert {t: one.since for t, one in written.items() if t in told} == {
        t: one.since for t, one in told.items() if t in written
    }


def test_what_nobody_asks_for_is_forgotten_and_read_again(growing: Growing):
    tracking = Tracking(growing.log)
    head = int(growing.log.head())
    for asset in ("BTC", "ETH"):
        tracking.move(asset, ALL, head)
    before = tracking.standing("ETH", ALL)
    tracking.keep([("BTC", ALL[0])])
    assert tracking.standing("ETH", ALL) == ()
    assert {track for track, _ in tracking.standing("BTC", ALL)} <= {ALL[0]}
    tracking.move("ETH", ALL, head)
    assert tracking.standing("ETH", ALL) == before


def test_a_coin_that_is_not_there_is_named(growing: Growing):
    with pytest.raises(UnknownName, match="BTC"):
        Tracking(growing.log).move("BTCC", ALL, int(growing.log.head()))
