"""The labels of a table as microseconds UTC: integers by unit, datetimes, or text by format."""

from __future__ import annotations

import polars as pl

from tideline.collect.archives.map import INT_UNITS, TimeRule
from tideline.collect.archives.time_units import PER_US, to_us, unit_of
from tideline.collect.legrows import Ints
from tideline.domain.errors import BadFile, BadMap
from tideline.domain.time import EARLIEST, LATEST


def read_times(column: pl.Series, rule: TimeRule, path: object) -> Ints:
    """The labels of a column as the map's time rule says.

    Raises:
        BadMap: the rule contradicts the column (unit, naive times without a timezone).
        BadFile: a blank or unreadable time, mixed units, or a moment outside 2009 .. 2100.
    """
    if column.null_count():
        row = int(column.is_null().arg_max() or 0)
        raise BadFile(path, f"row {row} has no {column.name}")
    if rule.unit in INT_UNITS:
        found = _integers(column, rule, path)
    elif rule.unit == "datetime":
        found = _datetimes(column, rule)
    else:
        found = _text(column, rule, path)
    outside = (found < EARLIEST) | (found >= LATEST)
    if outside.any():
        row = int(outside.argmax())
        raise BadFile(path, f"row {row}: {column[row]!r} in {column.name} is not in 2009 .. 2100")
    return found


def _integers(column: pl.Series, rule: TimeRule, path: object) -> Ints:
    if not column.dtype.is_integer():
        if not column.dtype.is_float() or bool((column != column.round(0)).any()):
            raise BadMap(
                "time.unit",
                rule.unit,
                f"contradicts {column.name}: {column.dtype}",
                _fitting_unit(column),
            )
        column = column.cast(pl.Int64)
    values = column.cast(pl.Int64).to_numpy()
    found = unit_of(values, path, column.name)
    if found != rule.unit:
        problem = f"contradicts {column.name}: {int(values[0])} is a time in {found}"
        raise BadMap("time.unit", rule.unit, problem, found)
    return to_us(values, path, column.name, rule.unit)


def _fitting_unit(column: pl.Series) -> str:
    if isinstance(column.dtype, pl.Datetime):
        return "datetime"
    return "%Y-%m-%d %H:%M:%S" if column.dtype == pl.String else next(iter(PER_US))


def _datetimes(column: pl.Series, rule: TimeRule) -> Ints:
    if column.dtype == pl.Date:
        column = column.cast(pl.Datetime("us"))
    if not isinstance(column.dtype, pl.Datetime):
        near = "ms" if column.dtype.is_integer() else _fitting_unit(column)
        raise BadMap("time.unit", "datetime", f"contradicts {column.name}: {column.dtype}", near)
    zone = column.dtype.time_zone
    if zone is None and not rule.timezone:
        raise BadMap("time.timezone", "", f"is needed: {column.name} carries no offset", "UTC")
    return column.dt.timestamp("us").to_numpy()


def _text(column: pl.Series, rule: TimeRule, path: object) -> Ints:
    if column.dtype != pl.String:
        near = "datetime" if isinstance(column.dtype, pl.Datetime) else "ms"
        raise BadMap("time.unit", rule.unit, f"contradicts {column.name}: {column.dtype}", near)
    offset = "%z" in rule.unit or "%:z" in rule.unit or "%#z" in rule.unit
    if not offset and not rule.timezone:
        raise BadMap("time.timezone", "", f"is needed: {rule.unit!r} reads no offset", "UTC")
    read = column.str.to_datetime(rule.unit, time_unit="us", strict=False)
    if read.null_count():
        row = int(read.is_null().arg_max() or 0)
        raise BadFile(path, f"row {row}: {column[row]!r} does not read as {rule.unit}")
    return read.dt.timestamp("us").to_numpy()
