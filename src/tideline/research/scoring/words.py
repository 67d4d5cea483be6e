"""How the card writes numbers, and the shape of its sections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

DASH = "–"


class Section(NamedTuple):
    """A title, what to know before reading it, and a table (of no columns: none)."""

    title: str
    text: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def number_words(value: Any, digits: int = 3) -> str:
    """A number, or a dash."""
    return DASH if value is None else f"{value:.{digits}f}"


def signed_words(value: Any) -> str:
    """With its sign."""
    return DASH if value is None else f"{value:+.3f}"


def percent_words(value: Any) -> str:
    """As a percentage."""
    return DASH if value is None else f"{value:.1%}"


def interval_words(found: Mapping[str, Any]) -> str:
    """``+0.1 [-0.1, +0.3]``; a dash where there is no value."""
    value, low, high = (found[name] for name in ("value", "low", "high"))
    if value is None:
        return DASH
    return f"{value:+.3f} [{signed_words(low)}, {signed_words(high)}]"
