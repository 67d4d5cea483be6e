"""Hyperliquid, both ends: what the server writes the parsers read back as the market state."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.market.venues.shapes import differences
from tests.venues.golden_frames import PAYLOADS, dump, values
from tideline.domain.time import DAY, HOUR, MINUTE, SECOND, parse_time
from tideline.market.changes import Delisted
from tideline.market.state import Quote
from tideline.market.synthetic import Synthetic
from tideline.market.venues.hyperliquid import HyperliquidServer
from tideline.market.venues.hyperliquid_rows import jitter_us, universe
from tideline.market.venues.hyperliquid_session import MOST_SUBSCRIPTIONS, HyperliquidSession
from tideline.venues.hyperliquid import stream
from tideline.venues.hyperliquid.context import CONTEXT_FIELDS
from tideline.venues.hyperliquid.declaration import HYPERLIQUID, info
from tideline.venues.parsed import Note, Observation, Parsed
from tideline.venues.wire import Reply, Request

START = int(parse_time("2026-11-20T12:00:00Z"))
NOW = START + 7 * HOUR + 13 * MINUTE + 21 * SECOND + 345_678
MARKET = Synthetic(9, 11, START)
FOLLOWED = {name: one.instrument for name, one in universe(MARKET, NOW).items()}
NOTE = Note(NOW, FOLLOWED)
FEEDS = {
    feed.name: feed for feed in (*HYPERLIQUID.listings, *HYPERLIQUID.polls, *HYPERLIQUID.histories)
}
FOLDER = PAYLOADS / "hyperliquid"


def server(**changed: Any) -> HyperliquidServer:
    made = HyperliquidServer(MARKET)
    for name, value in changed.items():
        setattr(made, name, value)
    return made


def asked(request: Request, at: int = NOW, of: HyperliquidServer | None = None) -> Reply:
    reply = (of or server()).answer(request, at)
    assert HYPERLIQUID.verdict(reply).kind == "ok", reply
    return reply


def by_field(seen: list[Observation], symbol: str) -> dict[str, float]:
    found = [one for one in seen if one.instrument == symbol]
    assert len({one.field for one in found}) == len(found)
    return {one.field: one.value for one in found}


def expected(quote: Quote, at: int) -> dict[str, float]:
    return {
        "open_interest": quote.oi_coin,
        "mark_price": quote.mark_price,
        "index_price": quote.index_price,
        "funding_rate_quoted": quote.funding_rate,
        "funding_interval_h": quote.funding_interval_h,
        "next_funding_time": quote.next_funding_us,
    }


def test_the_market_has_a_k_name():
    assert {"BTC", "kPEPE"} <= set(FOLLOWED)


def test_listings():
    feed = FEEDS["hyperliquid.meta"]
    [request] = feed.ask(())
    parsed = feed.read(asked(request).body, NOTE)
    assert [found.instrument for found in parsed.listings] == list(FOLLOWED.values())
    assert all(found.state == "trading" for found in parsed.listings)


def test_contexts_are_the_state_of_the_moment():
    feed = FEEDS["hyperliquid.contexts"]
    [request] = feed.ask(list(FOLLOWED.values()))
    parsed = feed.read(asked(request).body, NOTE)
    assert parsed.ignored == {}
    assert {one.field for one in parsed.observations} == set(feed.fields) == set(CONTEXT_FIELDS)
    for symbol in FOLLOWED:
        quote = MARKET.quote("hyperliquid", symbol, NOW)
        assert by_field(parsed.observations, symbol) == expected(quote, NOW)


def test_a_delisted_asset_keeps_its_place_and_says_nothing():
    market = Delisted(MARKET, "hyperliquid", "ETH", NOW - HOUR)
    feed = FEEDS["hyperliquid.contexts"]
    [request] = feed.ask(())
    parsed = feed.read(HyperliquidServer(market).answer(request, NOW).body, NOTE)
    assert parsed.ignored == {"delisted": 1}
    assert [found.instrument.symbol for found in parsed.listings] == list(FOLLOWED)
    assert by_field(parsed.observations, "SOL")["open_interest"] > 0
    assert not by_field(parsed.observations, "ETH")


@pytest.mark.parametrize("symbol", ["BTC", "kPEPE"])
def test_settled_funding(symbol: str):
    feed = FEEDS["hyperliquid.funding"]
    start, end = START, START + 7 * HOUR
    parsed = feed.read(asked(feed.ask(FOLLOWED[symbol], start, end)).body, NOTE)
    rates = {
        one.event_time: one.value
        for one in parsed.observations
        if one.field == "funding_rate_settled" and one.event_time > start
    }
    hours = range(start + HOUR, end + 1, HOUR)
    assert rates == {at: MARKET.settled("hyperliquid", symbol, at) for at in hours}
    assert any(jitter_us(symbol, hour) for hour in hours)
    intervals = {one.value for one in parsed.observations if one.field == "funding_interval_h"}
    assert intervals == {1.0}


@pytest.mark.parametrize("symbol", ["BTC", "kPEPE"])
def test_bars(symbol: str):
    feed = FEEDS["hyperliquid.candles"]
    end = NOW // MINUTE * MINUTE
    start = end - 20 * MINUTE
    parsed = feed.read(asked(feed.ask(FOLLOWED[symbol], start, end + MINUTE)).body, NOTE)
    assert {one.event_time: one.value for one in parsed.observations} == {
        at: MARKET.bar("hyperliquid", symbol, at - MINUTE, at).volume_coin
        for at in range(start + MINUTE, end + 1, MINUTE)
    }
    assert parsed.ignored == {"unfinished bar": 1}


def test_late_and_mislabelled_history():
    feed = FEEDS["hyperliquid.candles"]
    end = NOW // MINUTE * MINUTE
    request = feed.ask(FOLLOWED["BTC"], end - 5 * MINUTE, end)

    def ends(**changed: int) -> list[int]:
        parsed = feed.read(asked(request, of=server(**changed)).body, NOTE)
        return [one.event_time for one in parsed.observations]

    assert len(ends()) == 5
    assert ends(history_lag_us=2 * MINUTE) == ends()[:3]
    first = MARKET.bar("hyperliquid", "BTC", end - 6 * MINUTE, end - 5 * MINUTE)
    late = feed.read(asked(request, of=server(label_shift_us=MINUTE)).body, NOTE)
    assert late.observations[0].event_time == end - 4 * MINUTE
    assert late.observations[0].value == first.volume_coin


def test_depth_is_five_thousand_bars():
    body = {"type": "candleSnapshot", "req": {"coin": "BTC", "interval": "1m"}}
    body["req"] |= {"startTime": (NOW - 4 * DAY) // 1000, "endTime": (NOW - 3 * DAY) // 1000}
    found = json.loads(asked(info(body)).body)
    oldest = (NOW // MINUTE - 5_000 + 1) * MINUTE
    assert found[0]["t"] == oldest // 1000


def connection(pace: float = 1.0) -> HyperliquidSession:
    session = HyperliquidServer(MARKET, pace).open("ws", "/ws", NOW)
    assert session is not None
    return session


def read(frames: list[str], at: int = NOW, orders: dict[str, Any] | None = None) -> list[Parsed]:
    reader = stream.Listener(orders)
    return [reader.read(frame.encode(), Note(at, FOLLOWED)) for frame in frames]


def test_every_declared_topic_is_acknowledged_and_speaks_the_state():
    [flow] = HYPERLIQUID.streams
    session = connection()
    topics = [topic.name for topic in flow.topics(list(FOLLOWED.values()))]
    frames = []
    for _, names, text in flow.subscribe(topics, 1):
        first, *more = session.receive(text, NOW)
        [control] = read([first])[0].controls
        assert (control.kind, control.topics) == ("ack", names)
        frames += more
    due = session.next_due(NOW)
    assert due == (NOW // SECOND + 1) * SECOND
    for at, sent in ((NOW, frames), (due, session.push(due))):
        seen = [one for parsed in read(sent, at) for one in parsed.observations]
        for symbol in FOLLOWED:
            quote = MARKET.quote("hyperliquid", symbol, at)
            assert by_field(seen, symbol) == expected(quote, at)
    assert session.push(due) == []


def test_pace_multiplies_the_intervals():
    session = connection(pace=30.0)
    session.receive(subscribe("activeAssetCtx", "BTC"), NOW)
    assert session.next_due(NOW) == (NOW // (30 * SECOND) + 1) * 30 * SECOND


def subscribe(kind: str, coin: str | None = None) -> str:
    subscription = {"type": kind} | ({} if coin is None else {"coin": coin})
    return json.dumps({"method": "subscribe", "subscription": subscription})


def test_nameless_frames_are_in_the_order_of_the_universe():
    frames = connection().receive(subscribe("allDexsAssetCtxs"), NOW)
    _, parsed = read(frames, orders={"": list(FOLLOWED)})
    for symbol in FOLLOWED:
        quote = MARKET.quote("hyperliquid", symbol, NOW)
        assert by_field(parsed.observations, symbol) == expected(quote, NOW)


def test_trades_are_replayed_on_subscribing_and_add_up_to_the_bars():
    session, other = connection(), connection()
    frames = session.receive(subscribe("trades", "kPEPE"), NOW)
    due = session.next_due(NOW)
    assert due is not None
    frames += session.push(due)
    found = [trade for frame in frames[1:] for trade in stream.trades(frame.encode(), NOTE)]
    replay = other.receive(subscribe("trades", "kPEPE"), due)[1:]
    again = [trade for frame in replay for trade in stream.trades(frame.encode(), NOTE)]
    assert len({trade.id for trade in found}) == len(found)
    assert {trade.id for trade in again} <= {trade.id for trade in found}
    first = (NOW // SECOND - 5) * SECOND
    bar = MARKET.bar("hyperliquid", "kPEPE", first, due)
    assert sum(trade.coin for trade in found) == pytest.approx(bar.volume_coin)
    bought = sum(trade.coin for trade in found if trade.side == "buy")
    assert bought == pytest.approx(bar.taker_buy_coin)


def test_past_a_thousand_subscriptions_nothing_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tideline.market.venues.hyperliquid_session.MOST_SUBSCRIPTIONS", 2)
    session = connection()
    assert MOST_SUBSCRIPTIONS == 1_000
    for coin in ("BTC", "ETH"):
        assert len(session.receive(subscribe("activeAssetCtx", coin), NOW)) == 2
    assert session.receive(subscribe("activeAssetCtx", "SOL"), NOW) == []
    due = session.next_due(NOW)
    assert due is not None
    assert len(session.push(due)) == 2


@pytest.mark.parametrize(
    ("text", "kind", "topics"),
    [
        (subscribe("activeAssetCtx", "NOPE"), "refused", ("activeAssetCtx:NOPE",)),
        (subscribe("l2Book", "BTC"), "refused", ("l2Book:BTC",)),
        ("nonsense", "refused", ()),
        ("[]", "refused", ()),
        ('{"method":"ping"}', "pong", ()),
    ],
)
def test_answers_to_odd_messages(text: str, kind: str, topics: tuple[str, ...]):
    [parsed] = read(connection().receive(text, NOW))
    assert [(one.kind, one.topics) for one in parsed.controls] == [(kind, topics)]


def test_twice_is_once_and_gone_is_gone():
    session = connection()
    text = subscribe("activeAssetCtx", "BTC")
    session.receive(text, NOW)
    [again] = read(session.receive(text, NOW))
    assert [one.kind for one in again.controls] == ["ack"]
    [gone] = read(session.receive(text.replace("subscribe", "unsubscribe", 1), NOW))
    assert gone.ignored == {"unsubscribed": 1}
    assert session.next_due(NOW) is None


def test_weights_of_a_minute():
    made = server()
    request = info({"type": "metaAndAssetCtxs"})
    kinds = [HYPERLIQUID.verdict(made.answer(request, NOW)).kind for _ in range(61)]
    assert kinds == ["ok"] * 60 + ["slow_down"]
    assert HYPERLIQUID.verdict(made.answer(request, NOW + MINUTE)).kind == "ok"


@pytest.mark.parametrize(
    ("request_", "status", "kind"),
    [
        (info({"type": "nothing"}), 422, "refused"),
        (Request("rest", "/info", (), "POST", b"{"), 422, "refused"),
        (Request("rest", "/info", (), "POST", b"[1]"), 422, "refused"),
        (info({"type": "fundingHistory", "coin": "NOPE", "startTime": 0}), 500, "refused"),
        (info({"type": "fundingHistory", "coin": "BTC", "startTime": "x"}), 422, "refused"),
        (info({"type": "meta", "dex": "xyz"}), 500, "refused"),
        (Request("rest", "/other"), 404, "broken"),
        (Request("rest", "/info"), 405, "broken"),
    ],
)
def test_errors(request_: Request, status: int, kind: str):
    reply = server().answer(request_, NOW)
    assert (reply.status, HYPERLIQUID.verdict(reply).kind) == (status, kind)


def test_no_other_places():
    assert server().open("ws", "/nowhere", NOW) is None
    assert server().open("rest", "/ws", NOW) is None


def sample(name: str) -> Any:
    found = values((FOLDER / name).read_text("utf-8"))
    return found if name in ("metaAndAssetCtxs.json", "fundingHistory.json") else found[0]


def made(request: dict[str, Any]) -> Any:
    return json.loads(asked(info(request)).body)


def said(kind: str, coin: str | None = None) -> Any:
    return json.loads(connection().receive(subscribe(kind, coin), NOW)[1])


def test_shapes_are_those_of_the_samples():
    universe_, contexts = sample("metaAndAssetCtxs.json")
    answer = made({"type": "metaAndAssetCtxs"})
    assert not differences(universe_, answer[0])
    assert not differences(contexts, answer[1])
    since = {"type": "fundingHistory", "coin": "BTC", "startTime": START // 1000}
    assert not differences(sample("fundingHistory.json"), made(since))
    # a long list of one kind: the frame is the sample's of the main dex
    frame = said("allDexsAssetCtxs")
    [dex] = frame["data"]["ctxs"]
    assert not differences(sample("ws_allDexsAssetCtxs.json")["data"]["ctxs"][0][1], dex[1])
    for name, given in (
        ("ws_activeAssetCtx.json", said("activeAssetCtx", "BTC")),
        ("ws_trades.json", said("trades", "BTC")),
    ):
        assert not differences(sample(name), given)
    req = {"coin": "BTC", "interval": "1m", "startTime": (NOW - HOUR) // 1000}
    candle = values((FOLDER / "candleSnapshot_doc.json").read_text("utf-8"))
    assert not differences(candle, made({"type": "candleSnapshot", "req": req}))
    delisted = HyperliquidServer(Delisted(MARKET, "hyperliquid", "ETH", NOW - HOUR))
    assert b'"isDelisted":true' in delisted.answer(info({"type": "meta"}), NOW).body


def test_frames_of_the_server_are_strict_json():
    assert (
        dump(json.loads(asked(info({"type": "meta"})).body)) == asked(info({"type": "meta"})).body
    )
