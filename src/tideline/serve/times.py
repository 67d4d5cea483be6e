"""Times on the wire: RFC 3339 in UTC with microseconds out; an offset or integer ms in."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tideline.domain.errors import BadTime
from tideline.domain.time import EARLIEST, LATEST, TimeUs, parse_time, to_datetime

MOST_MS = 10**14
_MILLISECONDS = re.compile(r"-?[0-9]{1,17}")


def moment(us: int) -> str:
    """``2026-02-05T12:00:00.000000Z``: always six digits."""
    return to_datetime(us).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def read_moments(values: Sequence[str | int], field: str) -> NDArray[np.int64]:
    """Many of them, in µs.

    Raises:
        BadTime: the first that is none.
    """
    if set(map(type, values)) == {int} and min(values) > 0 and max(values) < MOST_MS:  # type: ignore[operator]
        us = np.array(values, np.int64) * 1000
        if us.min() >= EARLIEST and us.max() < LATEST:
            return us
    return np.array([read_moment(value, field) for value in values], np.int64)


def read_moment(value: str | int, field: str) -> TimeUs:
    """RFC 3339 with an offset, or integer milliseconds (also as text, as a query string has it).

    Raises:
        BadTime: neither of them, naive, or outside 2009 .. 2100.
    """
    if isinstance(value, bool):
        raise BadTime(field, value, "2026-02-05T12:00:00Z")
    if isinstance(value, str) and _MILLISECONDS.fullmatch(value):
        value = int(value)
    if isinstance(value, int):
        if not 0 < value < MOST_MS:
            raise BadTime(field, value, "milliseconds since 1970, or 2026-02-05T12:00:00Z")
        return parse_time(value * 1000, field=field)
    if len(value) > 64:
        raise BadTime(field, value[:64] + "…", "2026-02-05T12:00:00Z")
    return parse_time(value, field=field)
