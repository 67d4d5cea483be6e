"""The real numbers, kept in targets.toml: a fit column, a held-out column, and further looks."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from tideline.domain.errors import UnknownName
from tideline.market.calibration.numbers import Number

FIT, HELD_OUT = "fit", "held_out"
"""The two columns made from the same contract at different dates. Tune to the first alone."""
DIGITS = 6
"""Significant digits that are kept."""


@dataclass(frozen=True)
class Column:
    """One recording: what it is of, and its numbers by name."""

    name: str
    title: str
    steps: int
    step_s: int
    numbers: Mapping[str, Number]
    profile: tuple[float, ...] = ()
    """Share of a day's volume by UTC hour, where volume is known."""


@dataclass(frozen=True)
class Targets:
    """Every column, in order; the first two are the fit and the held-out one."""

    columns: tuple[Column, ...]

    def column(self, name: str) -> Column:
        """The column of this name, or UnknownName."""
        for column in self.columns:
            if column.name == name:
                return column
        raise UnknownName("column", name, [column.name for column in self.columns])

    def value(self, column: str, statistic: str) -> float:
        """One number, NaN where the recording does not know it."""
        return self.column(column).numbers.get(statistic, Number(math.nan, 0)).value

    def span(self, statistic: str) -> tuple[float, float]:
        """The least and the greatest of all recordings; NaN where none knows it."""
        known = [self.value(column.name, statistic) for column in self.columns]
        known = [value for value in known if math.isfinite(value)]
        return (min(known), max(known)) if known else (math.nan, math.nan)


def load() -> Targets:
    """The targets that are shipped."""
    return parse((files("tideline.market.calibration") / "targets.toml").read_text("utf-8"))


def parse(text: str) -> Targets:
    """Targets from the text that render() writes."""
    raw = tomllib.loads(text)
    found = []
    for name, head in raw["columns"].items():
        place = head["place"]
        numbers = {
            statistic: Number(float(pair[0]), int(pair[1]))
            for statistic, row in raw["numbers"].items()
            if len(pair := row[place])
        }
        profile = tuple(head.get("profile", ()))
        found.append(Column(name, head["title"], head["steps"], head["step_s"], numbers, profile))
    return Targets(tuple(found))


def render(columns: list[Column], note: str) -> str:
    """The text of targets.toml: one line a statistic, [value, samples] by column."""
    lines = [f"# {line}".rstrip() for line in note.strip().splitlines()]
    for place, column in enumerate(columns):
        lines += ["", f"[columns.{column.name}]", f'title = "{column.title}"', f"place = {place}"]
        lines += [f"steps = {column.steps}", f"step_s = {column.step_s}"]
        if column.profile:
            shares = ", ".join(f"{share:.4f}" for share in column.profile)
            lines.append(f"profile = [{shares}]")
    lines += ["", "[numbers]"]
    for statistic in dict.fromkeys(name for column in columns for name in column.numbers):
        cells = [_cell(column.numbers.get(statistic)) for column in columns]
        lines.append(f"{statistic} = [{', '.join(cells)}]")
    return "\n".join(lines) + "\n"


def _cell(number: Number | None) -> str:
    if number is None or not math.isfinite(number.value):
        return "[]"
    return f"[{rounded(number.value)!r}, {number.n}]"


def rounded(value: float) -> float:
    """``value`` to six significant digits."""
    return float(f"{value:.{DIGITS}g}")
