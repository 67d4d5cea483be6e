"""A value of the store in the shape of the interface."""

from __future__ import annotations

from typing import Any


def wire_value(value: dict[str, Any], at: str) -> dict[str, Any]:
    """What the store tells of a number, its moment spelled as the interface does."""
    return {**value, "as_of": at}
