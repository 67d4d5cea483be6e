"""OKX, both ends: what the server writes the parsers read back as the market state."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tideline.domain.instrument import Instrument
from tideline.domain.time import DAY, HOUR, MINUTE, SECOND, parse_time
from tideline.market.state import Listed, Quote
from tideline.market.synthetic import Synthetic
from tideline.market.venues.faults.lines import NOTICES
from tideline.market.venues.okx import PATHS, OkxServer
from tideline.market.venues.okx_rows import published
from tideline.market.venues.okx_session import BACKLOG, OkxSession
from tideline.venues.okx.counting import tidy
from tideline.venues.okx.declaration import OKX, PUBLIC
from tideline.venues.okx.envelope import verdict
from tideline.venues.okx.stream import Reader
from tideline.venues.parsed import Note, Observation, Parsed
from tideline.venues.strict import number
from tideline.venues.symbols import parse_symbol
from tideline.venues.wire import Reply, Request

START = int(parse_time("2026-11-20T12:00:00Z"))
NOW = START + 7 * HOUR + 13 * MINUTE + 21 * SECOND + 345_678
MS = NOW // 1000 * 1000
XPERP = "BTC-USD_UM_XPERP-310404"
PAYLOADS = Path(__file__).resolve().parents[2] / "payloads" / "okx"


class WithXPerp(Synthetic):
    """The synthetic market with an X-Perp, which moves as BTC-USDT-SWAP does."""

    def __init__(self) -> None:
        super().__init__(9, 7, START)
        found = parse_symbol("okx", XPERP)
        sized = Instrument(**{**_facts(found), "contract_size": 0.01})
        ends = int(parse_time("2031-04-04T08:00:00Z"))
        self._listed["okx"].append(Listed(sized, START - 30 * DAY, None, ends))
        self._legs["okx", XPERP] = self._legs["okx", "BTC-USDT-SWAP"]


def _facts(instrument: Instrument) -> dict[str, Any]:
    return {name: getattr(instrument, name) for name in Instrument.__slots__}


MARKET = WithXPerp()
LISTED = {one.instrument.symbol: one for one in MARKET.listed("okx", NOW)}
FOLLOWED = {symbol: one.instrument for symbol, one in LISTED.items()}
FEEDS = {feed.name: feed for feed in (*OKX.listings, *OKX.polls, *OKX.histories)}
PERIODS = {history.name: history.period_us for history in OKX.histories}


def server() -> OkxServer:
    return OkxServer(MARKET)


def body(reply: Reply) -> Any:
    return json.loads(reply.body)


def note(at: int, params: Mapping[str, str]) -> Note:
    return Note(at, FOLLOWED, params)


def polled(name: str, at: int = NOW) -> Parsed:
    """One sweep of a poll, read back."""
    poll = next(poll for poll in (*OKX.polls, *OKX.listings) if poll.name == name)
    whole, venue = Parsed(), server()
    for request in poll.ask([one for one in FOLLOWED.values() if poll.selects(one)]):
        reply = venue.answer(request, at)
        assert verdict(reply).kind == "ok"
        parsed = poll.read(reply.body, note(at, dict(request.params)))
        whole.observations += parsed.observations
        whole.listings += parsed.listings
        for reason, count in parsed.ignored.items():
            whole.ignore(reason, count)
    return whole


def expected(symbol: str, at: int) -> dict[str, float]:
    """The market state of one moment in stored fields."""
    quote = MARKET.quote("okx", symbol, at)
    coin, mark = Decimal(repr(quote.oi_coin)), Decimal(repr(quote.mark_price))
    usd = coin * mark
    instrument = FOLLOWED[symbol]
    if not instrument.linear:
        size = Decimal(repr(instrument.contract_size))
        usd = round(usd / size) * size
    found = {
        "open_interest": quote.oi_coin,
        "open_interest_usd": float(tidy(usd)),
        "mark_price": quote.mark_price,
        "index_price": quote.index_price,
    }
    if quote.funding_interval_h:
        found["funding_rate_quoted"] = quote.funding_rate
        found["funding_interval_h"] = float(quote.funding_interval_h)
        found["next_funding_time"] = float(quote.next_funding_us)
    return found


@pytest.mark.parametrize("poll", [poll.name for poll in OKX.polls])
def test_what_is_polled_is_the_market(poll: str) -> None:
    parsed = polled(poll)
    assert parsed.observations
    for seen in parsed.observations:
        assert seen.event_time == MS
        assert seen.value == expected(seen.instrument, MS)[seen.field], seen
    feed = next(one for one in OKX.polls if one.name == poll)
    assert {seen.field for seen in parsed.observations} == set(feed.fields)


def test_every_followed_instrument_gets_every_field() -> None:
    seen: dict[str, set[str]] = {}
    for poll in OKX.polls:
        for one in polled(poll.name).observations:
            seen.setdefault(one.instrument, set()).add(one.field)
    assert seen == {symbol: set(expected(symbol, MS)) for symbol in FOLLOWED}
    assert "funding_rate_quoted" in seen[XPERP]
    assert "funding_rate_quoted" not in seen["BTC-USDT-261225"]


def test_listings_are_the_market_s() -> None:
    listings = polled("okx.swap.instruments").listings + polled("okx.futures.instruments").listings
    found = {listing.instrument.symbol: listing for listing in listings}
    assert set(found) == set(LISTED)
    for symbol, listing in found.items():
        wanted = LISTED[symbol]
        facts = _facts(wanted.instrument) | {"listed_us": wanted.listed_us}
        assert _facts(listing.instrument) == facts
        assert (listing.state, listing.delivery_us) == ("trading", wanted.delivery_us)


def pages(name: str, symbol: str, start: int, end: int, at: int = NOW) -> list[Observation]:
    """All rows of a history in (start, end], page by page."""
    history = next(found for found in OKX.histories if found.name == name)
    venue, seen = server(), []
    span = history.rows * history.period_us
    while start < end:
        until = min(end, start + span)
        request = history.ask(FOLLOWED[symbol], start, until)
        reply = venue.answer(request, at)
        assert verdict(reply).kind == "ok"
        seen += history.read(reply.body, note(at, dict(request.params))).observations
        start = until
        at += SECOND  # no faster than the venue allows
    return seen


RATIOS = {
    "global_accounts": "global_accounts",
    "top_accounts": "top_accounts",
    "top_positions": "top_positions",
}


def barred(name: str, symbol: str, end: int) -> dict[str, float]:
    """The market state a history says of the bar that ends at ``end``."""
    what = name.split(".")[2].removesuffix("_history")
    if what == "open_interest":
        found = expected(symbol, end)
        return {field: found[field] for field in ("open_interest", "open_interest_usd")}
    if what in RATIOS:
        return {f"lsr_{what}": getattr(MARKET.ratios("okx", symbol, end), what)}
    bar = MARKET.bar("okx", symbol, end - PERIODS[name], end)
    if what == "candles":
        return {"volume_coin": bar.volume_coin}
    sell = Decimal(repr(bar.volume_coin)) - Decimal(repr(bar.taker_buy_coin))
    return {"taker_buy_coin": bar.taker_buy_coin, "taker_sell_coin": float(sell)}


@pytest.mark.parametrize("name", [one.name for one in OKX.histories if "funding" not in one.name])
def test_histories_are_the_market_at_the_end_of_their_bars(name: str) -> None:
    """Three pages and a piece: every bar once, none invented, none that is still open."""
    history = next(found for found in OKX.histories if found.name == name)
    of = [symbol for symbol, one in FOLLOWED.items() if history.selects(one)]
    symbol = "BTC-USD-SWAP" if "BTC-USD-SWAP" in of else of[0]
    step = history.period_us
    start = NOW // step * step - 320 * step
    seen = pages(name, symbol, start, NOW)
    found: dict[int, dict[str, float]] = {}
    for one in seen:
        assert one.field not in found.setdefault(one.event_time, {})
        found[one.event_time][one.field] = one.value
    wanted = list(range(start + step, NOW + 1, step))
    assert sorted(found) == wanted
    for end in wanted[::37] + wanted[-1:]:
        assert found[end] == barred(name, symbol, end)


def test_settlements_are_the_market_s() -> None:
    seen = pages("okx.swap.funding_rate_history", "ETH-USDT-SWAP", NOW - 20 * DAY, NOW)
    rates = {one.event_time: one.value for one in seen if one.field == "funding_rate_settled"}
    apart = [one.value for one in seen if one.field == "funding_interval_h"]
    last = NOW // (8 * HOUR) * 8 * HOUR
    assert sorted(rates) == list(range(last - 59 * 8 * HOUR, last + 1, 8 * HOUR))
    assert all(value == MARKET.settled("okx", "ETH-USDT-SWAP", at) for at, value in rates.items())
    assert set(apart) == {8.0}
    assert len(apart) >= len(rates) - 2


def test_the_oldest_rows_are_fourteen_hundred_and_forty() -> None:
    start = NOW - 10 * DAY
    name = "okx.swap.global_accounts_history"
    seen = pages(name, "BTC-USDT-SWAP", start, NOW)
    assert len(seen) == 1439  # and the one that is still open


def test_a_lag_and_a_shift_of_labels_are_what_they_say() -> None:
    history = next(one for one in OKX.histories if one.name == "okx.swap.open_interest_history")
    request = history.ask(FOLLOWED["BTC-USDT-SWAP"], NOW - HOUR, NOW + HOUR)
    venue = server()
    newest, finished = body(venue.answer(request, NOW))["data"][:2]
    venue.history_lag_us = 4 * MINUTE
    late = body(venue.answer(request, NOW))["data"]
    assert late[0] == newest
    assert finished not in late
    assert body(venue.answer(request, NOW + 3 * MINUTE))["data"][1] != newest
    venue.history_lag_us, venue.label_shift_us = 0, 5 * MINUTE
    moved = body(venue.answer(request, NOW))["data"]
    assert moved[1] == [str(int(finished[0]) + 300_000), *finished[1:]]


class Line:
    """A session, driven as a host would, and a reader of its frames."""

    def __init__(self, pace: float = 1.0) -> None:
        opened = OkxServer(MARKET, pace).open("ws", PUBLIC, NOW)
        assert isinstance(opened, OkxSession)
        self.session, self.reader = opened, Reader()

    def say(self, text: str, at: int = NOW) -> list[dict[str, Any]]:
        return [json.loads(frame) for frame in self.session.receive(text, at)]

    def subscribe(self, *topics: str, at: int = NOW) -> list[Parsed]:
        stream = OKX.streams[0]
        ((_, _, text),) = stream.subscribe(topics, 1)
        return [self.read(frame, at) for frame in self.session.receive(text, at)]

    def read(self, frame: str, at: int) -> Parsed:
        return self.reader.read(frame.encode(), Note(at, FOLLOWED))

    def run(self, end: int, at: int = NOW) -> list[tuple[int, Parsed]]:
        """Every frame until ``end``, with its moment."""
        found = []
        while True:
            due = self.session.next_due(at)
            if due is None or due > end:
                return found
            found += [(due, self.read(frame, due)) for frame in self.session.push(due)]
            at = due + 1


@pytest.mark.parametrize("stream", OKX.streams, ids=lambda stream: stream.name)
def test_what_is_pushed_is_the_market(stream: Any) -> None:
    line = Line()
    topics = stream.topics([one for one in FOLLOWED.values() if stream.selects(one)])
    names = [topic.name for topic in topics]
    acks = line.subscribe(*names)
    assert [parsed.controls[0].topics for parsed in acks] == [(name,) for name in names]
    told: dict[str, set[str]] = {}
    for due, parsed in line.run(NOW + 2 * SECOND):
        assert parsed.ignored == {}
        for seen in parsed.observations:
            told.setdefault(seen.instrument, set()).add(seen.field)
            if not seen.field.startswith("liquidation"):
                assert seen.event_time == due // 1000 * 1000
                assert seen.value == expected(seen.instrument, seen.event_time)[seen.field]
    for topic in topics:
        for symbol in topic.instruments:
            if not topic.name.startswith("liquidation"):
                assert set(topic.fields) <= told[symbol]


def test_liquidations_are_the_published_ones_each_once() -> None:
    """Backlog, then as they come; amounts to the last lot, both sides, both margins."""
    line = Line()
    line.subscribe("liquidation-orders:SWAP")
    end = NOW + 6 * HOUR
    frames = line.run(end)
    assert frames[0][0] == NOW
    seen: dict[tuple[str, int], dict[str, float]] = {}
    for _, parsed in frames:
        assert parsed.ignored == {}
        for one in parsed.observations:
            cell = seen.setdefault((one.instrument, one.event_time), {})
            assert one.field not in cell
            cell[one.field] = one.value
    wanted = {}
    for symbol, instrument in FOLLOWED.items():
        if not symbol.endswith("-SWAP"):
            continue
        for event in published(MARKET, symbol, MS - BACKLOG, end):
            coin, price = Decimal(repr(event.coin)), Decimal(repr(event.price))
            usd = float(coin * price) if instrument.linear else round(float(coin * price), 6)
            side = f"liquidation_{event.side}"
            wanted[symbol, event.at] = {f"{side}_coin": event.coin, f"{side}_usd": usd}
    assert seen == wanted
    assert {name for cells in seen.values() for name in cells} == set(OKX.streams[0].fields) & {
        name for name in OKX.streams[0].fields if name.startswith("liquidation")
    }
    assert any(not FOLLOWED[symbol].linear for symbol, _ in seen)


def test_at_most_one_liquidation_a_contract_and_second() -> None:
    symbol = "BTC-USDT-SWAP"
    every = list(MARKET.liquidations("okx", symbol, NOW, NOW + 5 * DAY))
    kept = published(MARKET, symbol, NOW, NOW + 5 * DAY)
    assert len(kept) == len({event.at // SECOND for event in every}) < len(every)
    halves = published(MARKET, symbol, NOW, kept[5].at) + published(
        MARKET, symbol, kept[5].at, NOW + 5 * DAY
    )
    assert halves == kept


def test_open_interest_speaks_only_of_changes() -> None:
    line = Line()
    line.subscribe("open-interest:BTC-USDT-SWAP")
    said = [
        seen
        for _, parsed in line.run(NOW + 5 * MINUTE)
        for seen in parsed.observations
        if seen.field == "open_interest"
    ]
    assert 2 < len(said) <= 101
    for one, two in itertools.pairwise(said):
        assert one.value != two.value
        assert two.event_time - one.event_time >= 2 * SECOND


class Still(Synthetic):
    """A market that moves once a quarter of an hour."""

    def quote(self, venue: str, symbol: str, at: int) -> Quote:
        return super().quote(venue, symbol, at // (15 * MINUTE) * 15 * MINUTE)


def test_a_market_that_stands_still_is_told_seldom() -> None:
    """14 minutes without a change: open interest once, mark each 10 s, index each minute."""
    session = OkxServer(Still(3, 7, START)).open("ws", PUBLIC, START)
    assert session is not None
    args = [
        {"channel": name, "instId": "BTC-USDT-SWAP"} for name in ("open-interest", "mark-price")
    ]
    args.append({"channel": "index-tickers", "instId": "BTC-USDT"})
    session.receive(json.dumps({"op": "subscribe", "args": args}), START)
    told: dict[str, list[int]] = {}
    at = START
    while (due := session.next_due(at)) is not None and due < START + 14 * MINUTE:
        for frame in session.push(due):
            told.setdefault(json.loads(frame)["arg"]["channel"], []).append(due)
        at = due + 1
    assert len(told["open-interest"]) == 1
    assert {b - a for a, b in itertools.pairwise(told["mark-price"])} == {10 * SECOND}
    assert {b - a for a, b in itertools.pairwise(told["index-tickers"])} == {MINUTE}


@pytest.mark.parametrize("pace", [1.0, 30.0])
def test_the_pace_stretches_every_interval(pace: float) -> None:
    line = Line(pace)
    line.subscribe("mark-price:BTC-USDT-SWAP", "funding-rate:BTC-USDT-SWAP")
    frames = line.run(NOW + round(120 * pace) * SECOND)
    times: dict[str, list[int]] = {}
    for due, parsed in frames:
        times.setdefault(parsed.observations[0].field, []).append(due)
    for field, every in (("mark_price", SECOND // 5), ("funding_rate_quoted", MINUTE)):
        gaps = [b - a for a, b in zip(times[field][1:], times[field][2:], strict=False)]
        assert gaps
        assert min(gaps) >= round(every * pace)
    marks = times["mark_price"]
    assert max(b - a for a, b in itertools.pairwise(marks)) <= 10 * SECOND * pace


def test_unsubscribing_and_subscribing_again() -> None:
    line = Line()
    line.subscribe("mark-price:BTC-USDT-SWAP")
    line.run(NOW + SECOND)
    arg = {"channel": "mark-price", "instId": "BTC-USDT-SWAP"}
    (said,) = line.say(json.dumps({"op": "unsubscribe", "args": [arg]}), NOW + SECOND)
    assert (said["event"], said["arg"]) == ("unsubscribe", arg)
    assert line.session.next_due(NOW + SECOND) is None
    line.subscribe("mark-price:BTC-USDT-SWAP", at=NOW + MINUTE)
    line.subscribe("mark-price:BTC-USDT-SWAP", at=NOW + MINUTE)
    assert len(line.session.push(NOW + MINUTE)) == 1


def test_what_the_venue_refuses_on_a_connection() -> None:
    line = Line()
    assert line.session.receive("ping", NOW) == ["pong"]
    for text in (
        "hello",
        "[]",
        '{"op":"subscribe"}',
        '{"op":"sing","args":[{}]}',
        '{"op":"subscribe","args":[]}',
    ):
        assert [frame["code"] for frame in line.say(text)] == ["60012"]
    parsed = line.subscribe(
        "mark-price:FOO-USDT-SWAP", "mark-price:BTC-USDT-SWAP", "funding-rate:BTC-USDT-261225",
        "liquidation-orders:STOCKS", "trades:BTC-USDT-SWAP",
    )  # fmt: skip
    controls = [one.controls[0] for one in parsed]
    assert [control.kind for control in controls] == [
        "refused", "ack", "refused", "refused", "refused",
    ]  # fmt: skip
    assert controls[0].topics == ("mark-price:FOO-USDT-SWAP",)
    assert controls[3].topics == ("liquidation-orders:STOCKS",)
    assert all(control.text.startswith("60018") for control in controls if control.kind != "ack")
    (restart,) = line.read(json.dumps(NOTICES["okx"]), NOW).controls
    assert restart.kind == "restart"


def test_four_hundred_and_eighty_operations_an_hour() -> None:
    line = Line()
    text = json.dumps({"op": "subscribe", "args": [{"channel": "mark-price", "instId": XPERP}]})
    codes = [line.say(text)[0].get("code") for _ in range(481)]
    assert codes == [None] * 480 + ["60014"]
    assert line.say(text, NOW + HOUR)[0]["event"] == "subscribe"


def test_there_is_no_other_place() -> None:
    venue = server()
    assert venue.open("ws", "/ws/v5/private", NOW) is None
    assert venue.open("rest", PUBLIC, NOW) is None
    for request in (
        Request("rest", "/api/v5/account/balance"),
        Request("ws", "/api/v5/public/time"),
        Request("rest", "/api/v5/public/time", method="POST"),
    ):
        assert venue.answer(request, NOW).status == 404


def ask(venue: OkxServer, path: str, at: int = NOW, **params: str) -> Reply:
    return venue.answer(Request("rest", path, tuple(params.items())), at)


@pytest.mark.parametrize(
    ("path", "params", "status", "code"),
    [
        ("public/open-interest", {}, 400, "50014"),
        ("public/open-interest", {"instType": "STOCKS"}, 400, "51000"),
        ("public/open-interest", {"instType": "SWAP", "instId": "FOO"}, 200, "51001"),
        ("public/funding-rate", {"instId": "BTC-USDT-261225"}, 400, "51000"),
        ("market/index-tickers", {}, 400, "50014"),
        ("market/index-tickers", {"instId": "FOO-USD"}, 200, "51001"),
        ("market/candles", {"instId": "BTC-USDT-SWAP", "bar": "7m"}, 400, "51000"),
        ("market/candles", {"instId": "BTC-USDT-SWAP", "limit": "many"}, 400, "51000"),
        ("rubik/stat/taker-volume-contract", {"instId": XPERP, "unit": "3"}, 400, "51000"),
        ("public/funding-rate-history", {}, 400, "50014"),
    ],
)
def test_errors_are_the_venue_s_own(
    path: str, params: dict[str, str], status: int, code: str
) -> None:
    reply = ask(server(), f"/api/v5/{path}", **params)
    assert (reply.status, body(reply)["code"], body(reply)["data"]) == (status, code, [])
    assert verdict(reply).kind == "refused"


def test_more_than_the_limit_is_50011() -> None:
    for path, (most, _) in PATHS.items():
        venue = server()
        replies = [ask(venue, path) for _ in range(most + 1)]
        assert all(reply.status != 429 for reply in replies[:-1])
        assert (replies[-1].status, body(replies[-1])["code"]) == (429, "50011")
        assert verdict(replies[-1]).kind == "slow_down"
        assert ask(venue, path, NOW + 2 * SECOND).status != 429


def test_limits_are_no_lower_than_what_the_declaration_believes() -> None:
    buckets = {bucket.name: bucket for bucket in OKX.buckets}
    for feed in FEEDS.values():
        if feed in OKX.histories:
            request = feed.ask(FOLLOWED["BTC-USDT-SWAP"], NOW - HOUR, NOW)
        else:
            (request, *_) = feed.ask(list(FOLLOWED.values()))
        bucket = buckets[feed.charges[0].bucket]
        assert (bucket.units, bucket.per_s) == (PATHS[request.path][0], 2.0)


def test_filters_narrow() -> None:
    def names(**params: str) -> set[str]:
        reply = ask(server(), "/api/v5/public/open-interest", **params)
        return {row["instId"] for row in body(reply)["data"]}

    assert names(instType="FUTURES") == {"BTC-USDT-261225", XPERP}
    assert names(instType="SWAP", uly="BTC-USD") == {"BTC-USD-SWAP"}
    assert names(instType="FUTURES", instFamily="BTC-USD_UM_XPERP") == {XPERP}
    assert names(instType="SWAP", instId=XPERP) == set()
    assert names(instType="OPTION") == set()
    mark = ask(server(), "/api/v5/public/mark-price", instId=XPERP)
    assert [row["instId"] for row in body(mark)["data"]] == [XPERP]
    assert body(ask(server(), "/api/v5/public/time"))["data"] == [{"ts": str(MS // 1000)}]


def shape(value: Any) -> Any:
    """Keys and kinds of one row."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value and not isinstance(value[0], str) else "list"
    return type(value).__name__


