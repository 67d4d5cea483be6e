"""Hyperliquid's numbers worked by hand: k-names, positions, hours, jitter, acknowledgements."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.venues.golden_frames import dump
from tideline.domain.errors import BadWire
from tideline.domain.time import HOUR, MINUTE
from tideline.venues.hyperliquid import history, rest, stream
from tideline.venues.hyperliquid.declaration import HYPERLIQUID
from tideline.venues.hyperliquid.stream import Listener
from tideline.venues.parsed import Note, Parsed
from tideline.venues.symbols import parse_symbol
from tideline.venues.wire import Reply

FOLLOWED = {name: parse_symbol("hyperliquid", name) for name in ("BTC", "kPEPE", "ETH")}
HOUR_US = 1_795_003_200_000_000
NOTE = Note(HOUR_US + 20 * MINUTE, FOLLOWED)
PEPE = {"openInterest": "31000000.0", "markPx": "0.0047", "oraclePx": "0.0048", "funding": "1e-5"}
BTC = {"openInterest": "2.5", "markPx": "80000.0", "oraclePx": "80010.0", "funding": "-0.000002"}


def values(parsed: Parsed, symbol: str) -> dict[str, float]:
    return {seen.field: seen.value for seen in parsed.observations if seen.instrument == symbol}


def answer(universe: list[Any], contexts: list[Any]) -> Parsed:
    return rest.meta_and_contexts(dump([{"universe": universe}, contexts]), NOTE)


def asset(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "szDecimals": 0, "maxLeverage": 3, **more}


def test_k_names_count_in_thousands_and_are_priced_per_one_coin():
    parsed = answer([asset("kPEPE")], [PEPE])
    assert values(parsed, "kPEPE") == {
        "open_interest": 31_000_000_000.0,
        "mark_price": 0.0000047,
        "index_price": 0.0000048,
        "funding_rate_quoted": 0.00001,
        "funding_interval_h": 1.0,
        "next_funding_time": HOUR_US + HOUR,
    }
    [held] = [seen for seen in parsed.observations if seen.field == "open_interest"]
    assert held.raw == "31000000.0"
    assert (held.counted.unit, held.counted.sides, held.counted.factor) == ("coin", "unknown", 1e3)
    assert {seen.event_time for seen in parsed.observations} == {NOTE.received}


@pytest.mark.parametrize(
    ("received", "following"),
    [
        (HOUR_US - 1, HOUR_US),
        (HOUR_US, HOUR_US + HOUR),
        (HOUR_US + 1, HOUR_US + HOUR),
    ],
)
def test_next_funding_is_the_first_full_hour_after_the_receive_time(received: int, following: int):
    raw = dump({"channel": "activeAssetCtx", "data": {"coin": "BTC", "ctx": BTC}})
    parsed = Listener().read(raw, Note(received, FOLLOWED))
    assert values(parsed, "BTC")["next_funding_time"] == following


def test_positions_join_the_two_lists():
    parsed = answer(
        [asset("LOOM", isDelisted=True), asset("kPEPE"), asset("HYPE"), asset("BTC")],
        [BTC, PEPE, BTC, BTC],
    )
    assert values(parsed, "kPEPE")["open_interest"] == 31e9
    assert values(parsed, "BTC")["open_interest"] == 2.5
    assert parsed.ignored == {"delisted": 1, "unknown instrument": 1}
    states = [(found.instrument.symbol, found.state) for found in parsed.listings]
    assert states == [
        ("LOOM", "delisted"),
        ("kPEPE", "trading"),
        ("HYPE", "trading"),
        ("BTC", "trading"),
    ]
    assert all(found.instrument.listed_us is None for found in parsed.listings)


def test_lists_of_two_lengths_are_refused_whole():
    with pytest.raises(BadWire, match="2 names, 1 contexts"):
        answer([asset("BTC"), asset("ETH")], [BTC])


def test_a_bad_row_costs_only_itself():
    parsed = answer([asset("BTC"), asset("kPEPE")], [BTC | {"openInterest": "1_000"}, PEPE])
    assert parsed.ignored == {"bad row: openInterest": 1}
    assert not values(parsed, "BTC")
    assert values(parsed, "kPEPE")["open_interest"] == 31e9


def test_nulls_of_an_empty_book_give_nothing_but_the_rest():
    empty = BTC | {"markPx": None, "midPx": None, "impactPxs": None, "premium": None}
    assert set(values(answer([asset("BTC")], [empty]), "BTC")) == {
        "open_interest",
        "index_price",
        "funding_rate_quoted",
        "funding_interval_h",
        "next_funding_time",
    }


def test_nameless_contexts_need_the_order_of_their_dex():
    frame = dump({"channel": "assetCtxs", "data": {"dex": "", "ctxs": [PEPE, BTC]}})
    assert Listener().read(frame, NOTE).ignored == {"no universe order": 2}
    short = Listener({"": ("kPEPE",)}).read(frame, NOTE)
    assert (short.observations, short.ignored) == ([], {"bad row: universe order": 2})
    parsed = Listener({"": ("kPEPE", "BTC")}).read(frame, NOTE)
    assert values(parsed, "kPEPE")["open_interest"] == 31e9
    assert values(parsed, "BTC")["mark_price"] == 80_000.0


@pytest.mark.parametrize("jitter_ms", [-31, 0, 31, 76, 59_999])
def test_settlements_are_keyed_by_their_full_hour(jitter_ms: int):
    row = {"coin": "BTC", "fundingRate": "0.0000125", "time": HOUR_US // 1000 + jitter_ms}
    parsed = history.funding_history(dump([row]), NOTE)
    assert [(seen.field, seen.event_time, seen.value) for seen in parsed.observations] == [
        ("funding_rate_settled", HOUR_US, 1.25e-5),
        ("funding_interval_h", HOUR_US, 1.0),
    ]


def test_a_settlement_far_from_the_hour_is_a_bad_row():
    row = {"coin": "BTC", "fundingRate": "0.0000125", "time": HOUR_US // 1000 + 60_001}
    assert history.funding_history(dump([row]), NOTE).ignored == {"bad row: time": 1}


def test_bars_are_known_at_their_end_and_only_when_finished():
    start = HOUR_US + 19 * MINUTE
    rows = [
        {"t": at // 1000, "T": at // 1000 + 59_999, "s": "kPEPE", "i": "1m", "v": "12.5"}
        for at in (start, start + MINUTE)
    ]
    parsed = history.candles(dump(rows), NOTE)
    [seen] = parsed.observations
    assert (seen.event_time, seen.value) == (NOTE.received, 12_500.0)
    assert parsed.ignored == {"unfinished bar": 1}


def test_trades_name_the_taker():
    rows = [
        {"coin": "kPEPE", "side": side, "px": "0.005", "sz": "2", "time": 1764835613064, "tid": n}
        for n, side in enumerate("BA")
    ]
    frame = dump({"channel": "trades", "data": rows})
    found = stream.trades(frame, NOTE)
    assert [(trade.side, trade.coin, trade.price, trade.id) for trade in found] == [
        ("buy", 2000.0, 0.000005, "0"),
        ("sell", 2000.0, 0.000005, "1"),
    ]
    assert Listener().read(frame, NOTE).ignored == {"trade": 2}
    rows[0]["side"] = "C"
    assert Listener().read(dump({"channel": "trades", "data": rows}), NOTE).ignored == {
        "bad row: side": 1,
        "trade": 1,
    }


def test_every_subscription_can_be_reconciled_by_name():
    [flow] = HYPERLIQUID.streams
    topics = flow.topics([FOLLOWED["BTC"], FOLLOWED["kPEPE"]])
    messages = flow.subscribe([topic.name for topic in topics], 7)
    assert [number for number, _, _ in messages] == ["7", "8"]
    reader = flow.reader()
    for _, names, text in messages:
        sent = json.loads(text)
        echoed = {"channel": "subscriptionResponse", "data": sent}
        [control] = reader.read(dump(echoed), NOTE).controls
        assert (control.kind, control.topics) == ("ack", names)


def test_an_unknown_channel_is_named():
    with pytest.raises(BadWire, match="l2Book"):
        Listener().read(dump({"channel": "l2Book", "data": {}}), NOTE)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b"[]", "ok"),
        (200, b" {}", "ok"),
        (200, b"<html>", "broken"),
        (200, b"", "broken"),
        (200, b"null", "broken"),
        (429, b"null", "slow_down"),
        (422, b"Failed to deserialize the JSON body into the target type", "refused"),
        (500, b"null", "refused"),
        (502, b"<html>Bad Gateway</html>", "broken"),
        (301, b"", "broken"),
        (403, b"<html>Forbidden</html>", "ban"),
        (403, b"{}", "refused"),
        (400, b"{}", "refused"),
    ],
)
def test_verdicts(status: int, body: bytes, kind: str):
    assert HYPERLIQUID.verdict(Reply(status, body)).kind == kind


def test_a_wait_that_is_told_is_kept():
    told = Reply(429, b"", {"retry-after": "7"})
    assert HYPERLIQUID.verdict(told).wait_s == 7.0
    assert HYPERLIQUID.verdict(Reply(429, b"", {"retry-after": "soon"})).wait_s == 0.0
    assert HYPERLIQUID.verdict(Reply(429, b"", {"retry-after": "999999"})).wait_s == 3600.0


def test_questions_about_the_past_cover_the_asked_rows():
    funding, candles = HYPERLIQUID.histories
    start, end = HOUR_US, HOUR_US + 3 * HOUR
    body = json.loads(funding.ask(FOLLOWED["BTC"], start, end).body)
    assert body["startTime"] == start // 1000 + 1
    assert body["endTime"] >= end // 1000 + 76
    asked = json.loads(candles.ask(FOLLOWED["kPEPE"], start, end).body)["req"]
    assert (asked["coin"], asked["interval"]) == ("kPEPE", "1m")
    # the first bar ends a minute after start, the last one at end
    assert start - MINUTE < asked["startTime"] * 1000 <= start
    assert asked["endTime"] * 1000 == end - MINUTE
