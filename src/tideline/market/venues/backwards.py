"""Bars by their start, newest first: how Bybit and Bitget answer for a stretch of time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from tideline.domain.instrument import Instrument
from tideline.market.state import Listed, Market

Row = Callable[[Market, Instrument, int, int, int], list[str]]
"""The row of a bar from its start until a moment of it, with its label."""


class Stretch(NamedTuple):
    """Labels from ``start`` to ``end`` (µs, None: any), at most ``limit`` rows.

    ``lag_us``: how long after its time a row can first be had; ``shift_us``: label - time.
    """

    start: int | None
    end: int | None
    limit: int
    lag_us: int
    shift_us: int


def bars(
    market: Market, listed: Listed, period: int, asked: Stretch, now: int, row: Row
) -> list[Any]:
    """The rows of one contract; the newest bar is unfinished."""
    shift, newest, oldest = asked.shift_us, now - asked.lag_us, listed.listed_us
    if asked.end is not None:
        newest = min(newest, asked.end - shift)
    if asked.start is not None:
        oldest = max(oldest, asked.start - shift)
    rows: list[Any] = []
    at = newest // period * period
    while at >= oldest and len(rows) < asked.limit:
        until = min(at + period, now)
        if until > at:
            rows.append(row(market, listed.instrument, at, until, at + shift))
        at -= period
    return rows
