"""Markets by name: checked, made once per asset, loaded after."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.market.tapes import tape
from tideline.domain.errors import BadInput, UnknownName
from tideline.domain.time import DAY
from tideline.market import world
from tideline.market.made import SCENARIOS, START, MadeMarket, check, missing, obtain

ONE = MadeMarket("calm", 3, ("BTC",), 0.25)


def test_each_asset_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def make_world(scenario: str, seed: int, assets: list[str], days: float, *, start: int) -> Any:
        asked.append((scenario, seed, assets, days))
        one = tape(assets[0], seed, 24 * days, world=scenario, start=start)
        return [(one, None)]

    monkeypatch.setattr(world, "make_world", make_world, raising=False)
    told: list[tuple[str, int, int]] = []
    assert missing(ONE, tmp_path) == ["BTC"]
    [first] = obtain(ONE, tmp_path, lambda *words: told.append(words))
    assert asked == [("calm", 3, ["BTC"], 0.25)]
    assert (first.asset, first.start, first.end) == ("BTC", START, ONE.end)
    assert missing(ONE, tmp_path) == []
    two = ONE._replace(assets=("BTC", "ETH"))
    assert [one.asset for one in obtain(two, tmp_path, lambda *words: told.append(words))] == [
        "BTC",
        "ETH",
    ]
    assert [call[2] for call in asked] == [["BTC"], ["ETH"]]
    assert told == [("BTC", 1, 1), ("BTC", 1, 2), ("ETH", 2, 2)]


def test_what_cannot_be_made() -> None:
    assert ONE.end == START + DAY // 4
    for scenario in SCENARIOS:
        check(ONE._replace(scenario=scenario))
    with pytest.raises(UnknownName, match="calm"):
        check(ONE._replace(scenario="clam"))
    for wrong in ({"days": 0.0}, {"days": 1000.0}, {"assets": ()}, {"seed": -1}):
        with pytest.raises(BadInput):
            check(ONE._replace(**wrong))


def test_the_names_are_those_of_the_maker() -> None:
    from tideline.market.world.scenario import SCENARIOS as MADE

    assert set(SCENARIOS) == set(MADE)
