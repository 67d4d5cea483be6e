"""Reading the parameters of a request as Binance does, and its complaints about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple, Self

from tideline.domain.time import DAY, HOUR, MINUTE
from tideline.venues.wire import Request

PERIODS = {
    "5m": 5 * MINUTE,
    "15m": 15 * MINUTE,
    "30m": 30 * MINUTE,
    "1h": HOUR,
    "2h": 2 * HOUR,
    "4h": 4 * HOUR,
    "6h": 6 * HOUR,
    "12h": 12 * HOUR,
    "1d": DAY,
}
INTERVALS = PERIODS | {"1m": MINUTE, "3m": 3 * MINUTE, "8h": 8 * HOUR}


class Refused(Exception):
    """A question that is answered with an error of this code."""

    def __init__(self, code: int, message: str) -> None:
        self.code, self.message = code, message
        super().__init__(message)

    @classmethod
    def missing(cls, name: str) -> Self:
        """-1102."""
        said = "was not sent, was empty/null, or malformed."
        return cls(-1102, f"Mandatory parameter '{name}' {said}")


def choice(request: Request, name: str, known: Mapping[str, int], code: int = -1130) -> int:
    """The length that a word stands for."""
    text = request.param(name)
    if not text:
        raise Refused.missing(name)
    if text not in known:
        invalid = "Invalid interval." if code == -1120 else f"Data sent for parameter '{name}' is"
        raise Refused(code, invalid if code == -1120 else f"{invalid} not valid.")
    return known[text]


def limit(request: Request, usual: int, most: int) -> int:
    """How many rows at most."""
    text = request.param("limit")
    if not text:
        return usual
    found = _digits(text, "limit")
    if not 0 < found <= most:
        raise Refused(-1130, "Data sent for parameter 'limit' is not valid.")
    return found


def _digits(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 20):
        said = f"Illegal characters found in parameter '{name}'"
        raise Refused(-1100, f"{said}; legal range is '^[0-9]{{1,20}}$'.")
    return int(text)


class Span(NamedTuple):
    """Which times of rows are asked for, both ends included.

    ``asked_from`` is startTime as it was sent; without it the newest rows are meant.
    """

    start: int
    end: int
    asked_from: int | None

    @classmethod
    def of(cls, request: Request, oldest: int, newest: int, shift: int = 0) -> Self:
        """By startTime and endTime; a startTime of 0 is ignored. ``shift``: label - time."""
        first, last = (_millis(request, name) for name in ("startTime", "endTime"))
        if first is not None and last is not None and first > last:
            raise Refused(-1023, "Start time is greater than end time.")
        start = oldest if first is None else max(oldest, first - shift)
        end = newest if last is None else min(newest, last - shift)
        return cls(start, end, first)

    def grid(self, period: int, most: int) -> Iterator[int]:
        """Multiples of ``period``, at most so many: from the start if one was asked for."""
        first, last = -(-self.start // period), self.end // period
        if last - first >= most:
            if self.asked_from is None:
                first = last - most + 1
            else:
                last = first + most - 1
        return iter(range(first * period, last * period + 1, period))


def _millis(request: Request, name: str) -> int | None:
    text = request.param(name)
    return _digits(text, name) * 1000 or None if text else None
