"""What is thrown at an interface (reliability 57, 61–66, 71–74)."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.serve.conftest import Keys
from tests.serve.test_authorisation import AT, BATCH, ONE
from tests.serve.world import Desk, Growing, desk_over, minutes, simulated_rows
from tideline.domain.time import SECOND, ManualClock
from tideline.serve.cost import Cost
from tideline.serve.problems import MEDIA

LIVE = f"/v1/features/live?asset=BTC&features={ONE}"


def problem(answer: Any, *statuses: int) -> dict[str, Any]:
    """Every refusal is a problem document with an id and no stack trace."""
    assert answer.status_code in statuses, answer.text
    assert answer.headers["content-type"] == MEDIA
    body: dict[str, Any] = answer.json()
    assert body["id"] == answer.headers["x-request-id"]
    for word in ("Traceback", ".py", "sqlite3", "/src/"):
        assert word not in answer.text
    return body


def test_hidden_fields_are_refused(desk: Desk) -> None:
    """57"""
    for body in (
        {**BATCH, "plan": "quant"},
        {**BATCH, "rows": [{**BATCH["rows"][0], "known_time": AT}]},
        {**BATCH, "strict": "yes"},
    ):
        problem(desk.post("/v1/features/historical", json=body), 400)
    for query in ("evidnce=false", "plan=quant", "service=1", "caller=x", "data=1"):
        told = problem(desk.post(f"/v1/features/historical?{query}", json=BATCH), 422)
        assert told["errors"][0]["field"] == "query"
    assert desk.post("/v1/features/historical?evidence=false", json=BATCH).status_code == 200


def test_a_key_in_an_address_is_no_key_and_is_never_logged(
    small_store: Path, clock: ManualClock, keys: Keys
) -> None:
    """62: header only."""
    log = io.StringIO()
    with desk_over(small_store, clock, keys=keys.file, log=log) as desk:
        key = keys.plans["quant"]
        for url in (f"{LIVE}&key={key}", f"{LIVE}&authorization=Bearer%20{key}"):
            problem(desk.get(url), 401)
        desk.service.log.failure("test", RuntimeError(f"Bearer {key}"), header=f"Bearer {key}")
    assert key[20:] not in log.getvalue()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"{",
        b"\xff\xfe{}",
        b"[" * 200_000,
        b'{"rows":' * 50_000,
        b'{"rows":[{"asset":"BTC","as_of":NaN}],"features":["price.ret@1h"]}',
        b'{"rows":[{"asset":"BTC","as_of":1e999}],"features":["price.ret@1h"]}',
        b'{"rows":[{"asset":"BTC","as_of":' + b"9" * 4000 + b'}],"features":["price.ret@1h"]}',
        b'{"rows":[{"asset":"BTC","as_of":"1_000"}],"features":["price.ret@1h"]}',
        b'{"rows":[{"asset":"\\ud800","as_of":"2026-03-02T01:00:00Z"}],"features":["price.ret@1h"]}',
        b'{"rows":[{"asset":"BTC","as_of":true}],"features":["price.ret@1h"]}',
        b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n" * 2000,
    ],
    ids=lambda body: repr(body[:24]),
)
def test_broken_bodies_are_refused_as_such(body: bytes, desk: Desk) -> None:
    """66, 43: deep, not finite, too long, not text."""
    headers = {"Content-Type": "application/json"}
    problem(desk.post("/v1/features/historical", content=body, headers=headers), 400, 422)


def test_a_body_of_another_kind_is_refused(desk: Desk) -> None:
    """66: multipart."""
    given = {"files": {"rows": b"x" * 100_000}}
    problem(desk.post("/v1/features/historical", **given), 400, 415)


def test_sizes_are_bounded(small_store: Path, clock: ManualClock) -> None:
    """65"""
    with desk_over(small_store, clock, body_bytes=10_000) as desk:
        long = json.dumps({**BATCH, "features": [ONE] * 2000})
        problem(desk.post("/v1/features/historical", content=long), 413)
        problem(desk.get("/v1/assets", headers={"X-Long": "x" * 20_000}), 431)
        problem(desk.get("/v1/assets?" + "x" * 20_000), 431)
        many = {f"X-{k}": "1" for k in range(200)}
        problem(desk.get("/v1/assets", headers=many), 431)


def test_a_body_that_never_ends_is_refused_at_the_bound(
    small_store: Path, clock: ManualClock
) -> None:
    """65: chunks without end and without a length."""
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 1_000
            assert read < 1_000_000
            yield b" " * 1_000

    with desk_over(small_store, clock, body_bytes=10_000) as desk:
        for path in ("/v1/features/historical", "/v1/alerts", "/v1/alerts/test", "/mcp"):
            read = 0
            answer = desk.post(path, content=endless(), headers={"Accept": "application/json"})
            assert answer.status_code in (400, 413), (path, answer.text)
            assert read < 300_000, path


def test_many_ranges_are_not_answered_one_by_one(desk: Desk) -> None:
    """66: a Range header is not read at all; a long one is too long."""
    for path in ("/docs", "/docs/swagger-ui-bundle.js", "/openapi.json", "/v1/catalog"):
        whole = desk.get(path)
        for count in (2, 1_000):
            ranges = "bytes=" + ",".join(f"{k}-{k + 1}" for k in range(count))
            answer = desk.get(path, headers={"Range": ranges})
            assert (answer.status_code, len(answer.content)) == (200, len(whole.content))
        ranges = "bytes=" + "0-1," * 5_000 + "0-1"
        assert desk.get(path, headers={"Range": ranges}).status_code == 431


@pytest.mark.parametrize(
    ("moment", "status"),
    [
        ("2026-03-02T05:00:00", 422),
        ("2026-03-02T05:00:00+01:00", 200),
        ("2026-03-02T23:59:60Z", 422),
        ("9999-12-31T23:59:59Z", 422),
        ("1969-12-31T00:00:00Z", 422),
        ("٢٠٢٦-03-02T05:00:00Z", 422),
        (-1, 422),
        (0, 422),
        (1772427600000, 200),
        (1772427600000000, 422),
        ("1772427600000", 200),
        ("2090-01-01T00:00:00Z", 409),
        ("x" * 10_000, 422),
    ],
)
def test_moments(moment: Any, status: int, desk: Desk) -> None:
    """28, 25: naive, offset, leap second, another unit, above the head."""
    body = {"rows": [{"asset": "BTC", "as_of": moment}], "features": [ONE]}
    answer = desk.post("/v1/features/historical", json=body)
    assert answer.status_code == status, answer.text
    if status == 409:
        assert problem(answer, 409)["head"].endswith("Z")
    elif status != 200:
        assert "as_of" in problem(answer, 422)["detail"]


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "..%2f..%2fkeys.sqlite",
        "BTC\x00",
        "BTC%00",
        "BTC'; DROP TABLE legs;--",
        "read_parquet('x')",
        "BTC\r\nX-Set: 1",
        "=cmd|' /C calc'!A0",
        "１２３",
    ],
)
def test_a_name_is_looked_up_and_nothing_else(name: str, desk: Desk) -> None:
    """71, 72: traversal, NUL, SQL, functions, header and formula injection."""
    for url, given in (
        ("/v1/features/live", {"params": {"asset": name, "features": ONE}}),
        ("/v1/features/live", {"params": {"asset": "BTC", "features": name}}),
        ("/v1/gaps", {"params": {"asset": name}}),
        ("/v1/scan", {"params": {"states": name}}),
    ):
        problem(desk.get(url, **given), 422)
    quoted = name.replace("/", "%2f").replace("\r\n", "%0d%0a").replace("\x00", "%00")
    for place in ("/v1/readings/", "/v1/catalog/", "/docs/"):
        problem(desk.get(place + quoted), 404, 422)


def test_a_log_line_is_one_line(small_store: Path, clock: ManualClock) -> None:
    """72: log injection."""
    log = io.StringIO()
    with desk_over(small_store, clock, log=log) as desk:
        desk.service.log.info("asked", name='x"}\n{"event":"forged"}')
        given = {"X-Request-Id": "forged\\n{}"}
        answer = desk.get("/v1/assets", headers=given)
    assert answer.headers["x-request-id"] != "forged\\n{}"
    lines = log.getvalue().splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["asked"]


def test_words_in_csv_are_not_run_by_a_spreadsheet() -> None:
    """72"""
    import polars as pl

    from tideline.serve.tables import csv_pieces

    words = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "BTC", 'a"b,c']
    text = b"".join(csv_pieces(pl.DataFrame({"asset": words, "value": [-1.5] * 7}))).decode()
    rows = list(csv.reader(io.StringIO(text)))[1:]
    assert [row[0] for row in rows[:5]] == ["'" + word for word in words[:5]]
    assert [row[0] for row in rows[5:]] == words[5:]
    assert {row[1] for row in rows} == {"-1.5"}


def test_nothing_is_open_by_default(desk: Desk) -> None:
    """73: no CORS, no sniffing, no framework pages, nothing of the inside."""
    answer = desk.get("/v1/assets", headers={"Origin": "http://evil.test"})
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "server" not in answer.headers
    for path in ("/schema", "/schema/openapi.json", "/debug", "/.env", "/v1", "/"):
        problem(desk.get(path), 404)
    problem(desk.ask("DELETE", "/v1/assets"), 405)
    problem(desk.ask("TRACE", "/v1/assets"), 404, 405)


def test_an_error_nobody_foresaw_tells_its_id_alone(
    small_store: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """73: the trace is in the log, under the same id."""
    log = io.StringIO()
    with desk_over(small_store, clock, log=log) as desk:
        secret = "fk_live_" + "a" * 51

        def broken() -> None:
            raise RuntimeError(f"at /src/secret.py with {secret}")

        monkeypatch.setattr(desk.service.store, "legs", broken)
        body = problem(desk.get("/v1/assets"), 500)
    assert "secret" not in json.dumps(body)
    (line,) = (json.loads(line) for line in log.getvalue().splitlines())
    assert line["id"] == body["id"]
    assert "RuntimeError" in line["trace"]


def test_the_docs_page_loads_nothing_from_elsewhere(desk: Desk) -> None:
    """73: what it needs is shipped; its policy forbids the rest."""
    page = desk.get("/docs")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "http" not in page.text.replace("html", "")
    for name in ("docs.js", "swagger-ui-bundle.js", "swagger-ui.css"):
        assert f"/docs/{name}" in page.text or name == "docs.js"
        assert desk.get(f"/docs/{name}").status_code == 200


def test_a_question_that_costs_too_much_is_refused_with_its_cost(locked: Desk, keys: Keys) -> None:
    """63"""
    features = [f"flow.cvd@24h:zscore[{n}]" for n in range(900, 1000)]
    rows = [{"asset": "BTC", "as_of": AT}] * 1000
    body = {"rows": rows, "features": features}
    told = problem(locked.post("/v1/features/historical", json=body, key=keys.plans["quant"]), 422)
    assert told["cost"] > told["limit"] == 2_000_000
    assert "to sample" in told["detail"]
    small = {"rows": rows[:1], "features": [ONE]}
    for plan in ("discover", "quant"):
        answer = locked.post("/v1/features/historical", json=small, key=keys.plans[plan])
        assert answer.status_code == 200, answer.text
    assert Cost(1.0, 2.0, 3.0).total == 6


def test_an_answer_that_takes_too_long_is_ended(small_store: Path, clock: ManualClock) -> None:
    """63: the hard time-out."""
    with desk_over(small_store, clock, timeout_s=1e-9) as desk:
        answer = desk.post("/v1/features/historical", json=BATCH)
        problem(answer, 503)
        assert answer.headers["retry-after"] == "1"


def test_over_the_rate_is_told_when_to_come_again(locked: Desk, keys: Keys) -> None:
    """64"""
    key = keys.plans["discover"]
    answers = [locked.get("/v1/assets", key=key) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert int(answers[-1].headers["retry-after"]) >= 1
    problem(answers[-1], 429)
    locked.service.clock.advance(int(answers[-1].headers["retry-after"]) * SECOND)
    assert locked.get("/v1/assets", key=key).status_code == 200


def test_no_number_that_is_not_one_leaves_the_process(desk: Desk) -> None:
    """43: null with a reason instead."""
    features = "price.ret@1s,liquidations.liq_imbalance@1h,flow.spot_perp_volume@1h"
    answer = desk.get(f"/v1/features/live?asset=BTC,ETH&features={features}")
    found = json.loads(answer.text, parse_constant=lambda name: pytest.fail(name))
    values = [value for row in found["rows"] for value in row["values"]]
    assert all(value["reason"] for value in values if value["value"] is None)
    assert any(value["value"] is None for value in values)
    assert all(math.isfinite(value["value"]) for value in values if value["value"] is not None)


def test_what_is_suspect_stands_for_nothing(tmp_path: Path) -> None:
    """74: a venue's absurd number is kept and marked, and no answer is made of it."""
    growing = Growing(tmp_path / "store", simulated_rows(["BTC"], 0.2))
    growing.advance(minutes(180))
    with desk_over(tmp_path / "store", growing.clock) as desk:
        before = desk.get(LIVE).json()["rows"][0]["values"][0]["value"]
        growing.restate(9.87e34, "open_interest_usd", status="suspect")
        desk.service.follower.step()
        assert desk.get(LIVE).json()["rows"][0]["values"][0]["value"] == before
        growing.restate(1.0, "open_interest_usd")
        desk.service.follower.step()
        assert desk.get(LIVE).json()["rows"][0]["values"][0]["value"] != before
    growing.close()
