"""The OpenAPI document against the service: any request a schema allows gets a described answer."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.core import NotSet

from tests.serve.conftest import Keys
from tests.serve.test_authorisation import AT, ONE
from tests.serve.world import Desk
from tideline.domain.time import SECOND

NAMES = {
    "asset": st.sampled_from(["BTC", "ETH", "BTC,ETH", "XXX"]),
    "feature": st.sampled_from([ONE, "price.ret@1h:level", "price.rv@1s", "x"]),
    "features": st.sampled_from([ONE, f"{ONE},price.ret@1h:level", "price.rv@1s", "x"]),
    "start": st.just(AT),
    "end": st.just(AT),
    "step": st.sampled_from(["1h", "5m", "7m"]),
    "readings": st.sampled_from(["R1", "R3.kind,R6", "all", "R33"]),
    "states": st.sampled_from(["short_covering", "quiet,short_squeeze", "x"]),
    "window": st.sampled_from(["45m", "1h", "24h", "7m"]),
    "as_of": st.sampled_from([AT, "1772427600000", "now"]),
    "signal": st.sampled_from(["price.ret", "positioning.oi_usdtm", "x"]),
}
BODIES = st.fixed_dictionaries(
    {
        "rows": st.lists(
            st.fixed_dictionaries({"asset": st.sampled_from(["BTC", "XXX"]), "as_of": st.just(AT)}),
            min_size=1,
            max_size=3,
        ),
        "features": st.lists(NAMES["feature"], min_size=1, max_size=3, unique=True),
    }
)
"""Half of what is sent is likely to mean something; the rest is whatever the schema allows."""


FRAMEWORK = {"404", "405", "415", "421", "431"}


def cases_of(document: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """A strategy for each operation."""
    schema = schemathesis.openapi.from_dict(document)
    for result in schema.get_all_operations():
        operation = result.ok()
        yield f"{operation.method.upper()} {operation.path}", operation.as_strategy()


def send(desk: Desk, case: Any, key: str) -> Any:
    """One generated request; a second later than the one before, so that no rate is met."""
    desk.service.clock.advance(SECOND)
    path = case.path
    for name, value in (case.path_parameters or {}).items():
        path = path.replace("{" + name + "}", quote(str(value), safe=""))
    given: dict[str, Any] = {"params": dict(case.query or {})}
    if not isinstance(case.body, NotSet):
        given["content"] = json.dumps(case.body).encode("utf-8", "surrogatepass")
        given["headers"] = {"Content-Type": "application/json"}
    return desk.ask(case.method.upper(), path, key=key, **given)


def campaign(
    desk: Desk, key: str, examples: int, part: slice = slice(None)
) -> dict[str, Counter[int]]:
    """Statuses met, by operation; fails on a server error or an undescribed status."""
    document = json.loads(desk.get("/openapi.json", key=key).content)
    met: dict[str, Counter[int]] = {}
    # the alerts have a campaign of their own
    asked = [(name, strategy) for name, strategy in cases_of(document) if "alerts" not in name]
    for name, strategy in asked[part]:
        described = _described(document, name)
        counts = met.setdefault(name, Counter())

        _try(desk, key, strategy, described, counts, examples)
    return met


def _try(
    desk: Desk,
    key: str,
    strategy: Any,
    described: set[str],
    counts: Counter[int],
    examples: int,
) -> None:
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy, st.data())
    def one(case: Any, data: Any) -> None:
        if isinstance(case.body, dict) and data.draw(st.booleans()):
            case.body = data.draw(BODIES)
        sensible = data.draw(st.booleans())
        for place in (case.query, case.path_parameters):
            for field in list(place or {}):
                if field in NAMES and (sensible or data.draw(st.booleans())):
                    place[field] = data.draw(NAMES[field])
        answer = send(desk, case, key)
        counts[answer.status_code] += 1
        assert answer.status_code < 500 or "503" in described, answer.text
        assert str(answer.status_code) in described | FRAMEWORK, answer.text

    one()


def _described(document: dict[str, Any], name: str) -> set[str]:
    method, path = name.split(" ")
    return set(document["paths"][path][method.lower()]["responses"])


def reached(met: dict[str, Counter[int]]) -> float:
    """The share of operations that answered 2xx at least once."""
    good = [name for name, counts in met.items() if any(200 <= status < 300 for status in counts)]
    return len(good) / len(met)


@pytest.mark.parametrize(
    ("plan", "examples"), [("discover", 24), ("signal", 8), ("edge", 8), ("quant", 8)]
)
def test_any_request_gets_a_described_answer(
    plan: str, examples: int, locked: Desk, keys: Keys
) -> None:
    """The smallest plan may ask little: it takes more requests until one of each call is fine."""
    met = campaign(locked, keys.plans[plan], examples)
    assert len(met) >= 13
    assert reached(met) > 0.5, met


PARTS = 4


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("plan", ["discover", "signal", "edge", "quant"])
def test_ten_thousand_requests_of_each_plan(plan: str, part: int, locked: Desk, keys: Keys) -> None:
    """A quarter of the calls each. Calls without parameters have one request; the others of the
    part share its 2,500."""
    probe, mine = 8, slice(part, None, PARTS)
    met = campaign(locked, keys.plans[plan], probe, mine)
    varied = sum(sum(counts.values()) >= probe for counts in met.values())
    met = campaign(locked, keys.plans[plan], 2_600 // varied, mine)
    cases = sum(sum(counts.values()) for counts in met.values())
    statuses = sum(met.values(), Counter())
    print(f"{plan}, part {part}: {cases:,} requests of {len(met)} calls, {reached(met):.0%} reached"
          f" 2xx, {dict(sorted(statuses.items()))}, of {sorted(met)}")  # fmt: skip
    assert cases >= 2_500


@pytest.mark.slow
def test_the_campaign_sees_a_server_error(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test of the test: one planted failure ends it."""

    def broken() -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr(desk.service.store, "legs", broken)
    with pytest.raises(AssertionError):
        campaign(desk, "", 3)
