"""Binance, both ends: what the server writes the parsers read back as the market state."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from tideline.domain.time import DAY, HOUR, MINUTE, SECOND, parse_time
from tideline.market.changes import Delisted
from tideline.market.synthetic import Synthetic
from tideline.market.venues.binance import BinanceServer
from tideline.venues.binance.declaration import BINANCE
from tideline.venues.binance.envelope import verdict
from tideline.venues.declaration import History, Poll
from tideline.venues.parsed import Note, Observation, Parsed
from tideline.venues.wire import Reply, Request

START = int(parse_time("2026-11-20T12:00:00Z"))
NOW = START + 7 * HOUR + 13 * MINUTE + 21 * SECOND + 345_678
MS = NOW // 1000 * 1000
COINS = 53
"""BTC and ETH, thousands of coins, and coins that pay every four hours."""
MARKET = Synthetic(COINS, 7, START)
FOLLOWED = {one.instrument.symbol: one.instrument for one in MARKET.listed("binance", NOW)}
FEEDS = {feed.name: feed for feed in (*BINANCE.listings, *BINANCE.polls, *BINANCE.histories)}
THIN = next(name for name in FOLLOWED if name.startswith("THIN"))
LINEAR = ("BTCUSDT", "1000PEPEUSDT", "XRPUSDT", THIN)
INVERSE = ("BTCUSD_PERP", "ETHUSD_PERP")
BOTH = (*LINEAR, *INVERSE)


def note(received: int, params: Mapping[str, str]) -> Note:
    return Note(received, FOLLOWED, params)


def answered(request: Request, now: int = NOW, server: BinanceServer | None = None) -> Reply:
    return (server or BinanceServer(MARKET)).answer(request, now)


def read(feed: Poll | History, request: Request, server: BinanceServer | None = None) -> Parsed:
    reply = answered(request, NOW, server)
    assert verdict(reply).kind == "ok", reply
    return feed.read(reply.body, note(NOW, dict(request.params)))


def polled(name: str, *symbols: str, server: BinanceServer | None = None) -> Parsed:
    """One sweep of a poll, put together."""
    feed = FEEDS[name]
    assert isinstance(feed, Poll)
    whole = Parsed()
    for request in feed.ask([FOLLOWED[symbol] for symbol in symbols]):
        found = read(feed, request, server)
        whole.observations += found.observations
        whole.listings += found.listings
        assert not found.ignored
    return whole


def rows(
    name: str, symbol: str, start: int, end: int, server: BinanceServer | None = None
) -> dict[str, list[Observation]]:
    """A history over (start, end] by field; nobody else is spoken of."""
    feed = FEEDS[name]
    assert isinstance(feed, History)
    assert feed.selects(FOLLOWED[symbol])
    found: dict[str, list[Observation]] = {}
    for seen in read(feed, feed.ask(FOLLOWED[symbol], start, end), server).observations:
        assert seen.instrument == symbol
        found.setdefault(seen.field, []).append(seen)
    assert found.keys() <= set(feed.fields)
    return found


def product(symbol: str) -> str:
    return "um" if FOLLOWED[symbol].linear else "cm"


def usd(symbol: str, at: int) -> float:
    """Open interest in USD: whole contracts of inverse ones, coins at the mark of linear ones."""
    quote = MARKET.quote("binance", symbol, at)
    value = quote.oi_coin * quote.mark_price
    size = FOLLOWED[symbol].contract_size or 1.0
    return value if FOLLOWED[symbol].linear else round(value / size) * size


# --- snapshots -------------------------------------------------------------------------------


@pytest.mark.parametrize("linear", [True, False])
def test_open_interest_is_the_market(linear: bool):
    symbols = [name for name, one in FOLLOWED.items() if one.linear == linear]
    found = polled(f"binance.{'um' if linear else 'cm'}.open_interest", *symbols).observations
    assert [seen.instrument for seen in found] == symbols
    for seen in found:
        assert seen.event_time == MS
        if linear:
            assert seen.field == "open_interest"
            assert seen.value == MARKET.quote("binance", seen.instrument, MS).oi_coin
        else:
            assert (seen.field, seen.value) == ("open_interest_usd", usd(seen.instrument, MS))


def agrees(found: list[Observation], at: int) -> None:
    """Marks, indices, running rates and next settlements are the market's."""
    values = {(seen.instrument, seen.field): seen for seen in found}
    assert len(values) == len(found)
    for symbol in {seen.instrument for seen in found}:
        quote = MARKET.quote("binance", symbol, at)
        want = {"mark_price": quote.mark_price, "index_price": quote.index_price}
        if FOLLOWED[symbol].kind == "perpetual":
            want["funding_rate_quoted"] = quote.funding_rate
            want["next_funding_time"] = float(quote.next_funding_us)
        got = {field: seen.value for (name, field), seen in values.items() if name == symbol}
        assert got == want
    assert {seen.event_time for seen in found} == {at}


