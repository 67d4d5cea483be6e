"""Bybit's server and Bybit's parsers: what goes in one end comes out of the other."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from tests.venues.golden_frames import PAYLOADS, values
from tideline.domain.instrument import Instrument
from tideline.domain.time import DAY, HOUR, MINUTE, SECOND, parse_time
from tideline.market.assets import Coin
from tideline.market.changes import Delisted, Relisted
from tideline.market.synthetic import Synthetic
from tideline.market.venues.bybit import BybitServer
from tideline.market.venues.bybit_stream import BybitSession
from tideline.venues.bybit.declaration import BYBIT
from tideline.venues.bybit.envelope import verdict
from tideline.venues.bybit.stream import StreamReader
from tideline.venues.declaration import History, Poll
from tideline.venues.parsed import Note, Observation, Parsed
from tideline.venues.wire import Reply, Request

START = int(parse_time("2026-08-03T00:00:00Z"))
NOW = START + 9 * HOUR + 17 * MINUTE + 3 * SECOND + 456_000
COINS = [Coin("BTC", 70_000.0, 9_000.0), Coin("SHIB", 0.0000123, 300.0)]


@pytest.fixture(scope="module")
def market() -> Synthetic:
    return Synthetic(6, 7, START)


def instruments(market: Any, at: int = NOW) -> dict[str, Instrument]:
    return {one.instrument.symbol: one.instrument for one in market.listed("bybit", at)}


def note(market: Any, received: int, request: Request | None = None) -> Note:
    return Note(received, instruments(market), dict(request.params) if request else {})


def poll(name: str) -> Poll:
    return next(found for found in (*BYBIT.polls, *BYBIT.listings) if found.name == name)


def history(name: str) -> History:
    return next(found for found in BYBIT.histories if found.name == name)


def asked(server: BybitServer, feed: Poll, now: int = NOW) -> Parsed:
    [request] = feed.ask([])
    reply = server.answer(request, now)
    assert verdict(reply).kind == "ok"
    return feed.read(reply.body, note(server.market, now, request))


def window(
    server: BybitServer, feed: History, of: Instrument, start: int, end: int, now: int = NOW
) -> Parsed:
    request = feed.ask(of, start, end)
    reply = server.answer(request, now)
    assert verdict(reply).kind == "ok"
    return feed.read(reply.body, note(server.market, now, request))


def by_field(seen: Iterable[Observation], symbol: str) -> dict[str, Observation]:
    return {one.field: one for one in seen if one.instrument == symbol}


def agree(market: Any, found: dict[str, Observation], symbol: str, at: int) -> None:
    """Every field of a ticker is the market's own number at that moment."""
    quote = market.quote("bybit", symbol, at)
    assert {one.event_time for one in found.values()} == {at}
    assert found["open_interest"].value == quote.oi_coin
    usd = quote.oi_coin * quote.mark_price
    assert found["open_interest_usd"].value == pytest.approx(usd, abs=1.0)
    assert found["mark_price"].value == quote.mark_price
    assert found["index_price"].value == quote.index_price
    assert found["funding_rate_quoted"].value == quote.funding_rate
    assert found["funding_interval_h"].value == quote.funding_interval_h
    assert found["next_funding_time"].value == quote.next_funding_us


@pytest.mark.parametrize("category", ["linear", "inverse"])
def test_tickers_are_the_market(market: Synthetic, category: str):
    parsed = asked(BybitServer(market), poll(f"bybit.{category}.tickers"))
    linear = category == "linear"
    symbols = [name for name, one in instruments(market).items() if one.linear == linear]
    assert {one.instrument for one in parsed.observations} == set(symbols)
    for symbol in symbols:
        agree(market, by_field(parsed.observations, symbol), symbol, NOW)
    assert not parsed.ignored
    assert parsed.server_time == NOW


