"""Why a number is null."""

from __future__ import annotations

from typing import Final

REASONS: Final = (
    "",
    "no_data",
    "stale",
    "gap",
    "short_history",
    "zero_base",
    "flat_baseline",
    "window_too_fine",
    "break",
    "not_entitled",
)
"""Position = code. '' where there is a number."""

NONE = 0
NO_DATA = 1
STALE = 2
GAP = 3
SHORT_HISTORY = 4
ZERO_BASE = 5
FLAT_BASELINE = 6
WINDOW_TOO_FINE = 7
BREAK = 8
NOT_ENTITLED = 9
