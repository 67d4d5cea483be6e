"""One bad row of a list does not lose the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from tideline.domain.errors import WireError
from tideline.venues.parsed import Parsed
from tideline.venues.strict import record


def each(parsed: Parsed, rows: Iterable[Any], read: Callable[[dict[str, Any]], None]) -> None:
    """Read every row that is an object; count the bad ones by the place that is bad."""
    every(parsed, rows, lambda row: read(record(row, "row")))


def every(parsed: Parsed, rows: Iterable[Any], read: Callable[[Any], None]) -> None:
    """As :func:`each`, for rows of any kind."""
    for row in rows:
        try:
            read(row)
        except WireError as error:
            parsed.ignore(f"bad row: {error.where}")
