"""Rules asked of a store say what the numbers and readings of each moment say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.planted import LAST_KNOWN, PLANTED, fill
from tideline.domain.errors import BadRule
from tideline.domain.time import MINUTE
from tideline.features.rule import FACETS
from tideline.readings.catalogue import READINGS, RULES
from tideline.readings.naming import windows_of
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


def test_every_reading_there_is_can_be_asked_by_its_keys_and_pages(store):
    assert {rule.key for rule in RULES} <= set(RULE_READINGS)
    assert {name for entry in READINGS for name in (entry.key, entry.page)} <= set(RULE_READINGS)
    for name, reading in RULE_READINGS.items():
        if reading.said_by:
            for state, rule in reading.said_by.items():
                window = RULE_READINGS[rule].windows[0]
                meant = read_rule(f"{name}@{window} == {state}")
                assert meant == read_rule(f"{rule}@{window} == {state}")
            continue
        at = f"{name}@{reading.windows[0]}"
        rule = read_rule(f"{at} == {reading.states[0]} or {at} != {reading.states[0]}")
        assert rule_truths(store, [rule], "BTC", [int(LAST_KNOWN)])[0][0] in (True, None)


def test_a_rule_over_any_facet_of_any_rule_says_what_the_readings_say(store):
    """The slow way round: every reading in full, moment by moment."""
    moments = [int(LAST_KNOWN) - k * 35 * MINUTE for k in range(7, -1, -1)]
    told = [store.readings("BTC", at, "45m") for at in moments]
    for rule in RULES:
        window = windows_of(rule)[0]
        said = [
            next(one for one in each if (one.entry, one.window) == (rule.key, window))
            for each in told
        ]
        for facet in FACETS:
            values = {
                getattr(one, facet if facet != "state" else "name") for one in said if one.told
            }
            for value in values - {None}:
                op = ">=" if facet == "strength" else "=="
                tail = "" if facet == "state" else f".{facet}"
                asked = read_rule(f"{rule.key}@{window}{tail} {op} {value}")
                found = [one for (one,) in rule_truths(store, [asked], "BTC", moments)]
                assert found == [_holds(one, facet, value) for one in said], (rule.key, facet)


def _holds(said, facet: str, value: object) -> bool | None:
    if not said.told:
        return None
    seen = said.name if facet == "state" else getattr(said, facet)
    if seen is None:
        return None
    return seen >= value if facet == "strength" else seen == value


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("price_io@45m == balanced", "price_oi@45m"),
        ("R3.knd@45m == short_squeeze", "R3.kind"),
        ("R3@45m == short_squeze", "short_squeeze"),
        ("R6@45m == structural", "24h"),
        ("R4@24h.severity >= watch", "R4.funding"),
        ("divergence@5m == quiet", "45m"),
    ],
)
def test_what_cannot_be_asked_names_the_nearest(text, nearest):
    with pytest.raises(BadRule) as caught:
        read_rule(text)
    assert caught.value.nearest == nearest
