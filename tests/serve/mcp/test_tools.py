"""The tools over HTTP and over standard input and output: same answers, same entitlement."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from tests.serve.conftest import Keys
from tests.serve.world import Desk, Growing, desk_over, minutes, simulated_rows
from tideline.readings.catalogue import RULES
from tideline.store import open_store

pytest.importorskip("mcp", reason="the protocol's library is an extra")

ONE = "positioning.oi_usdtm@1h"
FINE = "liquidations.liq_long_vol@1s:zscore"


def post(desk: Desk, method: str, key: str | None = None, **params: Any) -> dict[str, Any]:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    answer = desk.post("/mcp", json=body, key=key, headers={"Accept": "application/json"})
    assert answer.status_code == 200, answer.text
    return answer.json()["result"]


def call(desk: Desk, tool: str, key: str | None = None, **given: Any) -> Any:
    """What a tool gives; the text of its error as a string."""
    found = post(desk, "tools/call", key, name=tool, arguments=given)
    return found["content"][0]["text"] if found["isError"] else found["structuredContent"]


def test_every_tool_has_a_schema_of_what_it_takes_and_gives(desk: Desk):
    tools = {tool["name"]: tool for tool in post(desk, "tools/list")["tools"]}
    assert list(tools) == [
        *("catalogue", "live", "historical", "scan", "explain", "try_rule", "report"),
    ]
    for tool in tools.values():
        assert tool["description"]
        assert tool["outputSchema"]["type"] == "object"
        assert tool["annotations"]["readOnlyHint"]
        assert "ctx" not in tool["inputSchema"]["properties"]
        assert "caller" not in json.dumps(tool)


def test_live_is_the_stores_own_number(desk: Desk):
    found = call(desk, "live", assets=["BTC", "ETH"], features=[ONE, "price.ret@1h"])
    store = desk.service.store
    expected = [v for a in ("BTC", "ETH") for v in store.values(a, [ONE, "price.ret@1h"])]
    assert [n["value"] for n in found["numbers"]] == [v["value"] for v in expected]
    assert found["simulated"] is True
    assert {n["asset"] for n in found["numbers"]} == {"BTC", "ETH"}


def test_historical_is_as_known_then(desk: Desk):
    stamps = [f"2026-03-02T0{6 - k}:01:00Z" for k in range(3)]
    found = call(desk, "historical", asset="BTC", as_of=stamps, features=[ONE])
    expected = desk.service.store.historical(asset="BTC", as_of=stamps, features=[ONE])
    assert [n["value"] for n in found["numbers"]] == expected[ONE].to_list()
    assert found["numbers"][0]["value"] is not None


def test_scan_and_explain_say_what_the_store_says(desk: Desk):
    store = desk.service.store
    states = call(desk, "scan", min_severity="none")["states"]
    assert [(s["asset"], s["state"]) for s in states] == [
        (r.asset, r.name) for r in store.scan() if r.told
    ]
    why = call(desk, "explain", asset="BTC")
    assert [(r["entry"], r["window"], r["because"]) for r in why["readings"]] == [
        (r.entry, r.window, r.because) for r in store.readings("BTC")
    ]
    assert why["readings"][0]["evidence"]
    for said, told in (
        *zip(states, (r for r in store.scan() if r.told), strict=True),
        *zip(why["readings"], store.readings("BTC"), strict=True),
    ):
        odds = (told.label_p, told.follow_p)
        assert (said["label_p"], said["follow_p"]) == tuple(o and asdict(o) for o in odds)


def test_a_report_is_the_stores_own(desk: Desk):
    store = desk.service.store
    position = {"side": "long", "entry": 60_000.0, "stop": 58_000.0, "size": 0.3,
                "leverage": 5.0, "equity": 100_000.0}  # fmt: skip
    found = call(desk, "report", asset="BTC", **position)
    own = store.report("BTC", **position)
    assert [(i["title"], i["verdict"]) for i in found["items"]] == [
        (item.title, item.verdict) for item in own.items
    ]
    assert found["simulated"] is True
    assert found["as_of"].endswith("Z")
    assert "side" in call(desk, "report", asset="BTC", **{**position, "side": "up"})


def test_the_catalogue_is_searched(desk: Desk):
    everything = call(desk, "catalogue")
    assert len(everything["signals"]) == len(desk.service.store.catalog())
    assert "oi_usdtm" in everything["address"]
    some = call(desk, "catalogue", search="funding")
    assert 0 < len(some["signals"]) < len(everything["signals"])
    assert "price.ret" in call(desk, "catalogue", search="pricee.ret")


def test_every_reading_can_be_found_scanned_explained_and_tried(desk: Desk):
    lines = call(desk, "catalogue")["readings"]
    assert [line["name"] for line in lines] == [rule.key for rule in RULES]
    squeeze = call(desk, "catalogue", search="squeeze")
    assert "R3.kind" in [line["name"] for line in squeeze["readings"]]
    why = call(desk, "explain", asset="BTC", readings="R3.kind,R6")["readings"]
    assert [r["entry"] for r in why] == ["R3.kind", "R6.persistence"]
    for line in {line["name"].partition(".")[0]: line for line in lines}.values():
        asked = f"{line['name']}@{line['windows'][0]} != {line['states'][0]}"
        assert "would have fired" in call(desk, "try_rule", rule=asked, assets=["BTC"])["text"]


def test_a_scan_ranks_the_states_of_any_readings(tmp_path: Path):
    growing = Growing(tmp_path / "store", simulated_rows(["BTC", "ETH"], 0.125))
    for _ in range(30):
        growing.advance(minutes(5))
    growing.close()
    with desk_over(tmp_path / "store", growing.clock) as desk:  # while the rows are fresh
        states = call(desk, "scan", min_severity="none", readings="all", limit=50)["states"]
        found = desk.service.store.readings()
    told = [r for r in found if r.told and (not r.quiet or r.entry == "R1.state")]
    assert [(s["asset"], s["reading"], s["window"], s["state"]) for s in states] == [
        (r.asset, r.entry, r.window, r.name) for r in told[:50]
    ]
    assert {s["reading"].partition(".")[0] for s in states} > {"R1"}


def test_a_rule_is_tried_and_nothing_is_saved(desk: Desk):
    past = call(desk, "try_rule", rule="price.mark@1h > 0", assets=["BTC"])
    assert past["fired"] > 0
    assert past["text"].startswith("would have fired ")
    assert past["events"][0].startswith("BTC 2026-03-02T")
    assert desk.get("/v1/alerts").json() == []


@pytest.mark.parametrize(
    ("tool", "given", "said"),
    [
        ("live", {"assets": ["BTX"], "features": [ONE]}, "nearest valid: BTC"),
        ("live", {"assets": ["BTC"], "features": ["price.rett@1h"]}, "nearest valid: price.ret"),
        ("live", {"assets": [], "features": [ONE]}, "assets"),
        ("live", {"assets": ["BTC"], "features": [ONE], "plan": "quant"}, None),
        ("historical", {"asset": "BTC", "as_of": ["2099-01-01T00:00:00Z"], "features": [ONE]},
         "above the head"),
        ("historical", {"asset": "BTC", "as_of": ["yesterday"], "features": [ONE]}, "RFC 3339"),
        ("scan", {"window": "46m"}, "nearest valid: 45m"),
        ("scan", {"readings": "R33"}, "nearest valid: R3"),
        ("explain", {"asset": "BTC", "readings": "R3.knd"}, "nearest valid: R3.kind"),
        ("explain", {"asset": "BTC", "window": "1m"}, "is unknown"),
        ("try_rule", {"rule": "R3.kind@45m == short_squeez", "assets": ["BTC"]},
         "nearest valid: short_squeeze"),
        ("try_rule", {"rule": "R6@45m == structural", "assets": ["BTC"]}, "nearest valid: 24h"),
        ("try_rule", {"rule": "price.ret@1h >", "assets": ["BTC"]}, "position 14"),
        ("nothing", {}, "nothing"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told_with_the_nearest(desk: Desk, tool, given, said):
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": {"name": tool, "arguments": given}}  # fmt: skip
    answer = desk.post("/mcp", json=body, headers={"Accept": "application/json"}).json()
    text = json.dumps(answer)
    if said is not None:
        assert answer.get("result", {"isError": True})["isError"]
        assert said in text
    assert "Traceback" not in text


def test_too_many_numbers_are_refused_before_any_work(desk: Desk):
    features = [f"price.ret@1h:rate[{n}]" for n in range(1, 51)]
    stamps = [f"2026-03-02T05:{m:02}:00Z" for m in range(9)]
    text = call(desk, "historical", asset="BTC", as_of=stamps, features=features)
    assert "more than 400" in text


def test_a_plan_is_asked_by_every_tool(locked: Desk, keys: Keys):
    """Fault 58: what REST refuses a plan, a tool refuses it too, and names the plan that has it."""
    low, full = keys.plans["discover"], keys.plans["quant"]
    assert isinstance(call(locked, "live", low, assets=["BTC"], features=[f"{ONE}:level"]), dict)
    for tool, given in (
        ("live", {"assets": ["BTC"], "features": [FINE]}),
        ("historical", {"asset": "BTC", "as_of": ["2026-03-02T05:00:00Z"], "features": [FINE]}),
        ("scan", {}),
        ("explain", {"asset": "BTC"}),
        ("try_rule", {"rule": f"{FINE} > 3", "assets": ["BTC"]}),
        ("try_rule", {"rule": "R3@4h == short_squeeze", "assets": ["BTC"]}),
        ("scan", {"readings": "R10"}),
    ):
        locked.service.clock.advance(60_000_000)  # tokens for all
        refused = call(locked, tool, low, **given)
        assert isinstance(refused, str), tool
        assert "unlocks it" in refused
        assert isinstance(call(locked, tool, full, **given), dict), tool
    lines = {s["signal"]: s for s in call(locked, "catalogue", low)["signals"]}
    assert lines["price.ret"]["entitled"]
    assert not lines["flow.cvd"]["entitled"]
    assert lines["flow.cvd"]["unlocked_by"] == "quant"


def test_over_stdio_the_tools_are_the_same(small_store: Path, tmp_path: Path):
    """A child with pipes, as an assistant starts it. On a copy: its head moves on."""
    place = shutil.copytree(small_store, tmp_path / "store")
    hello = {"protocolVersion": "2025-06-18", "capabilities": {},
             "clientInfo": {"name": "test", "version": "1"}}  # fmt: skip
    live = {"name": "live", "arguments": {"assets": ["BTC"], "features": [ONE]}}
    fine = {"name": "live", "arguments": {"assets": ["BTC"], "features": [FINE]}}
    lines = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": live},
        {"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": fine},
    ]
    command = [sys.executable, "-m", "tideline.cli", "mcp", "--store", str(place)]
    with subprocess.Popen(
        [*command, "--plan", "discover"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        got: dict[int, Any] = {}
        for line in lines:
            child.stdin.write(json.dumps(line) + "\n")
            child.stdin.flush()
            if "id" in line:
                answer = json.loads(child.stdout.readline())
                got[answer["id"]] = answer["result"]
        child.stdin.close()
        assert child.wait(timeout=20) == 0
    assert got[1]["serverInfo"]["name"] == "tideline"
    with open_store(place) as store:
        asset = got[2]["structuredContent"]["numbers"][0]
        assert asset["value"] == store.values("BTC", [ONE], asset["as_of"])[0]["value"]
    assert got[3]["isError"]
    assert "quant unlocks it" in got[3]["content"][0]["text"]


def test_without_the_library_the_command_says_what_to_install(monkeypatch, small_store: Path):
    from tideline.cli import app

    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    assert app.run(["mcp", "--store", str(small_store)]) == 2
    assert "tideline[assistant]" in written.getvalue()
