"""A price as a person writes it: six significant digits, never an exponent above zero."""

from __future__ import annotations


def price_words(value: float | None) -> str:
    """``71,234.5`` · ``0.00001234`` · ``not known``."""
    if value is None or value != value:  # noqa: PLR0124 - only NaN differs from itself
        return "not known"
    digits = 6 - len(str(int(abs(value))))
    if abs(value) >= 1.0:
        text = f"{value:,.{max(digits, 0)}f}"
    elif value == 0.0:
        return "0"
    else:
        text = f"{value:.12f}"[: 2 + (value < 0) + _zeros(value) + 6]
    return text.rstrip("0").rstrip(".") if "." in text else text


def _zeros(value: float) -> int:
    """Zeros behind the point before the first digit."""
    places = f"{abs(value):.12f}"[2:]
    return len(places) - len(places.lstrip("0"))
