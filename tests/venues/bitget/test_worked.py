"""Bitget's numbers worked by hand: coins, notional, sides, ratios, ends of bars."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.venues.golden_frames import RECEIVED, dump
from tideline.domain.errors import BadWire, VenueRefusal
from tideline.domain.time import MINUTE
from tideline.venues.bitget import history, rest, stream
from tideline.venues.bitget.declaration import BITGET
from tideline.venues.bitget.envelope import verdict
from tideline.venues.parsed import Note, Parsed
from tideline.venues.symbols import parse_symbol
from tideline.venues.wire import Reply

SYMBOLS = ("BTCUSDT", "BTCPERP", "BTCUSD", "BTCUSD_CM", "BTCUSDZ26", "1000BONKUSDT", "APEUSDT")
FOLLOWED = {name: parse_symbol("bitget", name) for name in SYMBOLS}
NOTE = Note(RECEIVED, FOLLOWED, {"symbol": "BTCUSDT", "period": "5m"})
TS = 1_790_000_000_000


def envelope(data: Any, ts: int = TS) -> bytes:
    return dump({"code": "00000", "msg": "success", "requestTime": ts, "data": data})


def values(parsed: Parsed) -> dict[str, float]:
    return {seen.field: seen.value for seen in parsed.observations}


def ticker(symbol: str, **said: str) -> Parsed:
    return rest.tickers(envelope([{"symbol": symbol, "ts": str(TS - 5), **said}]), NOTE)


def test_open_interest_is_coins_with_unknown_sides():
    parsed = ticker("BTCUSDT", openInterest="27606.0718", markPrice="90216.4")
    assert values(parsed) == {"open_interest": 27606.0718, "mark_price": 90216.4}
    assert parsed.observations[0].counted.sides == "unknown"
    assert {seen.event_time for seen in parsed.observations} == {(TS - 5) * 1000}


def test_v2_calls_it_holding_amount():
    assert values(ticker("BTCUSDT", holdingAmount="34278.06")) == {"open_interest": 34278.06}


def test_one_unit_of_1000bonk_is_a_thousand_coins():
    parsed = ticker("1000BONKUSDT", openInterest="2500", markPrice="0.0256", indexPrice="0.02")
    assert values(parsed) == {
        "open_interest": 2_500_000.0,
        "mark_price": 0.0000256,
        "index_price": 0.00002,
    }


def test_delivery_contracts_pay_no_funding():
    assert values(ticker("BTCUSDZ26", openInterest="5", fundingRate="0")) == {"open_interest": 5.0}
    assert values(ticker("BTCUSD", fundingRate="-0.0007")) == {"funding_rate_quoted": -0.0007}


def test_running_rate_has_its_interval_and_its_next_settlement():
    row = {"symbol": "BTCUSDT", "fundingRate": "0.000071", "fundingRateInterval": "8"}
    parsed = rest.funding_rates(envelope([row | {"nextUpdate": "1790006400000"}]), NOTE)
    assert values(parsed) == {
        "funding_rate_quoted": 0.000071,
        "funding_interval_h": 8.0,
        "next_funding_time": 1_790_006_400_000_000.0,
    }
    assert {seen.event_time for seen in parsed.observations} == {TS * 1000}


def forced(*rows: dict[str, str]) -> Parsed:
    arg = {"instType": "usdt-futures", "topic": "liquidation"}
    return stream.read(dump({"action": "update", "arg": arg, "data": rows, "ts": TS}), NOTE)


def test_liquidation_amount_is_notional_and_buy_was_a_long():
    """13.70319 USDT at 0.1649 are 83.1 APE."""
    row = {"symbol": "APEUSDT", "side": "buy", "price": "0.1649", "amount": "13.70319"}
    coin, usd = forced(row | {"ts": str(TS - 9)}).observations
    assert (coin.field, coin.value) == ("liquidation_long_coin", 83.1)
    assert (usd.field, usd.value) == ("liquidation_long_usd", 13.70319)
    assert usd.counted.unit == "quote"
    assert coin.event_time == (TS - 9) * 1000


def test_liquidations_of_thousands_are_coins():
    row = {"symbol": "1000BONKUSDT", "side": "sell", "price": "0.02", "amount": "10"}
    assert values(forced(row | {"ts": str(TS)})) == {
        "liquidation_short_coin": 500_000.0,
        "liquidation_short_usd": 10.0,
    }


def test_equal_events_of_one_frame_are_told_apart():
    row = {"symbol": "APEUSDT", "side": "buy", "price": "0.1", "amount": "1", "ts": str(TS)}
    first, again = forced(row, row), forced(row, row)
    assert len({seen.key for seen in first.observations}) == 2
    assert first == again


def test_unknown_words_are_named():
    row = {"symbol": "APEUSDT", "side": "long", "price": "0.1", "amount": "1", "ts": str(TS)}
    assert forced(row).ignored == {"bad row: side": 1}
    arg = {"instType": "usdt-futures", "topic": "books", "symbol": "BTCUSDT"}
    with pytest.raises(BadWire, match="books"):
        stream.read(dump({"action": "snapshot", "arg": arg, "data": [], "ts": TS}), NOTE)


def test_ratio_is_the_quotient_of_the_shares():
    """The venue's own longShortAccountRatio was seen to be 0.0339 beside these shares."""
    row = {"longAccountRatio": "0.75", "shortAccountRatio": "0.25", "ts": str(TS)}
    parsed = history.account_ratio(envelope([row | {"longShortAccountRatio": "0.03"}]), NOTE)
    assert values(parsed) == {"lsr_global_accounts": 3.0}
    worse = history.account_ratio(envelope([row | {"shortAccountRatio": "0"}]), NOTE)
    assert worse.ignored == {"bad row: longAccountRatio": 1}