def sample(file: str) -> Any:
    return json.loads((PAYLOADS / file).read_text())


@pytest.mark.parametrize(
    ("file", "path", "params"),
    [
        ("okx.rest_instruments_swap.json", "public/instruments", {"instType": "SWAP"}),
        ("okx.rest_mark_price.json", "public/mark-price", {"instType": "SWAP"}),
        (
            "okx.rest_funding_rate_history.json",
            "public/funding-rate-history",
            {"instId": "BTC-USD-SWAP"},
        ),
    ],
)
def test_answers_have_the_fields_of_the_samples(
    file: str, path: str, params: dict[str, str]
) -> None:
    said = body(ask(server(), f"/api/v5/{path}", **params))
    assert set(said) == set(sample(file))
    assert shape(said["data"][0]) == shape(sample(file)["data"][0])
    assert all(shape(row) == shape(said["data"][0]) for row in said["data"])


@pytest.mark.parametrize(
    ("file", "path", "cells"),
    [
        ("okx.rubik_open_interest_history.json", "contracts/open-interest-history", 4),
        ("okx.rubik_ls_ratio_contract.json", "contracts/long-short-account-ratio-contract", 2),
        ("okx.rubik_taker_volume_ccy.json", "taker-volume-contract", 3),
    ],
)
def test_statistics_have_the_cells_of_the_samples(file: str, path: str, cells: int) -> None:
    said = body(ask(server(), f"/api/v5/rubik/stat/{path}", instId="BTC-USDT-SWAP"))
    for row in (*said["data"], *sample(file)["data"]):
        assert len(row) == cells
        assert all(isinstance(cell, str) and number(cell, "cell") >= 0 for cell in row)
    times = [int(row[0]) for row in said["data"]]
    assert times == sorted(times, reverse=True)
    assert len(said["data"]) == 100
    (candle, *_) = body(ask(server(), "/api/v5/market/candles", instId="BTC-USDT-SWAP"))["data"]
    assert len(candle) == len(sample("okx.rest_candles.json")["data"][0])


