"""Bitget's server and Bitget's parsers: what goes in one end comes out of the other."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from tests.venues.golden_frames import PAYLOADS, values
from tideline.domain.instrument import Instrument
from tideline.domain.time import DAY, HOUR, MINUTE, SECOND, parse_time
from tideline.market.assets import Coin
from tideline.market.changes import Delisted
from tideline.market.synthetic import Synthetic
from tideline.market.venues.bitget import BitgetServer
from tideline.market.venues.bitget_stream import BitgetSession, largest
from tideline.venues.bitget import history, rest, stream
from tideline.venues.bitget.declaration import BITGET
from tideline.venues.bitget.envelope import verdict
from tideline.venues.declaration import History, Poll, Read
from tideline.venues.parsed import Note, Observation, Parsed
from tideline.venues.wire import Request

START = int(parse_time("2026-08-03T00:00:00Z"))
NOW = START + 9 * HOUR + 17 * MINUTE + 3 * SECOND + 456_000
BONK = [Coin("BTC", 70_000.0, 9_000.0), Coin("BONK", 0.0000223, 100.0)]


@pytest.fixture(scope="module")
def market() -> Synthetic:
    return Synthetic(6, 11, START)


def instruments(market: Any, at: int = NOW) -> dict[str, Instrument]:
    return {one.instrument.symbol: one.instrument for one in market.listed("bitget", at)}


def note(market: Any, received: int, request: Request | None = None) -> Note:
    return Note(received, instruments(market), dict(request.params) if request else {})


def poll(name: str) -> Poll:
    return next(found for found in (*BITGET.polls, *BITGET.listings) if found.name == name)


def feed(name: str) -> History:
    return next(found for found in BITGET.histories if found.name == name)


def read(server: BitgetServer, request: Request, how: Read, now: int = NOW) -> Parsed:
    reply = server.answer(request, now)
    assert verdict(reply).kind == "ok", reply.body
    return how(reply.body, note(server.market, now, request))


def asked(server: BitgetServer, found: Poll, now: int = NOW) -> Parsed:
    [request] = found.ask([])
    return read(server, request, found.read, now)


def by_field(seen: Iterable[Observation], symbol: str) -> dict[str, Observation]:
    return {one.field: one for one in seen if one.instrument == symbol}


def agree(market: Any, found: dict[str, Observation], symbol: str, at: int) -> None:
    """Every field of a ticker is the market's own number at that moment."""
    quote = market.quote("bitget", symbol, at)
    assert {one.event_time for one in found.values()} == {at}
    assert found["open_interest"].value == quote.oi_coin
    assert found["mark_price"].value == quote.mark_price
    assert found["index_price"].value == quote.index_price
    assert found["funding_rate_quoted"].value == quote.funding_rate


@pytest.mark.parametrize("word", ["usdt", "coin"])
def test_tickers_are_the_market(market: Synthetic, word: str):
    parsed = asked(BitgetServer(market), poll(f"bitget.{word}.tickers"))
    linear = word == "usdt"
    symbols = {name for name, one in instruments(market).items() if one.linear == linear}
    assert {one.instrument for one in parsed.observations} == symbols
    for symbol in symbols:
        agree(market, by_field(parsed.observations, symbol), symbol, NOW)
    assert not parsed.ignored


def test_thousands_come_back_as_coins():
    market = Synthetic(BONK, 11, START)
    server = BitgetServer(market)
    parsed = asked(server, poll("bitget.usdt.tickers"))
    agree(market, by_field(parsed.observations, "1000BONKUSDT"), "1000BONKUSDT", NOW)
    of = instruments(market)["1000BONKUSDT"]
    for one in latest(server, "taker", of).observations[:2]:
        bar = market.bar("bitget", of.symbol, one.event_time - 5 * MINUTE, one.event_time)
        sold = bar.volume_coin - bar.taker_buy_coin
        expected = bar.taker_buy_coin if one.field == "taker_buy_coin" else sold
        assert one.value == pytest.approx(expected, rel=1e-9)


def test_a_category_without_contracts_is_empty(market: Synthetic):
    assert asked(BitgetServer(market), poll("bitget.usdc.tickers")) == Parsed(server_time=NOW)


