"""How one number is declared: default, unit, where it comes from, what it does, its range."""

from __future__ import annotations

from dataclasses import field
from typing import Any, Literal

Provenance = Literal["published", "measured", "judgement"]


def number(
    default: float,
    unit: str,
    provenance: Provenance,
    meaning: str,
    *,
    low: float = 0.0,
    high: float = 1e6,
) -> Any:
    """A field of a table of numbers. ``low`` and ``high``: what a profile may set it to."""
    facts = {
        "unit": unit,
        "provenance": provenance,
        "meaning": meaning,
        "low": low,
        "high": high,
    }
    return field(default=default, metadata=facts)
