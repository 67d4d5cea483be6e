"""The public WebSocket of OKX: events about the connection, and pushes ``{"arg":…,"data":[…]}``.

Samples: ws_open_interest_2025, ws_mark_price, ws_funding_rate, ws_liquidation_orders and the
subscription pairs of OKX.Subscriptions.…; OKX v5 documentation: WebSocket, Public channels.

A topic's name is ``channel:instId`` (``channel:instType`` for liquidations).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tideline.domain.errors import BadWire
from tideline.domain.instrument import Instrument
from tideline.venues.okx.liquidations import take_liquidations
from tideline.venues.okx.snapshots import (
    by_index,
    take_funding_rate,
    take_index,
    take_mark_price,
    take_open_interest,
)
from tideline.venues.parsed import Control, Note, Parsed
from tideline.venues.strict import decode, need, record, rows, text, word

TAKE = {
    "open-interest": take_open_interest,
    "mark-price": take_mark_price,
    "funding-rate": take_funding_rate,
    "liquidation-orders": take_liquidations,
}
RESTART = "64008"
"""The notice that this connection will be closed by an upgrade within about a minute."""
A_MESSAGE = 50
"""Topics in one subscribe message: about 4 KiB of the 64 KiB allowed."""

_BY_TYPE = "liquidation-orders"
_NAMED = re.compile(r"channel:([\w-]+),\s*inst(?:Id|Type|Family):([^\s,]+) doesn't exist")


def subscribe(topics: Sequence[str], first: int) -> list[tuple[str, tuple[str, ...], str]]:
    """The messages that ask for these topics, numbered from ``first``."""
    asked: list[tuple[str, tuple[str, ...], str]] = []
    for begin in range(0, len(topics), A_MESSAGE):
        part = tuple(topics[begin : begin + A_MESSAGE])
        number = str(first + len(asked))
        said = {"id": number, "op": "subscribe", "args": [_arg(name) for name in part]}
        asked.append((number, part, json.dumps(said, separators=(",", ":"))))
    return asked


def _arg(topic: str) -> dict[str, str]:
    channel, _, of = topic.partition(":")
    return {"channel": channel, "instType" if channel == _BY_TYPE else "instId": of}


def topic_of(arg: Mapping[str, Any]) -> str:
    """The topic an ``arg`` speaks of.

    Raises:
        BadWire: it names no channel or nothing it is about.
    """
    channel = text(need(dict(arg), "channel"), "channel")
    of = arg.get("instType") if channel == _BY_TYPE else arg.get("instId")
    return f"{channel}:{text(of, 'instId')}"


class Reader:
    """Reads one connection's frames. It remembers only which contracts are on which index."""

    def __init__(self) -> None:
        self._seen: Mapping[str, Instrument] | None = None
        self._count = -1
        self._on: dict[str, list[str]] = {}

    def read(self, frame: bytes, note: Note) -> Parsed:
        """One frame. Raises WireError and nothing else."""
        parsed = Parsed()
        if frame == b"pong":
            parsed.controls.append(Control("pong"))
            return parsed
        body = record(decode(frame), "frame")
        if "event" in body:
            _event(body, parsed)
            return parsed
        arg = record(need(body, "arg"), "arg")
        found = rows(need(body, "data"), "data")
        channel = text(need(arg, "channel"), "channel")
        if channel == "index-tickers":
            take_index(found, self._indices(note), parsed)
        else:
            word(channel, "channel", TAKE)(found, note, parsed)
        return parsed

    def _indices(self, note: Note) -> dict[str, list[str]]:
        """Which contracts are on which index, worked out anew when others are followed.

        The set that is followed is replaced as a whole, never changed in place but in its size.
        """
        if note.instruments is not self._seen or len(note.instruments) != self._count:
            self._seen, self._count = note.instruments, len(note.instruments)
            self._on = by_index(note.instruments)
        return self._on


def _event(body: dict[str, Any], parsed: Parsed) -> None:
    event = text(body["event"], "event")
    number = body.get("id", "")
    number = number if isinstance(number, str) else ""
    if event == "subscribe":
        topic = topic_of(record(need(body, "arg"), "arg"))
        parsed.controls.append(Control("ack", (topic,), number))
    elif event == "error":
        code, said = text(need(body, "code"), "code"), str(body.get("msg", ""))
        named = _NAMED.search(said)
        topics = (f"{named[1]}:{named[2]}",) if named else ()
        parsed.controls.append(Control("refused", topics, number, f"{code} {said}"))
    elif event == "notice":
        code = text(need(body, "code"), "code")
        if code != RESTART:
            raise BadWire("code", code, "is a notice we do not know")
        parsed.controls.append(Control("restart", text=str(body.get("msg", ""))))
    elif event in ("unsubscribe", "channel-conn-count"):
        parsed.ignore(f"event: {event}")
    else:
        raise BadWire("event", event, "is a word we do not know")
