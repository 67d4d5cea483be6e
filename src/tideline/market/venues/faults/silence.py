"""Faults that say nothing: mute venues, mute symbols, dead lines, unheard messages."""

from __future__ import annotations

from tideline.market.venues.faults.fault import Fault
from tideline.market.venues.faults.texts import is_data, without_symbols
from tideline.market.venues.front import Broken, Line
from tideline.venues.wire import Reply, Request


class Mute(Fault):
    """Connections stand, pings are answered, subscriptions acknowledged; no data comes (C36).

    Nothing is lost on the way: the venue itself is silent, and goes on where it stopped.
    """

    def holds(self, line: Line) -> int | None:
        return self.step.end if self.step.on(line.host) else None

    def said(self, line: Line, frames: list[str], at: int) -> list[str]:
        if not self.step.on(line.host):
            return frames
        kept = [frame for frame in frames if not is_data(frame)]
        self.acted += len(frames) - len(kept)
        return kept


class MuteSymbol(Fault):
    """Some symbols are missing from everything that is pushed; requests still show them (C37)."""

    def said(self, line: Line, frames: list[str], at: int) -> list[str]:
        if not self.step.on(line.host):
            return frames
        kept = []
        for frame in frames:
            less = without_symbols(frame, self.step.symbols) if is_data(frame) else frame
            self.acted += less != frame
            if less is not None:
                kept.append(less)
        return kept


class AbsentSymbol(MuteSymbol):
    """Some symbols are missing from everything: pushes and the lists of answers."""

    def spoil(self, request: Request, reply: Reply, at: int) -> Reply | Broken:
        if not self.step.on(request.host) or not request.path.startswith(self.step.path):
            return reply
        text = reply.body.decode()
        less = without_symbols(text, self.step.symbols)
        if less == text:
            return reply
        self.acted += 1
        return Reply(reply.status, b"[]" if less is None else less.encode(), reply.headers)


class Unanswered(Fault):
    """Requests and handshakes arrive and nothing comes back."""

    def refuse(self, request: Request, at: int) -> Reply | Broken | None:
        if not self.step.meets(request):
            return None
        self.acted += 1
        return Broken("silence")

    def refuse_line(self, host: str, at: int) -> Reply | Broken | None:
        if self.step.path or not self.step.on(host):
            return None
        self.acted += 1
        return Broken("silence")


class StopReading(Fault):
    """The venue talks and does not listen: messages and pings stay unread."""

    def deaf(self, line: Line) -> bool:
        return self.step.on(line.host)


class HalfOpen(Fault):
    """The lines that stood at the start are dead for good and do not know it; new ones work (C35).

    It lasts as long as such a line does: ``end`` only says until when.
    """

    def _dead(self, line: Line) -> bool:
        return self.step.on(line.host) and line.opened < self.step.start

    def deaf(self, line: Line) -> bool:
        return self._dead(line)

    def said(self, line: Line, frames: list[str], at: int) -> list[str]:
        if not self._dead(line):
            return frames
        self.acted += len(frames)
        return []


class Blackhole(Unanswered):
    """Nothing goes through either way, old lines and new; lines that outlast it go on after."""

    def holds(self, line: Line) -> int | None:
        return self.step.end if self.step.on(line.host) else None

    def deaf(self, line: Line) -> bool:
        return self.step.on(line.host)

    def said(self, line: Line, frames: list[str], at: int) -> list[str]:
        if not self.step.on(line.host):
            return frames
        self.acted += len(frames)
        return []


class Unacked(Fault):
    """Messages that subscribe are lost on the way (C38); pings arrive."""

    def heard(self, line: Line, text: str) -> bool:
        words = text.lower()
        lost = self.step.on(line.host) and "subscribe" in words
        if lost and self.step.symbols:
            lost = any(symbol.lower() in words for symbol in self.step.symbols)
        self.acted += lost
        return not lost