def test_thousands_are_quoted_in_thousands(market: Synthetic):
    """SHIB1000USDT: the wire's price is that of 1000 coins, its quantity counts thousands."""
    symbol = "SHIB1000USDT"
    server = BybitServer(Synthetic(list(COINS), 7, START))
    body = json.loads(
        server.answer(
            Request("rest", "/v5/market/tickers", (("category", "linear"), ("symbol", symbol))), NOW
        ).body
    )
    [row] = body["result"]["list"]
    quote = server.market.quote("bybit", symbol, NOW)
    assert float(row["markPrice"]) == pytest.approx(quote.mark_price * 1000, rel=1e-12)
    assert float(row["openInterest"]) == pytest.approx(2 * quote.oi_coin / 1000, rel=1e-12)
    assert float(row["singleOpenInterest"]) * 2 == float(row["openInterest"])


def test_listings_tell_what_trades_since_when(market: Synthetic):
    parsed = asked(BybitServer(market), poll("bybit.linear.listings"))
    assert {found.instrument.symbol for found in parsed.listings} == {
        name for name, one in instruments(market).items() if one.linear
    }
    for found in parsed.listings:
        assert found.state == "trading"
        assert found.instrument.listed_us == START - 400 * DAY
        quote = market.quote("bybit", found.instrument.symbol, NOW)
        assert found.funding_interval_h == quote.funding_interval_h
    assert not parsed.controls


def test_listings_come_in_pages(market: Synthetic):
    server, feed = BybitServer(market), poll("bybit.linear.listings")
    seen, cursor = [], ""
    for _ in range(10):
        params = [("category", "linear"), ("limit", "2")]
        params += [("cursor", cursor)] if cursor else []
        request = Request("rest", "/v5/market/instruments-info", tuple(params))
        parsed = feed.read(server.answer(request, NOW).body, note(market, NOW))
        seen += [found.instrument.symbol for found in parsed.listings]
        if not parsed.controls:
            break
        cursor = parsed.controls[0].text
    assert seen == sorted(name for name, one in instruments(market).items() if one.linear)


@pytest.mark.parametrize("symbol", ["BTCUSDT", "BTCUSD", "ETHUSD"])
def test_open_interest_history_is_the_market_at_the_boundaries(market: Synthetic, symbol: str):
    of = instruments(market)[symbol]
    feed = history(f"bybit.{'linear' if of.linear else 'inverse'}.open_interest")
    start = START + HOUR
    parsed = window(BybitServer(market), feed, of, start, start + HOUR)
    times = [one.event_time for one in parsed.observations]
    assert times == [start + HOUR - i * 5 * MINUTE for i in range(12)]
    for one in parsed.observations:
        quote = market.quote("bybit", symbol, one.event_time)
        if of.linear:
            assert (one.field, one.value) == ("open_interest", quote.oi_coin)
        else:
            usd = quote.oi_coin * quote.mark_price
            assert (one.field, one.value) == ("open_interest_usd", round(usd))


def test_account_ratio_is_the_market(market: Synthetic):
    of, feed = instruments(market)["ETHUSDT"], history("bybit.linear.account_ratio")
    parsed = window(BybitServer(market), feed, of, START, START + 2 * HOUR)
    assert len(parsed.observations) == 24
    for one in parsed.observations:
        expected = market.ratios("bybit", "ETHUSDT", one.event_time).global_accounts
        assert one.value == expected


def test_settled_funding_is_the_market(market: Synthetic):
    of, feed = instruments(market)["BTCUSDT"], history("bybit.linear.funding")
    parsed = window(BybitServer(market), feed, of, START - 3 * DAY, START)
    assert [one.event_time for one in parsed.observations] == [
        START - i * 8 * HOUR for i in range(9)
    ]
    for one in parsed.observations:
        assert one.value == market.settled("bybit", "BTCUSDT", one.event_time)


@pytest.mark.parametrize("symbol", ["BTCUSDT", "BTCUSD"])
def test_bars_are_the_market_without_the_unfinished_one(market: Synthetic, symbol: str):
    of = instruments(market)[symbol]
    category = "linear" if of.linear else "inverse"
    end = NOW // MINUTE * MINUTE + 5 * MINUTE
    feed = history(f"bybit.{category}.klines")
    parsed = window(BybitServer(market), feed, of, end - HOUR, end)
    assert [one.event_time for one in parsed.observations] == [
        end - i * MINUTE for i in range(5, 60)
    ]
    assert parsed.ignored == {"unfinished bar": 1}
    for one in parsed.observations:
        bar = market.bar("bybit", symbol, one.event_time - MINUTE, one.event_time)
        assert one.value == bar.volume_coin
    marks = window(
        BybitServer(market), history(f"bybit.{category}.mark_klines"), of, START, START + HOUR
    )
    assert len(marks.observations) == 12
    for one in marks.observations:
        assert one.value == market.quote("bybit", symbol, one.event_time).mark_price


