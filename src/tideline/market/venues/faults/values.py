"""Faults inside frames: values no number should have, keys that come twice, poison, repetition."""

from __future__ import annotations

import json
import re
from typing import Any

from tideline.market.venues.faults.fault import Fault, Step
from tideline.market.venues.faults.texts import is_data, names
from tideline.market.venues.front import Broken, Line
from tideline.venues.wire import Reply, Request

OPEN_INTEREST = (
    "openInterest",
    "singleOpenInterest",
    "openInterestValue",
    "singleOpenInterestValue",
    "open_interest",
    "oi",
    "oiCcy",
    "oiUsd",
    "holdingAmount",
    "sumOpenInterest",
    "sumOpenInterestValue",
)
"""What venues call it, in whatever unit."""

MARK = "\x01"
_MARKED = re.compile(r'"\\u0001(\w+)"')

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
        if symbols and not any(f'"{symbol}"' in text for symbol in symbols):
            return text
        if not any(f'"{key}"' in text for key in OPEN_INTEREST):
            return text
        try:
            value = json.loads(text)
        except ValueError:
            return text
        if _is_positional(value):
            value = self._by_position(value, symbols)
        elif type(value) not in (dict, list) or not self._mark(value, symbols, here=not symbols):
            return text
        written = json.dumps(value, separators=(",", ":"))
        return _MARKED.sub(lambda found: self._text.replace("{key}", found[1]), written)

    def _mark(self, value: Any, symbols: frozenset[str], *, here: bool) -> int:
        """Put marks where the values go; ``here``: an outer record has named the symbol.

        Returns how many records were struck.
        """
        found = 0
        items = value
        if type(value) is dict:
            here = here or names(value, symbols)
            found = int(here and self._strike(value))
            items = value.values()
        for item in items:
            if type(item) is dict or type(item) is list:
                found += self._mark(item, symbols, here=here)
        return found

    def _strike(self, record: dict[str, Any]) -> bool:
        """Mark every value of one record, when it is its turn."""
        keys = [key for key in OPEN_INTEREST if type(record.get(key)) in (str, int, float)]
        if not keys:
            return False
        self._met += 1
        if self._met % max(1, int(self.step.amount)):
            return False
        record.update((key, MARK + key) for key in keys)
        self.acted += 1
        return True

    def _by_position(self, value: list[Any], symbols: frozenset[str]) -> list[Any]:
        """Names in one list, values in another (Hyperliquid's metaAndAssetCtxs)."""
        for name, record in zip(value[0]["universe"], value[1], strict=False):
            if not symbols or names(name, symbols):
                self._strike(record)
        return value


def _is_positional(value: Any) -> bool:
    pair = type(value) is list and len(value) == 2 and type(value[0]) is dict
    return pair and "universe" in value[0] and type(value[1]) is list


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
