import json
from itertools import pairwise

import numpy as np
import pytest

from tideline.domain.time import HOUR, MINUTE, SECOND, parse_time
from tideline.market.venues.faults.fault import Step
from tideline.market.venues.faults.values import BadValue
from tideline.market.venues.schedule import SCENES, is_suspect, kinds_for, schedule
from tideline.market.venues.script import KINDS, Script
from tideline.venues.catalogue import VENUES

START = parse_time("2026-11-20T00:00:00Z")
SPAN = (START, START + 24 * HOUR)
SYMBOLS = ("AAA", "BBB", "CCC", "DDD")


def _drawn(venue, seed=5, **more):
    return schedule(venue, SYMBOLS, SPAN, (60.0, 300.0), np.random.default_rng(seed), **more)


@pytest.mark.parametrize("venue", VENUES, ids=lambda venue: venue.name)
def test_scenes_follow_one_another_with_quiet_between(venue):
    scenes = _drawn(venue)
    assert len(scenes) > 60
    for before, after in pairwise(scenes):
        assert after.start >= before.end + MINUTE
    for scene in scenes:
        assert 60 * SECOND <= scene.end - scene.start <= 300 * SECOND
        assert scene.end + 300 * SECOND <= SPAN[1]
        assert scene.start % 1000 == 0 == scene.end % 1000
        for step in scene.steps:
            assert scene.start <= step.start < step.end <= scene.end
            assert set(step.hosts) <= {host.name for host in venue.hosts}
        known = {poll.name for poll in (*venue.polls, *venue.histories, *venue.streams)}
        for blind in scene.blinds:
            assert set(blind.feeds) <= known
            assert blind.start == scene.start
            assert blind.end in (None, scene.end)
            assert set(blind.symbols) <= set(SYMBOLS)


def test_every_kind_comes_before_any_comes_again():
    venue = next(one for one in VENUES if one.name == "bybit")
    kinds = kinds_for(venue)
    assert set(kinds) == set(SCENES)
    scenes = _drawn(venue)
    assert sorted(scene.kind for scene in scenes[: len(kinds)]) == sorted(kinds)
    coinbase = next(one for one in VENUES if one.name == "coinbase")
    assert "mute" not in kinds_for(coinbase)
    assert "ban" in kinds_for(coinbase)


def test_the_same_seed_draws_the_same():
    venue = VENUES[0]
    assert _drawn(venue) == _drawn(venue)
    assert _drawn(venue) != _drawn(venue, seed=6)
    assert {scene.kind for scene in _drawn(venue, kinds=("ban",))} == {"ban"}


def test_every_scene_can_be_put_on_a_script():
    venue = VENUES[0]
    steps = [step for scene in _drawn(venue) for step in scene.steps]
    script = Script(venue.name, steps)
    assert len(script.faults) == len(steps)
    # what venues play beyond these: whole rows that come late, short pages, moved labels, clocks
    left = set(KINDS) - {step.kind for step in steps}
    assert left == {"absent_symbol", "stop_reading", "late", "short", "shifted", "skew"}
    assert is_suspect("zero")
    assert not is_suspect("nan")


def _spoilt(text, *symbols):
    fault = BadValue(Step("underscore", 0, 1, symbols=symbols), "x")
    return fault._spoilt(text)


def test_values_are_found_where_venues_keep_them():
    nested = {"product_id": "AAA", "future_product_details": {"open_interest": "7"}}
    text = json.dumps({"products": [nested, {**nested, "product_id": "BBB"}]})
    assert _spoilt(text, "BBB").count("1_000") == 1
    assert json.loads(_spoilt(text, "BBB"))["products"][0] == nested
    context = json.dumps(
        {"channel": "activeAssetCtx", "data": {"coin": "AAA", "ctx": {"openInterest": "7"}}}
    )
    assert "1_000" in _spoilt(context, "AAA")
    assert _spoilt(context, "BBB") == context
    pair = json.dumps(
        [
            {"universe": [{"name": "AAA"}, {"name": "BBB"}]},
            [{"openInterest": "1"}, {"openInterest": "2"}],
        ]
    )
    found = json.loads(_spoilt(pair, "BBB"))
    assert [row["openInterest"] for row in found[1]] == ["1", "1_000"]
    okx = json.dumps({"data": [{"instId": "AAA", "oi": "1", "oiCcy": "2", "oiUsd": "3"}]})
    assert _spoilt(okx).count("1_000") == 3
