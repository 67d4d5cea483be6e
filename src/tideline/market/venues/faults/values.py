"""Faults inside frames: values no number should have, keys that come twice, poison, repetition."""

from __future__ import annotations

import json
from typing import Any

from tideline.market.venues.faults.fault import Fault, Step
from tideline.market.venues.faults.texts import is_data, names
from tideline.market.venues.front import Broken, Line
from tideline.venues.wire import Reply, Request

OPEN_INTEREST = ("openInterest", "open_interest", "oi", "holdingAmount", "sumOpenInterest")
"""What venues call it; the first of a record is spoilt."""

MARK = "\x01"

VALUES: dict[str, str] = {
    "nan": "NaN",
    "infinity": "-Infinity",
    "huge": "1e999",
    "long": "9" * 4000,
    "beyond_64_bits": str(2**64 + 1),
    "underscore": '"1_000"',
    "arabic": '"١٢٣"',
    "surrogate": '"\\ud800"',
    "zero": '"0"',
    "negative": '"-12.5"',
    "absurd": '"9.87e34"',
    "twice": '"1","{key}":"2"',
}
"""What stands in place of the value, as it is written (C43, C44); ``twice`` repeats the key."""

SUSPECT = ("zero", "negative", "absurd")
"""Those that are numbers: kept, and flagged."""

POISON: tuple[str, ...] = (
    "\x00\x01\x02",
    '{"topic":',
    '{"data":null}',
    "[" * 100_000,
    '"just text"',
    '{"stream":5,"data":{"e":{},"s":[]}}',
    '{"arg":{"channel":"open-interest"},"data":[[]]}',
)
"""Messages that no reader can use (C51)."""


class BadValue(Fault):
    """Open interest (of these symbols) is written in a way that is no number, here and there.

    ``amount``: every how manyth record that it meets is spoilt (0 and 1: each).
    """

    def __init__(self, step: Step, venue: str) -> None:
        super().__init__(step, venue)
        self._text = VALUES[step.kind]
        self._met = 0

    def said(self, line: Line, frames: list[str], at: int) -> list[str]:
        if not self.step.on(line.host):
            return frames
        return [self._spoilt(frame) if is_data(frame) else frame for frame in frames]

    def spoil(self, request: Request, reply: Reply, at: int) -> Reply | Broken:
        step = self.step
        if not step.on(request.host) or not request.path.startswith(step.path):
            return reply
        text = self._spoilt(reply.body.decode())
        return Reply(reply.status, text.encode(), reply.headers)

    def _spoilt(self, text: str) -> str:
        symbols = frozenset(self.step.symbols)
        if not any(f'"{key}"' in text for key in OPEN_INTEREST):
            return text
        try:
            value = json.loads(text)
        except ValueError:
            return text
        key = self._mark(value, symbols)
        if not key:
            return text
        written = json.dumps(value, separators=(",", ":"))
        bad = self._text.replace("{key}", key)
        return written.replace(json.dumps(MARK), bad)

    def _mark(self, value: Any, symbols: frozenset[str]) -> str:
        """Put the mark where the value goes; the key of the last one, empty: nowhere."""
        found = ""
        if type(value) is dict:
            key = next((name for name in OPEN_INTEREST if name in value), "")
            if key and (not symbols or names(value, symbols)):
                self._met += 1
                if self._met % max(1, int(self.step.amount)) == 0:
                    value[key] = MARK
                    self.acted += 1
                    found = key
            value = list(value.values())
        if type(value) is list:
            for item in value:
                found = self._mark(item, symbols) or found
        return found


class Repeat(Fault):
    """Every frame comes ``amount`` times (a burst), byte for byte the same."""

    def said(self, line: Line, frames: list[str], at: int) -> list[str]:
        if not self.step.on(line.host):
            return frames
        copies = max(2, int(self.step.amount))
        self.acted += len(frames) * (copies - 1)
        return [frame for frame in frames for _ in range(copies)]


class Poison(Fault):
    """Between good frames come some that nobody can read (C51)."""

    def said(self, line: Line, frames: list[str], at: int) -> list[str]:
        if not self.step.on(line.host):
            return frames
        kept = []
        for frame in frames:
            kept.append(frame)
            if is_data(frame):
                kept.append(POISON[self.acted % len(POISON)])
                self.acted += 1
        return kept


class Skew(Fault):
    """The venue's clock is ``amount`` seconds ahead (behind, when negative)."""

    def skew(self) -> int:
        return self.step.amount_us