@pytest.mark.parametrize(
    ("file", "topic"),
    [
        ("okx.ws_open_interest_2025.json", "open-interest:BTC-USDT-SWAP"),
        ("okx.ws_mark_price.json", "mark-price:BTC-USDT-SWAP"),
        ("okx.ws_funding_rate.json", f"funding-rate:{XPERP}"),
        ("okx.ws_liquidation_orders.json", "liquidation-orders:SWAP"),
    ],
)
def test_pushes_have_the_fields_of_the_samples(file: str, topic: str) -> None:
    line = Line()
    line.subscribe(topic)
    frames: list[Any] = []
    at = NOW
    while not frames:
        frames = [json.loads(frame) for frame in line.session.push(at)]
        at = line.session.next_due(at + 1) or at
    assert shape(frames[0]) == shape(sample(file))
    rest = {"open-interest": "open-interest", "funding-rate": "funding-rate"}.get(
        topic.partition(":")[0]
    )
    if rest:  # today's REST rows are those of the channel; the older samples lack a few fields
        params = {"instType": "SWAP"} if rest == "open-interest" else {"instId": "ANY"}
        said = body(ask(server(), f"/api/v5/public/{rest}", **params))
        assert shape(said["data"][0]) == shape(sample(file)["data"][0])
        older = sample(f"okx.rest_{rest.replace('-', '_')}.json")["data"][0]
        assert set(older) <= set(said["data"][0])


