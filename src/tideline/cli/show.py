"""Tables for people, JSON for programs."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from collections.abc import Iterable, Sequence
from typing import Any

import click

from tideline.domain.time import SECOND, format_duration, format_time

SEVERITY_STYLE = {"none": "dim", "watch": "", "elevated": "yellow", "extreme": "bold red"}
WIDE = 200
"""Columns of a table that goes to a file or a pipe, where nobody can widen a window."""


def put_json(value: object) -> None:
    """One JSON document on stdout; numbers are finite, nothing else is."""
    click.echo(json.dumps(plain(value), ensure_ascii=False, allow_nan=False))


def plain(value: Any) -> Any:
    """Dataclasses as objects, tuples as lists, NaN and infinity as null."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, str | int | bool | None) else str(value)


def put_table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    right: Sequence[str] = (),
    styles: Sequence[str] = (),
    foot: str = "",
) -> None:
    """A table on stdout, as wide as the terminal, or wide when there is none."""
    screen = console()
    screen.print(table_of(title, columns, rows, right=right, styles=styles))
    if foot:
        screen.print(foot, markup=False, highlight=False)


def table_of(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    right: Sequence[str] = (),
    styles: Sequence[str] = (),
) -> Any:
    """The table itself, for those who show it in another way."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, box=SIMPLE_HEAD, title_justify="left", pad_edge=False,
                  title_style="bold", show_header=any(columns))  # fmt: skip
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left", overflow="fold")
    for number, row in enumerate(rows):
        style = styles[number] if number < len(styles) else ""
        table.add_row(*(Text(cell) for cell in row), style=style)
    return table


def console(error: bool = False) -> Any:
    """Where tables go; without a terminal a wide one, so that nothing is cut off."""
    from rich.console import Console

    screen = Console(stderr=error, highlight=False)
    if not screen.is_terminal and "COLUMNS" not in os.environ:
        screen = Console(stderr=error, highlight=False, width=WIDE)
    return screen


def number(value: float | None, digits: int = 6) -> str:
    """``12,345.6`` · ``0.00123`` · ``–`` for null."""
    if value is None or not math.isfinite(value):
        return "–"
    if value != 0 and not 1e-4 <= abs(value) < 1e15:
        return f"{value:.{digits - 1}e}"
    if abs(value) >= 1000:
        text = f"{value:,.{max(0, digits - len(str(int(abs(value)))))}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{value:.{digits}g}"


def percent(value: float | None) -> str:
    """``+1.23 %`` · ``–`` for null."""
    return "–" if value is None or not math.isfinite(value) else f"{value * 100:+.2f} %"


def seconds(value: float | None) -> str:
    """A span given in seconds, in words."""
    if value is None or not math.isfinite(value):
        return "–"
    return format_duration(value * SECOND)


def moment(us: int | None) -> str:
    """A moment in RFC 3339; ``–`` where there is none."""
    return "–" if us is None else format_time(us)
