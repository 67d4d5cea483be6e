"""Every route × every kind of key, from the route table itself (reliability 55, 56, 58, 60, 73).

A route that is not described here fails: nothing is served that nobody thought about.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.planted import START
from tests.serve.conftest import Keys, make_keys
from tests.serve.world import HOST, Desk, desk_over
from tideline.domain.time import DAY, MINUTE, ManualClock
from tideline.serve.routes.table import ROUTES
from tideline.serve.times import moment

AT = moment(int(START) + 5 * 3_600_000_000)
ONE = "positioning.oi_usdtm@1h:level"
FINE = "liquidations.liq_long_vol@1s:zscore"
BATCH = {"rows": [{"asset": "BTC", "as_of": AT}], "features": [ONE]}
HOOK = {"kind": "webhook", "url": "https://hooks.example.com/x"}
ALERT = {"name": "up", "rule": f"{FINE} > 3", "assets": ["BTC"], "channel": HOOK}
TOOLS = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


class Call:
    """How a route is asked: what a full key gets, what a lower plan gets."""

    def __init__(
        self,
        url: str,
        *,
        full: tuple[int, ...] = (200,),
        lower: tuple[int, ...] = (200,),
        **given: Any,
    ) -> None:
        self.url, self.full, self.lower, self.given = url, full, lower, given


REFUSED = (403,)
POSITION = {"asset": "BTC", "side": "long", "entry": 100.0, "stop": 97.0, "size": 1.0,
            "leverage": 2.0, "equity": 10_000.0}  # fmt: skip
CALLS: dict[tuple[str, str], Call] = {
    ("GET", "/v1/features/live"): Call(
        f"/v1/features/live?asset=BTC&features={FINE}", lower=REFUSED
    ),
    ("POST", "/v1/features/historical"): Call(
        "/v1/features/historical", json={**BATCH, "features": [FINE]}, lower=REFUSED
    ),
    ("GET", "/v1/features/series"): Call(
        f"/v1/features/series?asset=BTC&feature={FINE}&start={AT}&end={AT}&step=1h", lower=REFUSED
    ),
    ("GET", "/v1/catalog"): Call("/v1/catalog"),
    ("GET", "/v1/catalog/{signal:str}"): Call("/v1/catalog/price.ret"),
    ("GET", "/v1/scan"): Call("/v1/scan", lower=REFUSED),
    ("GET", "/v1/readings/{asset:str}"): Call("/v1/readings/BTC", lower=REFUSED),
    ("POST", "/v1/positions/report"): Call(
        "/v1/positions/report", json=POSITION, full=(200, 422), lower=REFUSED
    ),
    ("GET", "/v1/assets"): Call("/v1/assets"),
    ("GET", "/v1/venues"): Call("/v1/venues"),
    ("GET", "/v1/gaps"): Call("/v1/gaps"),
    ("GET", "/v1/health"): Call("/v1/health", full=(200, 503), lower=(200, 503)),
    ("GET", "/v1/usage"): Call("/v1/usage"),
    ("GET", "/metrics"): Call("/metrics", lower=REFUSED),
    ("GET", "/openapi.json"): Call("/openapi.json"),
    ("GET", "/docs"): Call("/docs"),
    ("GET", "/docs/{name:str}"): Call("/docs/docs.js"),
    ("POST", "/v1/alerts"): Call("/v1/alerts", json=ALERT, full=(201,), lower=REFUSED),
    ("GET", "/v1/alerts"): Call("/v1/alerts"),
    ("POST", "/v1/alerts/test"): Call("/v1/alerts/test", json=ALERT, lower=REFUSED),
    ("GET", "/v1/alerts/{alert:str}"): Call("/v1/alerts/none", full=(404,), lower=(404,)),
    ("DELETE", "/v1/alerts/{alert:str}"): Call("/v1/alerts/none", full=(404,), lower=(404,)),
    ("POST", "/v1/alerts/{alert:str}/test"): Call(
        "/v1/alerts/none/test", full=(404,), lower=(404,)
    ),
}
# tools are refused inside an answer; see tests/serve/mcp
CALLS["POST", "/mcp"] = Call("/mcp", json=TOOLS)
STREAMS = {"/v1/stream"}
"""Let in by their own handler within ten seconds; see tests/serve/stream."""


@dataclass
class Matrix:
    """One service and one ring of keys for the whole matrix; a minute passes between questions."""

    desk: Desk
    keys: Keys

    def ask(self, call: tuple[str, str], url: str | None = None, **given: Any) -> Any:
        self.desk.service.clock.advance(MINUTE)
        return self.desk.ask(call[0], url or CALLS[call].url, **given)


@pytest.fixture(scope="module")
def matrix(small_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Matrix]:
    clock = ManualClock(int(START) + DAY)
    keys = make_keys(tmp_path_factory.mktemp("matrix") / "keys.sqlite", clock)
    with desk_over(small_store, clock, keys=keys.file) as opened:
        yield Matrix(opened, keys)


def served(desk: Desk) -> set[tuple[str, str]]:
    """Every method and path the application answers."""
    found = set()
    for route in desk.app.routes:
        for method in getattr(route, "methods", ()):
            if method != "OPTIONS":
                found.add((method, route.path))
    return found


def test_every_route_is_in_the_matrix(locked: Desk) -> None:
    assert served(locked) == set(CALLS)
    streams = {route.path for route in locked.app.routes if not getattr(route, "methods", ())}
    assert streams == STREAMS
    assert len(ROUTES) == len(CALLS) + len(STREAMS)


@pytest.mark.parametrize("call", sorted(CALLS), ids=" ".join)
def test_no_key_opens_nothing(call: tuple[str, str], matrix: Matrix) -> None:
    """55: none, wrong, expired, revoked, malformed: 401 and one body, docs and metrics included."""
    bodies, keys = set(), matrix.keys
    for key in (None, keys.wrong, keys.expired, keys.revoked, "fk_live_", "x" * 5000, "ключ"):
        headers = {} if key is None else {"Authorization": f"Bearer {key}".encode()}
        answer = matrix.ask(call, headers=headers, **CALLS[call].given)
        assert answer.status_code == 401, (key, answer.text)
        assert answer.headers["www-authenticate"].startswith("Bearer")
        body = answer.json()
        assert body.pop("id")
        bodies.add(str(sorted(body.items())))
    assert len(bodies) == 1


@pytest.mark.parametrize("call", sorted(CALLS), ids=" ".join)
def test_a_full_key_opens_it_and_a_lower_plan_what_it_may(
    call: tuple[str, str], matrix: Matrix
) -> None:
    """58: what the plan lacks is 403, whatever way it is asked, and names the plan that has it."""
    described, keys = CALLS[call], matrix.keys
    full = matrix.ask(call, key=keys.plans["quant"], **described.given)
    assert full.status_code in described.full, full.text
    lower = matrix.ask(call, key=keys.plans["discover"], **described.given)
    assert lower.status_code in described.lower, lower.text
    if lower.status_code == 403:
        assert lower.json()["unlocked_by"] in ("signal", "edge", "quant")
    other = matrix.ask(call, key=keys.other, **described.given)
    assert other.status_code in described.full, other.text


@pytest.mark.parametrize("call", sorted(CALLS), ids=" ".join)
def test_the_spelling_of_a_path_opens_nothing(call: tuple[str, str], matrix: Matrix) -> None:
    """60: doubled slashes, dots, encodings and forwarded names never lead around the gate."""
    url = CALLS[call].url
    forms = [url.replace("/", "//", 1), url.replace("/v1", "/%76%31"), f"/.{url}", f"/x/..{url}"]
    forms += [f"{url}%00", url.replace("?", "/?"), url.upper()]
    for form in forms:
        answer = matrix.ask(call, form, headers={"X-Forwarded-Host": HOST, "X-Original-URL": "/"})
        assert answer.status_code in (400, 401, 404, 405), (form, answer.status_code)


def test_a_host_that_is_not_ours_is_refused_before_anything(desk: Desk) -> None:
    """60"""
    for host in ("evil.test", f"{HOST}@evil.test", f"{HOST}.evil.test", "", f"evil.test/{HOST}"):
        answer = desk.get("/v1/assets", headers={"Host": host})
        assert answer.status_code == 421, host
    assert desk.get("/v1/assets", headers={"Host": f"{HOST}:8787"}).status_code == 200


def test_one_owner_sees_nothing_of_another(locked: Desk, keys: Keys) -> None:
    """56: usage is of the key that asks."""
    for _ in range(3):
        locked.get("/v1/assets", key=keys.plans["quant"])
    mine = locked.get("/v1/usage", key=keys.plans["quant"]).json()["days"]
    theirs = locked.get("/v1/usage", key=keys.other).json()["days"]
    assert mine[0]["requests"] >= 3
    assert [day["requests"] for day in theirs] == [1]  # this very question
    assert {day["key"] for day in mine + theirs} == {keys.prefixes["quant"], keys.other[8:16]}


def test_what_one_may_see_is_not_handed_to_one_who_may_not(locked: Desk, keys: Keys) -> None:
    """58: an answer that was kept for a full key is not an answer for a lower one."""
    url = f"/v1/features/live?asset=BTC&features={FINE}"
    assert locked.get(url, key=keys.plans["quant"]).status_code == 200
    assert locked.get(url, key=keys.plans["discover"]).status_code == 403
    assert locked.get(url, key=keys.plans["quant"]).status_code == 200


def test_one_feature_of_many_that_is_not_allowed_refuses_all(locked: Desk, keys: Keys) -> None:
    """58: batches too, in every media type."""
    body = {**BATCH, "features": [ONE, FINE]}
    for media in ("application/json", "text/csv", "application/vnd.apache.arrow.stream"):
        answer = locked.post(
            "/v1/features/historical", json=body, headers={"Accept": media},
            key=keys.plans["edge"],
        )  # fmt: skip
        assert answer.status_code == 403
        assert answer.json()["unlocked_by"] == "quant"


def test_depth_is_a_part_of_a_plan(own_store: Path, clock: ManualClock, keys: Keys) -> None:
    """58: as_of further back than the plan's history."""
    body = {"rows": [{"asset": "BTC", "as_of": AT}], "features": [ONE]}
    with desk_over(own_store, clock, keys=keys.file) as desk:

        def status(plan: str) -> int:
            answer = desk.post("/v1/features/historical", json=body, key=keys.plans[plan])
            assert answer.status_code == 200 or "as_of" in answer.json()["detail"]
            return answer.status_code

        assert status("discover") == 200
        clock.advance(30 * DAY)
        desk.service.follower.refresh()
        assert [status("discover"), status("signal"), status("quant")] == [403, 200, 200]
