"""Rules asked of a store say what the numbers and readings of each moment say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.planted import LAST_KNOWN, PLANTED, fill
from tideline.domain.errors import BadRule
from tideline.domain.time import MINUTE
from tideline.store import open_store
from tideline.store.ruling import RULE_READINGS, read_rule, rule_truths

OI, RET = "positioning.oi_usdtm_coin@45m:rate", "price.ret@45m"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory):
    path: Path = tmp_path_factory.mktemp("ruling") / "store"
    fill(path)
    with open_store(path) as opened:
        yield opened


def test_a_rule_over_features_is_true_where_the_numbers_are(store):
    moments = [int(LAST_KNOWN) - k * 15 * MINUTE for k in range(400, -1, -1)]
    rule = read_rule(f"{OI} < -0.002 and {RET} > 0.001")
    frame = store.historical(asset="BTC", as_of=moments, features=[OI, RET])
    wanted = [
        None if oi is None or ret is None else oi < -0.002 and ret > 0.001
        for oi, ret in zip(frame[OI], frame[RET], strict=True)
    ]
    found = [one for (one,) in rule_truths(store, [rule], "BTC", moments)]
    assert found == wanted
    assert {True, False} <= set(found)


def test_a_rule_over_a_reading_is_true_where_the_scan_says_so(store):
    planted = PLANTED[0]
    moments = [int(planted.end) + k * 5 * MINUTE for k in range(-3, 6)]
    moments = [moment for moment in moments if moment <= int(LAST_KNOWN)]
    said = [store.scan(at, assets=[planted.asset])[0] for at in moments]
    state = read_rule(f"price_oi@45m == {planted.state}")
    severe = read_rule("price_oi@45m.severity >= elevated or price_oi@45m.strength > 100")
    found = rule_truths(store, [state, severe], planted.asset, moments)
    assert [one for one, _ in found] == [s.name == planted.state for s in said]
    assert [two for _, two in found] == [s.severity in ("elevated", "extreme") for s in said]
    assert any(one for one, _ in found)


def test_before_there_was_anything_a_rule_is_unknown(store):
    early = int(min(leg.first_event for leg in store.legs("BTC")))
    rules = [read_rule("price_oi@45m == balanced"), read_rule(f"not {RET} > 0")]
    assert rule_truths(store, rules, "BTC", [early]) == [(None, None)]
    assert rule_truths(store, rules, "BTC", []) == []


def test_every_reading_offered_can_be_asked(store):
    for name, states in RULE_READINGS.items():
        rule = read_rule(f"{name}@45m == {states[0]} or {name}@45m != {states[0]}")
        assert rule_truths(store, [rule], "BTC", [int(LAST_KNOWN)]) == [(True,)]
    with pytest.raises(BadRule, match="price_oi"):
        read_rule("price_io@45m == balanced")
