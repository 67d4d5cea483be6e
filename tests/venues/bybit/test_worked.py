"""Bybit's numbers worked by hand: halves, USD and coin, multiples, sides, partial updates."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.venues.golden_frames import RECEIVED, dump
from tideline.domain.errors import BadWire, NotStrict, VenueRefusal
from tideline.domain.instrument import Instrument
from tideline.domain.time import MINUTE
from tideline.venues.bybit import history, rest
from tideline.venues.bybit.declaration import BYBIT
from tideline.venues.bybit.envelope import verdict
from tideline.venues.bybit.stream import StreamReader
from tideline.venues.parsed import Note, Observation, Parsed
from tideline.venues.symbols import parse_symbol
from tideline.venues.wire import Reply

SYMBOLS = ("BTCUSDT", "BTCUSD", "SHIB1000USDT", "BTC-25DEC26", "ETHPERP")
FOLLOWED = {name: parse_symbol("bybit", name) for name in SYMBOLS}
NOTE = Note(RECEIVED, FOLLOWED)
TS = 1_790_000_000_000


def tickers(category: str, *rows: dict[str, Any]) -> Parsed:
    result = {"category": category, "list": list(rows)}
    return rest.tickers(dump({"retCode": 0, "retMsg": "OK", "result": result, "time": TS}), NOTE)


def ticker(symbol: str, kind: str, ts: int = TS, **data: str) -> bytes:
    body = {"topic": f"tickers.{symbol}", "type": kind, "data": {"symbol": symbol, **data}}
    return dump(body | {"cs": 1, "ts": ts})


def listed(category: str, rows: list[Any], symbol: str) -> bytes:
    result = {"symbol": symbol, "category": category, "list": rows}
    return dump({"retCode": 0, "retMsg": "OK", "result": result, "time": TS})


def values(parsed: Parsed) -> dict[str, float]:
    return {seen.field: seen.value for seen in parsed.observations}


def test_linear_open_interest_is_half_of_both_sides():
    row = {"symbol": "BTCUSDT", "openInterest": "52664.642", "singleOpenInterest": "26332.321"}
    parsed = tickers("linear", row | {"openInterestValue": "5266464200.5"})
    assert values(parsed) == {"open_interest": 26332.321, "open_interest_usd": 2633232100.25}
    assert [seen.counted.sides for seen in parsed.observations] == ["2", "2"]
    assert {seen.event_time for seen in parsed.observations} == {TS * 1000}


def test_inverse_open_interest_is_usd_and_its_value_is_coin():
    """240113967 USD on both sides at 114898.43 are 2089.79 BTC on both sides."""
    row = {"symbol": "BTCUSD", "openInterest": "240113967", "openInterestValue": "2089.79"}
    assert values(tickers("inverse", row | {"singleOpenInterest": "120056984"})) == {
        "open_interest_usd": 120056983.5,
        "open_interest": 1044.895,
    }


def test_one_unit_of_shib1000_is_a_thousand_coins():
    row = {"symbol": "SHIB1000USDT", "openInterest": "5000000", "markPrice": "0.012345"}
    parsed = tickers("linear", row | {"indexPrice": "0.0123", "openInterestValue": "61725.00"})
    assert values(parsed) == {
        "open_interest": 2_500_000_000.0,
        "open_interest_usd": 30862.5,
        "mark_price": 0.000012345,
        "index_price": 0.0000123,
    }


def test_a_single_that_is_no_half_stops_the_row_and_not_the_others():
    bad = {"symbol": "BTCUSDT", "openInterest": "100", "singleOpenInterest": "100"}
    parsed = tickers("linear", bad, {"symbol": "ETHPERP", "openInterest": "10"})
    assert [(seen.instrument, seen.value) for seen in parsed.observations] == [("ETHPERP", 5.0)]
    assert parsed.ignored == {"bad row: openInterest": 1}


@pytest.mark.parametrize(
    ("both", "single", "good"),
    [
        ("63910691.00000000", "31955346", True),
        ("52664.64200000", "26332.321", True),
        ("63910691", "63910691", False),
        ("52664.642", "52664.642", False),
        ("100", "50.1", True),
        ("100", "50.2", False),
    ],
)
def test_half_is_held_to_the_last_digit(both: str, single: str, good: bool):
    parsed = tickers(
        "linear", {"symbol": "BTCUSDT", "openInterest": both, "singleOpenInterest": single}
    )
    assert bool(parsed.observations) is good


def test_dated_futures_have_no_funding():
    empty = {"fundingRate": "", "nextFundingTime": "", "fundingIntervalHour": ""}
    parsed = tickers("linear", {"symbol": "BTC-25DEC26", "markPrice": "121144.63", **empty})
    assert values(parsed) == {"mark_price": 121144.63}


def test_rows_of_others_are_counted():
    rows = [{"symbol": name, "openInterest": "1"} for name in ("BTCUSD", "NEWUSDT")]
    parsed = tickers("linear", *rows)
    assert not parsed.observations
    assert parsed.ignored == {"other product": 1, "unknown instrument": 1}


def test_partial_updates_leave_the_rest_unchanged():
    reader = StreamReader(True)
    early = reader.read(ticker("BTCUSDT", "delta", openInterest="2"), NOTE)
    assert (early.observations, early.ignored) == ([], {"delta before snapshot": 1})
    whole = reader.read(
        ticker(
            "BTCUSDT",
            "snapshot",
            openInterest="10",
            markPrice="100",
            fundingRate="0.0001",
            nextFundingTime="1790006400000",
            fundingIntervalHour="8",
        ),
        NOTE,
    )
    assert values(whole) == {
        "open_interest": 5.0,
        "mark_price": 100.0,
        "funding_rate_quoted": 0.0001,
        "funding_interval_h": 8.0,
        "next_funding_time": 1_790_006_400_000_000.0,
    }
    only_oi = reader.read(ticker("BTCUSDT", "delta", TS + 100, openInterest="12"), NOTE)
    assert values(only_oi) == {"open_interest": 6.0}
    assert reader.read(ticker("BTCUSDT", "delta", TS + 200, bid1Price="99"), NOTE) == Parsed(
        server_time=(TS + 200) * 1000
    )


def test_a_rate_that_comes_alone_keeps_its_interval():
    reader = StreamReader(True)
    reader.read(ticker("BTCUSDT", "snapshot", fundingRate="0.0001", fundingIntervalHour="8"), NOTE)
    said = reader.read(ticker("BTCUSDT", "delta", fundingIntervalHour="4"), NOTE)
    assert values(said) == {"funding_interval_h": 4.0}
    said = reader.read(ticker("BTCUSDT", "delta", TS + 1, fundingRate="0.0002"), NOTE)
    assert values(said) == {"funding_rate_quoted": 0.0002, "funding_interval_h": 4.0}
    assert {seen.event_time for seen in said.observations} == {(TS + 1) * 1000}


def test_a_settlement_that_is_over_is_not_said_of_a_later_rate():
    """The delta that names the next one may have been lost: better none than one of the past."""
    reader = StreamReader(True)
    begun = {"fundingRate": "0.0001", "nextFundingTime": str(TS + 50), "fundingIntervalHour": "8"}
    reader.read(ticker("BTCUSDT", "snapshot", **begun), NOTE)
    before = reader.read(ticker("BTCUSDT", "delta", TS + 49, fundingRate="0.0002"), NOTE)
    assert values(before)["next_funding_time"] == (TS + 50) * 1000.0
    after = reader.read(ticker("BTCUSDT", "delta", TS + 50, fundingRate="0.0003"), NOTE)
    assert values(after) == {"funding_rate_quoted": 0.0003, "funding_interval_h": 8.0}
    new = str(TS + 28_800_000)
    reader.read(ticker("BTCUSDT", "delta", TS + 60, nextFundingTime=new), NOTE)
    later = reader.read(ticker("BTCUSDT", "delta", TS + 61, fundingRate="0.0004"), NOTE)
    assert values(later)["next_funding_time"] == float(new) * 1000.0


def test_a_bad_frame_forgets_what_it_may_have_changed():
    reader = StreamReader(True)
    reader.read(ticker("BTCUSDT", "snapshot", fundingRate="0.0001", fundingIntervalHour="8"), NOTE)
    with pytest.raises(BadWire, match="fundingIntervalHour"):
        reader.read(ticker("BTCUSDT", "delta", fundingIntervalHour="often"), NOTE)
    said = reader.read(ticker("BTCUSDT", "delta", fundingRate="0.0002"), NOTE)
    assert values(said) == {"funding_rate_quoted": 0.0002}


def test_an_unreadable_frame_may_have_changed_anything():
    """Seen in a simulation: the settlement time changed in a frame with a NaN, and stayed old."""
    reader = StreamReader(True)
    begun = {"fundingRate": "0.0001", "nextFundingTime": "1760000000000"}
    reader.read(ticker("BTCUSDT", "snapshot", **begun), NOTE)
    with pytest.raises(NotStrict):
        reader.read(b'{"topic":"tickers.BTCUSDT","data":{"openInterest":NaN}}', NOTE)
    said = reader.read(ticker("BTCUSDT", "delta", fundingRate="0.0002"), NOTE)
    assert values(said) == {"funding_rate_quoted": 0.0002}


def forced(*rows: dict[str, Any]) -> bytes:
    topic = f"allLiquidation.{rows[0]['s']}"
    return dump({"topic": topic, "type": "snapshot", "ts": TS, "data": list(rows)})


def test_buy_says_that_a_long_was_liquidated():
    row = {"T": TS - 7, "s": "SHIB1000USDT", "S": "Buy", "v": "2846", "p": "0.02"}
    [coin, usd] = StreamReader(True).read(forced(row), NOTE).observations
    assert (coin.field, coin.value) == ("liquidation_long_coin", 2_846_000.0)
    assert (usd.field, usd.value) == ("liquidation_long_usd", 56.92)
    assert coin.event_time == usd.event_time == (TS - 7) * 1000


def test_inverse_liquidation_is_sized_in_usd():
    row = {"T": TS, "s": "BTCUSD", "S": "Sell", "v": "5000", "p": "50000"}
    parsed = StreamReader(False).read(forced(row), NOTE)
    assert values(parsed) == {"liquidation_short_coin": 0.1, "liquidation_short_usd": 5000.0}


def test_equal_liquidations_of_one_batch_are_two_and_a_repeated_batch_is_known():
    row = {"T": TS, "s": "BTCUSDT", "S": "Buy", "v": "1", "p": "50000"}
    first = StreamReader(True).read(forced(row, row), NOTE).observations
    again = StreamReader(True).read(forced(row, row), NOTE).observations
    assert len({seen.key for seen in first}) == 2
    assert first == again


def test_an_unknown_side_is_a_bad_row():
    good = {"T": TS, "s": "BTCUSDT", "S": "Buy", "v": "1", "p": "50000"}
    parsed = StreamReader(True).read(forced(good | {"S": "Long"}, good), NOTE)
    assert parsed.ignored == {"bad row: S": 1}
    assert len(parsed.observations) == 2


def test_klines_are_coins_at_their_end_without_the_unfinished_one():
    start = TS // 60_000 * 60_000
    rows = [
        [str(start), "1", "2", "1", "2", "3.5", "7"],
        [str(start - 60_000), "1", "2", "1", "2", "2.5", "5"],
    ]
    note = Note(start * 1000 + 1, FOLLOWED)
    linear = history.klines(listed("linear", rows, "BTCUSDT"), note)
    assert [(seen.event_time, seen.value) for seen in linear.observations] == [(start * 1000, 2.5)]
    assert linear.ignored == {"unfinished bar": 1}
    inverse = history.klines(listed("inverse", rows, "BTCUSD"), note)
    assert [seen.value for seen in inverse.observations] == [5.0]
    thousand = history.klines(listed("linear", rows, "SHIB1000USDT"), note)
    assert [seen.value for seen in thousand.observations] == [2500.0]


def test_account_ratio_is_longs_over_shorts_by_heads():
    row = {"symbol": "BTCUSDT", "buyRatio": "0.6", "sellRatio": "0.4", "timestamp": str(TS)}
    bad = [row | {"sellRatio": "0"}, row | {"buyRatio": "0.9"}]
    parsed = history.account_ratio(listed("linear", [row, *bad], "BTCUSDT"), NOTE)
    assert values(parsed) == {"lsr_global_accounts": 1.5}
    assert parsed.ignored == {"bad row: buyRatio": 2}


def test_open_interest_history_counts_both_sides():
    rows = [{"openInterest": "461134384.00000000", "timestamp": str(TS)}]
    assert values(history.open_interest(listed("inverse", rows, "BTCUSD"), NOTE)) == {
        "open_interest_usd": 230567192.0
    }
    assert values(history.open_interest(listed("linear", rows, "BTCUSDT"), NOTE)) == {
        "open_interest": 230567192.0
    }
    assert history.open_interest(listed("inverse", rows, "BTCUSDT"), NOTE).ignored == {
        "other product": 1
    }


def listing_row(**changed: Any) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT",
        "contractType": "LinearPerpetual",
        "status": "Trading",
        "launchTime": "1585526400000",
        "deliveryTime": "0",
        "fundingInterval": 480,
        "settleCoin": "USDT",
        "isPreListing": False,
    } | changed


def listings(*rows: dict[str, Any], cursor: str = "") -> Parsed:
    result = {"category": "linear", "list": list(rows), "nextPageCursor": cursor}
    return rest.listings(dump({"retCode": 0, "retMsg": "OK", "result": result, "time": TS}), NOTE)


def test_listings_tell_launch_interval_and_state():
    dated = listing_row(symbol="BTC-25DEC26", contractType="LinearFutures", settleCoin="USDC")
    dated |= {"fundingInterval": 0, "deliveryTime": "1798185600000"}
    parsed = listings(
        listing_row(),
        listing_row(symbol="NEWUSDT", status="PreLaunch", isPreListing=True),
        dated,
        cursor="first%3DBIO%26last%3DBIO",
    )
    first, second, third = parsed.listings
    assert (first.state, first.funding_interval_h, first.delivery_us) == ("trading", 8.0, None)
    assert first.instrument.listed_us == 1_585_526_400_000_000
    assert second.state == "prelisting"
    assert (third.funding_interval_h, third.delivery_us) == (None, 1_798_185_600_000_000)
    assert [(c.kind, c.text) for c in parsed.controls] == [("next", "first=BIO&last=BIO")]


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"status": "Sleeping"}, "status"),
        ({"contractType": "Swap"}, "contractType"),
        ({"contractType": "InversePerpetual"}, "contractType"),
        ({"settleCoin": "USDC"}, "settleCoin"),
        ({"fundingInterval": -8}, "fundingInterval"),
        ({"launchTime": "yesterday"}, "launchTime"),
    ],
)
def test_a_listing_that_contradicts_itself_is_a_bad_row(changed: dict[str, Any], where: str):
    parsed = listings(listing_row(**changed), listing_row())
    assert len(parsed.listings) == 1
    assert parsed.ignored == {f"bad row: {where}": 1}


def test_words_about_the_connection():
    reader = StreamReader(True)

    def said(**body: Any) -> list[tuple[Any, ...]]:
        return [tuple(control) for control in reader.read(dump(body), NOTE).controls]

    common = {"conn_id": "x", "req_id": "7", "op": "subscribe"}
    assert said(success=True, ret_msg="", **common) == [("ack", (), "7", "")]
    assert said(success=True, ret_msg="pong", req_id="", op="ping") == [("pong", (), "", "")]
    void = ("refused", (), "7", "Params Error")
    assert said(success=False, ret_msg="Params Error", **common) == [void]
    with pytest.raises(BadWire, match="op"):
        said(success=True, op="auth")
    with pytest.raises(BadWire, match="topic"):
        reader.read(ticker("X", "snapshot").replace(b"tickers.X", b"kline.1.X"), NOTE)


def test_a_refusal_names_one_topic_and_voids_its_message():
    reader = StreamReader(True)
    for reason, kind in (
        ("error:handler not found,topic:tickers.NOPEUSDT", "refused"),
        ("error:already subscribed,topic:tickers.NOPEUSDT", "ack"),
    ):
        body = {"success": False, "ret_msg": reason, "req_id": "7", "op": "subscribe"}
        named, void = reader.read(dump(body), NOTE).controls
        assert named[:3] == (kind, ("tickers.NOPEUSDT",), "")
        assert void == ("refused", (), "7", reason)


@pytest.mark.parametrize(
    ("status", "body", "kind", "wait"),
    [
        (200, b'{"retCode":0,"retMsg":"OK","result":{}}', "ok", 0.0),
        (200, b'{ "retCode": 0 }', "ok", 0.0),
        (403, b"<html>403 Forbidden</html>", "ban", 600.0),
        (403, b"access too frequent", "ban", 600.0),
        (200, b'{"retCode":10006,"retMsg":"Too many visits"}', "slow_down", 1.0),
        (200, b'{"retCode":10009,"retMsg":"IP has been banned"}', "ban", 600.0),
        (200, b'{"retCode":10001,"retMsg":"params error: symbol invalid"}', "refused", 0.0),
        (200, b'{"retCode":10016,"retMsg":"Server error"}', "broken", 0.0),
        (200, b"<html></html>", "broken", 0.0),
        (200, b"", "broken", 0.0),
        (502, b"bad gateway", "broken", 0.0),
        (429, b"", "slow_down", 1.0),
    ],
)
def test_verdicts(status: int, body: bytes, kind: str, wait: float):
    assert verdict(Reply(status, body))[:2] == (kind, wait)


def test_an_error_of_the_venue_is_a_refusal():
    with pytest.raises(VenueRefusal, match="10001"):
        rest.tickers(b'{"retCode":10001,"retMsg":"params error"}', NOTE)


def test_windows_ask_for_what_lies_after_start_up_to_end():
    by_name = {found.name: found for found in BYBIT.histories}
    btc = FOLLOWED["BTCUSDT"]
    ask = by_name["bybit.linear.open_interest"].ask(btc, TS * 1000, TS * 1000 + 10 * MINUTE)
    assert (ask.param("startTime"), ask.param("endTime")) == (str(TS + 1), str(TS + 600_000))
    assert (ask.param("category"), ask.param("intervalTime")) == ("linear", "5min")
    bars = by_name["bybit.linear.klines"].ask(btc, TS * 1000, TS * 1000 + 10 * MINUTE)
    assert (bars.param("start"), bars.param("end")) == (str(TS - 59_999), str(TS + 540_000))


def test_subscriptions_are_small_batches_with_numbers():
    [stream] = [found for found in BYBIT.streams if found.name == "bybit.linear.stream"]
    topics = stream.topics([FOLLOWED["BTCUSDT"], FOLLOWED["SHIB1000USDT"]] * 4)
    names = [topic.name for topic in topics]
    messages = stream.subscribe(names, 5)
    assert [ident for ident, _, _ in messages] == ["5", "6"]
    assert [name for _, batch, _ in messages for name in batch] == names
    body = json.loads(messages[0][2])
    assert (body["op"], body["req_id"], len(body["args"])) == ("subscribe", "5", 10)
    assert stream.path(names) == "/v5/public/linear"


def test_every_instrument_is_selected_by_its_own_category():
    def selected(name: str, instrument: Instrument) -> bool:
        return next(p for p in BYBIT.polls if p.name == name).selects(instrument)

    assert selected("bybit.linear.tickers", FOLLOWED["BTC-25DEC26"])
    assert not selected("bybit.linear.tickers", FOLLOWED["BTCUSD"])
    assert selected("bybit.inverse.tickers", FOLLOWED["BTCUSD"])


def test_observations_are_complete():
    seen: Observation = tickers("linear", {"symbol": "BTCUSDT", "markPrice": "5"}).observations[0]
    assert seen.raw == "5"
    assert seen.counted.unit == "quote"