@pytest.mark.parametrize("which", ["um", "cm"])
def test_premium_index_is_the_market(which: str):
    found = polled(f"binance.{which}.premium_index").observations
    assert {seen.instrument for seen in found} == {s for s in FOLLOWED if product(s) == which}
    agrees(found, MS)


def test_premium_index_of_one_symbol():
    """One object on the USD-M host, a list of one on the COIN-M host."""
    for host, path, symbol in (
        ("um", "/fapi/v1/premiumIndex", "BTCUSDT"),
        ("cm", "/dapi/v1/premiumIndex", "BTCUSD_PERP"),
    ):
        request = Request(host, path, (("symbol", symbol),))
        assert isinstance(json.loads(answered(request).body), dict if host == "um" else list)
        agrees(read(FEEDS[f"binance.{host}.premium_index"], request).observations, MS)


@pytest.mark.parametrize("which", ["um", "cm"])
def test_funding_intervals_also_of_those_not_listed(which: str):
    found = polled(f"binance.{which}.funding_info").observations
    hours = {seen.instrument: seen.value for seen in found}
    assert hours == {
        name: float(MARKET.quote("binance", name, NOW).funding_interval_h)
        for name, one in FOLLOWED.items()
        if product(name) == which and one.kind == "perpetual"
    }
    if which == "um":
        assert {hours["BTCUSDT"], hours[THIN]} == {8.0, 4.0}


@pytest.mark.parametrize("which", ["um", "cm"])
def test_listings(which: str):
    found = polled(f"binance.{which}.listings").listings
    assert [one.instrument.symbol for one in found] == [s for s in FOLLOWED if product(s) == which]
    dated = parse_time("2026-12-25T08:00:00Z")
    for one in found:
        assert one.state == "trading"
        assert one.instrument.listed_us == START - 400 * DAY
        assert one.instrument.contract_size == FOLLOWED[one.instrument.symbol].contract_size
        assert one.delivery_us == (dated if one.instrument.kind == "future" else None)


def test_a_delisted_contract_stays_listed_and_is_not_traded():
    server = BinanceServer(Delisted(MARKET, "binance", "XRPUSDT", NOW - HOUR))
    states = {
        one.instrument.symbol: one for one in polled("binance.um.listings", server=server).listings
    }
    assert (states["XRPUSDT"].state, states["BTCUSDT"].state) == ("delisted", "trading")
    assert states["XRPUSDT"].delivery_us == (NOW - HOUR) // 1000 * 1000
    request = Request("um", "/fapi/v1/openInterest", (("symbol", "XRPUSDT"),))
    assert json.loads(answered(request, NOW, server).body)["code"] == -4108
    marks = polled("binance.um.premium_index", server=server).observations
    assert "XRPUSDT" not in {seen.instrument for seen in marks}


# --- history ---------------------------------------------------------------------------------

GRID = START + 2 * HOUR


@pytest.mark.parametrize("symbol", BOTH)
def test_statistics_are_the_market_on_the_grid(symbol: str):
    ends = [GRID + 5 * MINUTE * i for i in range(1, 13)]
    held = rows(f"binance.{product(symbol)}.open_interest_hist", symbol, GRID, GRID + HOUR)
    assert held.keys() == {"open_interest", "open_interest_usd"}
    for at, coin, dollars in zip(
        ends, held["open_interest"], held["open_interest_usd"], strict=True
    ):
        quote = MARKET.quote("binance", symbol, at)
        assert (coin.event_time, dollars.event_time) == (at, at)
        assert coin.value == quote.oi_coin
        assert dollars.value == pytest.approx(usd(symbol, at), rel=1e-15, abs=6e-9)
    for feed, place, field in (
        ("top_positions", 0, "lsr_top_positions"),
        ("top_accounts", 1, "lsr_top_accounts"),
        ("global_accounts", 2, "lsr_global_accounts"),
    ):
        [(name, found)] = rows(
            f"binance.{product(symbol)}.{feed}", symbol, GRID, GRID + HOUR
        ).items()
        assert (name, [seen.event_time for seen in found]) == (field, ends)
        for seen in found:
            assert seen.value == MARKET.ratios("binance", symbol, seen.event_time)[place]


