"""All readings, in the order in which they are evaluated and printed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tideline.readings.price_oi import STATES, read_price_oi
from tideline.readings.reading import Reading


@dataclass(frozen=True, slots=True)
class Entry:
    """One reading: its short name, title, the states it can give, and its function."""

    key: str
    title: str
    names: tuple[str, ...]
    default_window: str
    read: Callable[..., Reading]


READINGS: tuple[Entry, ...] = (
    Entry(
        "R1",
        "Price × OI state",
        tuple(state.name for state in STATES),
        "45m",
        read_price_oi,
    ),
)
