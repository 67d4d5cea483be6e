"""Readings over HTTP are those of the store; a plan is told what its numbers allow."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from tests.serve.world import Desk
from tideline.readings.catalogue import READINGS, RULES
from tideline.readings.odds.odds import Odds
from tideline.readings.odds.table import OddsTable
from tideline.readings.parameters import DEFAULTS
from tideline.readings.price_oi_rule import price_oi_rule
from tideline.serve.entitlement import allowed
from tideline.serve.readings import rules_named, track_addresses, tracks_on, worth_telling
from tideline.settings import PLANS, plan_named

AT = "2026-03-02T05:30:00Z"
POSITION = {"asset": "BTC", "side": "long", "entry": 60_000.0, "stop": 58_000.0, "size": 0.3,
            "leverage": 5.0, "equity": 100_000.0}  # fmt: skip


def said(one: dict) -> tuple:
    return one["asset"], one["entry"], one["window"], one["name"], one["because"]


def told(reading) -> tuple:
    return reading.asset, reading.entry, reading.window, reading.name, reading.because


@pytest.mark.parametrize("window", ["45m", "4h"])
def test_readings_are_the_stores_in_its_order(desk: Desk, window: str):
    found = desk.get(f"/v1/readings/BTC?as_of={AT}&window={window}").json()
    store = desk.service.store
    assert found["simulated"] is True
    assert [said(one) for one in found["readings"]] == [
        told(one) for one in store.readings("BTC", AT, window)
    ]


def test_odds_stand_beside_the_states_they_were_counted_for(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    def counted(kind: str) -> OddsTable:
        odds = Odds(0.25, 40, 0.2, "1h", "test", "recordings")
        rows = {(rule.key, name, "45m"): odds for rule in RULES for name in rule.names}
        return OddsTable("follow", rows=rows if kind == "follow" else {})

    monkeypatch.setattr("tideline.readings.rule.odds_table", counted)
    found = desk.get(f"/v1/readings/BTC?as_of={AT}&window=45m").json()["readings"]
    own = desk.service.store.readings("BTC", AT, "45m")
    assert [one["follow_p"] for one in found] == [r.follow_p and asdict(r.follow_p) for r in own]
    told = [one["follow_p"] for one in found if one["follow_p"] is not None]
    assert told
    assert set(told[0]) == {"p", "n", "base_rate", "horizon", "version", "source"}
    assert all(one["label_p"] is None for one in found)


def test_some_readings_with_the_published_bands(desk: Desk):
    found = desk.get(f"/v1/readings/ETH?as_of={AT}&readings=R1,R3&bands=fixed").json()
    rules = [price_oi_rule("fixed"), *(rule for rule in RULES if rule.reading == "R3")]
    own = desk.service.store.readings("ETH", AT, rules=rules)
    assert [said(one) for one in found["readings"]] == [told(one) for one in own]
    assert "fixed" in found["readings"][0]["bands"]


def test_a_scan_of_all_readings_leaves_no_asset_out(desk: Desk):
    found = desk.get(f"/v1/scan?as_of={AT}&readings=all").json()["readings"]
    own = [one for one in desk.service.store.readings(None, AT) if worth_telling(one)]
    assert [said(one) for one in found] == [told(one) for one in own]
    assert {one["asset"] for one in found if one["entry"] == "R1.state"} == {"BTC", "ETH"}


def test_a_scan_of_r1_is_the_stores_scan(desk: Desk):
    found = desk.get(f"/v1/scan?as_of={AT}").json()["readings"]
    assert [said(one) for one in found] == [told(one) for one in desk.service.store.scan(AT)]


def test_an_unknown_reading_is_named(desk: Desk):
    answer = desk.get("/v1/scan?readings=R33")
    assert answer.status_code == 422
    assert "R3" in answer.text


@pytest.mark.parametrize("plan", [plan.name for plan in PLANS])
def test_a_plan_is_told_what_its_numbers_allow(plan: str):
    mine = plan_named(plan)
    given = {rule.key for rule in rules_named(None, "adaptive", mine, "1h")}
    for rule in RULES:
        entitled = all(
            allowed(mine, address)
            for track in tracks_on(rule, "1h")
            for address in track_addresses(track)
        )
        assert (rule.key in given) == entitled
    if plan == "quant":
        assert given == {rule.key for rule in RULES}
    if plan == "discover":
        assert {key.partition(".")[0] for key in given} == {"R7"}  # caveats that need no number


def test_what_a_rule_looks_at_is_all_it_wants():
    for entry in READINGS:
        for rule in entry.rules:
            if rule.key != "R1.state":
                for track in tracks_on(rule, "1h"):
                    assert set(rule.wants(track[1], DEFAULTS).at) <= set(track_addresses(track))


def test_a_report_is_the_stores(desk: Desk):
    found = desk.post("/v1/positions/report", json={**POSITION, "as_of": AT})
    assert found.status_code == 200, found.text
    position = {name: value for name, value in POSITION.items() if name != "asset"}
    own = desk.service.store.report("BTC", as_of=AT, **position)
    body = found.json()
    assert body["simulated"] is True
    assert body["as_of"] == body["analogues"]["as_of"] == "2026-03-02T05:30:00.000000Z"
    assert [(one["title"], one["verdict"], one["because"]) for one in body["items"]] == [
        (one.title, one.verdict, one.because) for one in own.items
    ]
    assert body["liquidation"] == pytest.approx(own.liquidation)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"side": "up"}, "side"),
        ({"stop": 61_000.0}, "stop"),
        ({"asset": "XXX"}, "asset"),
        ({"as_of": "2090-01-01T00:00:00Z"}, "2090"),
        ({"sise": 1.0}, "sise"),
    ],
)
def test_a_position_that_cannot_be_is_named(desk: Desk, wrong: dict, named: str):
    answer = desk.post("/v1/positions/report", json={**POSITION, **wrong})
    assert answer.status_code in (400, 409, 422)
    assert named in answer.text
