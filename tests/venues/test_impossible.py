"""An impossible open interest comes through every reader as it stands: the quarantine holds it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tideline.domain.errors import WireError
from tideline.venues.catalogue import venue
from tideline.venues.parsed import Note
from tideline.venues.symbols import parse_symbol

AT = 1_795_233_559_000_000
MS = str(AT // 1000)


def bybit(oi: str) -> tuple[str, str, Any]:
    row = {"symbol": "BTCUSDT", "openInterest": oi, "openInterestValue": oi, "markPrice": "100"}
    body = {"retCode": 0, "retMsg": "OK", "time": AT // 1000, "retExtInfo": {}}
    return (
        "bybit.linear.tickers",
        "BTCUSDT",
        body | {"result": {"category": "linear", "list": [row]}},
    )


def bitget(oi: str) -> tuple[str, str, Any]:
    row = {"symbol": "BTCUSDT", "category": "USDT-FUTURES", "ts": MS, "openInterest": oi}
    row |= {"markPrice": "100", "indexPrice": "100", "fundingRate": "0.0001"}
    body = {"code": "00000", "msg": "success", "requestTime": AT // 1000, "data": [row]}
    return "bitget.usdt.tickers", "BTCUSDT", body


def binance(oi: str) -> tuple[str, str, Any]:
    body = {"openInterest": oi, "symbol": "BTCUSDT", "time": AT // 1000}
    return "binance.um.open_interest", "BTCUSDT", body


def okx(oi: str) -> tuple[str, str, Any]:
    row = {"instType": "SWAP", "instId": "BTC-USDT-SWAP", "oi": oi, "oiCcy": oi, "oiUsd": oi}
    body = {"code": "0", "msg": "", "data": [row | {"ts": MS}]}
    return "okx.swap.open_interest", "BTC-USDT-SWAP", body


@pytest.mark.parametrize("oi", ["0", "-1", "9.87e34"])
@pytest.mark.parametrize("of", [bybit, bitget, binance, okx], ids=lambda of: str(of.__name__))
def test_read_as_it_stands(of: Any, oi: str) -> None:
    feed, symbol, body = of(oi)
    name = feed.partition(".")[0]
    poll = next(poll for poll in venue(name).polls if poll.name == feed)
    note = Note(AT, {symbol: parse_symbol(name, symbol)}, {"symbol": symbol})
    found = [
        one.value
        for one in poll.read(json.dumps(body).encode(), note).observations
        if one.field == "open_interest"
    ]
    factor = 0.5 if name == "bybit" else 1.0
    assert found == [float(oi) * factor]


@pytest.mark.parametrize("oi", ["NaN", "Infinity", "1e999", "1_000", "", "١"])
@pytest.mark.parametrize("of", [bybit, bitget, binance, okx], ids=lambda of: str(of.__name__))
def test_what_is_no_number_gives_none(of: Any, oi: str) -> None:
    feed, symbol, body = of(oi)
    name = feed.partition(".")[0]
    poll = next(poll for poll in venue(name).polls if poll.name == feed)
    note = Note(AT, {symbol: parse_symbol(name, symbol)}, {"symbol": symbol})
    try:
        parsed = poll.read(json.dumps(body).encode(), note)
    except WireError:
        return
    assert not [one for one in parsed.observations if one.field == "open_interest"]
