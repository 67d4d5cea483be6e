"""Time: UTC integers in microseconds, and the clock as a parameter.

``event_time`` says when a value held at the venue, ``known_time`` when this store could first
have used it. Both are :data:`TimeUs`: microseconds since 1970-01-01T00:00:00Z. A time without
an offset is refused, never guessed.
"""

from __future__ import annotations

import re
import time as _time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NewType, Protocol

from tideline.domain.errors import BadInput, BadTime

TimeUs = NewType("TimeUs", int)
"""Microseconds since the Unix epoch, UTC."""

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

EARLIEST = TimeUs(1_230_768_000 * SECOND)  # 2009-01-01: no coin, no market
LATEST = TimeUs(4_102_444_800 * SECOND)  # 2100-01-01

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """What gives the time. Handed in wherever time is needed."""

    def now(self) -> TimeUs:
        """Wall time, microseconds UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds on a clock that never steps back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait for that many seconds of this clock."""
        ...


class WallClock:
    """The machine's own clock."""

    def now(self) -> TimeUs:
        return TimeUs(_time.time_ns() // 1000)  # noqa: TID251 - the one place that reads it

    def monotonic(self) -> float:
        return _time.monotonic()

    def sleep(self, seconds: float) -> None:
        _time.sleep(seconds)


@dataclass
class ManualClock:
    """A clock that moves only when told: for tests, replays and simulated markets."""

    at: int

    def now(self) -> TimeUs:
        return TimeUs(self.at)

    def monotonic(self) -> float:
        return self.at / SECOND

    def sleep(self, seconds: float) -> None:
        self.advance(round(seconds * SECOND))

    def advance(self, us: int) -> None:
        """Move by ``us`` microseconds (negative: a clock that was set back)."""
        self.at += us


def from_datetime(value: datetime, *, field: str = "time") -> TimeUs:
    """Microseconds of an aware datetime.

    Raises:
        BadTime: the datetime carries no offset.
    """
    if value.tzinfo is None or value.utcoffset() is None:
        raise BadTime(field, value.isoformat(), nearest=value.isoformat() + "+00:00")
    return TimeUs((value - _EPOCH) // timedelta(microseconds=1))


def to_datetime(us: int) -> datetime:
    """The aware UTC datetime of ``us``."""
    return _EPOCH + timedelta(microseconds=us)


def parse_time(value: object, *, field: str = "time") -> TimeUs:
    """Read a moment: an aware datetime, an integer of microseconds, or RFC 3339 with an offset.

    Raises:
        BadTime: naive, unreadable, or outside 2009 .. 2100 (as seconds or milliseconds are).
    """
    if isinstance(value, bool):
        raise BadTime(field, repr(value))
    if isinstance(value, datetime):
        us = int(from_datetime(value, field=field))
    elif isinstance(value, int):
        us = value
    elif isinstance(value, str):
        us = _parse_text(value, field)
    else:
        raise BadTime(field, repr(value))
    if not EARLIEST <= us < LATEST:
        raise BadTime(field, str(value), nearest=_nearest_unit(us))
    return TimeUs(us)


def _parse_text(text: str, field: str) -> int:
    try:
        parsed = datetime.fromisoformat(text.strip())
    except ValueError:
        raise BadTime(field, text, nearest="2026-02-05T12:00:00Z") from None
    return int(from_datetime(parsed, field=field))


def _nearest_unit(us: int) -> str | None:
    for factor, name in ((SECOND, "seconds"), (1000, "milliseconds")):
        if EARLIEST <= us * factor < LATEST:
            return f"{us * factor} (the value looks like {name})"
    if EARLIEST <= us // 1000 < LATEST:
        return f"{us // 1000} (the value looks like nanoseconds)"
    return None


_SPANS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}


def parse_span(text: str, field: str) -> int:
    """``30s``, ``5m``, ``1h``, ``7d`` in microseconds.

    Raises:
        BadInput: anything else.
    """
    found = re.fullmatch(r"([0-9]{1,6})([smhd])", text.strip())
    if not found or int(found[1]) == 0:
        raise BadInput(field, text, "is not a span such as 5m, 1h or 1d", "5m")
    return int(found[1]) * _SPANS[found[2]]


def format_time(us: int) -> str:
    """RFC 3339 in UTC with microseconds when there are any: ``2026-02-05T12:00:00Z``."""
    text = to_datetime(us).isoformat().removesuffix("+00:00")
    return text + "Z"


def format_duration(us: float) -> str:
    """A short human span: ``1.2s``, ``4m 5s``, ``3h 20m``, ``12d``."""
    seconds = us / SECOND
    if seconds < 60:
        return f"{seconds:.3g}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}m {rest}s" if rest else f"{minutes}m"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours}h {minutes}m" if minutes else f"{hours}h"
    return f"{hours / 24:.3g}d"
