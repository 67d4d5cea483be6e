"""The gateway, both ends: what the server writes the parsers read back as the market state."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.market.venues.shapes import differences
from tests.venues.golden_frames import PAYLOADS
from tideline.domain.time import DAY, HOUR, MINUTE, SECOND, parse_time
from tideline.domain.venue import GATEWAY
from tideline.market.changes import Delisted
from tideline.market.synthetic import Synthetic
from tideline.market.venues.gateway import GatewayServer
from tideline.market.venues.gateway_session import GatewaySession
from tideline.venues.coinbase import frames
from tideline.venues.coinbase.gateway_declaration import COINBASE_GATEWAY, CURRENCIES
from tideline.venues.parsed import Note, Observation, Parsed
from tideline.venues.wire import Reply, Request

START = int(parse_time("2026-11-20T12:00:00Z"))
NOW = START + 7 * HOUR + 13 * MINUTE + 21 * SECOND + 345_678
MS = NOW // 1000 * 1000
MARKET = Synthetic(9, 3, START)
FOLLOWED = {one.instrument.symbol: one.instrument for one in MARKET.listed(GATEWAY, NOW)}
NOTE = Note(NOW, FOLLOWED)
[LISTING], [POLL] = COINBASE_GATEWAY.listings, COINBASE_GATEWAY.polls
[HISTORY], [FLOW] = COINBASE_GATEWAY.histories, COINBASE_GATEWAY.streams


def asked(request: Request, at: int = NOW, of: GatewayServer | None = None) -> Reply:
    reply = (of or GatewayServer(MARKET)).answer(request, at)
    assert COINBASE_GATEWAY.verdict(reply).kind == "ok", reply
    return reply


def note(request: Request, at: int = NOW) -> Note:
    return Note(at, FOLLOWED, dict(request.params))


def by_field(seen: list[Observation], symbol: str) -> dict[str, float]:
    return {one.field: one.value for one in seen if one.instrument == symbol}


def expected(symbol: str, at: int, index: bool) -> dict[str, Any]:
    """The state as stored: coins or whole USD, and the rate per hour."""
    quote = MARKET.quote(GATEWAY, symbol, at)
    usd = float(round(quote.oi_coin * quote.mark_price))
    linear = FOLLOWED[symbol].linear
    found = {
        **({"open_interest": quote.oi_coin} if linear else {"open_interest_usd": usd}),
        "mark_price": quote.mark_price,
        "funding_rate_quoted": pytest.approx(
            quote.funding_rate / quote.funding_interval_h, rel=1e-14
        ),
        "funding_interval_h": 1.0,
    }
    return found | ({"index_price": quote.index_price} if index else {})


def test_the_market_has_both_margins():
    assert {"BTC-PERPETUAL", "BTC_USDC-PERPETUAL", "SOL_USDC-PERPETUAL"} <= set(FOLLOWED)


def test_listings():
    server = GatewayServer(MARKET)
    found = []
    for place, request in enumerate(LISTING.ask(())):
        reply = asked(request, NOW + place * SECOND, server)
        found += LISTING.read(reply.body, NOTE).listings
    assert [request.param("currency") for request in LISTING.ask(())] == list(CURRENCIES)
    assert {one.instrument.symbol for one in found} == set(FOLLOWED)
    for one in found:
        assert one.state == "trading"
        assert one.instrument.listed_us == START - 400 * DAY
        assert one.instrument.linear is FOLLOWED[one.instrument.symbol].linear


def test_summaries_are_the_state_of_the_moment():
    seen = []
    for request in POLL.ask(list(FOLLOWED.values())):
        parsed = POLL.read(asked(request).body, note(request))
        assert parsed.server_time == NOW + 500
        assert parsed.ignored == {}
        seen += parsed.observations
    assert {one.field for one in seen} == set(POLL.fields)
    assert {one.event_time for one in seen} == {MS}
    for symbol in FOLLOWED:
        assert by_field(seen, symbol) == expected(symbol, MS, index=False)


@pytest.mark.parametrize("symbol", ["BTC-PERPETUAL", "SOL_USDC-PERPETUAL"])
def test_settled_hours(symbol: str):
    start, end = START, START + 7 * HOUR
    request = HISTORY.ask(FOLLOWED[symbol], start, end)
    parsed = HISTORY.read(asked(request).body, note(request))
    hours = range(start + HOUR, end + 1, HOUR)
    interval = MARKET.quote(GATEWAY, symbol, NOW).funding_interval_h
    assert {
        one.event_time: one.value
        for one in parsed.observations
        if one.field == "funding_rate_settled"
    } == {
        at: pytest.approx(MARKET.settled(GATEWAY, symbol, at) / interval, rel=1e-14) for at in hours
    }
    assert {one.field for one in parsed.observations} == set(HISTORY.fields)


def test_late_and_mislabelled_history():
    request = HISTORY.ask(FOLLOWED["BTC-PERPETUAL"], START, START + 7 * HOUR)

    def hours(**changed: int) -> list[int]:
        server = GatewayServer(MARKET)
        for name, value in changed.items():
            setattr(server, name, value)
        parsed = HISTORY.read(asked(request, of=server).body, note(request))
        return sorted({one.event_time for one in parsed.observations})

    assert len(hours()) == 7
    assert hours(history_lag_us=HOUR) == hours()[:6]
    # moved labels: the same hours are told, each with what accrued in the one before
    server = GatewayServer(MARKET)
    server.label_shift_us = HOUR
    moved = HISTORY.read(asked(request, of=server).body, note(request)).observations
    assert sorted({one.event_time for one in moved}) == hours()
    first = next(one.value for one in moved if one.field == "funding_rate_settled")
    interval = MARKET.quote(GATEWAY, "BTC-PERPETUAL", START).funding_interval_h
    assert first == pytest.approx(MARKET.settled(GATEWAY, "BTC-PERPETUAL", START) / interval)


def test_pages_hold_the_latest_744_hours():
    request = HISTORY.ask(FOLLOWED["BTC-PERPETUAL"], NOW - 100 * DAY, NOW)
    parsed = HISTORY.read(asked(request).body, note(request))
    found = sorted({one.event_time for one in parsed.observations})
    assert (len(found), found[-1]) == (744, NOW // HOUR * HOUR)


def connection(pace: float = 1.0, market: Any = MARKET) -> GatewaySession:
    session = GatewayServer(market, pace).open("ws", "/ws/api/v2", NOW)
    assert session is not None
    return session


def read(sent: list[str], at: int = NOW) -> list[Parsed]:
    return [frames.read(frame.encode(), Note(at, FOLLOWED)) for frame in sent]


def subscribed(session: GatewaySession, kind: str, at: int = NOW) -> list[Parsed]:
    """Every channel of that kind, and the frames that came with the acknowledgement."""
    topics = [topic.name for topic in FLOW.topics(list(FOLLOWED.values()))]
    wanted = [name for name in topics if name.startswith(kind)]
    found = []
    for number, names, text in FLOW.subscribe(wanted, 1):
        first, *more = read(session.receive(text, at), at)
        [control] = first.controls
        assert (control.kind, control.id, control.topics) == ("ack", number, names)
        found += more
    return found


def test_tickers_are_the_state_of_the_moment():
    session = connection()
    at_once = subscribed(session, "ticker")
    due = session.next_due(NOW)
    assert due == (NOW // 100_000 + 1) * 100_000
    for at, parsed in ((MS, at_once), (due, read(session.push(due), due))):
        seen = [one for found in parsed for one in found.observations]
        assert {one.event_time for one in seen} == {at}
        for symbol in FOLLOWED:
            assert by_field(seen, symbol) == expected(symbol, at, index=True)
    assert session.push(due) == []


def test_liquidations_are_those_of_the_market_whoever_was_forced():
    session = connection(pace=3000.0)
    subscribed(session, "trades", NOW)
    seen: list[Observation] = []
    flags: set[str] = set()
    at = NOW
    while at < NOW + 6 * HOUR:
        due = session.next_due(at)
        assert due is not None
        at = due
        for frame in session.push(at):
            for row in json.loads(frame)["params"]["data"]:
                flags.add(row.get("liquidation", ""))
            seen += frames.read(frame.encode(), Note(at, FOLLOWED)).observations
    assert flags == {"", "T", "M"}
    for symbol, instrument in FOLLOWED.items():
        events = MARKET.liquidations(GATEWAY, symbol, MS, at)
        for side in ("long", "short"):
            died = [one for one in events if one.side == side]
            for unit, of in (
                ("coin", lambda one: one.coin),
                ("usd", lambda one: one.coin * one.price),
            ):
                found = [
                    one
                    for one in seen
                    if (one.instrument, one.field) == (symbol, f"liquidation_{side}_{unit}")
                ]
                assert [one.event_time for one in found] == [one.at for one in died]
                tolerance = {"rel": 1e-12} if instrument.linear else {"rel": 1e-9}
                assert [one.value for one in found] == [
                    pytest.approx(of(one), **tolerance) for one in died
                ]
                assert len({one.key for one in found}) == len(found)
    assert sum(one.field == "liquidation_long_usd" for one in seen) > 0
    assert sum(one.field == "liquidation_short_usd" for one in seen) > 0


def test_the_declared_heartbeat_keeps_a_connection():
    session = connection()
    [answer] = read(session.receive(FLOW.keepalive.text, NOW))
    assert [one.kind for one in answer.controls] == ["pong"]
    due = session.next_due(NOW)
    assert due == NOW + 30 * SECOND
    [asked_] = read(session.push(due))
    [control] = asked_.controls
    assert control.kind == "answer"
    [answered] = read(session.receive(control.text, due))
    assert [one.kind for one in answered.controls] == ["pong"]
    session.receive(FLOW.keepalive.text, due + 20 * SECOND)
    [beat] = read(session.push(due + 30 * SECOND))
    assert [one.kind for one in beat.controls] == ["pong"]


def test_messages_of_a_connection():
    session = connection()

    def told(method: str, **params: Any) -> dict[str, Any]:
        body = {"jsonrpc": "2.0", "id": 7, "method": f"public/{method}", "params": params}
        [frame] = session.receive(json.dumps(body), NOW)
        found: dict[str, Any] = json.loads(frame)
        assert found["id"] == 7
        return found

    assert (
        told("subscribe", channels=["ticker.NOPE.100ms", "ticker.BTC-PERPETUAL.raw"])["result"]
        == []
    )
    assert session.next_due(NOW) is None
    assert told("set_heartbeat", interval=5)["error"]["code"] == -32602
    assert told("get_time")["result"] == NOW // 1000
    assert told("nothing")["error"]["code"] == -32601
    subscribed(session, "trades")
    assert told("unsubscribe", channels=["trades.BTC-PERPETUAL.100ms"])["result"]
    assert session.next_due(NOW) is not None
    [parsed] = read(session.receive("nonsense", NOW))
    assert [(one.kind, one.id) for one in parsed.controls] == [("refused", "")]


def test_a_delisted_name_falls_silent():
    session = connection(market=Delisted(MARKET, GATEWAY, "BTC-PERPETUAL", NOW + SECOND))
    subscribed(session, "ticker")
    later = NOW + 2 * SECOND
    seen = [one for parsed in read(session.push(later), later) for one in parsed.observations]
    assert {one.instrument for one in seen} == set(FOLLOWED) - {"BTC-PERPETUAL"}


def test_credits():
    server = GatewayServer(MARKET)
    [request, *_] = POLL.ask(list(FOLLOWED.values()))
    kinds = [COINBASE_GATEWAY.verdict(server.answer(request, NOW)).kind for _ in range(101)]
    assert kinds == ["ok"] * 100 + ["slow_down"]
    assert COINBASE_GATEWAY.verdict(server.answer(request, NOW + 5 * SECOND)).kind == "ok"


def test_instruments_once_a_second():
    server = GatewayServer(MARKET)
    request = LISTING.ask(())[0]
    assert COINBASE_GATEWAY.verdict(server.answer(request, NOW)).kind == "ok"
    reply = server.answer(request, NOW)
    assert json.loads(reply.body)["error"]["code"] == 10028
    assert COINBASE_GATEWAY.verdict(reply).kind == "slow_down"
    assert COINBASE_GATEWAY.verdict(server.answer(request, NOW + SECOND)).kind == "ok"


@pytest.mark.parametrize(
    ("method", "params", "kind"),
    [
        ("get_book_summary_by_currency", (("currency", "NOPE"),), "refused"),
        ("get_book_summary_by_currency", (("currency", "BTC"), ("kind", "pumpkin")), "refused"),
        ("get_book_summary_by_currency", (("currency", "BTC"), ("kind", "option")), "ok"),
        ("ticker", (("instrument_name", "NOPE"),), "refused"),
        ("ticker", (("instrument_name", "BTC-PERPETUAL"), ("id", "5")), "ok"),
        ("get_funding_rate_history", (("instrument_name", "BTC-PERPETUAL"),), "refused"),
        ("nothing", (), "refused"),
        ("get_time", (), "ok"),
    ],
)
def test_other_questions(method: str, params: Any, kind: str):
    server = GatewayServer(MARKET)
    reply = server.answer(Request("rest", f"/api/v2/public/{method}", params), NOW)
    assert COINBASE_GATEWAY.verdict(reply).kind == kind
    assert json.loads(reply.body)["id"] == (5 if "id" in dict(params) else 1)


def test_no_other_places():
    server = GatewayServer(MARKET)
    assert server.open("ws", "/other", NOW) is None
    reply = server.answer(Request("rest", "/elsewhere"), NOW)
    assert COINBASE_GATEWAY.verdict(reply).kind == "broken"


def sample(name: str) -> Any:
    return json.loads((PAYLOADS / "deribit" / name).read_text("utf-8"))


def test_shapes_are_those_of_the_samples():
    future = sample("rest_get_instruments.json")
    future["result"] = future["result"][:1]
    assert not differences(future, json.loads(asked(LISTING.ask(())[0]).body))
    session = connection(pace=600.0)
    ticker = session.receive(subscribe("ticker.BTC-PERPETUAL.100ms"), NOW)[1]
    assert not differences(sample("ws_ticker_BTC-PERPETUAL.json"), json.loads(ticker))
    session.receive(subscribe("trades.BTC-PERPETUAL.100ms"), NOW)
    plain = sample("ws_trades.json")
    plain["params"]["data"] = plain["params"]["data"][1:]
    due = session.next_due(NOW)
    assert due is not None
    traded = [json.loads(frame) for frame in session.push(due) if '"trades.' in frame]
    assert traded
    for frame in traded:
        rows = frame["params"]["data"]
        frame["params"]["data"] = [
            {name: value for name, value in row.items() if name != "liquidation"} for row in rows
        ]
        assert not differences(plain, frame)
    summary = sample("rest_book_summary_doc.json")
    summary["result"] = summary["result"][:1]
    request = POLL.ask([FOLLOWED["BTC-PERPETUAL"]])[0]
    assert not differences(summary, json.loads(asked(request).body))
    history = HISTORY.ask(FOLLOWED["BTC-PERPETUAL"], START, NOW)
    told = json.loads(asked(history).body)
    assert not differences(sample("rest_funding_rate_history_doc.json"), told)


def subscribe(channel: str) -> str:
    body = {"jsonrpc": "2.0", "id": 1, "method": "public/subscribe"}
    return json.dumps(body | {"params": {"channels": [channel]}})
