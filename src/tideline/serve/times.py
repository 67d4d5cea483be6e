"""Times on the wire: RFC 3339 in UTC with microseconds out; an offset or integer ms in."""

from __future__ import annotations

import re

from tideline.domain.errors import BadTime
from tideline.domain.time import TimeUs, parse_time, to_datetime

_MILLISECONDS = re.compile(r"-?[0-9]{1,17}")


def moment(us: int) -> str:
    """``2026-02-05T12:00:00.000000Z``: always six digits."""
    return to_datetime(us).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


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
        if not 0 < value < 10**14:
            raise BadTime(field, value, "milliseconds since 1970, or 2026-02-05T12:00:00Z")
        return parse_time(value * 1000, field=field)
    if len(value) > 64:
        raise BadTime(field, value[:64] + "…", "2026-02-05T12:00:00Z")
    return parse_time(value, field=field)
