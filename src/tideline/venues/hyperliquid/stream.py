"""Frames of ``wss://api.hyperliquid.xyz/ws``.

Samples ``tests/payloads/hyperliquid/ws_*.json``; reference: websocket subscriptions.

=========================  =======================================================================
``activeAssetCtx``         ``{"coin", "ctx"}``: one context, named
``assetCtxs``              ``{"dex", "ctxs": […]}``: nameless, in the order of the dex's universe
``allDexsAssetCtxs``       ``{"ctxs": [[dex, […]], …]}``: the same for every dex
``trades``                 ``side`` B or A is the taker; the first frame repeats old trades: ``tid``
``user``                   private fills, the only place where a liquidation shows; not for us
``subscriptionResponse``   one for each subscription; past 1,000 of them none comes, and no error
=========================  =======================================================================

A nameless list may only be joined with the universe order of the newest ``meta`` of that dex, which
the frame does not carry. So the followed coins come by ``activeAssetCtx``, whose frames name them,
and a nameless frame is read only by a reader that was given the orders.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from tideline.domain.errors import BadWire, WireError
from tideline.venues.counting import price_scale, scale
from tideline.venues.followed import followed, of_row
from tideline.venues.hyperliquid.context import observe
from tideline.venues.parsed import Control, Note, Parsed
from tideline.venues.rows import every
from tideline.venues.strict import decode, millis, need, number, record, rows, text, word
from tideline.venues.trade import Trade

PING = '{"method":"ping"}'


class Listener:
    """Reads the frames of one connection. ``orders`` names the universe of each dex, in order."""

    def __init__(self, orders: Mapping[str, Sequence[str]] | None = None) -> None:
        self._orders = dict(orders or {})
        self._channels: dict[str, Callable[[Any, Note], Parsed]] = {
            "activeAssetCtx": _active,
            "assetCtxs": self._one_dex,
            "allDexsAssetCtxs": self._all_dexs,
            "trades": _trades,
            "user": _private,
            "userFills": _private,
            "subscriptionResponse": _acknowledged,
            "error": _refused,
            "pong": _pong,
        }

    def read(self, frame: bytes, note: Note) -> Parsed:
        """What one frame says.

        Raises:
            WireError: it is none of the frames above.
        """
        body = record(decode(frame), "frame")
        read = word(need(body, "channel"), "channel", self._channels)
        found: Parsed = read(body.get("data"), note)
        return found

    def _one_dex(self, data: Any, note: Note) -> Parsed:
        entry = record(data, "data")
        parsed = Parsed()
        self._join(text(need(entry, "dex"), "dex"), need(entry, "ctxs"), note, parsed)
        return parsed

    def _all_dexs(self, data: Any, note: Note) -> Parsed:
        parsed = Parsed()
        for pair in rows(need(record(data, "data"), "ctxs"), "ctxs"):
            entry = rows(pair, "ctxs")
            if len(entry) != 2:
                raise BadWire("ctxs", f"{len(entry)} parts", "are not a dex and its contexts")
            self._join(text(entry[0], "dex"), entry[1], note, parsed)
        return parsed

    def _join(self, dex: str, value: object, note: Note, parsed: Parsed) -> None:
        contexts = rows(value, "ctxs")
        order = self._orders.get(dex)
        if order is None:
            parsed.ignore("no universe order", len(contexts))
            return
        if len(order) != len(contexts):
            parsed.ignore("bad row: universe order", len(contexts))
            return

        def read(pair: tuple[str, Any]) -> None:
            instrument = followed(pair[0], note, parsed)
            if instrument is not None:
                context = record(pair[1], "ctxs")
                parsed.observations += observe(context, instrument, note.received)

        every(parsed, zip(order, contexts, strict=True), read)


def _active(data: Any, note: Note) -> Parsed:
    entry = record(data, "data")
    parsed = Parsed()
    instrument = of_row(entry, "coin", note, parsed)
    if instrument is not None:
        parsed.observations += observe(record(need(entry, "ctx"), "ctx"), instrument, note.received)
    return parsed


def _trades(data: Any, note: Note) -> Parsed:
    """No stored field is made of trades: they are read strictly, and counted."""
    parsed = Parsed()

    def read(row: Any) -> None:
        trade = read_trade(row, note)
        parsed.ignore("unknown instrument" if trade is None else "trade")

    every(parsed, rows(data, "data"), read)
    return parsed


def trades(frame: bytes, note: Note) -> list[Trade]:
    """The trades of a ``trades`` frame, for the test of the sides; other coins are left out.

    Raises:
        WireError: another frame, or a trade out of form.
    """
    body = record(decode(frame), "frame")
    if need(body, "channel") != "trades":
        raise BadWire("channel", body["channel"], "is not trades")
    found = (read_trade(row, note) for row in rows(need(body, "data"), "data"))
    return [trade for trade in found if trade is not None]


_TAKERS: dict[str, Literal["buy", "sell"]] = {"B": "buy", "A": "sell"}


def read_trade(value: object, note: Note) -> Trade | None:
    """One trade; None for a coin that is not followed.

    Raises:
        BadWire: a field missing or out of place.
    """
    row = record(value, "trade")
    instrument = note.instruments.get(text(need(row, "coin"), "coin"))
    taker = word(need(row, "side"), "side", _TAKERS)
    at = millis(need(row, "time"), "time")
    size, price = number(need(row, "sz"), "sz"), number(need(row, "px"), "px")
    key = need(row, "tid")
    if type(key) is not int:
        raise BadWire("tid", key, "is no trade number")
    if instrument is None:
        return None
    coins = scale(instrument, "volume_coin", at).of(size)
    paid = price_scale(instrument.multiple).of(price)
    return Trade(instrument.symbol, at, taker, coins, paid, str(key))


def _private(data: Any, note: Note) -> Parsed:
    """Fills of one account. A liquidation among them is one account's, not the market's."""
    parsed = Parsed()
    for row in rows(need(record(data, "data"), "fills"), "fills"):
        fill = record(row, "fill")
        known = fill.get("liquidation") is not None
        parsed.ignore("private fill (liquidation)" if known else "private fill")
    return parsed


def topic_name(subscription: dict[str, Any]) -> str:
    """Our name of a subscription: ``allDexsAssetCtxs``, ``activeAssetCtx:BTC``, ``trades:kPEPE``.

    Raises:
        BadWire: no subscription.
    """
    kind = text(need(subscription, "type"), "type")
    whom = subscription.get("coin", subscription.get("dex"))
    return kind if whom is None else f"{kind}:{text(whom, 'coin')}"


def _acknowledged(data: Any, note: Note) -> Parsed:
    entry = record(data, "data")
    parsed = Parsed()
    method = word(need(entry, "method"), "method", {"subscribe": "ack", "unsubscribe": ""})
    name = topic_name(record(need(entry, "subscription"), "subscription"))
    if method:
        parsed.controls.append(Control("ack", (name,)))
    else:
        parsed.ignore("unsubscribed")
    return parsed


def _refused(data: Any, note: Note) -> Parsed:
    """``Invalid subscription {…}``; ``Already subscribed: {…}`` is as good as acknowledged."""
    why = text(data, "data")
    topics: tuple[str, ...] = ()
    start = why.find("{")
    if start >= 0:
        try:
            topics = (topic_name(record(decode(why[start:].encode()), "subscription")),)
        except (WireError, UnicodeEncodeError):
            topics = ()
    kind: Literal["ack", "refused"] = "ack" if why.startswith("Already subscribed") else "refused"
    return Parsed(controls=[Control(kind, topics, text=why[:200])])


def _pong(data: Any, note: Note) -> Parsed:
    return Parsed(controls=[Control("pong")])
