"""Whose contract size counts: the table's for the past, the listing's for today."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tideline.domain.errors import BadWire
from tideline.domain.time import parse_time
from tideline.venues.counting import price_scale, scale
from tideline.venues.symbols import parse_symbol

NOW = int(parse_time("2026-11-21T00:00:00Z"))
EARLY = int(parse_time("2022-04-13T00:00:00Z"))


def test_a_listing_is_newer_than_the_open_row() -> None:
    listed = replace(parse_symbol("binance", "BTCUSD_PERP"), contract_size=50.0)
    assert scale(listed, "open_interest", NOW).factor == 50
    assert scale(parse_symbol("binance", "BTCUSD_PERP"), "open_interest", NOW).factor == 100
    assert scale(parse_symbol("binance", "ETHUSD_PERP"), "open_interest", NOW).factor == 10


def test_a_closed_row_is_the_past() -> None:
    doge = replace(parse_symbol("okx", "DOGE-USDT-SWAP"), contract_size=10.0)
    before, after = (scale(doge, "open_interest", at) for at in (EARLY, NOW))
    assert (before.factor, after.factor) == (1000, 10)
    assert before.counted.contract_size == 1000.0
    assert before.until <= after.since


def test_bybit_is_halved_and_multiples_are_coins() -> None:
    shib = parse_symbol("bybit", "SHIB1000USDT")
    assert scale(shib, "open_interest", NOW).factor == Decimal(500)
    assert price_scale(shib.multiple).factor == Decimal("0.001")
    assert scale(shib, "open_interest", NOW).counted.sides == "2"


def test_nothing_is_guessed() -> None:
    new = parse_symbol("okx", "NEW-USDT-SWAP")
    with pytest.raises(BadWire, match="contract size"):
        scale(new, "open_interest", NOW)
    with pytest.raises(BadWire, match="no convention"):
        scale(new, "nonsense", NOW)
