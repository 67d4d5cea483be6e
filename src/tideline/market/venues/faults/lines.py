"""Faults of connections: refused, dropped, cut after a notice."""

from __future__ import annotations

import json

from tideline.market.venues.faults.fault import Fault, Step
from tideline.market.venues.front import Broken, Line
from tideline.venues.wire import Reply, Request

NOTICES: dict[str, dict[str, object]] = {
    "okx": {
        "event": "notice",
        "code": "64008",
        "msg": "The connection will soon be closed for a service upgrade. Please reconnect.",
        "connId": "a4d3ae55",
    },
    "binance": {"e": "serverShutdown", "E": 0},
}
"""How venues say that they will close a connection (OKX WebSocket, notification; reliability C39).

Other venues close without a word."""


class Refuse(Fault):
    """Nobody listens: requests and handshakes fail at once. Lines that stand go on."""

    def refuse(self, request: Request, at: int) -> Reply | Broken | None:
        if not self.step.meets(request):
            return None
        self.acted += 1
        return Broken("connect")

    def refuse_line(self, host: str, at: int) -> Reply | Broken | None:
        if self.step.path or not self.step.on(host):
            return None
        self.acted += 1
        return Broken("connect")


class Drop(Fault):
    """Lines are cut at the start, and then each ``amount`` seconds until the end (0: once)."""

    def cut(self, host: str, opened: int) -> int | None:
        start, every = self.step.start, self.step.amount_us
        if not self.step.on(host):
            return None
        if opened < start:
            return start
        if not every:
            return None
        found = start + ((opened - start) // every + 1) * every
        return found if found < self.step.end else None


class Notice(Fault):
    """A notice at the start where the venue gives one; lines of before are cut at the end (C39)."""

    def __init__(self, step: Step, venue: str) -> None:
        super().__init__(step, venue)
        self._told: set[Line] = set()

    def wakes(self, line: Line, at: int) -> int | None:
        if self.venue not in NOTICES or not self.step.on(line.host) or line in self._told:
            return None
        due = line.opened < self.step.start and at < self.step.end
        return self.step.start if due else None

    def said(self, line: Line, frames: list[str], at: int) -> list[str]:
        if self.wakes(line, at) is None:
            return frames
        self._told.add(line)
        self.acted += 1
        notice = dict(NOTICES[self.venue])
        if "E" in notice:
            notice["E"] = at // 1000
        return [*frames, json.dumps(notice, separators=(",", ":"))]

    def cut(self, host: str, opened: int) -> int | None:
        if self.step.on(host) and opened < self.step.start:
            return self.step.end
        return None
