"""Reading integer times by their magnitude: seconds, ms, µs or ns since the epoch, never mixed."""

from __future__ import annotations

from typing import Any

import numpy as np

from tideline.collect.legrows import Ints
from tideline.domain.errors import BadFile
from tideline.domain.time import EARLIEST, LATEST

PER_US = {"s": (1_000_000, 1), "ms": (1_000, 1), "us": (1, 1), "ns": (1, 1_000)}
"""Unit to (multiplier, divisor) that give microseconds."""


def unit_of(values: Ints, path: object, column: str) -> str:
    """The one unit in which every value is a moment between 2009 and 2100.

    Raises:
        BadFile: no unit fits, or some rows are in one unit and some in another.
    """
    if not len(values):
        return "us"
    first = _fits(values[:1])
    for unit in first:
        if _all_fit(values, unit):
            return unit
    if not first:
        raise BadFile(path, f"{column} {int(values[0])} is not a time in s, ms, us or ns")
    wrong = int(np.flatnonzero(~_in_range(values, first[0]))[0])
    other = _fits(values[wrong : wrong + 1])
    raise BadFile(
        path,
        f"{column} mixes units: row 0 is in {first[0]}, row {wrong} ({int(values[wrong])}) in"
        f" {other[0] if other else 'no known unit'}",
        f"one unit throughout ({first[0]})",
    )


def to_us(values: Ints, path: object, column: str, unit: str = "") -> Ints:
    """Microseconds of integer times, in ``unit`` or in the unit their size tells.

    Raises:
        BadFile: see :func:`unit_of`; with a given unit, any value that is no moment in it.
    """
    found = unit_of(values, path, column)
    if unit and found != unit and len(values):
        raise BadFile(path, f"{column} is not in {unit}: {int(values[0])} reads as {found}", found)
    multiplier, divisor = PER_US[unit or found]
    return values.astype(np.int64) // divisor * multiplier


def _fits(values: Ints) -> list[str]:
    return [unit for unit in PER_US if _all_fit(values, unit)]


def _all_fit(values: Ints, unit: str) -> bool:
    return bool(_in_range(values, unit).all())


def _in_range(values: Ints, unit: str) -> Any:
    multiplier, divisor = PER_US[unit]
    low, high = EARLIEST * divisor // multiplier, LATEST * divisor // multiplier
    return (values >= low) & (values < high)