def test_v2_says_the_same(market: Synthetic):
    server, told = BitgetServer(market), (("productType", "USDT-FUTURES"),)
    tickers = read(server, Request("rest", "/api/v2/mix/market/tickers", told), rest.tickers)
    agree(market, by_field(tickers.observations, "BTCUSDT"), "BTCUSDT", NOW)
    symbol = (*told, ("symbol", "BTCUSDT"))
    path = "/api/v2/mix/market/open-interest"
    [held] = read(server, Request("rest", path, symbol), rest.open_interest).observations
    assert held.value == market.quote("bitget", "BTCUSDT", NOW).oi_coin
    path = "/api/v2/mix/market/funding-time"
    times = read(server, Request("rest", path, symbol), rest.funding_times).observations
    assert [one.value for one in times] == [
        market.quote("bitget", "BTCUSDT", NOW).funding_interval_h,
        market.quote("bitget", "BTCUSDT", NOW).next_funding_us,
    ]
    path, page = "/api/v2/mix/market/history-fund-rate", (("pageSize", "5"), ("pageNo", "2"))
    rows = read(server, Request("rest", path, symbol + page), history.funding).observations
    newest = NOW // (8 * HOUR) * 8 * HOUR
    assert [one.event_time for one in rows] == [newest - i * 8 * HOUR for i in range(5, 10)]
    asked_of = (("symbol", "BTCUSDT"), ("period", "5m"))
    for old, new, how in (
        ("account-long-short", "futures-account-long-short", history.account_ratio),
        ("taker-buy-sell", "futures-active-buy-sell", history.taker),
    ):
        first = read(server, Request("rest", f"/api/v2/mix/market/{old}", asked_of), how)
        assert first == read(server, Request("rest", f"/api/v3/market/{new}", asked_of), how)
        assert first.observations
    path = "/api/v2/mix/market/contracts"
    listed = read(server, Request("rest", path, told), rest.listings).listings
    assert "BTCUSDT" in {one.instrument.symbol for one in listed}


def test_open_interest_is_the_market(market: Synthetic):
    told = (("category", "COIN-FUTURES"),)
    request = Request("rest", "/api/v3/market/open-interest", told)
    parsed = read(BitgetServer(market), request, rest.open_interest)
    assert {one.instrument: one.value for one in parsed.observations} == {
        name: market.quote("bitget", name, NOW).oi_coin
        for name, one in instruments(market).items()
        if not one.linear
    }


def test_running_rates_are_the_market(market: Synthetic):
    parsed = asked(BitgetServer(market), poll("bitget.usdt.funding_rates"))
    for symbol in ("BTCUSDT", "ETHUSDT"):
        found = by_field(parsed.observations, symbol)
        quote = market.quote("bitget", symbol, NOW)
        assert found["funding_rate_quoted"].value == quote.funding_rate
        assert found["funding_interval_h"].value == quote.funding_interval_h
        assert found["next_funding_time"].value == quote.next_funding_us
        assert {one.event_time for one in found.values()} == {NOW}


def test_listings_do_not_tell_since_when(market: Synthetic):
    parsed = asked(BitgetServer(market), poll("bitget.usdt.listings"))
    assert {found.instrument.symbol for found in parsed.listings} == {
        name for name, one in instruments(market).items() if one.linear
    }
    for found in parsed.listings:
        quote = market.quote("bitget", found.instrument.symbol, NOW)
        assert found.instrument.listed_us is None
        assert found.funding_interval_h == quote.funding_interval_h
        assert found.state == "trading"


def latest(server: BitgetServer, name: str, of: Instrument, now: int = NOW) -> Parsed:
    found = feed(f"bitget.usdt.{name}")
    return read(server, found.ask(of, now - HOUR, now), found.read, now)


def test_settled_funding_is_the_market(market: Synthetic):
    of = instruments(market)["BTCUSDT"]
    rows = latest(BitgetServer(market), "funding", of).observations
    newest = NOW // (8 * HOUR) * 8 * HOUR
    assert [one.event_time for one in rows] == [newest - i * 8 * HOUR for i in range(100)]
    for one in rows:
        assert one.value == market.settled("bitget", "BTCUSDT", one.event_time)


def test_account_ratio_is_the_market_to_four_decimals(market: Synthetic):
    of = instruments(market)["ETHUSDT"]
    rows = latest(BitgetServer(market), "account_ratio", of).observations
    newest = NOW // (5 * MINUTE) * 5 * MINUTE
    assert [one.event_time for one in rows] == [newest - i * 5 * MINUTE for i in range(29, -1, -1)]
    for one in rows:
        expected = market.ratios("bitget", "ETHUSDT", one.event_time).global_accounts
        assert one.value == pytest.approx(expected, rel=5e-4)


