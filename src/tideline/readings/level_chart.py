"""A small chart in characters: a path of prices with levels across it, and a line of bars.

It needs no terminal colours and stands as well in a Markdown code block.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from tideline.readings.price_words import price_words

BARS = " ▁▂▃▄▅▆▇█"
DOT, LINE, BLANK = "●", "─", " "


def chart(
    path: Sequence[float | None], levels: Mapping[str, float], height: int = 9, reach: float = 1.5
) -> list[str]:
    """Lines of text, the top one first; empty where no price is known.

    Args:
        path: prices, the oldest first; None leaves a hole.
        levels: names and prices drawn across; one further away than ``reach`` times the height of
            the path is not drawn to scale but named at the edge with an arrow.
        height: rows of the drawing.
    """
    known = [x for x in path if x is not None and math.isfinite(x)]
    if not known:
        return []
    low, high = min(known), max(known)
    span = max(high - low, abs(high) * 1e-4)
    near = {n: x for n, x in levels.items() if low - reach * span <= x <= high + reach * span}
    low, high = min(low, *near.values(), high), max(high, *near.values(), low)
    step = max(high - low, span) / (height - 1)

    def row_of(price: float) -> int:
        return min(height - 1, max(0, round((high - price) / step)))

    grid = [[BLANK] * len(path) for _ in range(height)]
    names: dict[int, list[str]] = {}
    for name, price in near.items():
        grid[row_of(price)] = [LINE] * len(path)
        names.setdefault(row_of(price), []).append(f"{name} {price_words(price)}")
    for column, value in enumerate(path):
        if value is not None and math.isfinite(value):
            grid[row_of(value)][column] = DOT
    lines = [
        ("".join(cells) + "  " + ", ".join(names.get(row, []))).rstrip()
        for row, cells in enumerate(grid)
    ]
    above = [f"↑ {n} {price_words(x)}" for n, x in levels.items() if n not in near and x > high]
    below = [f"↓ {n} {price_words(x)}" for n, x in levels.items() if n not in near and x < low]
    return [*above, *lines, *below]


def bars(path: Sequence[float | None]) -> str:
    """One row of bars from the least to the greatest value; a blank where nothing is known."""
    known = [x for x in path if x is not None and math.isfinite(x)]
    if not known:
        return ""
    low, span = min(known), max(known) - min(known)
    steps = len(BARS) - 2

    def bar(value: float | None) -> str:
        if value is None or not math.isfinite(value):
            return BARS[0]
        return BARS[1 + (round(steps * (value - low) / span) if span > 0 else steps // 2)]

    return "".join(bar(value) for value in path)