def test_taker_volume_belongs_to_the_end_of_its_bar():
    start = TS // 300_000 * 300_000
    rows = [
        {"sellVolume": "61.5", "buyVolume": "21.25", "ts": str(start)},
        {"sellVolume": "1", "buyVolume": "1", "ts": str(start + 300_000)},
    ]
    note = Note((start + 300_000) * 1000, FOLLOWED, {"symbol": "BTCUSDT", "period": "5m"})
    parsed = history.taker(envelope(rows), note)
    assert values(parsed) == {"taker_buy_coin": 21.25, "taker_sell_coin": 61.5}
    assert parsed.observations[0].event_time == start * 1000 + 5 * MINUTE
    assert parsed.ignored == {"unfinished bar": 1}


def test_candles_are_volume_or_mark_at_their_end():
    row = [str(TS), "26210.5", "26210.5", "26194.5", "26194.6", "26.26", "687897.63"]
    note = Note(RECEIVED, FOLLOWED, {"symbol": "BTCUSDT", "interval": "1m"})
    [traded] = history.volume(envelope([row]), note).observations
    [marked] = history.mark(envelope([row]), note).observations
    assert (traded.field, traded.value) == ("volume_coin", 26.26)
    assert (marked.field, marked.value) == ("mark_price", 26194.6)
    assert traded.event_time == marked.event_time == TS * 1000 + MINUTE


def listing(**changed: Any) -> Parsed:
    row = {
        "symbol": "BTCUSDT",
        "category": "USDT-FUTURES",
        "type": "perpetual",
        "status": "online",
        "launchTime": "0",
        "deliveryTime": "",
        "fundInterval": "8",
    }
    return rest.listings(envelope([row | changed]), NOTE)


def test_listing_time_is_none_where_it_is_not_said():
    for unsaid in ("", "0"):
        [found] = listing(launchTime=unsaid).listings
        assert found.instrument.listed_us is None
        assert (found.state, found.funding_interval_h, found.delivery_us) == ("trading", 8.0, None)
    [found] = listing(launchTime="1585526400000", status="listed").listings
    assert found.instrument.listed_us == 1_585_526_400_000_000
    assert found.state == "prelisting"
    [coin] = listing(symbol="BTCUSD_CM", category="COIN-FUTURES").listings
    assert (coin.instrument.asset, coin.instrument.settle) == ("BTC", "BTC")
    [usdc] = listing(symbol="BTCPERP", category="USDC-FUTURES").listings
    assert usdc.instrument.settle == "USDC"


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"status": "sleeping"}, "status"),
        ({"type": "swap"}, "type"),
        ({"type": "delivery"}, "type"),
        ({"category": "COIN-FUTURES"}, "category"),
        ({"category": "SPOT"}, "category"),
        ({"fundInterval": "1000"}, "fundInterval"),
        ({"launchTime": "soon"}, "launchTime"),
    ],
)
def test_a_listing_that_contradicts_itself_is_a_bad_row(changed: dict[str, Any], where: str):
    parsed = listing(**changed)
    assert (parsed.listings, parsed.ignored) == ([], {f"bad row: {where}": 1})


