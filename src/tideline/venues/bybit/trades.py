"""Bybit's public trades: for the sides test of open interest, not for the log.

References: https://bybit-exchange.github.io/docs/v5/websocket/public/trade and
…/market/recent-trade.
Samples: ``tests/payloads/bybit/ws_publicTrade.json``, ``rest_recent_trade.json``.
"""

from __future__ import annotations

from typing import Any, Literal

from tideline.domain.errors import BadWire
from tideline.domain.instrument import Instrument
from tideline.venues.bybit.envelope import answer
from tideline.venues.counting import price_scale, scale
from tideline.venues.parsed import Note
from tideline.venues.strict import decode, millis, need, number, record, rows, text, word
from tideline.venues.trade import Trade

_TAKERS: dict[str, Literal["buy", "sell"]] = {"Buy": "buy", "Sell": "sell"}
_STREAM = ("T", "s", "S", "v", "p", "i")
_REST = ("time", "symbol", "side", "size", "price", "execId")


def stream_trades(frame: bytes, note: Note) -> list[Trade]:
    """``publicTrade.{symbol}``; trades of instruments that are not followed are left out."""
    body = record(decode(frame), "frame")
    topic = text(need(body, "topic"), "topic")
    if not topic.startswith("publicTrade."):
        raise BadWire("topic", topic, "is not publicTrade")
    return _trades(rows(need(body, "data"), "data"), _STREAM, note)


def recent_trades(raw: bytes, note: Note) -> list[Trade]:
    """``GET /v5/market/recent-trade``, newest first as it comes."""
    return _trades(answer(raw).rows, _REST, note)


def _trades(found: list[Any], names: tuple[str, ...], note: Note) -> list[Trade]:
    trades = []
    for entry in found:
        at, symbol, side, size, price, ident = (need(record(entry, "row"), n) for n in names)
        instrument = note.instruments.get(text(symbol, names[1]))
        if instrument is not None:
            taker = word(side, names[2], _TAKERS)
            us = millis(at, names[0])
            trades.append(_trade(instrument, us, taker, size, price, text(ident, names[5])))
    return trades


def _trade(
    instrument: Instrument, at: int, side: Any, size: object, price: object, ident: str
) -> Trade:
    each = number(price, "price") * price_scale(instrument.multiple).factor
    amount = number(size, "size")
    if not (each > 0 and amount > 0):
        raise BadWire("size", f"{size} at {price}", "is no size at a price")
    if instrument.linear:
        coin = scale(instrument, "volume_coin", at).of(amount)
    else:
        coin = float(amount / each)
    return Trade(instrument.symbol, at, side, coin, float(each), ident)
