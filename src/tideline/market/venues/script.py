"""Faults on a time line: what goes wrong at one venue, when, and how often it struck.

At each moment only the steps that are on are asked, in their order; a venue in good health costs
one comparison. Steps may be added while the venue runs.
"""

from __future__ import annotations

from collections.abc import Iterable

from tideline.domain.errors import UnknownName
from tideline.market.venues.faults import bodies, lines, refusals, silence, values
from tideline.market.venues.faults.fault import Fault, Step
from tideline.market.venues.front import Broken, Line
from tideline.venues.wire import Reply, Request

KINDS: dict[str, type[Fault]] = {
    "mute": silence.Mute,
    "mute_symbol": silence.MuteSymbol,
    "absent_symbol": silence.AbsentSymbol,
    "unanswered": silence.Unanswered,
    "stop_reading": silence.StopReading,
    "half_open": silence.HalfOpen,
    "blackhole": silence.Blackhole,
    "unacked": silence.Unacked,
    "refuse": lines.Refuse,
    "drop": lines.Drop,
    "notice": lines.Notice,
    "slow_down": refusals.SlowDown,
    "ban": refusals.Ban,
    "status": refusals.Status,
    "page": bodies.Page,
    "truncated": bodies.Truncated,
    "empty": bodies.Empty,
    "bomb": bodies.Bomb,
    "bad_gzip": bodies.BadGzip,
    "cut_off": bodies.CutOff,
    "redirect": bodies.Redirect,
    "short": bodies.Short,
    "late": bodies.Late,
    "shifted": bodies.Shifted,
    "repeat": values.Repeat,
    "poison": values.Poison,
    "skew": values.Skew,
    **dict.fromkeys(values.VALUES, values.BadValue),
}
"""Every kind of step; the docstring of its class says what it does."""

NEVER = 2**62


class Script:
    """The faults of one venue (``front.Faults``)."""

    def __init__(self, venue: str, steps: Iterable[Step] = ()) -> None:
        self.venue = venue
        self.faults: list[Fault] = []
        self._on: list[Fault] = []
        self.version = 0
        self._changed()
        for step in steps:
            self.add(step)

    def add(self, step: Step) -> Fault:
        """One more step; the fault that does it."""
        if step.kind not in KINDS:
            raise UnknownName("fault", step.kind, KINDS)
        fault = KINDS[step.kind](step, self.venue)
        self.faults.append(fault)
        self._changed()
        return fault

    def clear(self) -> None:
        """The venue is well from now on."""
        self.faults.clear()
        self._changed()

    def _changed(self) -> None:
        self._from = self._until = 0
        self._cutting = [one for one in self.faults if type(one).cut is not Fault.cut]
        self._waking = [one for one in self.faults if type(one).wakes is not Fault.wakes]
        self.version += 1

    @property
    def during_bans(self) -> int:
        """Requests that came although the venue had said for how long it wants none."""
        return sum(fault.during for fault in self.faults if isinstance(fault, refusals.Ban))

    def _at(self, at: int) -> list[Fault]:
        """The faults that are on; kept until the next start or end."""
        if not self._from <= at < self._until:
            self._on = [fault for fault in self.faults if fault.step.start <= at < fault.over]
            edges = [edge for fault in self.faults for edge in (fault.step.start, fault.over)]
            self._from = max((edge for edge in edges if edge <= at), default=-NEVER)
            self._until = min((edge for edge in edges if edge > at), default=NEVER)
        return self._on

    def now(self, at: int) -> int:
        on = self._at(at)
        return at + sum(fault.skew() for fault in on) if on else at

    def refuse(self, request: Request, at: int) -> Reply | Broken | None:
        for fault in self._at(at):
            refused = fault.refuse(request, at)
            if refused is not None:
                return refused
        return None

    def asked_at(self, request: Request, at: int) -> int:
        # ``at`` is the venue's clock; the steps go by the true one, which differs only in a skew
        return at - sum(fault.older(request) for fault in self._on)

    def spoil(self, request: Request, reply: Reply, at: int) -> Reply | Broken:
        found: Reply | Broken = reply
        for fault in self._at(at):
            if isinstance(found, Reply):
                found = fault.spoil(request, found, at)
        return found

    def refuse_line(self, host: str, target: str, at: int) -> Reply | Broken | None:
        for fault in self._at(at):
            refused = fault.refuse_line(host, at)
            if refused is not None:
                return refused
        return None

    def heard(self, line: Line, text: str, at: int) -> bool:
        return all(fault.heard(line, text) for fault in self._at(at))

    def deaf(self, line: Line, at: int) -> bool:
        return any(fault.deaf(line) for fault in self._at(at))

    def said(self, line: Line, frames: list[str], at: int) -> list[str]:
        for fault in self._at(at):
            frames = fault.said(line, frames, at)
        return frames

    def holds(self, line: Line, at: int) -> int | None:
        on = self._at(at)
        held = [until for fault in on if (until := fault.holds(line)) is not None] if on else []
        return max(held, default=None)

    def wakes(self, line: Line, at: int) -> int | None:
        return _first(fault.wakes(line, at) for fault in self._waking)

    def cut(self, host: str, opened: int) -> int | None:
        return _first(fault.cut(host, opened) for fault in self._cutting)


def _first(times: Iterable[int | None]) -> int | None:
    return min((time for time in times if time is not None), default=None)