@pytest.mark.parametrize("symbol", BOTH)
def test_taker_ratio_is_of_the_period_that_ends_there(symbol: str):
    found = rows(f"binance.{product(symbol)}.taker_ratio", symbol, GRID, GRID + HOUR)
    assert len(found["taker_ratio_bar"]) == 12
    for seen in found["taker_ratio_bar"]:
        bar = MARKET.bar("binance", symbol, seen.event_time - 5 * MINUTE, seen.event_time)
        sold = bar.volume_coin - bar.taker_buy_coin
        assert seen.value == pytest.approx(bar.taker_buy_coin / sold, rel=1e-3)


@pytest.mark.parametrize("symbol", BOTH)
def test_bars_add_up_to_the_market(symbol: str):
    found = rows(f"binance.{product(symbol)}.klines", symbol, GRID, GRID + 30 * MINUTE)
    ends = [GRID + i * MINUTE for i in range(1, 31)]
    for field, seen in found.items():
        assert [one.event_time for one in seen] == ends, field
    for total, bought, sold in zip(
        found["volume_coin"], found["taker_buy_coin"], found["taker_sell_coin"], strict=True
    ):
        bar = MARKET.bar("binance", symbol, total.event_time - MINUTE, total.event_time)
        assert (total.value, bought.value) == (bar.volume_coin, bar.taker_buy_coin)
        rest = Decimal(repr(bar.volume_coin)) - Decimal(repr(bar.taker_buy_coin))
        assert sold.value == float(rest)
    whole = MARKET.bar("binance", symbol, GRID, GRID + 30 * MINUTE)
    total_coins = sum(one.value for one in found["volume_coin"])
    assert total_coins == pytest.approx(whole.volume_coin, rel=1e-12)


@pytest.mark.parametrize("symbol", LINEAR)
def test_spot_bars_stand_on_the_perpetual(symbol: str):
    found = rows("binance.spot.klines", symbol, GRID, GRID + 10 * MINUTE)
    assert found.keys() == {"spot_volume_usd", "spot_price"}
    for volume, price in zip(found["spot_volume_usd"], found["spot_price"], strict=True):
        end = volume.event_time
        bar = MARKET.spot_bar(FOLLOWED[symbol].asset, end - MINUTE, end)
        assert price.value == bar.close
        assert volume.value == pytest.approx(bar.volume_coin * bar.close, rel=1e-14)


@pytest.mark.parametrize("symbol", (*BOTH, "BTCUSDT_261225"))
def test_mark_bars_close_at_the_mark(symbol: str):
    found = rows(f"binance.{product(symbol)}.mark_klines", symbol, GRID, GRID + HOUR)
    assert len(found["mark_price"]) == 12
    for seen in found["mark_price"]:
        assert seen.value == MARKET.quote("binance", symbol, seen.event_time).mark_price


