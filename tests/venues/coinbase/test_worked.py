"""Coinbase's numbers worked by hand: contracts x size, sessions, inverse USD, forced sides."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.venues.coinbase.test_goldens import CAPTURED
from tests.venues.golden_frames import PAYLOADS, dump, values
from tideline.domain.errors import BadWire, VenueRefusal
from tideline.domain.time import HOUR, MINUTE, parse_time
from tideline.domain.venue import GATEWAY
from tideline.venues.coinbase import frames, gateway, products
from tideline.venues.coinbase.declaration import COINBASE
from tideline.venues.coinbase.gateway_declaration import COINBASE_GATEWAY
from tideline.venues.parsed import Note, Parsed
from tideline.venues.symbols import parse_symbol
from tideline.venues.wire import Reply

CODES = ("BIP-20DEC30-CDE", "ETP-20DEC30-CDE", "BIT-24APR26-CDE")
NOTE = Note(CAPTURED, {code: parse_symbol("coinbase", code) for code in CODES})
NAMES = ("BTC-PERPETUAL", "ETH_USDC-PERPETUAL", "BTC-25DEC26")
TICK = Note(1_795_000_000_000_000, {name: parse_symbol(GATEWAY, name) for name in NAMES})
TS = 1_794_999_999_900
[CAPTURE] = values((PAYLOADS / "coinbase/rest_market_products_future.json").read_text("utf-8"))


def product(code: str = "BIP-20DEC30-CDE", **details: Any) -> dict[str, Any]:
    """The captured perpetual under another name, with these details changed."""
    row = json.loads(json.dumps(CAPTURE["products"][0]))
    row["product_id"] = code
    row["future_product_details"] |= details
    return row


def read(*rows: dict[str, Any], note: Note = NOTE) -> Parsed:
    return products.products(dump({"products": list(rows), "num_products": len(rows)}), note)


def of(parsed: Parsed, symbol: str) -> dict[str, float]:
    return {seen.field: seen.value for seen in parsed.observations if seen.instrument == symbol}


def test_contracts_times_size_of_the_same_answer():
    parsed = read(
        product(open_interest="183283", contract_size="0.01", index_price="70000"),
        product("ETP-20DEC30-CDE", open_interest="1001", contract_size="0.1", index_price="2000.5"),
    )
    bitcoin, ether = of(parsed, CODES[0]), of(parsed, CODES[1])
    assert bitcoin["open_interest"] == 1832.83
    assert bitcoin["open_interest_usd"] == 128_298_100.0
    assert (ether["open_interest"], ether["open_interest_usd"]) == (100.1, 200_250.05)
    assert "mark_price" not in bitcoin
    counted = parsed.observations[0].counted
    assert (counted.unit, counted.sides, counted.contract_size) == ("contracts", "unknown", 0.01)


def test_a_changed_contract_size_holds_from_its_own_answer_on():
    parsed = read(product(open_interest="18328300", contract_size="0.0001"))
    assert of(parsed, CODES[0])["open_interest"] == 1832.83
    assert parsed.listings[0].instrument.contract_size == 0.0001


@pytest.mark.parametrize(
    ("told", "received", "following"),
    [
        ("2026-04-07T00:00:00Z", "2026-04-07T00:28:59Z", "2026-04-07T01:00:00Z"),
        ("2026-04-07T00:00:00Z", "2026-04-07T03:00:00Z", "2026-04-07T04:00:00Z"),
        ("2026-04-07T01:00:00Z", "2026-04-07T00:28:59Z", "2026-04-07T01:00:00Z"),
    ],
)
def test_funding_time_is_the_latest_so_the_next_is_counted_on(
    told: str, received: str, following: str
):
    note = Note(int(parse_time(received)), NOTE.instruments)
    found = of(read(product(funding_time=told), note=note), CODES[0])
    assert found["next_funding_time"] == float(parse_time(following))
    assert (found["funding_rate_quoted"], found["funding_interval_h"]) == (0.000013, 1.0)


def test_an_interval_in_seconds_is_stored_in_hours():
    found = of(read(product(funding_interval="28800s")), CODES[0])
    assert found["funding_interval_h"] == 8.0
    assert found["next_funding_time"] == float(parse_time("2026-04-07T08:00:00Z"))
    bad = read(product(funding_interval="1h"))
    assert bad.ignored == {"bad row: funding_interval": 1}


def test_a_closed_session_says_nothing():
    closed = product()
    closed["fcm_trading_session_details"]["is_session_open"] = False
    parsed = read(closed)
    assert (parsed.observations, parsed.ignored) == ([], {"session closed": 1})
    assert [found.state for found in parsed.listings] == ["trading"]


def test_unknown_codes_and_other_products_are_counted():
    spot = product("BTC-USD") | {"product_type": "SPOT"}
    parsed = read(product("ZZZ-20DEC30-CDE"), spot, product("SLP-20DEC30-CDE"), product())
    assert parsed.ignored == {"unknown code": 1, "other product": 1, "unknown instrument": 1}
    assert len(of(parsed, CODES[0])) == 6


def test_states_of_a_product():
    barred, over = product() | {"trading_disabled": True}, product(CODES[2])
    over["future_product_details"]["contract_expiry"] = "2026-04-07T00:28:59Z"
    assert [found.state for found in read(barred, over).listings] == ["halted", "delisted"]


def test_listing_answer_is_the_same_without_values():
    raw = dump(CAPTURE)
    assert products.listings(raw, NOTE).listings == products.products(raw, NOTE).listings
    assert not products.listings(raw, NOTE).observations


def test_the_retired_exchange_is_refused_by_name():
    for value in values((PAYLOADS / "coinbase/legacy_intx_ws_risk_funding.json").read_text()):
        for parser in (products.products, frames.read):
            with pytest.raises(BadWire, match="Coinbase International, retired on 2026-10-01"):
                parser(dump(value), NOTE)


def ticker(name: str, **more: Any) -> bytes:
    data = {"instrument_name": name, "timestamp": TS, "state": "open", "open_interest": 0.0, **more}
    return push(f"ticker.{name}.100ms", data)


def push(channel: str, data: Any) -> bytes:
    params = {"channel": channel, "data": data}
    return dump({"jsonrpc": "2.0", "method": "subscription", "params": params})


def test_inverse_open_interest_is_usd_and_linear_is_coins():
    inverse = ticker("BTC-PERPETUAL", open_interest=1_600_000, mark_price=80_000.0)
    assert of(frames.read(inverse, TICK), "BTC-PERPETUAL") == {
        "open_interest_usd": 1_600_000.0,
        "mark_price": 80_000.0,
    }
    linear = ticker("ETH_USDC-PERPETUAL", open_interest=12.5, mark_price=2000.2)
    assert of(frames.read(linear, TICK), "ETH_USDC-PERPETUAL") == {
        "open_interest": 12.5,
        "mark_price": 2000.2,
    }


def test_a_price_that_is_not_told_gives_nothing():
    parsed = frames.read(ticker("BTC-PERPETUAL", open_interest=10, mark_price=None), TICK)
    assert of(parsed, "BTC-PERPETUAL") == {"open_interest_usd": 10.0}


def test_funding_accrues_per_hour_and_only_on_perpetuals():
    found = of(frames.read(ticker("BTC-PERPETUAL", current_funding=0.00016), TICK), "BTC-PERPETUAL")
    assert (found["funding_rate_quoted"], found["funding_interval_h"]) == (0.00002, 1.0)
    dated = of(frames.read(ticker("BTC-25DEC26", current_funding=0.00016), TICK), "BTC-25DEC26")
    assert "funding_rate_quoted" not in dated


def test_a_closed_book_says_nothing():
    parsed = frames.read(ticker("BTC-PERPETUAL", state="closed"), TICK)
    assert (parsed.observations, parsed.ignored) == ([], {"not open": 1})
    with pytest.raises(BadWire, match="dreaming"):
        frames.read(ticker("BTC-PERPETUAL", state="dreaming"), TICK)


def trade(name: str, direction: str, flag: str | None, amount: float, price: float) -> bytes:
    row = {
        "instrument_name": name,
        "timestamp": TS,
        "trade_id": "77",
        "direction": direction,
        "amount": amount,
        "price": price,
    }
    return push(f"trades.{name}.100ms", [row if flag is None else row | {"liquidation": flag}])


@pytest.mark.parametrize(
    ("direction", "flag", "sides"),
    [
        ("sell", "T", {"long"}),
        ("buy", "T", {"short"}),
        ("buy", "M", {"long"}),
        ("sell", "M", {"short"}),
        ("buy", "MT", {"long", "short"}),
        ("sell", "MT", {"long", "short"}),
        ("sell", None, set()),
    ],
)
def test_the_side_of_the_position_that_was_closed_by_force(
    direction: str, flag: str | None, sides: set[str]
):
    parsed = frames.read(trade("BTC-PERPETUAL", direction, flag, 1000.0, 80_000.0), TICK)
    expected = {}
    for side in sides:
        expected |= {f"liquidation_{side}_usd": 1000.0, f"liquidation_{side}_coin": 0.0125}
    assert of(parsed, "BTC-PERPETUAL") == expected
    assert {seen.key for seen in parsed.observations} == ({"77"} if sides else set())
    assert parsed.ignored == ({} if sides else {"trade": 1})


def test_linear_liquidations_are_counted_in_coins():
    parsed = frames.read(trade("ETH_USDC-PERPETUAL", "buy", "T", 2.5, 2000.0), TICK)
    assert of(parsed, "ETH_USDC-PERPETUAL") == {
        "liquidation_short_coin": 2.5,
        "liquidation_short_usd": 5000.0,
    }


def test_unknown_flags_and_directions_are_bad_rows():
    assert frames.read(trade("BTC-PERPETUAL", "buy", "X", 1.0, 1.0), TICK).ignored == {
        "bad row: liquidation": 1
    }
    assert frames.read(trade("BTC-PERPETUAL", "up", "M", 1.0, 1.0), TICK).ignored == {
        "bad row: direction": 1
    }
    assert frames.read(trade("BTC-PERPETUAL", "buy", "T", 0.0, 1.0), TICK).ignored == {
        "bad row: amount": 1
    }


def test_settled_hours_are_their_end():
    rows = [{"timestamp": hour, "interest_1h": 2e-6} for hour in (TS // 3_600_000 * 3_600_000, TS)]
    raw = dump({"jsonrpc": "2.0", "result": rows})
    note = Note(TICK.received, TICK.instruments, {"instrument_name": "BTC-PERPETUAL"})
    parsed = gateway.funding_history(raw, note)
    assert of(parsed, "BTC-PERPETUAL") == {"funding_rate_settled": 2e-6, "funding_interval_h": 1.0}
    assert parsed.observations[0].event_time == TS * 1000 // HOUR * HOUR
    assert parsed.ignored == {"bad row: timestamp": 1}
    assert gateway.funding_history(raw, TICK).ignored == {"unknown instrument": 2}


def test_a_name_that_contradicts_its_margin_is_a_bad_row():
    row = {
        "kind": "future",
        "instrument_name": "BTC-PERPETUAL",
        "instrument_type": "linear",
        "contract_size": 10.0,
        "creation_timestamp": TS,
        "is_active": True,
    }
    parsed = gateway.instruments(dump({"jsonrpc": "2.0", "result": [row]}), TICK)
    assert (parsed.listings, parsed.ignored) == ([], {"bad row: instrument_type": 1})
    good = gateway.instruments(
        dump({"jsonrpc": "2.0", "result": [row | {"instrument_type": "reversed"}]}), TICK
    )
    assert good.listings[0].instrument.listed_us == TS * 1000


def test_an_error_is_a_refusal_of_the_venue():
    raw = dump({"jsonrpc": "2.0", "id": 1, "error": {"code": 10028, "message": "too_many"}})
    for parser in (gateway.instruments, gateway.summaries, gateway.funding_history):
        with pytest.raises(VenueRefusal, match="10028"):
            parser(raw, TICK)
    [control] = frames.read(raw, TICK).controls
    assert (control.kind, control.id) == ("refused", "1")


def test_messages_keep_the_connection():
    assert json.loads(frames.HEARTBEAT)["method"] == "public/set_heartbeat"
    asked = {"jsonrpc": "2.0", "method": "heartbeat", "params": {"type": "test_request"}}
    [control] = frames.read(dump(asked), TICK).controls
    assert control.kind == "answer"
    assert json.loads(control.text)["method"] == "public/test"


def test_a_subscription_is_reconciled_by_its_channels():
    [flow] = COINBASE_GATEWAY.streams
    names = [topic.name for topic in flow.topics(list(TICK.instruments.values()))]
    messages = flow.subscribe(names * 10, 3)
    assert [number for number, _, _ in messages] == ["3", "4"]
    assert sum(len(channels) for _, channels, _ in messages) == 60
    sent = json.loads(messages[0][2])
    answer = {"jsonrpc": "2.0", "id": sent["id"], "result": sent["params"]["channels"][:4]}
    [control] = frames.read(dump(answer), TICK).controls
    assert (control.kind, control.id, control.topics) == ("ack", "3", messages[0][1][:4])


RPC = '{"jsonrpc":"2.0","id":1,"error":{"code":%d,"message":"no"}}'


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, '{"jsonrpc":"2.0","result":[]}', "ok"),
        (429, RPC % 10028, "slow_down"),
        (400, RPC % 10028, "slow_down"),
        (200, RPC % 10028, "slow_down"),
        (400, RPC % -32602, "refused"),
        (400, RPC % 13020, "refused"),
        (400, RPC % 10040, "broken"),
        (200, "[]", "broken"),
        (200, "<html>", "broken"),
        (503, RPC % 10028, "broken"),
        (429, "", "slow_down"),
        (404, '{"x":1}', "refused"),
    ],
)
def test_verdicts_of_the_gateway(status: int, body: str, kind: str):
    assert COINBASE_GATEWAY.verdict(Reply(status, body.encode())).kind == kind


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b'{"products":[]}', "ok"),
        (429, b'{"error":"rate limit"}', "slow_down"),
        (400, b'{"error":"INVALID_ARGUMENT"}', "refused"),
        (503, b"<html>", "broken"),
        (200, b"<!doctype html>", "broken"),
    ],
)
def test_verdicts_of_coinbase(status: int, body: bytes, kind: str):
    assert COINBASE.verdict(Reply(status, body)).kind == kind


def test_questions_name_currencies_and_times():
    [summaries] = COINBASE_GATEWAY.polls
    requests = summaries.ask(list(TICK.instruments.values()))
    assert [request.param("currency") for request in requests] == ["BTC", "USDC"]
    [funding] = COINBASE_GATEWAY.histories
    request = funding.ask(TICK.instruments["BTC-PERPETUAL"], TS * 1000, TS * 1000 + MINUTE)
    assert request.target == (
        "/api/v2/public/get_funding_rate_history?instrument_name=BTC-PERPETUAL"
        f"&start_timestamp={TS + 1}&end_timestamp={TS + 60_000}"
    )