def test_history_comes_late_and_under_another_label_when_told(market: Synthetic):
    of, feed = instruments(market)["BTCUSDT"], history("bybit.linear.open_interest")
    server = BybitServer(market)
    end = NOW // (5 * MINUTE) * 5 * MINUTE
    assert window(server, feed, of, end - HOUR, end).observations[0].event_time == end
    server.history_lag_us = 5 * MINUTE
    late = window(server, feed, of, end - HOUR, end).observations[0]
    assert late.event_time == end - 5 * MINUTE
    server.history_lag_us, server.label_shift_us = 0, -5 * MINUTE
    shifted = window(server, feed, of, end - HOUR, end).observations[0]
    assert shifted.event_time == end - 5 * MINUTE
    assert shifted.value == market.quote("bybit", "BTCUSDT", end).oi_coin


def test_pages_follow_the_cursor_back_to_listing(market: Synthetic):
    server, seen = BybitServer(market), []
    cursor, newest = "", NOW // (5 * MINUTE) * 5 * MINUTE
    for _ in range(3):
        params = (("category", "linear"), ("symbol", "BTCUSDT"), ("intervalTime", "5min"))
        params += (("limit", "3"),) + ((("cursor", cursor),) if cursor else ())
        result = json.loads(
            server.answer(Request("rest", "/v5/market/open-interest", params), NOW).body
        )["result"]
        seen += [int(row["timestamp"]) * 1000 for row in result["list"]]
        cursor = result["nextPageCursor"].replace("%3D", "=").replace("%26", "&")
    assert seen == [newest - i * 5 * MINUTE for i in range(9)]


