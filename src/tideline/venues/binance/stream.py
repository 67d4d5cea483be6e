"""Binance pushes: marks and running funding, liquidation orders, changes of listings.

Reference: https://developers.binance.com/docs/derivatives/usds-margined-futures/
websocket-market-streams and …/coin-margined-futures/….
Samples: ``ws_*.json``, ``Subscriptions.UsdFutures.*.txt``.

All-market streams of both hosts carry BOTH products since 2026-06-30, told apart by ``st`` (1
USD-M, 2 COIN-M): each feed keeps its own. Frames of before have no ``st``; there the form of the
symbol says it.

Liquidations: ``S`` is the side of the ORDER, so SELL closed a LONG. ``z`` is what was filled in
all (``l`` is the last fill only, ``q`` what was wanted), ``ap`` its average price. The feed is a
sample: at most one order a symbol a second. The same order is told by (s, T, q, ap).
"""

from __future__ import annotations

from functools import partial
from typing import Any

from tideline.domain.errors import BadWire, VenueRefusal
from tideline.domain.instrument import Instrument
from tideline.venues.binance.envelope import named
from tideline.venues.binance.listings import contract_info
from tideline.venues.binance.snapshots import quoted
from tideline.venues.counting import ONE, price_scale, scale
from tideline.venues.declaration import Stateless
from tideline.venues.followed import of_row
from tideline.venues.parsed import Control, Note, Observation, Parsed
from tideline.venues.rows import each
from tideline.venues.strict import decode, millis, need, number, record, text, word

MARKS = ("p", "i", "r", "T")
MARK_FIELDS = ("mark_price", "index_price", "funding_rate_quoted", "next_funding_time")

_SIDES = {"SELL": "long", "BUY": "short"}
_PRODUCTS = {1: True, 2: False}
_UNUSED = frozenset(
    {
        "aggTrade",  # without the fills of the insurance fund and of deleveraging
        "trade",
        "kline",
        "continuous_kline",
        "bookTicker",
        "depthUpdate",
        "24hrTicker",
        "24hrMiniTicker",
        "compositeIndex",
        "indexPriceUpdate",
        "assetIndexUpdate",
    }
)
"""Events we know and do not use: they are counted by name."""


def reader(linear: bool) -> Stateless:
    """The reader of one product's connection."""
    return Stateless(partial(read, linear))


def read(linear: bool, raw: bytes, note: Note) -> Parsed:
    """One frame: events, alone, in a list, or wrapped as {"stream", "data"}, or a control word."""
    parsed = Parsed()
    found = decode(raw)
    if type(found) is dict and "stream" in found and "data" in found:
        text(found["stream"], "stream")
        found = found["data"]
    if type(found) is list:
        each(parsed, found, lambda event: _event(linear, event, note, parsed))
        return parsed
    frame = record(found, "frame")
    if "e" in frame:
        _event(linear, frame, note, parsed)
    elif "result" in frame or "error" in frame or "code" in frame:
        parsed.controls.append(_control(frame))
    else:
        raise BadWire("frame", ", ".join(frame)[:80], "is neither an event nor an answer")
    return parsed


def _event(linear: bool, event: dict[str, Any], note: Note, parsed: Parsed) -> None:
    """One event of any kind into ``parsed``.

    Raises:
        BadWire: an event, side or product of no known name, or a number out of place.
    """
    kind = text(need(event, "e"), "e")
    if kind == "markPriceUpdate":
        at = millis(need(event, "E"), "E")
        parsed.server_time = max(at, parsed.server_time or 0)
        found = _ours(linear, event, event, note, parsed)
        if found is not None:
            parsed.observations.extend(quoted(found, at, event, MARKS))
    elif kind == "forceOrder":
        parsed.server_time = millis(need(event, "E"), "E")
        order = record(need(event, "o"), "o")
        found = _ours(linear, event, order, note, parsed)
        if found is not None:
            _closing(found, order, parsed)
    elif kind == "contractInfo":
        _listing(linear, event, note, parsed)
    elif kind == "serverShutdown":
        parsed.controls.append(Control("restart", text=kind))
    elif kind in _UNUSED:
        parsed.ignore(f"not used: {kind}")
    else:
        raise BadWire(named("e", kind), kind, "is an event we do not know")


def _ours(
    linear: bool, event: dict[str, Any], inner: dict[str, Any], note: Note, parsed: Parsed
) -> Instrument | None:
    """The followed instrument of this product that an event speaks of; None, and counted, if none.

    Raises:
        BadWire: ``st`` is no product we know, or not that of the symbol.
    """
    told = event.get("st", inner.get("st"))
    product = None if told is None else _product(told)
    if product is not None and product != linear:
        parsed.ignore("other product")
        return None
    found = of_row(inner, "s", note, parsed)
    if found is not None and found.linear != linear:
        if product is not None:
            raise BadWire("st", told, f"is not the product of {found.symbol}")
        parsed.ignore("other product")
        return None
    return found


def _product(told: object) -> bool:
    """Is ``st`` USD-M?"""
    if type(told) is int and told in _PRODUCTS:
        return _PRODUCTS[told]
    raise BadWire("st", told, "is a product we do not know (known: 1, 2)")


def _closing(instrument: Instrument, order: dict[str, Any], parsed: Parsed) -> None:
    """One liquidation order as coins and USD of the side that was closed."""
    at = millis(need(order, "T"), "T")
    side = word(need(order, "S"), "S", _SIDES)
    filled, price = number(need(order, "z"), "z"), number(need(order, "ap"), "ap")
    if filled == 0:
        return parsed.ignore("nothing filled")
    if not (filled > 0 and float(price) > 0.0):
        raise BadWire("z", f"{filled} at {price}", "is no filled quantity at a price")
    how = scale(instrument, "liquidation", at)
    per_coin = price_scale(instrument.multiple).factor
    amount = filled if how.factor == ONE else filled * how.factor
    each_coin = price if per_coin == ONE else price * per_coin
    coin = amount if instrument.linear else amount / each_coin
    usd = amount * each_coin if instrument.linear else amount
    symbol, raw = instrument.symbol, str(order["z"])
    key = f"{symbol}:{at // 1000}:{need(order, 'q')}:{order['ap']}"
    given, worked_out = how.counted, how.counted._replace(derived="z at ap")
    coins, dollars = (given, worked_out) if instrument.linear else (worked_out, given)
    return parsed.observations.extend(
        (
            Observation(symbol, f"liquidation_{side}_coin", at, float(coin), raw, coins, key),
            Observation(symbol, f"liquidation_{side}_usd", at, float(usd), raw, dollars, key),
        )
    )


def _listing(linear: bool, event: dict[str, Any], note: Note, parsed: Parsed) -> None:
    found = contract_info(event, note.instruments)
    told = event.get("st")
    if found is None:
        return parsed.ignore("unreadable symbol")
    if (found.instrument.linear if told is None else _product(told)) != linear:
        return parsed.ignore("other product")
    return parsed.listings.append(found)


def _control(frame: dict[str, Any]) -> Control:
    """``{"result": null, "id": 1}`` or an error with or without the id it answers.

    Raises:
        VenueRefusal: an error that answers nothing we sent.
    """
    number_ = "" if frame.get("id") is None else str(frame["id"])[:64]
    if "result" in frame and "error" not in frame:
        return Control("ack", id=number_)
    error = frame.get("error", frame)
    code = error.get("code", "?") if type(error) is dict else "?"
    said = str(error.get("msg", "") if type(error) is dict else error)[:200]
    if not number_:
        raise VenueRefusal(code, said)
    return Control("refused", id=number_, text=f"{code} {said}")
