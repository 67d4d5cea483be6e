"""The quarantine snapshot by snapshot is the quarantine of the whole series."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.collect.live.fake import T0, Desk
from tests.collect.test_quarantine import level_of
from tideline.collect.live.vigil import Shot, Vigil
from tideline.collect.quarantine import judge, releases
from tideline.collect.suspicion import Traded
from tideline.domain.time import MINUTE, SECOND

STEP = 5 * MINUTE
DAY = 86_400 * SECOND
BTC = "BTCUSDT"

SHOT = st.tuples(
    st.sampled_from([1, 1, 1, 1, 2, 4]),
    st.sampled_from([100.0, 101.0, 104.0, 109.0, 200.0, 50.0, 1000.0, 140.0, 0.0, -5.0, math.inf]),
    st.sampled_from([10.0, 10.1, 11.0, math.nan]),
)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(SHOT, min_size=1, max_size=40),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.lists(st.floats(0, 200), min_size=45, max_size=45),
)
def test_one_by_one_as_at_once(steps, old, with_bars, told, volumes):
    at, shots = T0, []
    for step, value, mark in steps:
        at += step * STEP
        shots.append((at, value, mark))
    first = T0 - (15 * DAY if old else DAY)
    bars = [(T0 + i * STEP, STEP, v) for i, v in enumerate(volumes)] if with_bars else []
    level = level_of(shots, first, bars)
    explained = lambda a, b: told and a < T0 + 9 * STEP <= b  # noqa: E731
    wanted = judge(level)
    wanted_releases = releases(level, wanted, explained)

    vigil = Vigil()
    vigil.first_event = first
    traded = level.traded if with_bars else None
    ok, freed = [], []
    for place, (event, value, mark) in enumerate(shots):
        ok.append(vigil.judge(Shot(event, value, 300.0, mark), traded, place))
        for one in vigil.follow(event, value, explained, traded):
            ratio = None if one.break_from is None else one.shot.value / one.break_from.value
            freed.append((one.tag, event + STEP, ratio))
    assert ok == wanted.tolist()
    assert freed == [(one.place, one.known, one.break_ratio) for one in wanted_releases]


@settings(max_examples=200, deadline=None)
@given(st.lists(SHOT, min_size=2, max_size=40))
def test_the_short_way_never_takes_what_would_be_suspect(steps):
    at, slow, fast = T0, Vigil(), Vigil()
    for step, value, mark in steps:
        at += step * STEP
        shot = Shot(at, value, 300.0, mark)
        expected = slow.judge(shot)
        if fast.calm(shot, 0):
            assert expected
        else:
            assert fast.judge(shot) == expected
        slow.follow(at, value, lambda a, b: True)
        fast.follow(at, value, lambda a, b: True)


def test_volume_that_is_known_decides():
    bars = Traded(
        np.array([T0 + STEP], np.int64),
        np.array([STEP], np.int64),
        np.array([10.0]),
        np.empty(0, np.int64),
        np.empty(0),
    )
    for change, believed in ((10.4, True), (10.6, False), (-10.4, True), (-10.6, False)):
        vigil = Vigil()
        assert vigil.judge(Shot(T0, 100.0, 300.0))
        assert vigil.judge(Shot(T0 + STEP, 100.0 + change, 300.0), bars) is believed


def test_a_restated_snapshot_is_held_against_the_one_before_its_own():
    vigil = Vigil()
    assert vigil.judge(Shot(T0, 100.0, 300.0))
    assert vigil.judge(Shot(T0 + STEP, 150.0, 300.0))
    assert not vigil.judge(Shot(T0 + STEP, 200.0, 300.0))
    assert vigil.judge(Shot(T0 + STEP, 120.0, 300.0))
    assert not vigil.waiting


def level(desk, coins, mark=10.0):
    desk.wait(5)
    desk.push((BTC, "mark_price", desk.at, mark), (BTC, "open_interest", desk.at, coins))
    return [(row[1], row[3], row[4]) for row in desk.seal() if row[1] != "mark_price"]


def test_a_doubling_waits_and_is_released_with_its_dollars_and_a_break():
    desk = Desk()
    level(desk, 100.0)
    for coins in (200.0, 201.0, 199.0):
        assert level(desk, coins) == [
            ("open_interest", coins, "suspect"),
            ("open_interest_usd", 10 * coins, "suspect"),
        ]
    found = level(desk, 200.0)
    assert found[:2] == [("open_interest", 200.0, "ok"), ("open_interest_usd", 2000.0, "ok")]
    assert found[2:] == [
        ("open_interest", 200.0, "ok"),
        ("break.open_interest", 2.0, "ok"),
        ("open_interest_usd", 2000.0, "ok"),
        ("break.open_interest_usd", 2.0, "ok"),
    ]
    found = level(desk, 200.0)
    assert [row[0] for row in found[2:]] == ["open_interest", "open_interest_usd"]


def test_two_values_alternating_never_get_out():
    desk = Desk()
    level(desk, 100.0)
    found = [level(desk, (1000.0, 100.0)[i % 2])[0][2] for i in range(20)]
    assert found == ["suspect", "ok"] * 10


def test_a_row_out_of_order_is_judged_by_its_neighbour():
    desk = Desk()
    for coins in (100.0, 101.0, 102.0):
        level(desk, coins)
    desk.push((BTC, "open_interest", desk.at - 3 * SECOND, 1000.0))
    desk.push((BTC, "open_interest", desk.at - 2 * SECOND, 102.0))
    assert [row[4] for row in desk.seal() if row[1] == "open_interest"] == ["suspect", "ok"]
    assert level(desk, 103.0)[0][2] == "ok"
