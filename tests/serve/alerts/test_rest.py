"""The calls of alerts: another owner's alert is answered as one that does not exist (fault 56)."""

from __future__ import annotations

from tests.serve.conftest import Keys
from tests.serve.world import Desk

SPEC = {
    "rule": "price.ret@1h > 0",
    "assets": ["BTC"],
    "channel": {"kind": "webhook", "url": "https://hooks.example.com/secret-path?token=t"},
}


def test_from_its_making_to_its_end(locked: Desk, keys: Keys) -> None:
    key = keys.plans["quant"]
    made = locked.post("/v1/alerts", json=SPEC, key=key)
    assert made.status_code == 201
    body = made.json()
    assert body["secret"].startswith("whsec_")
    assert "would have fired" in body["past"]["text"]
    listed = locked.get("/v1/alerts", key=key)
    assert [one["id"] for one in listed.json()] == [body["id"]]
    for hidden in (body["secret"], "secret-path", "token=t"):
        assert hidden not in listed.text
    assert locked.ask("DELETE", f"/v1/alerts/{body['id']}", key=key).status_code == 204
    assert locked.get(f"/v1/alerts/{body['id']}", key=key).status_code == 404


def test_another_owners_id_and_no_id_at_all_are_answered_alike(locked: Desk, keys: Keys) -> None:
    ident = locked.post("/v1/alerts", json=SPEC, key=keys.plans["quant"]).json()["id"]
    assert locked.get("/v1/alerts", key=keys.other).json() == []
    for method, tail in (("GET", ""), ("DELETE", ""), ("POST", "/test")):
        answers = []
        for name in (ident, "al_000000000000000000000000", "' OR 1=1 --", "%00", "..%2f..%2fkeys"):
            answer = locked.ask(method, f"/v1/alerts/{name}{tail}", key=keys.other)
            assert answer.status_code == 404, (method, name)
            answers.append({k: v for k, v in answer.json().items() if k != "id"})
        assert answers[0] == answers[1]
    assert locked.get(f"/v1/alerts/{ident}", key=keys.plans["quant"]).status_code == 200


def test_a_key_of_the_same_owner_sees_the_owners_alerts(locked: Desk, keys: Keys) -> None:
    ident = locked.post("/v1/alerts", json=SPEC, key=keys.plans["quant"]).json()["id"]
    assert locked.get(f"/v1/alerts/{ident}", key=keys.plans["edge"]).status_code == 200


def test_an_error_of_a_rule_names_the_nearest(locked: Desk, keys: Keys) -> None:
    bad = {**SPEC, "rule": "price.rett@1h > 0"}
    answer = locked.post("/v1/alerts", json=bad, key=keys.plans["quant"])
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["field"] == "rule"
    assert error["nearest"] == "price.ret"
    assert "position 6" in error["problem"]


def test_fields_that_are_not_the_callers_are_refused(locked: Desk, keys: Keys) -> None:
    """Fault 57."""
    for extra in ("owner", "secret", "plan", "id", "created"):
        answer = locked.post("/v1/alerts", json={**SPEC, extra: "x"}, key=keys.plans["quant"])
        assert answer.status_code == 400, extra
    assert locked.get("/v1/alerts", key=keys.plans["quant"]).json() == []