def test_index_tickers_have_the_fields_of_the_sample() -> None:
    raw = (PAYLOADS / "OKX.UnifiedApi.GetIndexTickers.txt").read_text().partition("false\n")[2]
    said = body(ask(server(), "/api/v5/market/index-tickers", quoteCcy="USDT"))
    assert shape(said["data"][0]) == shape(json.loads(raw)["data"][0])
    assert len({row["instId"] for row in said["data"]}) == len(said["data"])


def test_what_is_delisted_is_gone() -> None:
    class Ended(Synthetic):
        def listed(self, venue: str, at: int) -> list[Listed]:
            return [
                Listed(one.instrument, one.listed_us, START + HOUR, one.delivery_us)
                if one.instrument.symbol == "ETH-USDT-SWAP"
                else one
                for one in super().listed(venue, at)
            ]

    venue = OkxServer(Ended(3, 7, START))
    path = "/api/v5/public/open-interest"

    def there(at: int) -> bool:
        data = body(ask(venue, path, at, instType="SWAP"))["data"]
        return "ETH-USDT-SWAP" in {row["instId"] for row in data}

    assert there(START + HOUR - SECOND)
    assert not there(START + HOUR)
    assert body(ask(venue, path, NOW, instType="SWAP", instId="ETH-USDT-SWAP"))["code"] == "51001"


def test_noise_of_the_venue_is_on_the_wire() -> None:
    """Some of the numbers carry more digits than they have; the reader takes them off."""
    reply = ask(server(), "/api/v5/public/open-interest", instType="SWAP")
    cells = [row[name] for row in body(reply)["data"] for name in ("oi", "oiCcy")]
    assert any(len(cell.replace(".", "").lstrip("0")) >= 16 for cell in cells)
