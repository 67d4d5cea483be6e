"""Whatever the document allows to be said to the alerts' calls gets a described answer."""

from __future__ import annotations

import json
import string
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.serve.conftest import Keys
from tests.serve.test_schemathesis import FRAMEWORK, _described, cases_of, send
from tests.serve.world import Desk
from tideline.domain.time import SECOND

GOOD = (
    "price.ret@1h > 0",
    "positioning.oi_usdtm@1h < 5",
    "price_oi@1h == balanced",
    "R3@1h == short_squeeze and R10@1h.severity >= watch",
)
RULES = st.sampled_from([*GOOD, "price.ret@1h", ""])
URLS = st.sampled_from(
    ["https://hooks.example.com/x", "https://10.0.0.1/", "tgram://token/chat", "json://localhost"]
)
FINE = {
    "rule": GOOD[0],
    "assets": ["BTC"],
    "channel": {"kind": "webhook", "url": "https://hooks.example.com/x"},
}
SPECS = st.just(FINE) | st.fixed_dictionaries(
    {
        "rule": RULES,
        "assets": st.lists(st.sampled_from(["BTC", "ETH", "XXX"]), max_size=2),
        "channel": st.fixed_dictionaries(
            {"kind": st.sampled_from(["webhook", "apprise", "x"]), "url": URLS}
        ),
    },
    optional={
        "until": RULES,
        "cooldown_s": st.integers(-1, 900),
        "every_s": st.sampled_from([4, 60, 3_600]),
        "name": st.text(string.printable, max_size=20),
        "owner": st.just("bob"),
    },
)


def campaign(desk: Desk, key: str, examples: int) -> dict[str, Counter[int]]:
    """Statuses met, by operation; ids that exist are asked for too."""
    document = json.loads(desk.get("/openapi.json", key=key).content)
    assert desk.post("/v1/alerts", json=FINE, key=key).status_code == 201
    met: dict[str, Counter[int]] = {}
    for name, strategy in cases_of(document):
        if "alerts" not in name:
            continue
        described = _described(document, name) | FRAMEWORK
        counts = met.setdefault(name, Counter())
        _try(desk, key, strategy, described, counts, examples)
    return met


def _try(
    desk: Desk, key: str, strategy: Any, described: set[str], counts: Counter[int], examples: int
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
            case.body = data.draw(SPECS)
        if case.path_parameters and data.draw(st.booleans()):
            desk.service.clock.advance(SECOND)
            mine = desk.get("/v1/alerts", key=key).json()
            if mine and not (case.method == "DELETE" and len(mine) == 1):
                case.path_parameters["alert"] = mine[-1]["id"]
        answer = send(desk, case, key)
        counts[answer.status_code] += 1
        assert answer.status_code < 500, answer.text
        assert str(answer.status_code) in described, answer.text

    one()


@pytest.mark.parametrize("plan", ["discover", "signal", "edge", "quant"])
def test_the_alerts_answer_as_described(plan: str, locked: Desk, keys: Keys, monkeypatch) -> None:
    quiet(locked, monkeypatch)
    met = campaign(locked, keys.plans[plan], 20)
    assert len(met) == 6
    fine = [name for name, counts in met.items() if any(200 <= s < 300 for s in counts)]
    assert len(fine) > len(met) / 2, met


@pytest.mark.slow
@pytest.mark.parametrize("plan", ["discover", "signal", "edge", "quant"])
def test_many_more(plan: str, locked: Desk, keys: Keys, monkeypatch) -> None:
    quiet(locked, monkeypatch)
    met = campaign(locked, keys.plans[plan], 400)
    assert sum(sum(counts.values()) for counts in met.values()) >= 2_000


def quiet(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """No message leaves this machine."""
    from tideline.serve.alerts.webhook import Outcome

    async def trial(*_: Any) -> Outcome:
        return Outcome(False, "not sent")

    monkeypatch.setattr(desk.service.pushing.alerts._delivery, "trial", trial)
