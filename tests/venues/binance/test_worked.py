"""Numbers worked by hand: units, sides, products, labels."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.venues.binance.samples import CM, CM_KLINE, KLINE, UM, note
from tests.venues.golden_frames import RECEIVED, dump
from tideline.domain.errors import BadWire, VenueRefusal
from tideline.domain.time import HOUR, MINUTE
from tideline.venues.binance import history, klines, listings, snapshots
from tideline.venues.parsed import Control, Note, Observation, Parsed
from tideline.venues.symbols import parse_symbol

AT_MS = 1_791_835_200_000
AT = AT_MS * 1000


def values(parsed: Parsed) -> dict[tuple[str, str], float]:
    return {(seen.instrument, seen.field): seen.value for seen in parsed.observations}


def only(parsed: Parsed) -> Observation:
    [seen] = parsed.observations
    return seen


# --- open interest ---------------------------------------------------------------------------


def test_thousands_are_coins():
    """123,456 units of 1000 PEPE are 123,456,000 PEPE; 0.00472 a unit is 0.00000472 a coin."""
    raw = dump({"openInterest": "123456", "symbol": "1000PEPEUSDT", "time": AT_MS})
    seen = only(snapshots.open_interest(raw, note()))
    assert (seen.field, seen.value, seen.raw) == ("open_interest", 123_456_000.0, "123456")
    assert seen.counted.factor == 1000.0
    raw = dump({"symbol": "1000PEPEUSDT", "markPrice": "0.00472000", "time": AT_MS})
    assert only(snapshots.premium_index(raw, note())).value == 0.00000472


@pytest.mark.parametrize(
    ("symbol", "contracts", "usd"), [("BTCUSD_PERP", "13069401", 1_306_940_100.0),
                                     ("ETHUSD_PERP", "26542436", 265_424_360.0)],
)  # fmt: skip
def test_coin_margined_contracts_are_usd(symbol: str, contracts: str, usd: float):
    """A BTCUSD contract is 100 USD, any other 10 USD; the frame has no price, so no coins."""
    raw = dump(
        {
            "symbol": symbol,
            "pair": symbol[:6],
            "openInterest": contracts,
            "contractType": "PERPETUAL",
            "time": AT_MS,
        }
    )
    seen = only(snapshots.open_interest(raw, note()))
    assert (seen.field, seen.value) == ("open_interest_usd", usd)
    assert (seen.counted.unit, seen.counted.sides) == ("contracts", "1")


def test_coin_margined_history_as_captured():
    """The captured row: 13,069,401 contracts and 15,796.97 BTC, 82,734 USD a coin."""
    raw = (
        b'[{"contractType":"PERPETUAL","sumOpenInterest":"13069401.00000000",'
        b'"sumOpenInterestValue":"15796.96988405","pair":"BTCUSD","timestamp":1791835200000}]'
    )
    found = values(history.open_interest_hist(raw, note()))
    assert found == {
        ("BTCUSD_PERP", "open_interest_usd"): 1_306_940_100.0,
        ("BTCUSD_PERP", "open_interest"): 15_796.96988405,
    }
    assert round(1_306_940_100.0 / 15_796.96988405) == 82_734


def test_a_negative_or_zero_level_is_kept_to_be_suspected():
    raw = dump({"openInterest": "-1", "symbol": "BTCUSDT", "time": AT_MS})
    assert only(snapshots.open_interest(raw, note())).value == -1.0


def test_dated_contracts_pay_no_funding():
    row = {
        "symbol": "BTCUSDT_261225",
        "markPrice": "90000.5",
        "indexPrice": "",
        "lastFundingRate": "0.0001",
        "nextFundingTime": AT_MS,
        "time": AT_MS,
    }
    assert values(snapshots.premium_index(dump([row]), note())) == {
        ("BTCUSDT_261225", "mark_price"): 90000.5
    }


def test_a_price_of_zero_is_a_bad_row_and_the_others_stay():
    rows = [
        {"symbol": "BTCUSDT", "markPrice": "0.00000000", "time": AT_MS},
        {"symbol": "ETHUSDT", "markPrice": "3120.5", "time": AT_MS},
        {"symbol": "NEWUSDT", "markPrice": "1", "time": AT_MS},
    ]
    parsed = snapshots.premium_index(dump(rows), note())
    assert values(parsed) == {("ETHUSDT", "mark_price"): 3120.5}
    assert parsed.ignored == {"bad row: markPrice": 1, "unknown instrument": 1}


# --- funding ---------------------------------------------------------------------------------


def test_absent_from_funding_info_means_eight_hours():
    rows = [
        {"symbol": "ETHUSDT", "fundingIntervalHours": 4},
        {"symbol": "BTCUSDT", "fundingIntervalHours": 0},
    ]
    told = note(RECEIVED, "BTCUSDT", "ETHUSDT", "BLZUSDT", "BTCUSDT_261225", "BTCUSD_PERP")
    parsed = snapshots.funding_info(True)(dump(rows), told)
    assert values(parsed) == {
        ("ETHUSDT", "funding_interval_h"): 4.0,
        ("BLZUSDT", "funding_interval_h"): 8.0,
    }
    assert {seen.event_time for seen in parsed.observations} == {RECEIVED}
    assert parsed.ignored == {"bad row: fundingIntervalHours": 1}


def test_nobody_is_absent_from_an_answer_that_names_nobody():
    with pytest.raises(BadWire, match="symbol"):
        snapshots.funding_info(True)(b'[{"fundingIntervalHours":8}]', note())


def settled(*hours: float) -> bytes:
    """Settlements at these hours, each some milliseconds late."""
    return dump(
        [
            {
                "symbol": "BTCUSDT",
                "fundingTime": AT_MS + int(h * 3_600_000) + 3,
                "fundingRate": "1e-4",
            }
            for h in hours
        ]
    )


def test_intervals_are_the_distance_from_the_settlement_before():
    """8 h, then a hole, then it was shortened to 4 h."""
    parsed = history.funding_rate(settled(0, 8, 32, 36), note())
    hours = [
        ((seen.event_time - AT) // HOUR, seen.value)
        for seen in parsed.observations
        if seen.field == "funding_interval_h"
    ]
    assert hours == [(8, 8.0), (36, 4.0)]


def test_rows_from_before_the_listing_are_made_up():
    listed = replace(parse_symbol("binance", "BTCUSDT"), listed_us=AT + 9 * HOUR)
    parsed = history.funding_rate(settled(0, 8, 16), Note(RECEIVED, {"BTCUSDT": listed}))
    assert parsed.ignored == {"before listing": 2}
    assert only(parsed).event_time == AT + 16 * HOUR + 3000


def test_taker_ratio_of_contracts():
    """387 contracts bought, 248 sold; 0 when nobody bought, nothing when nobody sold."""
    raw = json.loads(
        b'[{"pair":"BTCUSD","contractType":"PERPETUAL","takerBuyVol":"387","takerSellVol":"248",'
        b'"takerBuyVolValue":"0.47","takerSellVolValue":"0.30","timestamp":1791835200000}]'
    )
    assert only(history.taker_ratio(dump(raw), note())).value == 387 / 248
    raw[0]["takerSellVol"] = "0"
    assert history.taker_ratio(dump(raw), note()).ignored == {"bad row: takerSellVol": 1}
    thin = dump([{"buySellRatio": "0.0000", "timestamp": AT_MS}])
    assert only(history.taker_ratio(thin, note(symbol="BTCUSDT"))).value == 0.0


# --- bars ------------------------------------------------------------------------------------


def test_taker_sells_are_the_rest_of_the_volume():
    """120.5 traded, 70.25 bought by takers: 50.25 sold, at the END of the minute."""
    parsed = klines.klines(KLINE, note(symbol="BTCUSDT", interval="1m"))
    assert values(parsed) == {
        ("BTCUSDT", "volume_coin"): 120.5,
        ("BTCUSDT", "taker_buy_coin"): 70.25,
        ("BTCUSDT", "taker_sell_coin"): 50.25,
    }
    assert {seen.event_time for seen in parsed.observations} == {AT + MINUTE}
    assert [seen.counted.derived for seen in parsed.observations] == ["", "", klines.SELL]


def test_bars_of_thousands():
    parsed = klines.klines(KLINE, note(symbol="1000PEPEUSDT", interval="1m"))
    assert values(parsed)["1000PEPEUSDT", "taker_sell_coin"] == 50_250.0


def test_coin_margined_bars_count_in_their_quote_fields():
    """9,970 contracts of 100 USD are field 5; the 12.05064 BTC they were are field 7."""
    parsed = klines.klines(CM_KLINE, note(symbol="BTCUSD_PERP", interval="1m"))
    assert values(parsed) == {
        ("BTCUSD_PERP", "volume_coin"): 12.05064,
        ("BTCUSD_PERP", "taker_buy_coin"): 7.025,
        ("BTCUSD_PERP", "taker_sell_coin"): 5.02564,
    }


def test_spot_stands_beside_the_perpetual():
    """PEPEUSDT is the spot pair of 1000PEPEUSDT, and quoted per one coin."""
    parsed = klines.spot_klines(KLINE, note(symbol="BTCUSDT", interval="1m"))
    assert values(parsed) == {
        ("BTCUSDT", "spot_volume_usd"): 9_966_000.5,
        ("BTCUSDT", "spot_price"): 82_734.1,
    }
    parsed = klines.spot_klines(KLINE, note(symbol="PEPEUSDT", interval="1m"))
    assert values(parsed)["1000PEPEUSDT", "spot_price"] == 82_734.1
    parsed = klines.spot_klines(KLINE, note(symbol="SOLUSDT", interval="1m"))
    assert (parsed.observations, parsed.ignored) == ([], {"unknown instrument": 1})


def test_an_unfinished_bar_is_left_out():
    early = note(AT + MINUTE - 1, symbol="BTCUSDT", interval="1m")
    parsed = klines.klines(KLINE, early)
    assert (parsed.observations, parsed.ignored) == ([], {"unfinished bar": 1})
    assert klines.klines(KLINE, note(AT + MINUTE, symbol="BTCUSDT", interval="1m")).observations


@pytest.mark.parametrize(
    ("cell", "value", "where"),
    [
        (0, 1791835230000, "open time"),
        (6, 1791835499999, "open time"),
        (9, "120.501", "taker buy volume"),
        (5, "-1", "kline field 5"),
        (9, "", "kline field 9"),
    ],
)
def test_bars_that_cannot_be(cell: int, value: object, where: str):
    [row] = json.loads(KLINE)
    row[cell] = value
    parsed = klines.klines(dump([row]), note(symbol="BTCUSDT", interval="1m"))
    assert (parsed.observations, parsed.ignored) == ([], {f"bad row: {where}": 1})


def test_an_interval_nobody_asked_for():
    with pytest.raises(BadWire, match="interval: '7m'"):
        klines.klines(KLINE, note(symbol="BTCUSDT", interval="7m"))


# --- pushes ----------------------------------------------------------------------------------


def order(symbol: str = "BTCUSDT", **changes: Any) -> dict[str, Any]:
    inner = {"s": symbol, "S": "SELL", "o": "LIMIT", "f": "IOC", "q": "0.014", "p": "4793.91",
             "ap": "4706.04", "X": "FILLED", "l": "0.015", "z": "0.014", "T": AT_MS}  # fmt: skip
    inner.update((name, value) for name, value in changes.items() if name in inner)
    event = {"e": "forceOrder", "E": AT_MS + 2, "o": inner}
    return event | {name: value for name, value in changes.items() if name not in inner}


def test_the_filled_quantity_counts_not_the_last_fill():
    """z 0.014 at 4706.04 (l says 0.015, as captured): 65.88456 USD."""
    found = values(UM(dump(order()), note()))
    assert found == {
        ("BTCUSDT", "liquidation_long_coin"): 0.014,
        ("BTCUSDT", "liquidation_long_usd"): 65.88456,
    }


def test_the_side_of_the_order_is_the_other_side_of_the_position():
    fields = {seen.field for seen in UM(dump(order(S="BUY")), note()).observations}
    assert fields == {"liquidation_short_coin", "liquidation_short_usd"}
    with pytest.raises(BadWire, match="S: 'LONG' is a word"):
        UM(dump(order(S="LONG")), note())


def test_liquidated_contracts_and_thousands():
    """3 contracts of 100 USD at 75,000 are 0.004 BTC; 7 units of 1000 PEPE at 0.005 are 35e-3."""
    found = values(CM(dump(order("BTCUSD_PERP", z="3", q="3", ap="75000", st=2)), note()))
    assert found == {
        ("BTCUSD_PERP", "liquidation_long_coin"): 0.004,
        ("BTCUSD_PERP", "liquidation_long_usd"): 300.0,
    }
    found = values(UM(dump(order("1000PEPEUSDT", z="7", q="7", ap="0.005", st=1)), note()))
    assert found == {
        ("1000PEPEUSDT", "liquidation_long_coin"): 7000.0,
        ("1000PEPEUSDT", "liquidation_long_usd"): 0.035,
    }


def test_an_order_with_nothing_filled_is_no_liquidation():
    parsed = UM(dump(order(z="0", X="NEW")), note())
    assert (parsed.observations, parsed.ignored) == ([], {"nothing filled": 1})


def test_what_makes_two_orders_the_same():
    def key(**changes: Any) -> set[str]:
        return {seen.key for seen in UM(dump(order(**changes)), note()).observations}

    assert key() == key(E=AT_MS + 700) == key(X="PARTIALLY_FILLED")
    assert len(key() | key(T=AT_MS + 1) | key(q="0.02") | key(ap="4706.05")) == 4


def mark(symbol: str, **changes: Any) -> dict[str, Any]:
    event = {"e": "markPriceUpdate", "E": AT_MS, "s": symbol, "p": "82734.10", "i": "82730.00",
             "P": "82731.5", "r": "0.00010000", "T": AT_MS + 28_800_000}  # fmt: skip
    return event | changes


def merged(*events: dict[str, Any]) -> bytes:
    return dump({"stream": "!markPrice@arr@1s", "data": list(events)})


def test_merged_streams_are_told_apart():
    frame = merged(mark("BTCUSDT", st=1), mark("BTCUSD_PERP", st=2), mark("NEWUSDT", st=1))
    um, cm = UM(frame, note()), CM(frame, note())
    assert {seen.instrument for seen in um.observations} == {"BTCUSDT"}
    assert {seen.instrument for seen in cm.observations} == {"BTCUSD_PERP"}
    assert um.ignored == {"other product": 1, "unknown instrument": 1}
    assert cm.ignored == {"other product": 2}
    assert um.server_time == AT


def test_frames_without_st_are_told_by_the_symbol():
    frame = merged(mark("BTCUSDT"), mark("BTCUSD_PERP"))
    assert {seen.instrument for seen in UM(frame, note()).observations} == {"BTCUSDT"}
    assert {seen.instrument for seen in CM(frame, note()).observations} == {"BTCUSD_PERP"}


def test_contract_counts_are_never_read_as_coins():
    """A COIN-M liquidation on the USD-M connection, and an st that contradicts the symbol."""
    assert not UM(dump(order("BTCUSD_PERP", st=2)), note()).observations
    with pytest.raises(BadWire, match="st: '1' is not the product of BTCUSD_PERP"):
        UM(dump(order("BTCUSD_PERP", st=1)), note())
    with pytest.raises(BadWire, match="st: '3'"):
        UM(dump(order(st=3)), note())


def test_one_bad_mark_does_not_lose_the_others():
    frame = merged(mark("ETHUSDT", p="NaN"), {"e": "markPriceUpdate"}, mark("BTCUSDT"))
    parsed = UM(frame, note())
    assert {seen.instrument for seen in parsed.observations} == {"BTCUSDT"}
    assert parsed.ignored == {"bad row: p": 1, "bad row: E": 1}


def test_marks_carry_the_running_rate_and_the_next_settlement():
    assert values(UM(dump(mark("BTCUSDT")), note())) == {
        ("BTCUSDT", "mark_price"): 82734.1,
        ("BTCUSDT", "index_price"): 82730.0,
        ("BTCUSDT", "funding_rate_quoted"): 0.0001,
        ("BTCUSDT", "next_funding_time"): float(AT + 8 * HOUR),
    }


def test_control_frames():
    assert UM(b'{"result":null,"id":7}', note()).controls == [Control("ack", id="7")]
    refused = UM(b'{"error":{"code":2,"msg":"Invalid request"},"id":7}', note()).controls
    assert refused == [Control("refused", id="7", text="2 Invalid request")]
    assert UM(b'{"e":"serverShutdown","E":1}', note()).controls[0].kind == "restart"
    with pytest.raises(VenueRefusal, match="error 3"):
        UM(b'{"code":3,"msg":"Invalid JSON"}', note())
    with pytest.raises(BadWire, match="'surprise' is an event we do not know"):
        UM(b'{"e":"surprise"}', note())
    with pytest.raises(BadWire, match="neither an event nor an answer"):
        UM(b'{"x":1}', note())


# --- listings --------------------------------------------------------------------------------


def listed(**changes: Any) -> dict[str, Any]:
    row = {"symbol": "BTCUSD_PERP", "contractType": "PERPETUAL", "deliveryDate": 4133404800000,
           "onboardDate": AT_MS, "contractStatus": "TRADING", "contractSize": 100,
           "quoteAsset": "USD", "marginAsset": "BTC", "underlyingType": "COIN"}  # fmt: skip
    return row | changes


def read_listed(*rows: dict[str, Any]) -> Parsed:
    return listings.exchange_info(dump({"serverTime": AT_MS, "symbols": list(rows)}), note())


def test_states_and_dates():
    [on] = read_listed(listed()).listings
    assert (on.state, on.instrument.listed_us, on.delivery_us) == ("trading", AT, None)
    [off] = read_listed(listed(contractStatus="SETTLING", deliveryDate=AT_MS + 60_000)).listings
    assert (off.state, off.delivery_us) == ("delisted", AT + MINUTE)


def test_the_contract_size_is_what_the_listing_says_and_stays_where_an_event_says_none():
    [sized] = read_listed(listed(contractSize=10)).listings
    assert sized.instrument.contract_size == 10.0
    known = {"BTCUSD_PERP": sized.instrument}
    event = {"s": "BTCUSD_PERP", "ct": "PERPETUAL", "cs": "TRADING", "ot": AT_MS, "dt": 0}
    said = listings.contract_info(event, known)
    assert said is not None
    assert said.instrument == sized.instrument
    guessed = listings.contract_info(event, {})
    assert guessed is not None
    assert guessed.instrument.contract_size == 100.0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"contractStatus": "NAPPING"}, "bad row: contractStatus NAPPING"),
        ({"contractType": "WEEKLY"}, "bad row: contractType WEEKLY"),
        ({"contractStatus": "\u202e" * 5000}, "bad row: contractStatus"),
        ({"contractType": "NEXT_QUARTER"}, "bad row: contractType"),
        ({"contractSize": 0}, "bad row: contractSize"),
        ({"marginAsset": "ETH"}, "bad row: marginAsset"),
        ({"symbol": "ETHBTC"}, "unreadable symbol"),
        ({"underlyingType": "EQUITY", "contractType": "TRADIFI_PERPETUAL"}, "not a coin"),
        ({"underlyingType": "INDEX"}, "not a coin"),
    ],
)
def test_what_is_not_listed(changes: dict[str, Any], reason: str):
    parsed = read_listed(listed(**changes), listed(symbol="BTCUSD_PERP"))
    assert (len(parsed.listings), parsed.ignored) == (1, {reason: 1})


def test_refusals_are_the_venues():
    with pytest.raises(VenueRefusal, match="-1121"):
        snapshots.open_interest(b'{"code":-1121,"msg":"Invalid symbol."}', note())