def test_taker_volume_is_the_market(market: Synthetic):
    of = instruments(market)["BTCUSDT"]
    rows = latest(BitgetServer(market), "taker", of).observations
    assert len(rows) == 60
    assert rows[-1].event_time == NOW // (5 * MINUTE) * 5 * MINUTE
    for one in rows:
        bar = market.bar("bitget", "BTCUSDT", one.event_time - 5 * MINUTE, one.event_time)
        sold = bar.volume_coin - bar.taker_buy_coin
        expected = bar.taker_buy_coin if one.field == "taker_buy_coin" else sold
        assert one.value == pytest.approx(expected, rel=1e-9)


def test_candles_are_the_market_without_the_unfinished_one(market: Synthetic):
    of, server = instruments(market)["BTCUSDT"], BitgetServer(market)
    found = feed("bitget.usdt.candles")
    end = NOW // MINUTE * MINUTE
    parsed = read(server, found.ask(of, end - 30 * MINUTE, end + MINUTE), found.read)
    assert [one.event_time for one in parsed.observations] == [end - i * MINUTE for i in range(30)]
    assert parsed.ignored == {"unfinished bar": 1}
    for one in parsed.observations:
        bar = market.bar("bitget", "BTCUSDT", one.event_time - MINUTE, one.event_time)
        assert one.value == bar.volume_coin
    marks = feed("bitget.usdt.mark_candles")
    rows = read(server, marks.ask(of, START, START + HOUR), marks.read).observations
    assert len(rows) == 12
    for one in rows:
        assert one.value == market.quote("bitget", "BTCUSDT", one.event_time).mark_price


def test_history_comes_late_and_under_another_label_when_told(market: Synthetic):
    of, server = instruments(market)["BTCUSDT"], BitgetServer(market)
    newest = NOW // (5 * MINUTE) * 5 * MINUTE
    server.history_lag_us = 5 * MINUTE
    late = latest(server, "account_ratio", of, NOW).observations[-1]
    assert late.event_time == newest - 5 * MINUTE
    server.history_lag_us, server.label_shift_us = 0, -5 * MINUTE
    shifted = latest(server, "account_ratio", of, NOW + SECOND).observations[-1]
    assert (shifted.event_time, shifted.value) == (
        newest - 5 * MINUTE,
        pytest.approx(market.ratios("bitget", "BTCUSDT", newest).global_accounts, rel=5e-4),
    )


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("v3/market/tickers", {}),
        ("v3/market/tickers", {"category": "FUTURES"}),
        ("v3/market/tickers", {"category": "USDT-FUTURES", "symbol": "NOPEUSDT"}),
        ("v3/market/tickers", {"category": "USDT-FUTURES", "symbol": "BTCUSD"}),
        ("v3/market/futures-active-buy-sell", {"symbol": "NOPEUSDT"}),
        ("v3/market/futures-active-buy-sell", {"symbol": "BTCUSDT", "period": "7m"}),
        ("v3/market/history-fund-rate", {"category": "USDT-FUTURES"}),
        ("v3/market/candles", {"category": "USDT-FUTURES"}),
        ("v3/market/candles", {"category": "USDT-FUTURES", "symbol": "BTCUSDT", "interval": "7"}),
        ("v2/mix/market/funding-time", {"symbol": "NOPEUSDT"}),
    ],
)
def test_wrong_questions_are_refused(market: Synthetic, path: str, params: dict[str, str]):
    reply = BitgetServer(market).answer(Request("rest", f"/api/{path}", tuple(params.items())), NOW)
    assert reply.status == 400
    assert verdict(reply).kind == "refused"


def test_statistics_are_answered_once_a_second(market: Synthetic):
    server = BitgetServer(market)
    told = (("symbol", "BTCUSDT"), ("period", "5m"))
    statistics = Request("rest", "/api/v3/market/futures-active-buy-sell", told)
    assert server.answer(statistics, NOW).status == 200
    assert verdict(server.answer(statistics, NOW + SECOND - 1)).kind == "slow_down"
    assert server.answer(statistics, NOW + SECOND).status == 200
    tickers = Request("rest", "/api/v3/market/tickers", (("category", "USDT-FUTURES"),))
    statuses = [server.answer(tickers, NOW + i).status for i in range(21)]
    assert statuses == [200] * 20 + [429]


def test_unknown_places_are_not_there(market: Synthetic):
    server = BitgetServer(market)
    assert server.answer(Request("rest", "/api/v3/market/nothing"), NOW).status == 404
    assert server.open("ws", "/v2/ws/private", NOW) is None


