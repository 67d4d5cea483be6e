"""One value with all that stands beside it, from a store of a few rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.features.test_store_rows import stored
from tests.reference.model import DAY, HOUR, MINUTE, Row
from tideline.domain.errors import BadAddress, FutureAsOf, UnknownName
from tideline.domain.time import ManualClock
from tideline.store import Store, open_store

T = 20_000 * DAY
BIN, BYB, OKX = ("binance", "BTCUSDT"), ("bybit", "BTCUSDT"), ("okx", "BTC-USDT-SWAP")


def oi(group: tuple[str, str], event: int, value: float) -> Row:
    return Row(*group, "open_interest", event, event, value, "recorded", "ok", 60.0)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    rows = [
        oi(BIN, T - HOUR, 100.0),
        oi(BIN, T - MINUTE, 110.0),
        oi(BYB, T - HOUR, 50.0),
        oi(BYB, T - 2 * MINUTE, 40.0),
        oi(OKX, T - 2 * HOUR, 7.0),  # silent for longer than its max_age
    ]
    return open_store(stored(tmp_path / "s", rows), ManualClock(T + 4001 * DAY))


def test_the_groups_behind_a_change_are_named_with_both_ends(store: Store) -> None:
    value = store.value("BTC", "positioning.oi_usdtm_coin@1h:delta", T)
    assert value["value"] == 0.0
    assert value["unit"] == "coin"
    assert value["age_s"] == 120.0
    assert value["n"] == 2
    assert value["coverage"] == pytest.approx(150.0 / 157.0)
    assert value["basis"] == "recorded"
    legs = {leg["venue"]: leg for leg in value["legs"]}
    assert (legs["binance"]["previous"], legs["binance"]["value"]) == (100.0, 110.0)
    assert (legs["bybit"]["previous"], legs["bybit"]["value"]) == (50.0, 40.0)
    assert legs["okx"]["used"] is False
    assert legs["okx"]["age_s"] == 7200.0
    assert value["completeness"] is None
    assert value["simulated"] is False


def test_a_null_says_why_and_who_was_there(store: Store) -> None:
    value = store.value("BTC", "price.ret@1h", T)
    assert value["value"] is None
    assert value["reason"] == "stale"
    assert all(not leg["used"] for leg in value["legs"])


def test_the_same_number_as_historical_gives(store: Store) -> None:
    address = "positioning.oi_usdtm_coin@1h:rate"
    frame = store.historical(asset="BTC", as_of=T, features=[address])
    assert store.value("BTC", address, T)["value"] == frame[address][0]


def test_bad_questions_name_what_is_wrong(store: Store) -> None:
    with pytest.raises(UnknownName, match="asset"):
        store.value("BTX", "price.ret@1h", T)
    with pytest.raises(BadAddress, match="signal at position 6"):
        store.value("BTC", "price.rets@1h", T)
    with pytest.raises(FutureAsOf):
        store.value("BTC", "price.ret@1h", T + 9000 * DAY)
