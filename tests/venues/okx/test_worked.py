"""Numbers worked by hand: contracts, sides, labels, noise."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.venues.okx.samples import RECEIVED, followed, pushed
from tideline.domain.errors import BadWire, NotStrict, VenueRefusal
from tideline.domain.instrument import Instrument
from tideline.domain.time import HOUR, MINUTE, parse_time
from tideline.venues.okx import history, listings, snapshots
from tideline.venues.okx.snapshots import interval_h
from tideline.venues.okx.stream import Reader, subscribe
from tideline.venues.parsed import STALE_LISTING, Control, Note, Observation, Parsed

AT = "1763640000000"  # 2025-11-20T12:00:00Z
AT_US = 1_763_640_000_000_000


def answer(*found: Any, code: str = "0", msg: str = "") -> bytes:
    return json.dumps({"code": code, "msg": msg, "data": found}).encode()


def push(channel: str, of: str, *found: Any) -> bytes:
    key = "instType" if channel == "liquidation-orders" else "instId"
    return json.dumps({"arg": {"channel": channel, key: of}, "data": found}).encode()


def note(*symbols: str, at: int = RECEIVED, **params: str) -> Note:
    return Note(at, followed(*symbols), params)


def told(instruments: Mapping[str, Instrument]) -> Note:
    return Note(RECEIVED, instruments)


def values(parsed: Parsed) -> dict[str, float]:
    found = {seen.field: seen.value for seen in parsed.observations}
    assert len(found) == len(parsed.observations)
    return found


def oi(symbol: str, **cells: str) -> dict[str, str]:
    return {"instId": symbol, "instType": "SWAP", "ts": AT, **cells}


def test_coins_are_oi_ccy_and_dollars_oi_usd_never_contracts_times_price() -> None:
    """NEIRO: ctVal 1,000; oi 14,546,007 contracts, oiCcy 14,546,007,000 coins (ccxt 23969)."""
    row = oi("NEIRO-USDT-SWAP", oi="14546007", oiCcy="14546007000", oiUsd="25892000.5")
    parsed = snapshots.open_interest(answer(row), note("NEIRO-USDT-SWAP"))
    assert values(parsed) == {"open_interest": 14_546_007_000.0, "open_interest_usd": 25892000.5}
    coin, usd = parsed.observations
    assert (coin.raw, coin.counted.unit, coin.counted.sides) == ("14546007000", "coin", "unknown")
    assert (usd.raw, usd.counted.unit) == ("25892000.5", "usd")
    assert parsed.server_time == AT_US


def test_where_coins_are_not_given_contracts_times_size_are_the_same() -> None:
    """BTC: 2,216,113.01 contracts of 0.01 are 22,161.1301 BTC, noise taken off exactly."""
    said = oi("BTC-USDT-SWAP", oi="2216113.01000000309", oiCcy="22161.1301000000309")
    derived = oi("BTC-USDT-SWAP", oi="2216113.01000000309")
    one = snapshots.open_interest(answer(said), note("BTC-USDT-SWAP"))
    other = snapshots.open_interest(answer(derived), note("BTC-USDT-SWAP"))
    assert values(one) == values(other) == {"open_interest": 22161.1301}
    assert other.observations[0].counted == ("contracts", "unknown", 0.01, 0.01, "")


def test_the_doge_contract_became_a_hundredth_and_the_coins_went_on() -> None:
    """2022-04-14: ctVal 1000 -> 10 DOGE, contracts x 100, coins unchanged."""
    change = int(parse_time("2022-04-14T00:00:00Z"))
    before = oi("DOGE-USDT-SWAP", oi="1234567") | {"ts": str(change // 1000 - 1)}
    after = oi("DOGE-USDT-SWAP", oi="123456700") | {"ts": str(change // 1000)}
    parsed = snapshots.open_interest(answer(before, after), note("DOGE-USDT-SWAP"))
    assert [seen.value for seen in parsed.observations] == [1_234_567_000.0] * 2
    assert [seen.counted.contract_size for seen in parsed.observations] == [1000.0, 10.0]


def test_a_listing_is_newer_than_the_open_row_of_the_table_but_not_than_a_closed_one() -> None:
    listed = replace(followed("DOGE-USDT-SWAP")["DOGE-USDT-SWAP"], contract_size=1.0)
    old = oi("DOGE-USDT-SWAP", oi="5") | {"ts": "1640995200000"}
    new = oi("DOGE-USDT-SWAP", oi="5")
    parsed = snapshots.open_interest(answer(old, new), told({"DOGE-USDT-SWAP": listed}))
    assert [seen.value for seen in parsed.observations] == [5000.0, 5.0]


@pytest.mark.parametrize(("size", "fits"), [(0.01, True), (0.001, False), (0.1, False)])
def test_contracts_that_are_not_of_the_listed_size_are_said(size: float, fits: bool) -> None:
    known = replace(note("BTC-USDT-SWAP").instruments["BTC-USDT-SWAP"], contract_size=size)
    row = oi("BTC-USDT-SWAP", oi="100", oiCcy="1", oiUsd="90000")
    parsed = snapshots.open_interest(answer(row), told({"BTC-USDT-SWAP": known}))
    assert values(parsed) == {"open_interest": 1.0, "open_interest_usd": 90_000.0}
    assert parsed.ignored == ({} if fits else {STALE_LISTING: 1})


def test_inverse_contracts_are_dollars() -> None:
    row = oi("BTC-USD-SWAP", oi="5000000", oiCcy="5555.5")
    parsed = snapshots.open_interest(answer(row), note("BTC-USD-SWAP"))
    assert values(parsed) == {"open_interest": 5555.5, "open_interest_usd": 500_000_000.0}


def test_one_bad_row_loses_itself_alone() -> None:
    bad = oi("ETH-USDT-SWAP", oi="1_000", oiCcy="1")
    good = oi("BTC-USDT-SWAP", oi="100", oiCcy="1")
    parsed = snapshots.open_interest(
        answer(bad, good, "?", oi("X-USDT-SWAP", oi="1")), note("ETH-USDT-SWAP", "BTC-USDT-SWAP")
    )
    assert values(parsed) == {"open_interest": 1.0}
    assert parsed.ignored == {"bad row: oi": 1, "bad row: row": 1, "unknown instrument": 1}


def test_errors_of_the_venue_are_refusals_and_pages_are_not_json() -> None:
    with pytest.raises(VenueRefusal, match="51001"):
        snapshots.open_interest(answer(code="51001", msg="Instrument ID does not exist"), note())
    with pytest.raises(NotStrict):
        snapshots.mark_price(b"<!DOCTYPE html><html>busy</html>", note())
    with pytest.raises(BadWire, match="data"):
        snapshots.mark_price(b'{"code":"0","msg":""}', note())


def funding(**cells: str) -> dict[str, str]:
    row = {
        "instId": "BTC-USDT-SWAP",
        "fundingRate": "0.0001",
        "fundingTime": "1763654400000",
        "nextFundingTime": "1763668800000",
        "method": "current_period",
        "ts": AT,
    }
    return row | cells


def test_next_funding_time_is_funding_time_and_the_interval_lies_after_it() -> None:
    """Settlements at 16:00 and 20:00: four hours; the next one is the first of them."""
    parsed = snapshots.funding_rate(answer(funding()), note("BTC-USDT-SWAP"))
    assert values(parsed) == {
        "funding_rate_quoted": 0.0001,
        "funding_interval_h": 4.0,
        "next_funding_time": 1_763_654_400_000_000.0,
    }
    assert {seen.event_time for seen in parsed.observations} == {AT_US}


def test_both_methods_are_read_and_a_third_is_refused_by_name() -> None:
    for method in ("current_period", "next_period"):
        parsed = snapshots.funding_rate(answer(funding(method=method)), note("BTC-USDT-SWAP"))
        assert values(parsed)["funding_rate_quoted"] == 0.0001
    parsed = snapshots.funding_rate(answer(funding(method="hourly")), note("BTC-USDT-SWAP"))
    assert parsed.ignored == {"bad row: method": 1}
    assert parsed.observations == []


@pytest.mark.parametrize("hours", [1, 2, 4, 6, 8])
def test_the_intervals_of_okx(hours: int) -> None:
    assert interval_h(hours * 3_600_000) == float(hours)


@pytest.mark.parametrize("apart", [0, -28_800_000, 3 * 3_600_000, 3_600_001, 24 * 3_600_000])
def test_no_other_interval(apart: int) -> None:
    with pytest.raises(BadWire, match="interval"):
        interval_h(apart)


def test_settled_intervals_come_from_the_settlements_themselves() -> None:
    """8 h, then shortened to 4 h, and a missing row of 12 h that is no interval."""
    hours = [0, 8, 16, 20, 32]
    start = 1_763_596_800_000
    found = [
        {
            "instId": "BTC-USDT-SWAP",
            "fundingTime": str(start + hour * 3_600_000),
            "fundingRate": "0.5",
            "realizedRate": f"0.000{hour:02d}",
        }
        for hour in reversed(hours)
    ]
    parsed = history.funding_rate_history(answer(*found), note("BTC-USDT-SWAP"))
    settled = [seen for seen in parsed.observations if seen.field == "funding_rate_settled"]
    apart = [seen for seen in parsed.observations if seen.field == "funding_interval_h"]
    assert [seen.value for seen in settled] == [0.00032, 0.0002, 0.00016, 0.00008, 0.0]
    assert [(seen.event_time // HOUR - start // 3_600_000, seen.value) for seen in apart] == [
        (8, 8.0),
        (16, 8.0),
        (20, 4.0),
    ]


def test_a_bar_is_labelled_by_its_open_and_known_at_its_end() -> None:
    params = {"instId": "BTC-USDT-SWAP", "period": "5m"}
    opened = AT_US
    row = [str(opened // 1000), "1.5"]
    for at, seen in ((opened + 5 * MINUTE - 1, 0), (opened + 5 * MINUTE, 1)):
        parsed = history.global_accounts(answer(row), note("BTC-USDT-SWAP", at=at, **params))
        assert len(parsed.observations) == seen
        assert parsed.ignored == ({} if seen else {"unfinished bar": 1})
    assert parsed.observations[0].event_time == opened + 5 * MINUTE


def test_the_three_populations() -> None:
    params = {"instId": "BTC-USDT-SWAP", "period": "5m"}
    names = []
    for read in (history.global_accounts, history.top_accounts, history.top_positions):
        (seen,) = read(answer([AT, "0.94"]), note("BTC-USDT-SWAP", **params)).observations
        assert seen.value == 0.94
        names.append(seen.field)
    assert names == ["lsr_global_accounts", "lsr_top_accounts", "lsr_top_positions"]


def test_takers_sell_first() -> None:
    """[ts, SELL, BUY]: 7,596.2651 sold, 7,149.4855 bought."""
    params = {"instId": "BTC-USDT-SWAP", "period": "5m", "unit": "0"}
    parsed = history.taker_volume(
        answer([AT, "7596.2651", "7149.4855"]), note("BTC-USDT-SWAP", **params)
    )
    assert values(parsed) == {"taker_sell_coin": 7596.2651, "taker_buy_coin": 7149.4855}
    with pytest.raises(BadWire, match="unit"):
        history.taker_volume(answer(), note("BTC-USDT-SWAP", **(params | {"unit": "1"})))


def test_candles_give_coins_once_they_are_confirmed() -> None:
    """The row ccxt quotes: 628 contracts of 100 USD are 62,800 USD and 2.5819 BTC."""
    row = ["1678928760000", "24341.4", "24344", "24313.2", "24323", "628", "2.5819", "62800"]
    params = {"instId": "BTC-USD-SWAP", "bar": "1m"}
    done = history.candles(answer([*row, "1"]), note("BTC-USD-SWAP", **params))
    assert values(done) == {"volume_coin": 2.5819}
    assert done.observations[0].event_time == 1_678_928_760_000_000 + MINUTE
    moving = history.candles(answer([*row, "0"]), note("BTC-USD-SWAP", **params))
    assert (moving.observations, moving.ignored) == ([], {"unfinished bar": 1})
    odd = history.candles(answer([*row, "2"]), note("BTC-USD-SWAP", **params))
    assert odd.ignored == {"bad row: confirm": 1}


def test_history_needs_to_know_what_was_asked() -> None:
    for params in ({}, {"instId": "BTC-USDT-SWAP"}, {"instId": "BTC-USDT-SWAP", "period": "7m"}):
        with pytest.raises(BadWire):
            history.global_accounts(answer(), note("BTC-USDT-SWAP", **params))
    other = {"instId": "ETH-USDT-SWAP", "period": "5m"}
    parsed = history.global_accounts(answer([AT, "1"], [AT, "1"]), note("BTC-USDT-SWAP", **other))
    assert parsed.ignored == {"unknown instrument": 2}


def death(side: str, held: str, sz: str = "100", price: str = "50000") -> dict[str, str]:
    return {"bkLoss": "0", "bkPx": price, "ccy": "", "posSide": held, "side": side, "sz": sz,
            "ts": AT}  # fmt: skip


def deaths(symbol: str, *details: Any) -> dict[str, Any]:
    return {"instId": symbol, "instType": "SWAP", "instFamily": "", "uly": "", "details": details}


@pytest.mark.parametrize(
    ("side", "held", "died"),
    [
        ("sell", "long", "long"),
        ("buy", "short", "short"),
        ("sell", "net", "long"),
        ("buy", "net", "short"),
        ("sell", "", "long"),
    ],
)
def test_who_died(side: str, held: str, died: str) -> None:
    """100 contracts of 0.01 BTC at 50,000: 1 BTC, 50,000 USD, on the side of the position."""
    frame = push("liquidation-orders", "SWAP", deaths("BTC-USDT-SWAP", death(side, held)))
    parsed = pushed(frame, note("BTC-USDT-SWAP"))
    assert values(parsed) == {
        f"liquidation_{died}_coin": 1.0,
        f"liquidation_{died}_usd": 50_000.0,
    }


@pytest.mark.parametrize(("side", "held"), [("sell", "short"), ("buy", "long"), ("sold", "net")])
def test_sides_that_contradict_each_other_are_no_event(side: str, held: str) -> None:
    good = death("sell", "net")
    frame = push("liquidation-orders", "SWAP", deaths("BTC-USDT-SWAP", death(side, held), good))
    parsed = pushed(frame, note("BTC-USDT-SWAP"))
    assert len(parsed.observations) == 2
    assert sum(parsed.ignored.values()) == 1


def test_inverse_deaths_are_dollars_first() -> None:
    """25 contracts of 100 USD at 50,000: 2,500 USD, 0.05 BTC."""
    frame = push("liquidation-orders", "SWAP", deaths("BTC-USD-SWAP", death("buy", "net", "25")))
    parsed = pushed(frame, note("BTC-USD-SWAP"))
    assert values(parsed) == {"liquidation_short_coin": 0.05, "liquidation_short_usd": 2500.0}


def test_several_deaths_in_one_frame_and_their_keys() -> None:
    details = [death("sell", "net"), death("sell", "net", "101"), death("sell", "net")]
    frame = push("liquidation-orders", "SWAP", deaths("BTC-USDT-SWAP", *details))
    first, second, again = pushed(frame, note("BTC-USDT-SWAP")).observations[::2]
    assert first.key == again.key
    assert first.key != second.key


def test_a_contract_of_unknown_size_is_counted_and_left_out() -> None:
    frame = push("liquidation-orders", "SWAP", deaths("PEPE-USDT-SWAP", death("sell", "net")))
    assert pushed(frame, note("PEPE-USDT-SWAP")).ignored == {"bad row: ctVal": 1}
    sized = {"PEPE-USDT-SWAP": replace(followed("PEPE-USDT-SWAP")["PEPE-USDT-SWAP"],
                                       contract_size=10_000_000.0)}  # fmt: skip
    frame = push(
        "liquidation-orders", "SWAP", deaths("PEPE-USDT-SWAP", death("sell", "net", "3", "0.00001"))
    )
    assert values(pushed(frame, told(sized))) == {
        "liquidation_long_coin": 30_000_000.0,
        "liquidation_long_usd": 300.0,
    }


def test_an_index_is_said_once_for_every_contract_on_it() -> None:
    row = {"instId": "BTC-USD", "idxPx": "91000.5", "ts": AT}
    reader = Reader()
    names = ("BTC-USD-SWAP", "BTC-USD-261225", "BTC-USD_UM_XPERP-310404", "BTC-USDT-SWAP")
    known = note(*names)
    for _ in range(2):
        parsed = reader.read(push("index-tickers", "BTC-USD", row), known)
        assert sorted(seen.instrument for seen in parsed.observations) == sorted(names[:3])
        assert {seen.value for seen in parsed.observations} == {91000.5}
    for others in (("BTC-USD-SWAP",), ("BTC-USD-261225",)):
        fewer = reader.read(push("index-tickers", "BTC-USD", row), note(*others))
        assert tuple(seen.instrument for seen in fewer.observations) == others


def control(body: Any) -> Control:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    (found,) = pushed(raw, note()).controls
    return found


def test_what_the_connection_says_of_itself() -> None:
    arg = {"channel": "liquidation-orders", "instType": "SWAP"}
    assert control(b"pong") == Control("pong")
    assert control({"event": "subscribe", "id": "7", "arg": arg, "connId": "a"}) == Control(
        "ack", ("liquidation-orders:SWAP",), "7"
    )
    said = "Wrong URL or channel:mark-price,instId:FOO-USDT-SWAP doesn't exist. Please use"
    assert control({"event": "error", "code": "60018", "msg": said, "connId": "a"}) == Control(
        "refused", ("mark-price:FOO-USDT-SWAP",), "", f"60018 {said}"
    )
    assert control({"event": "error", "code": "60012", "msg": "Invalid request", "id": "2"}) == (
        Control("refused", (), "2", "60012 Invalid request")
    )
    notice = {"event": "notice", "code": "64008", "msg": "The connection will soon be closed"}
    assert control(notice) == Control("restart", text="The connection will soon be closed")
    for unknown in ({"event": "notice", "code": "64999"}, {"event": "party"}):
        with pytest.raises(BadWire, match=r"64999|party"):
            pushed(json.dumps(unknown).encode(), note())


def test_subscriptions_come_in_numbered_messages() -> None:
    topics = [f"mark-price:C{i}-USDT-SWAP" for i in range(60)] + ["liquidation-orders:SWAP"]
    messages = subscribe(topics, 5)
    assert [(number, len(names)) for number, names, _ in messages] == [("5", 50), ("6", 11)]
    last = json.loads(messages[1][2])
    assert (last["op"], last["id"]) == ("subscribe", "6")
    assert last["args"][0] == {"channel": "mark-price", "instId": "C50-USDT-SWAP"}
    assert last["args"][-1] == {"channel": "liquidation-orders", "instType": "SWAP"}
    assert all(len(text) < 64 * 1024 for _, _, text in messages)


def contract(**cells: Any) -> dict[str, Any]:
    row = {
        "instType": "SWAP", "instId": "BTC-USDT-SWAP", "ctVal": "0.01", "ctMult": "1",
        "ctValCcy": "BTC", "ctType": "linear", "listTime": "1573557408000", "expTime": "",
        "state": "live", "ruleType": "normal",
    }  # fmt: skip
    return row | cells


def listed(**cells: Any) -> Parsed:
    return listings.instruments(answer(contract(**cells)), note())


def test_a_listing_holds_size_state_and_times() -> None:
    (found,) = listed(ctMult="5").listings
    assert (found.instrument.contract_size, found.state) == (0.05, "trading")
    assert found.instrument.listed_us == 1_573_557_408_000_000
    assert [listed(state=word).listings[0].state for word in ("suspend", "preopen", "test")] == [
        "halted",
        "prelisting",
        "halted",
    ]


def test_x_perps_are_futures_that_pay_funding() -> None:
    cells = {"instType": "FUTURES", "ruleType": "xperp", "expTime": "1964131200000"}
    (found,) = listed(instId="BTC-USD_UM_XPERP-320329", **cells).listings
    assert (found.instrument.kind, found.instrument.linear) == ("perpetual", True)
    (dated,) = listed(
        instId="BTC-USDT-261225", instType="FUTURES", expTime="1798185600000"
    ).listings
    assert (dated.instrument.kind, dated.delivery_us) == ("future", 1_798_185_600_000_000)


def test_a_contract_that_is_not_open_yet_may_be_nothing_but_a_name() -> None:
    bare = dict.fromkeys(("ctVal", "ctMult", "ctValCcy", "ctType", "listTime"), "")
    (found,) = listed(state="preopen", **bare).listings
    assert (found.state, found.instrument.contract_size) == ("prelisting", None)
    assert listed(**bare).ignored == {"bad row: ctType ": 1}


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ({"state": "merging"}, "bad row: state merging"),
        ({"ctType": "inverse"}, "bad row: ctType inverse"),
        ({"ctValCcy": "USDT"}, "bad row: ctValCcy USDT"),
        ({"ctVal": "0"}, "bad row: ctVal 0"),
        ({"ctVal": ""}, "bad row: ctVal "),
        ({"instId": "BTC/USDT"}, "bad row: instId BTC/USDT"),
        ({"instId": "BTC-USDT"}, "bad row: instId BTC-USDT"),
        ({"instType": "OPTION"}, "other product"),
    ],
)
def test_what_cannot_be_listed_is_named(cells: dict[str, str], why: str) -> None:
    parsed = listed(**cells)
    assert (parsed.listings, parsed.ignored) == ([], {why: 1})


def test_observations_are_observations() -> None:
    row = {"instId": "BTC-USDT-SWAP", "markPx": "91000.5", "ts": AT}
    (seen,) = snapshots.mark_price(answer(row), note("BTC-USDT-SWAP")).observations
    assert seen == Observation("BTC-USDT-SWAP", "mark_price", AT_US, 91000.5, "91000.5")
