"""The venues' own symbols, read twice: the package's readers and the slow reference agree."""

from __future__ import annotations

import pytest

from tests.properties.histories import POOL
from tests.reference.groups import (
    facts_of,
    is_any,
    is_hyperliquid_main,
    is_inverse,
    is_usdtm,
)
from tideline.venues.symbols import parse_symbol


@pytest.mark.parametrize("group", [*POOL, ("binance", "BTCUSDC"), ("bybit", "BTCPERP")])
def test_symbols_are_read_alike(group):
    found, facts = parse_symbol(*group), facts_of(group)
    assert (found.kind, found.linear) == (facts.kind, facts.linear)
    assert (found.settle == "USDT") == (facts.settle == "USDT")
    assert found.asset == "BTC"


def members(rule) -> list[str]:
    return ["/".join(group) for group in POOL if rule(group, facts_of(group))]


def test_the_groups_of_the_page():
    assert members(is_usdtm) == [
        "binance/1000BTCUSDT",
        "binance/BTCUSDT",
        "bybit/BTCUSDT",
        "okx/BTC-USDT-SWAP",
    ]
    assert members(is_inverse) == ["binance/BTCUSD_PERP", "bybit/BTCUSD", "okx/BTC-USD-SWAP"]
    assert members(is_hyperliquid_main) == ["hyperliquid/BTC"]
    assert len(members(is_any)) == len(POOL)
    for venue in ("coinbase-gateway", "reference"):
        assert not is_any((venue, "BTC"), facts_of((venue, "BTC")))
