"""Bitget's public stream: whole tickers, liquidations, and words about itself.

References: https://www.bitget.com/api-doc/uta/websocket/public/{Tickers-Channel,
Liquidation-Channel}. Samples: ``tests/payloads/bitget/ws_v3_ticker.json``,
``ws_v3_liquidation.json``, ``ws_v2_ticker.json``.

A topic is written ``usdt-futures.ticker.BTCUSDT`` or ``usdt-futures.liquidation`` here; on the wire
it is ``{"instType": …, "topic": …, "symbol": …}`` (v2: ``channel`` and ``instId``).

Liquidations: ``side`` is the side of the POSITION (buy: a long died), ``amount`` the notional in
quote currency, ``price`` per quoted unit. At most two a symbol and second: a sample, no total.
"""

from __future__ import annotations

from typing import Any

from tideline.domain.errors import BadWire, WireError
from tideline.domain.instrument import Instrument
from tideline.venues.bitget.fields import ticker
from tideline.venues.counting import scale
from tideline.venues.followed import followed, of_row
from tideline.venues.parsed import Control, Note, Observation, Parsed
from tideline.venues.rows import each
from tideline.venues.strict import decode, millis, need, number, record, rows, text, word

_POSITIONS = {"buy": "long", "sell": "short"}
_ACTIONS = {"snapshot": True, "update": False}


def read(frame: bytes, note: Note) -> Parsed:
    """One frame. Every push is whole: no memory is needed."""
    parsed = Parsed()
    if frame == b"pong":
        parsed.controls.append(Control("pong"))
        return parsed
    body = record(decode(frame), "frame")
    if "event" in body:
        parsed.controls.append(control(body))
        return parsed
    arg = record(need(body, "arg"), "arg")
    topic = need(arg, "topic" if "topic" in arg else "channel")
    word(need(body, "action"), "action", _ACTIONS)
    at = parsed.server_time = millis(need(body, "ts"), "ts")
    data = rows(need(body, "data"), "data")
    if word(topic, "topic", {"ticker": True, "liquidation": False}):
        _tickers(arg, data, at, note, parsed)
    else:
        _liquidations(data, note, parsed)
    return parsed


def _tickers(arg: dict[str, Any], data: list[Any], at: int, note: Note, parsed: Parsed) -> None:
    """v3 rows have neither symbol nor time: those of the frame hold. v2 rows have their own."""
    symbol = text(need(arg, "symbol" if "symbol" in arg else "instId"), "symbol")
    instrument = followed(symbol, note, parsed)
    if instrument is None:
        return None

    def one(row: dict[str, Any]) -> None:
        if row.get("symbol", symbol) != symbol:
            raise BadWire("symbol", row["symbol"], f"is not {symbol}")
        own = millis(row["ts"], "ts") if "ts" in row else at
        parsed.observations.extend(ticker(row, instrument, own))

    return each(parsed, data, one)


def _liquidations(data: list[Any], note: Note, parsed: Parsed) -> None:
    """The key of an event is its words; equal words of one frame are told apart by a count."""
    seen: dict[str, int] = {}

    def one(row: dict[str, Any]) -> None:
        instrument = of_row(row, "symbol", note, parsed)
        if instrument is None:
            return None
        words = ":".join(str(need(row, name)) for name in _WORDS)
        nth = seen[words] = seen.get(words, -1) + 1
        return parsed.observations.extend(_event(instrument, row, f"{words}:{nth}"))

    each(parsed, data, one)


_WORDS = ("symbol", "ts", "side", "amount", "price")


def _event(instrument: Instrument, row: dict[str, Any], key: str) -> list[Observation]:
    at = millis(row["ts"], "ts")
    side = word(row["side"], "side", _POSITIONS)
    amount, price = number(row["amount"], "amount"), number(row["price"], "price")
    if not (amount > 0 and price > 0):
        raise BadWire("amount", f"{row['amount']} at {row['price']}", "is no amount at a price")
    how = scale(instrument, "liquidation", at)
    if how.counted.unit != "quote":
        raise BadWire("amount", how.counted.unit, "is not how this feed counts")
    usd = amount * how.factor
    coin = usd / price * int(instrument.multiple)
    name, raw = instrument.symbol, str(row["amount"])
    divided = how.counted._replace(derived="liquidation_price")
    return [
        Observation(name, f"liquidation_{side}_coin", at, float(coin), raw, divided, key),
        Observation(name, f"liquidation_{side}_usd", at, float(usd), raw, how.counted, key),
    ]


def name_of(arg: dict[str, Any]) -> str:
    """Our name of a subscription.

    Raises:
        BadWire: it is none.
    """
    topic = text(need(arg, "topic" if "topic" in arg else "channel"), "topic")
    parts = [text(need(arg, "instType"), "instType").lower(), topic]
    symbol = arg.get("symbol", arg.get("instId", ""))
    return ".".join([*parts, symbol] if text(symbol, "symbol") else parts)


def control(body: dict[str, Any]) -> Control:
    """An acknowledgement of one topic, or an error.

    An error about a topic names it in ``arg`` (v2) or, as JSON, at the head of ``msg`` (v3):
    ``{"event":"error","code":30001,"msg":"{\\"instType\\":…,\\"topic\\":…} doesn't exist"}``.

    Raises:
        BadWire: an event that is not known.
    """
    kind = word(need(body, "event"), "event", {"subscribe": "ack", "error": "refused"})
    if kind == "ack":
        return Control("ack", topics=(name_of(record(need(body, "arg"), "arg")),))
    reason = text(body.get("msg", ""), "msg")
    return Control("refused", _named(body, reason), text=f"{body.get('code', '')} {reason}"[:200])


def _named(body: dict[str, Any], reason: str) -> tuple[str, ...]:
    head = reason[: reason.rfind("}") + 1].encode()
    try:
        return (name_of(record(body["arg"] if "arg" in body else decode(head), "arg")),)
    except WireError:
        return ()