@pytest.mark.parametrize("symbol", BOTH)
def test_settled_funding(symbol: str):
    hours = MARKET.quote("binance", symbol, NOW).funding_interval_h
    start = START - 5 * DAY
    found = rows(f"binance.{product(symbol)}.funding_rate", symbol, start, START)
    times = [one.event_time for one in found["funding_rate_settled"] if one.event_time > start]
    step = hours * HOUR
    assert times == list(range(start // step * step + step, START + 1, step))
    for seen in found["funding_rate_settled"]:
        assert seen.value == MARKET.settled("binance", symbol, seen.event_time)
    intervals = {one.event_time: one.value for one in found["funding_interval_h"]}
    assert {intervals[at] for at in times} == {float(hours)}


def test_rows_are_published_late_and_labelled_as_told():
    server = BinanceServer(MARKET)
    late = (NOW // (5 * MINUTE) * 5 - 5) * MINUTE
    server.history_lag_us = 6 * MINUTE
    found = rows("binance.um.top_accounts", "BTCUSDT", NOW - HOUR, NOW, server)
    newest = found["lsr_top_accounts"][-1].event_time
    assert newest == (NOW - 6 * MINUTE) // (5 * MINUTE) * (5 * MINUTE) >= late
    server.history_lag_us, server.label_shift_us = 0, -5 * MINUTE
    found = rows("binance.um.open_interest_hist", "BTCUSDT", GRID, GRID + HOUR, server)
    assert len(found["open_interest"]) == 12
    for seen in found["open_interest"]:
        true = MARKET.quote("binance", "BTCUSDT", seen.event_time + 5 * MINUTE)
        assert seen.value == true.oi_coin


def test_open_interest_is_worked_out_in_steps():
    server = BinanceServer(MARKET)
    server.held_step_us = 20 * SECOND
    [seen] = polled("binance.um.open_interest", "BTCUSDT", server=server).observations
    assert seen.event_time == NOW // (20 * SECOND) * (20 * SECOND)
    assert seen.value == MARKET.quote("binance", "BTCUSDT", seen.event_time).oi_coin


# --- what is asked wrongly, and too often ----------------------------------------------------

STAT = (("symbol", "BTCUSDT"), ("period", "5m"))


def ms(us: int) -> str:
    return str(us // 1000)


@pytest.mark.parametrize(
    ("host", "path", "params", "code"),
    [
        ("um", "/fapi/v1/openInterest", (), -1102),
        ("um", "/fapi/v1/openInterest", (("symbol", "BTCUSD_PERP"),), -1121),
        ("cm", "/dapi/v1/openInterest", (("symbol", "BTCUSDT"),), -1121),
        ("um", "/futures/data/openInterestHist", (("symbol", "BTCUSDT"),), -1102),
        ("um", "/futures/data/openInterestHist", (*STAT[:1], ("period", "1m")), -1130),
        ("um", "/futures/data/openInterestHist", (*STAT, ("limit", "501")), -1130),
        ("um", "/futures/data/openInterestHist", (*STAT, ("limit", "x")), -1100),
        ("um", "/futures/data/openInterestHist",
         (*STAT, ("startTime", ms(NOW - 31 * DAY))), -1130),
        ("um", "/futures/data/openInterestHist",
         (*STAT, ("startTime", ms(NOW)), ("endTime", ms(NOW - HOUR))), -1023),
        ("cm", "/futures/data/openInterestHist", (("pair", "BTCUSD"), ("period", "5m")), -1102),
        ("cm", "/futures/data/globalLongShortAccountRatio",
         (("pair", "XRPUSD"), ("period", "5m")), -1121),
        ("um", "/fapi/v1/klines", (("symbol", "BTCUSDT"), ("interval", "7m")), -1120),
        ("spot", "/api/v3/klines", (("symbol", "1000PEPEUSDT"), ("interval", "1m")), -1121),
        ("spot", "/api/v3/klines", (("interval", "1m"),), -1102),
    ],
)  # fmt: skip
def test_wrong_questions(host: str, path: str, params: tuple[tuple[str, str], ...], code: int):
    reply = answered(Request(host, path, params))
    assert (reply.status, json.loads(reply.body)["code"]) == (400, code)
    assert verdict(reply).kind == "refused"


def test_places_that_are_not_there():
    for host, path in (
        ("um", "/fapi/v1/nothing"),
        ("um", "/dapi/v1/openInterest"),
        ("spot", "/api/v3/openInterest"),
        ("um", "/futures/data/takerBuySellVol"),
        ("elsewhere", "/fapi/v1/time"),
    ):
        assert answered(Request(host, path)).status == 404
    assert answered(Request("um", "/fapi/v1/time", method="POST")).status == 404


def stats(*params: tuple[str, str]) -> list[int]:
    reply = answered(Request("um", "/futures/data/openInterestHist", (*STAT, *params)))
    return [row["timestamp"] * 1000 for row in json.loads(reply.body)]


def test_pages():
    """Without times the newest, with a start from there on; always oldest first."""
    step = 5 * MINUTE
    newest = NOW // step * step
    assert stats() == [newest - step * i for i in range(29, -1, -1)]
    assert stats(("limit", "2")) == [newest - step, newest]
    assert stats(("limit", "2"), ("startTime", ms(GRID))) == [GRID, GRID + step]
    ends = ("endTime", ms(GRID))
    assert stats(("limit", "2"), ends) == [GRID - step, GRID]
    assert stats(("startTime", ms(GRID + 1000)), ("endTime", ms(GRID + 2000))) == []
    assert stats(("limit", "1"), ("startTime", "0")) == [newest]


def weigh(server: BinanceServer, path: str, now: int, *params: tuple[str, str]) -> Reply:
    return server.answer(Request("um", path, params), now)


def test_weight_is_told_and_limited_and_then_punished():
    server, minute = BinanceServer(MARKET), NOW // MINUTE * MINUTE
    first = weigh(server, "/fapi/v1/time", minute)
    assert first.headers["x-mbx-used-weight-1m"] == "1"
    for _ in range(239):
        weigh(server, "/fapi/v1/klines", minute, ("symbol", "NONE"), ("limit", "1500"))
    assert weigh(server, "/fapi/v1/klines", minute).headers["x-mbx-used-weight-1m"] == "2396"
    found = [weigh(server, "/fapi/v1/time", minute + 20 * SECOND) for _ in range(4 + 11)]
    assert [reply.status for reply in found] == [200] * 4 + [429] * 10 + [418]
    assert verdict(found[4])[:2] == ("slow_down", 40.0)
    assert verdict(found[-1])[:2] == ("ban", 120.0)
    assert server.answer(Request("cm", "/dapi/v1/time"), minute + 20 * SECOND).status == 200
    assert weigh(server, "/fapi/v1/time", minute + 130 * SECOND).status == 418
    assert weigh(server, "/fapi/v1/time", minute + 140 * SECOND).status == 200


def test_statistics_and_funding_have_limits_of_their_own_for_both_products():
    server = BinanceServer(MARKET)
    path = "/futures/data/globalLongShortAccountRatio"
    asked = [
        server.answer(Request(host, path), NOW).status for _ in range(501) for host in ("um", "cm")
    ]
    assert asked == [400] * 1000 + [429, 429]
    asked = [weigh(server, "/fapi/v1/fundingInfo", NOW).status for _ in range(501)]
    assert asked == [200] * 500 + [429]
    assert weigh(server, "/fapi/v1/time", NOW).headers["x-mbx-used-weight-1m"] == "1"
    assert weigh(server, "/fapi/v1/fundingInfo", NOW + 5 * MINUTE).status == 200


def test_every_declared_request_costs_what_it_is_charged():
    """Weight told by the server = weight in the declaration."""
    for feed in FEEDS.values():
        of = next(one for one in FOLLOWED.values() if feed.selects(one))
        request = feed.ask([of])[0] if isinstance(feed, Poll) else feed.ask(of, GRID, GRID + HOUR)
        told = float(answered(request).headers["x-mbx-used-weight-1m"])
        assert told == sum(c.units for c in feed.charges if c.bucket.endswith("weight")), feed.name


# --- pushes ----------------------------------------------------------------------------------


def pushed(
    which: str, span: int, server: BinanceServer | None = None
) -> tuple[list[str], list[Parsed]]:
    """The frames of a declared stream over ``span`` from NOW on, and what its reader makes."""
    stream = next(one for one in BINANCE.streams if f".{which}." in one.name)
    names = [topic.name for topic in stream.topics(list(FOLLOWED.values()))]
    session = (server or BinanceServer(MARKET)).open(stream.host, stream.path(names), NOW)
    assert session is not None
    reader, frames, parsed = stream.reader(), [], []
    due = session.next_due(NOW)
    while due is not None and due <= NOW + span:
        for frame in session.push(due):
            frames.append(frame)
            parsed.append(reader.read(frame.encode(), note(due, {})))
        due = session.next_due(due + 1)
    return frames, parsed


@pytest.mark.parametrize("which", ["um", "cm"])
def test_marks_come_every_second_and_are_the_market(which: str):
    _, parsed = pushed(which, 5 * SECOND)
    marks = [found for found in parsed if any(o.field == "mark_price" for o in found.observations)]
    first = (NOW // SECOND + 1) * SECOND
    assert [found.server_time for found in marks] == [first + i * SECOND for i in range(5)]
    ours = {symbol for symbol in FOLLOWED if product(symbol) == which}
    for found in marks:
        assert {seen.instrument for seen in found.observations} == ours
        assert found.ignored == {"other product": len(FOLLOWED) - len(ours)}
        agrees(found.observations, found.server_time or 0)


def expected_liquidations(which: str, until: int) -> dict[tuple[str, str, int], float]:
    """(symbol, field, time) -> value: the largest of each symbol and second."""
    found: dict[tuple[str, str, int], float] = {}
    for symbol, one in FOLLOWED.items():
        if product(symbol) != which:
            continue
        best: dict[int, Any] = {}
        since = NOW // SECOND * SECOND
        for event in MARKET.liquidations("binance", symbol, since, until):
            second = -(-event.at // SECOND)
            if second not in best or event.coin > best[second].coin:
                best[second] = event
        for event in best.values():
            dollars = event.coin * event.price
            if not one.linear:
                dollars = round(dollars)
            found[symbol, f"liquidation_{event.side}_coin", event.at] = event.coin
            found[symbol, f"liquidation_{event.side}_usd", event.at] = dollars
    return found


@pytest.mark.parametrize(
    ("which", "pace", "span"),
    [("um", 1, 10 * MINUTE), ("um", 60, 2 * HOUR), ("cm", 600, 12 * HOUR)],
)
def test_liquidations_are_those_of_the_market(which: str, pace: int, span: int):
    _, parsed = pushed(which, span, BinanceServer(MARKET, pace=pace))
    beat = pace * SECOND
    until = (NOW + span) // beat * beat
    seen = {
        (one.instrument, one.field, one.event_time): one.value
        for found in parsed
        for one in found.observations
        if one.field.startswith("liquidation")
    }
    want = expected_liquidations(which, until)
    assert len(want) > 4
    assert seen.keys() == want.keys()
    for key, value in seen.items():
        assert value == pytest.approx(want[key], rel=1e-14, abs=1e-9), key


def test_both_hosts_say_the_same_of_both_products():
    um, cm = pushed("um", 20 * SECOND)[0], pushed("cm", 20 * SECOND)[0]
    assert um == cm
    assert {json.loads(um[0])["stream"]} <= {"!forceOrder@arr", "!markPrice@arr@1s"}


def test_subscriptions_by_message():
    session = BinanceServer(MARKET).open("um_ws", "/market/ws", NOW)
    assert session is not None
    assert session.next_due(NOW) is None
    asks = '{"method":"SUBSCRIBE","params":["btcusdt@markPrice@1s","what@ever"],"id":7}'
    assert session.receive(asks, NOW) == ['{"result":null,"id":7}']
    due = session.next_due(NOW)
    assert due == (NOW // SECOND + 1) * SECOND
    [frame] = session.push(due)
    assert (json.loads(frame)["e"], json.loads(frame)["s"]) == ("markPriceUpdate", "BTCUSDT")
    assert session.push(due) == []
    lists = session.receive('{"method":"LIST_SUBSCRIPTIONS","id":8}', due)
    assert json.loads(lists[0])["result"] == ["btcusdt@markPrice@1s", "what@ever"]
    session.receive('{"method":"UNSUBSCRIBE","params":["btcusdt@markPrice@1s"],"id":9}', due)
    assert session.next_due(due) is None
    for bad in ("nonsense", "[]", '{"id":1}', '{"method":"JUMP","id":1}'):
        assert "error" in json.loads(session.receive(bad, due)[0])


def test_marks_without_a_word_about_pace_come_every_three_seconds():
    session = BinanceServer(MARKET).open("cm_ws", "/ws/btcusd_perp@markPrice", NOW)
    assert session is not None
    due, seen = session.next_due(NOW), []
    for _ in range(9):
        assert due is not None
        seen += session.push(due)
        due = session.next_due(due + 1)
    assert len(seen) == 3


def test_places_of_the_streams():
    server = BinanceServer(MARKET)
    names = "?streams=!markPrice@arr@1s"
    for target in ("/stream" + names, "/ws/!markPrice@arr@1s", "/public/stream" + names):
        session = server.open("um_ws", target, NOW)
        assert session is not None
        assert session.next_due(NOW) is None
    assert server.open("um_ws", "/market/elsewhere", NOW) is None
    assert server.open("um", "/market/stream" + names, NOW) is None
