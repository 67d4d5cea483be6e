"""Made markets beside the real one, row by row: near enough or not, and why that may be."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from tideline.market.calibration.numbers import Number
from tideline.market.calibration.rows import ROWS, WITHIN, Row, near
from tideline.market.calibration.targets import FIT, HELD_OUT, Targets


class Compared(NamedTuple):
    """One row. NaN where a side does not know it."""

    row: Row
    fit: float
    real: float
    """Of the held-out dates; of the first recording that knows it where those do not."""
    made: float
    """The median over the made markets."""
    low: float
    high: float
    """The least and greatest of the made markets."""
    span: tuple[float, float]
    """The least and greatest of all recordings."""

    @property
    def ratio(self) -> float:
        """Made over real."""
        return self.made / self.real if self.real else math.nan

    @property
    def met(self) -> bool:
        """Near enough to the held-out dates."""
        return near(self.made, self.real, self.row.slack)

    @property
    def real_met(self) -> bool:
        """Whether the real market, at the dates of the fit, would itself pass."""
        return near(self.fit, self.real, self.row.slack)

    @property
    def inside(self) -> bool:
        """Between the least and the greatest of all recordings, ± 30 %."""
        low, high = self.span
        return low - WITHIN * abs(low) <= self.made <= high + WITHIN * abs(high)


def compare(made: Sequence[Mapping[str, Number]], targets: Targets) -> tuple[Compared, ...]:
    """Every judged row that both sides know."""
    found = []
    for row in ROWS:
        values = [one[row.name].value for one in made if row.name in one]
        values = [value for value in values if math.isfinite(value)]
        real = _real(targets, row.name)
        if not values or not math.isfinite(real):
            continue
        found.append(
            Compared(
                row,
                targets.value(FIT, row.name),
                real,
                float(np.median(values)),
                min(values),
                max(values),
                targets.span(row.name),
            )
        )
    return tuple(found)


def _real(targets: Targets, name: str) -> float:
    order = (HELD_OUT, *(column.name for column in targets.columns))
    values = (targets.value(column, name) for column in order)
    return next((value for value in values if math.isfinite(value)), math.nan)


def table(compared: Sequence[Compared]) -> str:
    """The comparison as a Markdown table, with what the real market's own two halves say."""
    head = "| statistic | real fit | real held-out | made: median (least … greatest) | ratio "
    lines = [head + "| near | recordings span | inside |", "|---|---:|---:|---:|---:|:-:|---:|:-:|"]
    for one in compared:
        near_word = "yes" if one.met else "**no**"
        if not one.real_met and math.isfinite(one.fit):
            near_word += " †"
        span = f"{short(one.span[0])} … {short(one.span[1])}"
        made = f"{short(one.made)} ({short(one.low)} … {short(one.high)})"
        cells = [one.row.words, short(one.fit), short(one.real), made, f"{one.ratio:.2f}"]
        cells += [near_word, span, "yes" if one.inside else "**no**"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def short(value: float) -> str:
    """Three significant digits; a dash for what is not known."""
    if not math.isfinite(value):
        return "–"
    return f"{value:.1e}" if value and abs(value) < 1e-3 else f"{value:.3g}"
