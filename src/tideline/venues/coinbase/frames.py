"""Frames of the gateway's WebSocket: tickers, trades with their liquidation flags, heartbeats.

Samples ``tests/payloads/deribit/ws_*.json``; reference: ``ticker.{instrument}.100ms``,
``trades.{instrument}.100ms``, ``public/set_heartbeat``.

A trade's ``direction`` is the taker's. ``liquidation`` says who was forced: T the taker, M the
maker, MT both. A forced sale closes a LONG, a forced purchase a SHORT:

==========  ==============  ===============
direction   T               M
==========  ==============  ===============
``sell``    long            short
``buy``     short           long
==========  ==============  ===============

``amount`` is USD for inverse contracts and base coins for linear ones.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

from tideline.domain.errors import BadWire
from tideline.domain.instrument import Instrument
from tideline.venues.coinbase.answer import clock, envelope, failure
from tideline.venues.coinbase.book import observe
from tideline.venues.counting import price_scale, scale
from tideline.venues.followed import of_row
from tideline.venues.parsed import Control, Note, Observation, Parsed
from tideline.venues.rows import each
from tideline.venues.strict import millis, need, number, record, rows, text, word

HEARTBEAT_ID = 9_000_000
"""Number of the messages that keep a connection: no subscription bears it."""

HEARTBEAT = (
    f'{{"jsonrpc":"2.0","id":{HEARTBEAT_ID},"method":"public/set_heartbeat",'
    '"params":{"interval":30}}'
)
TEST = f'{{"jsonrpc":"2.0","id":{HEARTBEAT_ID},"method":"public/test","params":{{}}}}'


Side = Literal["long", "short"]

_CLOSED_BY: dict[str, Side] = {"sell": "long", "buy": "short"}
_OPPOSITE: dict[str, str] = {"sell": "buy", "buy": "sell"}
_FLAGS: dict[str, str] = {"T": "T", "M": "M", "MT": "MT", "none": ""}
_STATES = {"open": True, "closed": False}


def read(frame: bytes, note: Note) -> Parsed:
    """What one frame says.

    Raises:
        WireError: it is no frame of this protocol.
    """
    body = envelope(frame)
    if "method" not in body:
        return _answer(body)
    read_one = word(body["method"], "method", {"subscription": _data, "heartbeat": _heartbeat})
    found: Parsed = read_one(record(need(body, "params"), "params"), note)
    return found


def _answer(body: dict[str, Any]) -> Parsed:
    """An answer to one of our messages: subscribed channels, or why not."""
    parsed = Parsed(server_time=clock(body))
    number_ = body.get("id")
    if number_ is not None and type(number_) is not int:
        raise BadWire("id", number_, "is not the number of a message")
    name = "" if number_ is None else str(number_)
    code, words = failure(body)
    if code:
        parsed.controls.append(Control("refused", (), name, f"{code} {words}"))
    elif number_ == HEARTBEAT_ID:
        need(body, "result")
        parsed.controls.append(Control("pong", (), name))
    else:
        topics = tuple(text(one, "result") for one in rows(need(body, "result"), "result"))
        parsed.controls.append(Control("ack", topics, name))
    return parsed


def _heartbeat(params: dict[str, Any], note: Note) -> Parsed:
    asked = word(need(params, "type"), "type", {"heartbeat": False, "test_request": True})
    control = Control("answer", text=TEST) if asked else Control("pong")
    return Parsed(controls=[control])


def _data(params: dict[str, Any], note: Note) -> Parsed:
    channel = text(need(params, "channel"), "channel")
    read_one = word(channel.split(".")[0], "channel", {"ticker": _ticker, "trades": _trades})
    found: Parsed = read_one(need(params, "data"), note)
    return found


def _ticker(data: Any, note: Note) -> Parsed:
    entry = record(data, "data")
    parsed = Parsed()
    instrument = of_row(entry, "instrument_name", note, parsed)
    if instrument is None:
        return parsed
    if not word(need(entry, "state"), "state", _STATES):
        parsed.ignore("not open")
    else:
        at = millis(need(entry, "timestamp"), "timestamp")
        parsed.observations += observe(entry, instrument, at)
    return parsed


def _trades(data: Any, note: Note) -> Parsed:
    parsed = Parsed()

    def read_one(entry: dict[str, Any]) -> None:
        instrument = of_row(entry, "instrument_name", note, parsed)
        if instrument is None:
            return
        flag = word(entry.get("liquidation", "none"), "liquidation", _FLAGS)
        if not flag:
            parsed.ignore("trade")
        for side in _forced(entry, flag):
            parsed.observations += _liquidation(entry, instrument, side)

    each(parsed, rows(data, "data"), read_one)
    return parsed


def _forced(entry: dict[str, Any], flag: str) -> list[Side]:
    """The sides of the positions that this trade closed by force."""
    taker = text(need(entry, "direction"), "direction")
    bought = {"T": taker, "M": _OPPOSITE.get(taker, taker)}
    return [word(bought[who], "direction", _CLOSED_BY) for who in reversed(flag)]


def _liquidation(entry: dict[str, Any], found: Instrument, side: Side) -> list[Observation]:
    at = millis(need(entry, "timestamp"), "timestamp")
    counting = scale(found, "liquidation", at)
    raw = need(entry, "amount")
    amount = number(raw, "amount") * counting.factor
    price = number(need(entry, "price"), "price") * price_scale(found.multiple).factor
    if amount <= 0 or price <= 0:
        raise BadWire("amount", raw, "of a trade, or its price, is not positive")
    key = text(need(entry, "trade_id"), "trade_id")
    coins, usd = _both(amount, price, found.linear)
    amounts = {f"liquidation_{side}_coin": coins, f"liquidation_{side}_usd": usd}
    return [
        Observation(found.symbol, name, at, float(value), str(raw), counting.counted, key)
        for name, value in amounts.items()
    ]


def _both(amount: Decimal, price: Decimal, linear: bool) -> tuple[Decimal, Decimal]:
    """Coins and USD of one fill, the one as given and the other by its own price."""
    return (amount, amount * price) if linear else (amount / price, amount)
