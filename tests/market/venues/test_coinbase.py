"""Coinbase, both ends: what the server writes the parsers read back as the market state."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.market.venues.shapes import differences
from tests.venues.golden_frames import PAYLOADS
from tideline.domain.time import HOUR, MINUTE, SECOND, parse_time
from tideline.market.changes import Delisted, Resized
from tideline.market.synthetic import Synthetic
from tideline.market.venues.coinbase import CoinbaseServer
from tideline.venues.coinbase import products
from tideline.venues.coinbase.declaration import COINBASE
from tideline.venues.parsed import Note, Parsed
from tideline.venues.wire import Request

START = int(parse_time("2026-11-20T12:00:00Z"))
NOW = START + 7 * HOUR + 13 * MINUTE + 21 * SECOND + 345_678
MARKET = Synthetic(9, 5, START)
FOLLOWED = {one.instrument.symbol: one.instrument for one in MARKET.listed("coinbase", NOW)}
NOTE = Note(NOW, FOLLOWED)
[LISTING], [POLL] = COINBASE.listings, COINBASE.polls
BTC = "BIP-20DEC30-CDE"


def said(server: CoinbaseServer, at: int = NOW) -> Parsed:
    [request] = POLL.ask(list(FOLLOWED.values()))
    reply = server.answer(request, at)
    assert COINBASE.verdict(reply).kind == "ok"
    return POLL.read(reply.body, Note(at, FOLLOWED))


def of(parsed: Parsed, symbol: str) -> dict[str, float]:
    return {one.field: one.value for one in parsed.observations if one.instrument == symbol}


def test_products_are_the_state_of_the_moment():
    parsed = said(CoinbaseServer(MARKET))
    assert parsed.ignored == {}
    assert BTC in FOLLOWED
    assert {one.field for one in parsed.observations} == set(POLL.fields)
    assert {one.event_time for one in parsed.observations} == {NOW}
    for symbol in FOLLOWED:
        quote = MARKET.quote("coinbase", symbol, NOW)
        assert of(parsed, symbol) == {
            "open_interest": quote.oi_coin,
            "open_interest_usd": pytest.approx(quote.oi_coin * quote.index_price, rel=1e-15),
            "index_price": quote.index_price,
            "funding_rate_quoted": quote.funding_rate,
            "funding_interval_h": quote.funding_interval_h,
            "next_funding_time": quote.next_funding_us,
        }


def test_listings():
    [request] = LISTING.ask(())
    parsed = LISTING.read(CoinbaseServer(MARKET).answer(request, NOW).body, NOTE)
    assert [found.instrument for found in parsed.listings] == list(FOLLOWED.values())
    assert {(found.state, found.funding_interval_h) for found in parsed.listings} == {
        ("trading", 1.0)
    }
    assert not parsed.observations


def test_another_contract_size_leaves_the_coins():
    half = FOLLOWED[BTC].contract_size / 2
    parsed = said(CoinbaseServer(Resized(MARKET, "coinbase", BTC, half, NOW)))
    assert of(parsed, BTC)["open_interest"] == MARKET.quote("coinbase", BTC, NOW).oi_coin
    [held] = [
        one for one in parsed.observations if (one.instrument, one.field) == (BTC, "open_interest")
    ]
    before = said(CoinbaseServer(MARKET))
    assert held.counted.contract_size == half
    assert int(held.raw) == 2 * int(before.observations[0].raw)


def test_a_closed_session_stands_still_and_says_nothing():
    closing = NOW - HOUR
    server = CoinbaseServer(MARKET, closed=[(closing, NOW + HOUR)])
    parsed = said(server)
    assert parsed.ignored == {"session closed": len(FOLLOWED)}
    still = MARKET.quote("coinbase", BTC, closing)
    rows = json.loads(server.answer(POLL.ask(())[0], NOW).body)["products"]
    [row] = [row for row in rows if row["product_id"] == BTC]
    assert float(row["future_product_details"]["index_price"]) == still.index_price
    assert len(of(said(server, NOW + HOUR), BTC)) == 6


def test_a_delisted_product_is_gone():
    server = CoinbaseServer(Delisted(MARKET, "coinbase", BTC, NOW - HOUR))
    assert BTC not in {found.instrument.symbol for found in said(server).listings}


def test_ten_a_second():
    server = CoinbaseServer(MARKET)
    [request] = POLL.ask(())
    kinds = [COINBASE.verdict(server.answer(request, NOW)).kind for _ in range(11)]
    assert kinds == ["ok"] * 10 + ["slow_down"]
    assert COINBASE.verdict(server.answer(request, NOW + SECOND)).kind == "ok"


@pytest.mark.parametrize(
    ("path", "params", "status"),
    [
        ("/api/v3/brokerage/market/products", (("product_type", "SPOT"),), 200),
        ("/api/v3/brokerage/market/products", (("product_type", "PUMPKIN"),), 400),
        ("/api/v3/brokerage/time", (), 200),
        ("/api/v3/other", (), 404),
    ],
)
def test_other_questions(path: str, params: Any, status: int):
    server = CoinbaseServer(MARKET)
    reply = server.answer(Request("rest", path, params), NOW)
    assert reply.status == status
    assert COINBASE.verdict(reply).kind == ("ok" if status == 200 else "refused")
    assert server.open("rest", "/ws", NOW) is None


def test_shape_is_that_of_the_sample():
    path = PAYLOADS / "coinbase" / "rest_market_products_future.json"
    sample = json.loads(path.read_text("utf-8"))
    answer = json.loads(CoinbaseServer(MARKET).answer(POLL.ask(())[0], NOW).body)
    assert not differences(sample, answer)
    assert products.products(json.dumps(answer).encode(), NOTE).ignored == {}
