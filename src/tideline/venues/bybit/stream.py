"""Bybit's public stream: tickers with partial updates, liquidations, and words about itself.

References: https://bybit-exchange.github.io/docs/v5/websocket/public/ticker and
…/all-liquidation. Samples: ``tests/payloads/bybit/ws_*.json``.

A ticker begins with a snapshot; after it a field that is missing is unchanged. The reader keeps,
for each symbol, what belongs to a funding rate (interval, next settlement), so that a rate which
comes alone is stored with them.

Most frames are ticker deltas, so there is a short way in for them: a typed decoder which accepts
nothing but {topic, type, data: {text: text}, cs, ts}, and a count of quotation marks. In such a
frame every mark belongs to a key or a string, so a key that came twice, or an escape, makes more
of them than the decoded value has; whatever is odd in any way goes through the strict door.
"""

from __future__ import annotations

from typing import Any

import msgspec

from tideline.domain.errors import BadWire, WireError
from tideline.domain.instrument import Instrument
from tideline.venues.bybit.fields import FUNDING_NAMES, NEXT, Reading
from tideline.venues.bybit.liquidations import liquidations
from tideline.venues.followed import followed
from tideline.venues.parsed import Control, Note, Parsed
from tideline.venues.strict import decode, millis, need, record, rows, text, word

_KINDS = {"snapshot": True, "delta": False}
_TICKERS = "tickers."
_FORCED = "allLiquidation."
_SHORT = 16_384
_LARGEST_INT = 2**63


class _Ticker(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    topic: str
    type: str
    data: dict[str, str]
    cs: int | float
    ts: int | float


_typed = msgspec.json.Decoder(_Ticker).decode


def usual(frame: bytes) -> _Ticker | None:
    """The frame as a ticker of the usual form, None for any other: then the strict door decides."""
    if len(frame) > _SHORT:
        return None
    try:
        found = _typed(frame)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if frame.count(b'"') != 14 + 4 * len(found.data):
        return None
    if type(found.cs) is not int or type(found.ts) is not int:
        return None
    return found if 0 <= found.cs < _LARGEST_INT else None


class StreamReader:
    """The reader of one connection to the linear or to the inverse stream."""

    def __init__(self, linear: bool, *, short_way: bool = True) -> None:
        self._linear, self._short_way = linear, short_way
        self._readings: dict[str, Reading] = {}
        self._merged: dict[str, dict[str, Any]] = {}

    def read(self, frame: bytes, note: Note) -> Parsed:
        """One frame of the connection."""
        parsed = Parsed()
        found = usual(frame) if self._short_way else None
        if found is not None and found.topic.startswith(_TICKERS):
            self._ticker(found.topic, found.type, found.ts, found.data, note, parsed)
            return parsed
        try:
            body = record(decode(frame), "frame")
        except WireError:
            # whom it spoke of is not known, nor what it would have changed
            self._merged = {symbol: {} for symbol in self._merged}
            raise
        if "topic" not in body:
            parsed.controls += controls(body)
            return parsed
        topic, kind, at = text(body["topic"], "topic"), need(body, "type"), need(body, "ts")
        if topic.startswith(_TICKERS):
            self._ticker(topic, kind, at, record(need(body, "data"), "data"), note, parsed)
        elif topic.startswith(_FORCED):
            word(kind, "type", {"snapshot": True})
            parsed.server_time = millis(at, "ts")
            liquidations(rows(need(body, "data"), "data"), self._linear, note, parsed)
        else:
            raise BadWire("topic", topic, "is a topic we did not ask for")
        return parsed

    def _ticker(
        self, topic: str, kind: object, ts: object, row: dict[str, Any], note: Note, parsed: Parsed
    ) -> None:
        symbol = topic[len(_TICKERS) :]
        if row.get("symbol") != symbol:
            raise BadWire("topic", topic, f"is not of {row.get('symbol')}")
        at = millis(ts, "ts")
        whole = word(kind, "type", _KINDS)
        parsed.server_time = at
        instrument = followed(symbol, note, parsed)
        if instrument is None:
            return None
        if instrument.linear != self._linear:
            return parsed.ignore("other product")
        if whole:
            self._merged[symbol] = {}
        elif symbol not in self._merged:
            return parsed.ignore("delta before snapshot")
        try:
            parsed.observations = self._reading(instrument, at).amounts_of(row, at)
            if not FUNDING_NAMES.isdisjoint(row):
                self._funding(symbol, row, at, parsed)
        except WireError:
            self._merged[symbol] = {}  # what the frame would have changed is not known
            raise
        return None

    def _reading(self, instrument: Instrument, at: int) -> Reading:
        found = self._readings.get(instrument.symbol)
        if (
            found is None
            or found.instrument is not instrument
            or not found.since <= at < found.until
        ):
            found = self._readings[instrument.symbol] = Reading(instrument, at)
        return found

    def _funding(self, symbol: str, row: dict[str, Any], at: int, parsed: Parsed) -> None:
        """The rate with what belongs to it; without a new rate only what is new."""
        merged = self._merged[symbol]
        said = {name: value for name, value in row.items() if name in FUNDING_NAMES}
        due = merged.get(NEXT)
        if due not in (None, "", "0") and millis(due, NEXT) <= at:
            merged = {name: value for name, value in merged.items() if name != NEXT}  # it is over
        known = merged | said
        spoken = known if said.get("fundingRate") else said
        parsed.observations += self._readings[symbol].funding_of(spoken, at)
        self._merged[symbol] = known


def controls(body: dict[str, Any]) -> list[Control]:
    """What a frame without topic says: an acknowledgement, a refusal, a pong.

    A refusal names one topic in its text, and the whole message with that ``req_id`` is void:
    ``{"success":false,"ret_msg":"error:handler not found,topic:…","req_id":"7","op":"subscribe"}``.

    Raises:
        BadWire: an ``op`` or a form that is not known.
    """
    op = word(need(body, "op"), "op", {"subscribe": "ack", "ping": "pong", "pong": "pong"})
    if op == "pong":
        return [Control("pong")]
    ident = text(body.get("req_id", ""), "req_id")
    success = need(body, "success")
    if type(success) is not bool:
        raise BadWire("success", success, "is neither true nor false")
    if success:
        return [Control("ack", id=ident)]
    reason = text(body.get("ret_msg", ""), "ret_msg")
    void = Control("refused", id=ident, text=reason)
    named = reason.rpartition(",topic:")[2] if ",topic:" in reason else ""
    if not named:
        return [void]
    if reason.startswith("error:already subscribed"):
        return [Control("ack", (named,)), void]
    return [Control("refused", (named,), text=reason), void]
