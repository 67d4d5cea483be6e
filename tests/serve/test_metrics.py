"""Counters: what is counted, what stands in no label, a dashboard that asks for what is there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import tideline.serve
from tests.serve.conftest import Keys
from tests.serve.test_authorisation import BATCH, ONE
from tests.serve.world import Desk

DASHBOARD = Path(tideline.serve.__file__).parent / "web" / "grafana.json"


def counted(text: str) -> dict[str, float]:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def test_answers_are_counted_by_route_and_status(locked: Desk, keys: Keys) -> None:
    key = keys.plans["quant"]
    for _ in range(3):
        locked.get(f"/v1/features/live?asset=BTC&features={ONE}", key=key)
    locked.get("/v1/assets")
    locked.get("/nothing/here", key=key)
    locked.post("/v1/features/historical", json=BATCH, key=key)
    found = counted(locked.get("/metrics", key=key).text)
    route = 'method="GET",route="/v1/features/live",status="200"'
    assert found[f"tideline_requests_total{{{route}}}"] == 3
    refused = 'method="GET",route="/v1/assets",status="401"'
    assert found[f"tideline_requests_total{{{refused}}}"] == 1
    assert found['tideline_requests_total{method="GET",route="unknown",status="404"}'] == 1
    assert found['tideline_live_values_total{how="worked out"}'] == 1
    assert found['tideline_live_values_total{how="kept"}'] == 2
    assert found["tideline_cost_total"] > 0
    assert found["tideline_commits_behind"] == 0


def test_no_label_holds_a_key_an_owner_or_what_was_asked(locked: Desk, keys: Keys) -> None:
    key = keys.plans["quant"]
    for path in (
        "/v1/readings/BTC",
        "/v1/catalog/price.ret",
        "/x/fk_live_secret",
        "/v1/assets?a=b",
    ):
        locked.get(path, key=key)
    text = locked.get("/metrics", key=key).text
    for secret in (key, keys.prefixes["quant"], "desk", "BTC", "price.ret", "secret"):
        assert secret not in text


def test_the_dashboard_asks_for_counters_that_exist(locked: Desk, keys: Keys) -> None:
    locked.get("/v1/assets", key=keys.plans["quant"])
    text = locked.get("/metrics", key=keys.plans["quant"]).text
    board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    names = {name for expr in asked for name in re.findall(r"tideline_[a-z_]+", expr)}
    assert len(names) >= 8
    for name in names:
        assert re.search(rf"^{name}[ {{]", text, re.MULTILINE), name
