"""Suspects, releases and breaks: the walk against the obvious model, and rule by rule."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.collect.naive import quarantine
from tests.collect.stores import BTC, START, STEP, leg_of, new_log, offered, rows_of
from tideline.collect.availability import AT_COMMIT
from tideline.collect.intake import Offer, take_in
from tideline.collect.quarantine import Level, judge, releases
from tideline.collect.report import ImportReport
from tideline.collect.suspicion import Snapshots, Traded, near_step, nothing_traded
from tideline.log import Source

NAN = math.nan
DAY = 86_400_000_000


def level_of(shots, first_event, bars=()):
    events, values, marks = (np.array([s[i] for s in shots], float) for i in range(3))
    count = len(shots)
    traded = nothing_traded()
    if bars:
        end, length, volume = (np.array([bar[i] for bar in bars]) for i in range(3))
        none = np.empty(0, np.int64)
        traded = Traded(
            end.astype(np.int64), length.astype(np.int64), volume.astype(float), none, np.empty(0)
        )
    return Level(
        Snapshots(
            events.astype(np.int64), values, np.full(count, 300.0), marks, np.full(count, NAN)
        ),
        np.ones(count, np.bool_),
        np.zeros(count, np.bool_),
        events.astype(np.int64) + STEP,
        first_event,
        traded,
    )


SHOT = st.tuples(
    st.sampled_from([1, 1, 1, 1, 2, 4]),
    st.sampled_from([100.0, 101.0, 104.0, 200.0, 50.0, 1000.0, 140.0, 0.0, -5.0, math.inf]),
    st.sampled_from([10.0, 10.1, 11.0, NAN]),
)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(SHOT, min_size=1, max_size=30),
    st.booleans(),
    st.booleans(),
    st.lists(st.floats(0, 200), min_size=40, max_size=40),
)
def test_agrees_with_the_obvious_model(steps, old, with_bars, volumes):
    at, shots = START, []
    for step, value, mark in steps:
        at += step * STEP
        shots.append((at, value, mark))
    first = START - (15 * DAY if old else DAY)
    bars = [(START + i * STEP, STEP, v) for i, v in enumerate(volumes)] if with_bars else []
    level = level_of(shots, first, bars)
    ok = judge(level)
    found = {r.place: r.known for r in releases(level, ok, lambda a, b: False)}
    plain = [(e, v, None if math.isnan(m) else m) for e, v, m in shots]
    wanted_ok, wanted = quarantine(plain, STEP, first, bars)
    # a mark stands until the next one: the model is given what stands at each snapshot
    assert ok.tolist() == wanted_ok
    assert found == {i: shots[j][0] + STEP for i, j in wanted.items()}


@pytest.mark.parametrize(
    ("ratio", "is_step"),
    [
        (2.0, True),
        (2.04, True),
        (2.05, False),
        (0.5, True),
        (0.491, True),
        (0.489, False),
        (10.0, True),
        (0.1, True),
        (1e6, True),
        (1e-3, True),
        (9.79, False),
        (1.0, False),
        (1.35, False),
        (102.0, True),
        (3.0, False),
    ],
)
def test_steps(ratio, is_step):
    assert bool(near_step(np.array([ratio]))[0]) is is_step


def _take(log, clock, *legs, derived=()):
    report = ImportReport("test")
    sources = [
        Source(source_id=0, kind="test", name=f"s{i}", derived=d)
        for i, d in enumerate(["", *derived])
    ]
    with log.writer() as writer:
        take_in(log, writer, clock, Offer(list(legs), sources), report)
    return report


def _series(values, field="open_interest", start=0):
    return offered([(START + (start + i) * STEP, v) for i, v in enumerate(values)], field)


def _marks(count, value=10.0, start=0):
    return _series([value] * count, "mark_price", start)


def _status(log, field="open_interest"):
    return [
        (round((r["event_time"] - START) / STEP), r["value"], r["status"])
        for r in leg_of(log, field)
    ]


def test_a_spike_is_kept_out_and_what_follows_is_not(tmp_path):
    log, clock = new_log(tmp_path)
    report = _take(log, clock, _series([100, 1000, 101, 102, 103, 104]), _marks(6))
    assert _status(log) == [
        (0, 100, "ok"),
        (1, 1000, "suspect"),
        (2, 101, "ok"),
        (3, 102, "ok"),
        (4, 103, "ok"),
        (5, 104, "ok"),
    ]
    assert report.leg((*BTC, "open_interest")).suspects == 1
    assert not [r for r in rows_of(log) if r["field"].startswith("break.")]


def test_two_values_alternating(tmp_path):
    log, clock = new_log(tmp_path)
    _take(log, clock, _series([100, 200, 100, 200, 100, 200, 100, 200]), _marks(8))
    assert [s for _, _, s in _status(log)] == ["ok", "suspect"] * 4


def test_a_level_that_stays_is_released_when_the_third_follower_is_known(tmp_path):
    log, clock = new_log(tmp_path)
    _take(log, clock, _series([100, 200, 201, 202, 203, 204, 205, 206]), _marks(8))
    rows = leg_of(log, "open_interest")
    released = [r for r in rows if r["status"] == "ok" and r["value"] == 200]
    assert len(released) == 1
    assert released[0]["event_time"] == START + STEP
    assert released[0]["known_time"] == START + 4 * STEP + STEP  # the deciding row is 203's
    before = log.read("BTC", released[0]["known_time"] - 1, fields=["open_interest"])
    kept = zip(before.column("value").to_pylist(), before.column("status").to_pylist(), strict=True)
    assert (200.0, "ok") not in set(kept)
    breaks = leg_of(log, "break.open_interest")
    assert [(b["event_time"], b["value"], b["known_time"]) for b in breaks] == [
        (START + STEP, 2.0, START + 5 * STEP)
    ]


def test_a_later_import_decides(tmp_path):
    log, clock = new_log(tmp_path)
    _take(log, clock, _series([100, 200]), _marks(2))
    assert _status(log) == [(0, 100, "ok"), (1, 200, "suspect")]
    clock.advance(1_000_000)
    report = _take(log, clock, _series([201, 202, 203], start=2), _marks(3, start=2))
    assert report.leg((*BTC, "open_interest")).released == 1
    assert (1, 200, "ok") in _status(log)
    clock.advance(1_000_000)
    again = _take(log, clock, _series([100, 200, 201, 202, 203]), _marks(5))
    assert again.rows == 0


def test_one_by_one_equals_all_at_once(tmp_path):
    values = [100, 200, 201, 202, 203, 204, 90, 20, 19, 19, 19, 20, 0, 21]
    whole, clock = new_log(tmp_path, "whole")
    _take(whole, clock, _series(values), _marks(len(values)))
    parts, clock = new_log(tmp_path, "parts")
    for i, value in enumerate(values):
        _take(parts, clock, _series([value], start=i), _marks(1, start=i))
    strip = [
        sorted(
            (r["field"], r["event_time"], r["value"], r["status"], r["known_time"])
            for r in rows_of(log)
        )
        for log in (whole, parts)
    ]
    assert strip[0] == strip[1]


@pytest.mark.parametrize("value", [0.0, -3.0, math.nan, math.inf, 9.87e34])
def test_impossible_values_are_suspect_even_alone_and_never_released(tmp_path, value):
    log, clock = new_log(tmp_path)
    _take(log, clock, _series([value] * 6), _marks(6))
    assert {s for _, _, s in _status(log)} == {"suspect"}


def test_the_mark_excuses_a_jump(tmp_path):
    log, clock = new_log(tmp_path)
    marks = offered([(START, 10.0), (START + STEP, 10.6)], "mark_price")
    _take(log, clock, _series([100, 200]), marks)
    assert [s for _, _, s in _status(log)] == ["ok", "ok"]


def test_an_old_snapshot_judges_nothing(tmp_path):
    log, clock = new_log(tmp_path)
    rows = offered([(START, 100.0), (START + 4 * STEP, 1000.0)])
    _take(log, clock, rows, _marks(5))
    assert [s for _, _, s in _status(log)] == ["ok", "ok"]


def test_a_leap_needs_an_instrument_older_than_14_days(tmp_path):
    log, clock = new_log(tmp_path)
    _take(log, clock, _series([100, 140]), _marks(2))
    assert [s for _, _, s in _status(log)] == ["ok", "ok"]
    aged, clock = new_log(tmp_path, "aged")
    _take(aged, clock, offered([(START - 15 * DAY, 90.0)]))
    _take(aged, clock, _series([100, 140]), _marks(2))
    assert [r["status"] for r in leg_of(aged, "open_interest")] == ["ok", "ok", "suspect"]


def test_volume_bounds_the_change(tmp_path):
    log, clock = new_log(tmp_path)
    bars = _series([10.0] * 3, "volume_coin")
    _take(log, clock, _series([100, 110.5, 121.2]), _marks(3), bars)
    assert [s for _, _, s in _status(log)] == ["ok", "ok", "suspect"]
    assert 10.5 <= 1.05 * 10 < 10.7


def test_the_notional_follows_its_coins(tmp_path):
    log, clock = new_log(tmp_path)
    coins = [100, 1000, 101, 102]
    _take(
        log,
        clock,
        _series(coins),
        _marks(4),
        _series([c * 10.0 for c in coins], "open_interest_usd"),
    )
    assert [s for _, _, s in _status(log, "open_interest_usd")] == ["ok", "suspect", "ok", "ok"]


def test_a_mark_made_of_the_suspect_cannot_vouch_for_it(tmp_path):
    log, clock = new_log(tmp_path)
    coins, usd = [100.0, 1000.0, 101.0], [1000.0, 1001.0, 1010.0]
    marks = [u / c for u, c in zip(usd, coins, strict=True)]
    _take(
        log, clock, _series(coins), _series(marks, "mark_price"), _series(usd, "open_interest_usd")
    )
    for field in ("open_interest", "open_interest_usd", "mark_price"):
        assert [s for _, _, s in _status(log, field)] == ["ok", "suspect", "ok"]


def test_a_notional_alone_is_judged_itself(tmp_path):
    log, clock = new_log(tmp_path)
    _take(log, clock, _series([1e9, 1e10, 1.01e9], "open_interest_usd"))
    assert [s for _, _, s in _status(log, "open_interest_usd")] == ["ok", "suspect", "ok"]


def test_known_change_of_counting_explains_a_level():
    shots = [(START + i * STEP, v, 10.0) for i, v in enumerate([100, 200, 200, 200, 200, 200])]
    level = level_of(shots, START)
    ok = judge(level)
    told = releases(level, ok, lambda before, at: before < START + STEP <= at)
    assert [(r.place, r.break_ratio) for r in told] == [(1, None), (2, None)]
    plain = releases(level, ok, lambda before, at: False)
    assert [(r.place, r.break_ratio) for r in plain] == [(1, 2.0), (2, None)]
    assert AT_COMMIT not in [r.known for r in plain]