def test_words_about_the_connection():
    def said(frame: bytes) -> tuple[Any, ...]:
        [control] = stream.read(frame, NOTE).controls
        return control[:3]

    arg = {"instType": "usdt-futures", "topic": "ticker", "symbol": "NOPEUSDT"}
    assert said(b"pong") == ("pong", (), "")
    acked = said(dump({"event": "subscribe", "arg": arg, "connId": "x"}))
    assert acked == ("ack", ("usdt-futures.ticker.NOPEUSDT",), "")
    text = json.dumps(arg, separators=(",", ":")) + " doesn't exist"
    refused = said(dump({"event": "error", "code": 30001, "msg": text, "connId": "x"}))
    assert refused == ("refused", ("usdt-futures.ticker.NOPEUSDT",), "")
    unnamed = said(dump({"event": "error", "code": 30016, "msg": "Param error"}))
    assert unnamed == ("refused", (), "")


def test_topics_and_messages_agree_with_the_acknowledgements():
    found = BITGET.streams[0]
    topics = found.topics([FOLLOWED["BTCUSDT"], FOLLOWED["1000BONKUSDT"]] * 3)
    names = [topic.name for topic in topics]
    messages = found.subscribe(names, 1)
    assert [len(batch) for _, batch, _ in messages] == [5, 2]
    for _, batch, text in messages:
        args = json.loads(text)["args"]
        assert tuple(stream.name_of(arg) for arg in args) == batch
    assert json.loads(messages[0][2])["args"][:2] == [
        {"instType": "usdt-futures", "topic": "liquidation"},
        {"instType": "usdt-futures", "topic": "ticker", "symbol": "BTCUSDT"},
    ]


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b'{"code":"00000","msg":"success","data":[]}', "ok"),
        (200, b'{"msg":"success","code":"00000"}', "ok"),
        (429, b'{"code":"429","msg":"Too Many Requests"}', "slow_down"),
        (200, b'{"code":"30007","msg":"request over limit"}', "slow_down"),
        (400, b'{"code":"40034","msg":"Parameter does not exist"}', "refused"),
        (400, b'{"code":"40725","msg":"service return an error"}', "broken"),
        (403, b"<html></html>", "ban"),
        (200, b"<html></html>", "broken"),
        (200, b"", "broken"),
        (503, b"", "broken"),
    ],
)
def test_verdicts(status: int, body: bytes, kind: str):
    assert verdict(Reply(status, body)).kind == kind


def test_an_error_of_the_venue_is_a_refusal():
    with pytest.raises(VenueRefusal, match="40034"):
        rest.tickers(b'{"code":"40034","msg":"no","requestTime":1,"data":null}', NOTE)


def test_each_category_asks_for_its_own():
    asked = {poll.name: poll.ask([])[0].param("category") for poll in BITGET.polls}
    assert asked["bitget.usdc.tickers"] == "USDC-FUTURES"
    poll = next(poll for poll in BITGET.polls if poll.name == "bitget.coin.tickers")
    chosen = [name for name in SYMBOLS if poll.selects(FOLLOWED[name])]
    assert chosen == ["BTCUSD", "BTCUSD_CM", "BTCUSDZ26"]
    bars = next(found for found in BITGET.histories if found.name == "bitget.usdt.candles")
    request = bars.ask(FOLLOWED["BTCUSDT"], TS * 1000, TS * 1000 + 10 * MINUTE)
    assert (request.param("startTime"), request.param("endTime")) == (
        str(TS - 59_999),
        str(TS + 540_000),
    )