# --- the stream -------------------------------------------------------------------------------


class Listener:
    """A client of one session that parses what it hears."""

    def __init__(self, server: BitgetServer, now: int = NOW) -> None:
        session = server.open("ws", "/v3/ws/public", now)
        assert session is not None
        self.session: BitgetSession = session
        self.server, self.at = server, now
        self.frames: list[dict[str, Any]] = []

    def say(self, text: str) -> list[Any]:
        return [
            control
            for frame in self.session.receive(text, self.at)
            for control in stream.read(frame.encode(), note(self.server.market, NOW)).controls
        ]

    def subscribe(self, names: Sequence[str]) -> list[Any]:
        messages = BITGET.streams[0].subscribe(names, 1)
        return [control for _, _, text in messages for control in self.say(text)]

    def hear(self, until: int) -> list[tuple[int, Parsed]]:
        """Everything that is due up to ``until``."""
        heard = []
        while (due := self.session.next_due(self.at)) is not None and due <= until:
            self.at = due
            for frame in self.session.push(due):
                self.frames.append(json.loads(frame))
                heard.append((due, stream.read(frame.encode(), note(self.server.market, due))))
        self.at = until
        return heard


@pytest.mark.parametrize(("kind", "symbol"), [("usdt", "BTCUSDT"), ("coin", "BTCUSD")])
def test_the_stream_is_the_market(market: Synthetic, kind: str, symbol: str):
    listener = Listener(BitgetServer(market))
    name = f"{kind}-futures.ticker.{symbol}"
    assert [c[:2] for c in listener.subscribe([name])] == [("ack", (name,))]
    heard = listener.hear(NOW + 3 * SECOND)
    assert len(heard) == 16
    for due, parsed in heard:
        found = by_field(parsed.observations, symbol)
        agree(market, found, symbol, due // 1000 * 1000)
        quote = market.quote("bitget", symbol, due)
        assert found["next_funding_time"].value == quote.next_funding_us


def test_pace_makes_pushes_rarer(market: Synthetic):
    listener = Listener(BitgetServer(market, pace=10.0))
    listener.subscribe(["usdt-futures.ticker.BTCUSDT"])
    listener.hear(NOW + 10 * SECOND)
    assert [frame["ts"] for frame in listener.frames] == [
        (NOW + i * 2 * SECOND) // 1000 for i in range(6)
    ]


def test_liquidations_are_the_largest_of_each_side(market: Synthetic):
    listener = Listener(BitgetServer(market, pace=60.0), START)
    listener.subscribe(["usdt-futures.liquidation"])
    end = START + 12 * HOUR
    heard = [one for _, parsed in listener.hear(end) for one in parsed.observations]
    expected = {}
    for symbol, one in instruments(market).items():
        if one.linear:
            for start in range(START, end, MINUTE):
                batch = list(market.liquidations("bitget", symbol, start, start + MINUTE))
                for event in largest(batch):
                    key = (symbol, event.at, f"liquidation_{event.side}")
                    expected[key] = event
    assert len(expected) > 3
    assert len(heard) == 2 * len(expected)
    for seen in heard:
        event = expected[seen.instrument, seen.event_time, seen.field.rpartition("_")[0]]
        usd = seen.field.endswith("_usd")
        amount = event.coin * event.price if usd else event.coin
        assert seen.value == pytest.approx(amount, rel=1e-12)


def test_each_topic_is_answered_by_itself(market: Synthetic):
    listener = Listener(BitgetServer(market))
    names = ["usdt-futures.ticker.BTCUSDT", "usdt-futures.ticker.NOPEUSDT", "usdt-futures.books.X"]
    answers = listener.subscribe([*names, "usdt-futures.liquidation"])
    assert [one[:2] for one in answers] == [
        ("ack", (names[0],)),
        ("refused", (names[1],)),
        ("refused", (names[2],)),
        ("ack", ("usdt-futures.liquidation",)),
    ]


def test_the_wrong_category_is_acknowledged_and_silent(market: Synthetic):
    listener = Listener(BitgetServer(market))
    [answer] = listener.subscribe(["usdt-futures.ticker.BTCUSD"])
    assert answer.kind == "ack"
    assert listener.hear(NOW + 2 * SECOND) == []


def test_pings_are_answered_and_noise_is_refused(market: Synthetic):
    listener = Listener(BitgetServer(market))
    assert [one.kind for one in listener.say("ping")] == ["pong"]
    for noise in ("", "[]", "null", '{"op":"x"}', '{"op":"subscribe","args":[1]}', '{"args":3}'):
        [answer] = listener.session.receive(noise, NOW)
        assert json.loads(answer)["event"] == "error"


def test_unsubscribed_topics_fall_silent(market: Synthetic):
    listener = Listener(BitgetServer(market))
    listener.subscribe(["usdt-futures.ticker.BTCUSDT", "usdt-futures.liquidation"])
    args = [{"instType": "usdt-futures", "topic": "ticker", "symbol": "BTCUSDT"}]
    args += [{"instType": "usdt-futures", "topic": "liquidation"}]
    listener.session.receive(json.dumps({"op": "unsubscribe", "args": args}), NOW)
    assert listener.session.next_due(NOW) is None


def test_a_delisted_name_is_gone(market: Synthetic):
    gone = Delisted(market, "bitget", "ETHUSDT", START + HOUR)
    server = BitgetServer(gone)
    listener = Listener(server, START)
    listener.subscribe(["usdt-futures.ticker.ETHUSDT"])
    assert listener.hear(START + SECOND)
    listener.at = START + HOUR
    assert listener.hear(START + HOUR + SECOND) == []
    after = asked(server, poll("bitget.usdt.tickers"), START + 2 * HOUR)
    assert not by_field(after.observations, "ETHUSDT")


# --- held to the samples ----------------------------------------------------------------------


def kinds(value: Any) -> Any:
    """The shape of a value: keys, and what kind each member is."""
    if isinstance(value, dict):
        return {name: kinds(item) for name, item in value.items()}
    if isinstance(value, list):
        return [kinds(value[0])] if value else []
    return type(value).__name__


def sample(name: str) -> Any:
    return values((PAYLOADS / "bitget" / name).read_text("utf-8"))[0]


@pytest.mark.parametrize(
    ("name", "path", "newer"),
    [
        ("v3_tickers.json", "v3/market/tickers", set()),
        ("v3_instruments.json", "v3/market/instruments", set()),
        ("v3_open_interest.json", "v3/market/open-interest", set()),
        ("v3_current_fund_rate.json", "v3/market/current-fund-rate", set()),
        ("Unified.GetFundingRateHistory.txt", "v3/market/history-fund-rate", set()),
        ("v2_contracts.json", "v2/mix/market/contracts", set()),
        ("v2_tickers.json", "v2/mix/market/tickers", {"markPrice"}),
        ("v2_open_interest.json", "v2/mix/market/open-interest", set()),
        ("v2_history_fund_rate.json", "v2/mix/market/history-fund-rate", set()),
        ("Futures.GetNextFundingTime.txt", "v2/mix/market/funding-time", set()),
    ],
)
def test_answers_have_the_shape_of_the_samples(
    market: Synthetic, name: str, path: str, newer: set[str]
):
    """``markPrice`` of v2 tickers came after the sample was written."""
    told = (("category", "USDT-FUTURES"), ("symbol", "BTCUSDT"))
    reply = BitgetServer(market).answer(Request("rest", f"/api/{path}", told), NOW)
    body = json.loads(reply.body)
    for added in newer:
        for row in body["data"]:
            assert isinstance(row.pop(added), str)
    assert kinds(body) == kinds(sample(name))


def test_candles_have_the_shape_of_the_sample(market: Synthetic):
    told = (("category", "USDT-FUTURES"), ("symbol", "BTCUSDT"), ("interval", "5m"))
    for kind in ("MARKET", "MARK"):
        request = Request("rest", "/api/v3/market/candles", (*told, ("type", kind)))
        body = json.loads(BitgetServer(market).answer(request, NOW).body)
        assert kinds(body) == kinds(sample("Futures.GetHistoricalMarkPriceKlines.txt"))
        assert {len(row) for row in body["data"]} == {7}


def test_frames_have_the_shape_of_the_samples(market: Synthetic):
    listener = Listener(BitgetServer(market, pace=60.0), START)
    listener.subscribe(["usdt-futures.ticker.BTCUSDT", "usdt-futures.liquidation"])
    listener.hear(START + DAY // 8)
    ticker = listener.frames[0]
    forced = next(one for one in listener.frames if one["arg"]["topic"] == "liquidation")
    assert kinds(ticker) == kinds(sample("ws_v3_ticker.json"))
    assert kinds(forced) == kinds(sample("ws_v3_liquidation.json"))