def test_a_lone_start_is_ignored_by_one_and_refused_by_the_other(market: Synthetic):
    server = BybitServer(market)
    told = (("category", "linear"), ("symbol", "BTCUSDT"))
    lone = (("startTime", str(START // 1000)),)
    path, more = "/v5/market/open-interest", (("intervalTime", "5min"),)
    body = json.loads(server.answer(Request("rest", path, told + more + lone), NOW).body)
    newest = NOW // (5 * MINUTE) * 5 * MINUTE
    assert int(body["result"]["list"][0]["timestamp"]) * 1000 == newest
    refused = server.answer(Request("rest", "/v5/market/funding/history", told + lone), NOW)
    assert verdict(refused).kind == "refused"


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("tickers", {"category": "linear", "symbol": "NOPEUSDT"}),
        ("tickers", {"category": "linear", "symbol": "BTCUSD"}),
        ("tickers", {"category": "futures"}),
        ("open-interest", {"category": "linear", "symbol": "BTCUSDT", "intervalTime": "7min"}),
        ("open-interest", {"category": "linear", "symbol": "BTCUSDT"}),
        ("kline", {"category": "linear", "symbol": "BTCUSDT", "interval": "7"}),
        ("account-ratio", {"category": "linear", "symbol": "BTCUSDT", "period": "x"}),
        ("funding/history", {"category": "linear", "symbol": "BTCUSDT", "limit": "none"}),
        ("funding/history", {"category": "linear", "symbol": "BTCUSDT", "endTime": "soon"}),
    ],
)
def test_wrong_questions_are_refused(market: Synthetic, path: str, params: dict[str, str]):
    request = Request("rest", f"/v5/market/{path}", tuple(params.items()))
    found = verdict(BybitServer(market).answer(request, NOW))
    assert (found.kind, found.why[:5]) == ("refused", "10001")


def test_too_many_requests_shut_the_door_for_ten_minutes(market: Synthetic):
    server = BybitServer(market)
    request = Request("rest", "/v5/market/time")
    for i in range(600):
        assert server.answer(request, NOW + i).status == 200
    assert verdict(server.answer(request, NOW + 600))[:2] == ("ban", 600.0)
    assert server.answer(request, NOW + 600 + 10 * MINUTE - 1).status == 403
    assert server.answer(request, NOW + 600 + 10 * MINUTE).status == 200


def test_unknown_places_are_not_there(market: Synthetic):
    server = BybitServer(market)
    assert server.answer(Request("rest", "/v5/market/nothing"), NOW).status == 404
    assert server.open("ws", "/v5/public/spot", NOW) is None
    assert server.open("ws", "/v5/private/linear", NOW) is None


# --- the stream -------------------------------------------------------------------------------


class Listener:
    """A client of one session that parses what it hears."""

    def __init__(self, server: BybitServer, category: str, now: int = NOW) -> None:
        session = server.open("ws", f"/v5/public/{category}", now)
        assert session is not None
        self.session: BybitSession = session
        self.server, self.at = server, now
        self.reader = StreamReader(category == "linear")
        self.frames: list[dict[str, Any]] = []

    def say(self, text: str) -> list[Any]:
        return [
            control
            for frame in self.session.receive(text, self.at)
            for control in self.reader.read(frame.encode(), note(self.server.market, NOW)).controls
        ]

    def hear(self, until: int) -> list[tuple[int, Parsed]]:
        """Everything that is due up to ``until``."""
        heard = []
        while (due := self.session.next_due(self.at)) is not None and due <= until:
            self.at = due
            for frame in self.session.push(due):
                self.frames.append(json.loads(frame))
                market_note = note(self.server.market, due)
                heard.append((due, self.reader.read(frame.encode(), market_note)))
        self.at = until
        return heard


def subscribe(listener: Listener, names: Sequence[str]) -> list[Any]:
    feed = next(one for one in BYBIT.streams if one.name == "bybit.linear.stream")
    return [c for _, _, text in feed.subscribe(names, 1) for c in listener.say(text)]


@pytest.mark.parametrize("symbol", ["BTCUSDT", "BTCUSD"])
def test_the_stream_is_the_market(market: Synthetic, symbol: str):
    listener = Listener(BybitServer(market), "linear" if symbol == "BTCUSDT" else "inverse")
    [acked] = subscribe(listener, [f"tickers.{symbol}"])
    assert (acked.kind, acked.id) == ("ack", "1")
    heard = listener.hear(NOW + 3 * SECOND)
    kinds = [frame["type"] for frame in listener.frames]
    assert kinds == ["snapshot", *["delta"] * 30]
    agree(market, by_field(heard[0][1].observations, symbol), symbol, NOW)
    for due, parsed in heard[1:]:
        at = due // 1000 * 1000
        quote = market.quote("bybit", symbol, at)
        found = by_field(parsed.observations, symbol)
        assert {one.event_time for one in found.values()} <= {at}
        if "open_interest" in found:
            assert found["open_interest"].value == quote.oi_coin
        if "mark_price" in found:
            assert found["mark_price"].value == quote.mark_price
        if "funding_rate_quoted" in found:
            assert found["funding_rate_quoted"].value == quote.funding_rate
            assert found["funding_interval_h"].value == quote.funding_interval_h
            assert found["next_funding_time"].value == quote.next_funding_us


def test_a_merged_state_is_the_whole_ticker(market: Synthetic):
    """What a client puts together from changes is what a snapshot would say now."""
    listener = Listener(BybitServer(market), "linear")
    subscribe(listener, ["tickers.BTCUSDT"])
    listener.hear(NOW + 2 * SECOND)
    merged: dict[str, str] = {}
    for frame in listener.frames:
        assert len(frame["data"]) < len(listener.frames[0]["data"]) or not merged
        merged |= frame["data"]
    other = Listener(BybitServer(market), "linear", NOW + 2 * SECOND)
    subscribe(other, ["tickers.BTCUSDT"])
    other.hear(NOW + 2 * SECOND)
    assert merged == other.frames[0]["data"]


def test_pace_makes_pushes_rarer(market: Synthetic):
    listener = Listener(BybitServer(market, pace=20.0), "linear")
    subscribe(listener, ["tickers.BTCUSDT"])
    listener.hear(NOW + 10 * SECOND)
    times = [frame["ts"] for frame in listener.frames]
    assert times == [(NOW + i * 2 * SECOND) // 1000 for i in range(6)]


@pytest.mark.parametrize("symbol", ["BTCUSDT", "BTCUSD"])
def test_every_liquidation_arrives_once_with_its_side(market: Synthetic, symbol: str):
    category = "linear" if symbol == "BTCUSDT" else "inverse"
    listener = Listener(BybitServer(market, pace=10.0), category, START)
    subscribe(listener, [f"allLiquidation.{symbol}"])
    end = START + DAY
    heard = [one for _, parsed in listener.hear(end) for one in parsed.observations]
    events = market.liquidations("bybit", symbol, START, end)
    assert events
    coins = {(one.event_time, one.field): one.value for one in heard if one.field.endswith("_coin")}
    for event in events:
        assert coins[event.at, f"liquidation_{event.side}_coin"] == pytest.approx(
            event.coin, rel=1e-12
        )
    usd = sum(one.value for one in heard if one.field.endswith("_usd"))
    assert usd == pytest.approx(sum(event.coin * event.price for event in events))
    assert len({one.key for one in heard}) == len(events)


def test_one_unknown_topic_voids_the_message(market: Synthetic):
    listener = Listener(BybitServer(market), "linear")
    named, void = subscribe(listener, ["tickers.BTCUSDT", "tickers.NOPEUSDT", "tickers.ETHUSDT"])
    assert named[:2] == ("refused", ("tickers.NOPEUSDT",))
    assert void[:3] == ("refused", (), "1")
    assert listener.session.next_due(NOW) is None
    assert subscribe(listener, ["tickers.BTCUSDT"])[0].kind == "ack"
    assert subscribe(listener, ["tickers.BTCUSDT"])[0][:2] == ("ack", ("tickers.BTCUSDT",))
    assert subscribe(listener, ["tickers.BTCUSD"])[0].kind == "refused"


def test_pings_are_answered_and_noise_is_refused(market: Synthetic):
    listener = Listener(BybitServer(market), "linear")
    assert [one.kind for one in listener.say('{"op":"ping"}')] == ["pong"]
    for noise in ("", "ping", "[]", "null", '{"op":1}', '{"op":"subscribe","args":"x"}'):
        [answer] = listener.session.receive(noise, NOW)
        assert json.loads(answer)["success"] is False


def test_unsubscribed_topics_fall_silent(market: Synthetic):
    listener = Listener(BybitServer(market), "linear")
    subscribe(listener, ["tickers.BTCUSDT", "allLiquidation.BTCUSDT"])
    body = {"op": "unsubscribe", "args": ["tickers.BTCUSDT", "allLiquidation.BTCUSDT"]}
    listener.session.receive(json.dumps(body), NOW)
    assert listener.session.next_due(NOW) is None


def test_topics_of_one_connection_are_limited_in_length(market: Synthetic):
    listener = Listener(BybitServer(market), "linear")
    body = {"op": "subscribe", "args": ["tickers.BTCUSDT"] * 1500, "req_id": "1"}
    [answer] = listener.session.receive(json.dumps(body), NOW)
    assert json.loads(answer)["ret_msg"] == "error:args size is too large"


# --- held to the samples ----------------------------------------------------------------------

NEWER = {"singleOpenInterest", "singleOpenInterestValue"}
"""Came on 2026-06-11, after most samples."""


def kinds(value: Any) -> Any:
    """The shape of a value: keys, and what kind each member is."""
    if isinstance(value, dict):
        return {name: kinds(item) for name, item in value.items()}
    if isinstance(value, list):
        return [kinds(value[0])] if value else []
    return type(value).__name__


def sample(name: str, place: int = 0) -> Any:
    return values((PAYLOADS / "bybit" / name).read_text("utf-8"))[place]


@pytest.mark.parametrize(
    ("name", "path", "params", "newer"),
    [
        ("rest_tickers_inverse.json", "tickers", {"category": "inverse"}, NEWER),
        ("rest_instruments_linear.json", "instruments-info", {"category": "linear"}, set()),
        ("rest_open_interest.json", "open-interest", {"intervalTime": "5min"}, set()),
        ("rest_account_ratio.json", "account-ratio", {"period": "5min"}, set()),
        ("rest_funding_history.json", "funding/history", {}, set()),
        ("rest_mark_kline.json", "mark-price-kline", {"interval": "5"}, set()),
    ],
)
def test_answers_have_the_shape_of_the_samples(
    market: Synthetic, name: str, path: str, params: dict[str, str], newer: set[str]
):
    told = {"category": "linear"} | params
    if path not in ("tickers", "instruments-info"):
        told["symbol"] = "BTCUSDT"
    body = json.loads(
        BybitServer(market)
        .answer(Request("rest", f"/v5/market/{path}", tuple(told.items())), NOW)
        .body
    )
    for row in body["result"]["list"]:
        for added in newer:
            assert isinstance(row.pop(added), str)
    assert kinds(body) == kinds(sample(name))


def test_frames_have_the_shape_of_the_samples(market: Synthetic):
    listener = Listener(BybitServer(market), "linear", START)
    subscribe(listener, ["tickers.BTCUSDT"])
    listener.hear(START)
    [snapshot] = listener.frames
    for added in NEWER:
        assert isinstance(snapshot["data"].pop(added), str)
    assert kinds(snapshot) == kinds(sample("ws_tickers_linear_doc.json"))
    subscribe(listener, ["allLiquidation.BTCUSDT"])
    listener.hear(START + 8 * HOUR // 20)
    listener.session.receive('{"op":"unsubscribe","args":["tickers.BTCUSDT"]}', listener.at)
    listener.hear(START + 8 * HOUR)
    found = [one for one in listener.frames if one["topic"].startswith("allLiq")]
    assert kinds(found[0]) == kinds(sample("ws_allLiquidation_doc.json"))


def test_acknowledgements_have_the_shape_of_the_sample(market: Synthetic):
    text = (PAYLOADS / "bybit" / "Subscriptions.V5.Linear.Liquidations.txt").read_text("utf-8")
    line = next(line for line in text.splitlines() if line.startswith("< "))
    session = BybitServer(market).open("ws", "/v5/public/linear", NOW)
    assert session is not None
    body = {"op": "subscribe", "args": ["tickers.BTCUSDT"], "req_id": "|1|"}
    [answer] = session.receive(json.dumps(body), NOW)
    assert kinds(json.loads(answer)) == kinds(json.loads(line[2:]))


# --- changes ----------------------------------------------------------------------------------


def test_a_delisted_name_is_gone(market: Synthetic):
    gone = Delisted(market, "bybit", "ETHUSDT", START + HOUR)
    server = BybitServer(gone)
    before = asked(server, poll("bybit.linear.tickers"), START)
    after = asked(server, poll("bybit.linear.tickers"), START + 2 * HOUR)
    assert by_field(before.observations, "ETHUSDT")
    assert not by_field(after.observations, "ETHUSDT")
    names = {one.instrument.symbol for one in asked(server, LISTED, START + 2 * HOUR).listings}
    assert "ETHUSDT" not in names


def test_a_relisted_name_has_no_rows_of_before(market: Synthetic):
    again = Relisted(market, "bybit", "ETHUSDT", START + HOUR, START + 3 * HOUR)
    server = BybitServer(again)
    of = instruments(again, START + 5 * HOUR)["ETHUSDT"]
    feed = history("bybit.linear.open_interest")
    parsed = window(server, feed, of, START, START + 4 * HOUR, START + 5 * HOUR)
    assert parsed.observations[-1].event_time >= START + 3 * HOUR


LISTED = poll("bybit.linear.listings")


def test_replies_are_replies(market: Synthetic):
    reply = BybitServer(market).answer(Request("rest", "/v5/market/time"), NOW)
    assert isinstance(reply, Reply)
    assert reply.headers["content-type"].startswith("application/json")
