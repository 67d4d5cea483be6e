"""The fourteen windows and the nine transforms."""

from __future__ import annotations

from typing import Final

from tideline.domain.time import DAY, HOUR, MINUTE, SECOND

WINDOWS: Final[dict[str, int]] = {
    "1s": SECOND,
    "5s": 5 * SECOND,
    "15s": 15 * SECOND,
    "30s": 30 * SECOND,
    "1m": MINUTE,
    "5m": 5 * MINUTE,
    "15m": 15 * MINUTE,
    "30m": 30 * MINUTE,
    "45m": 45 * MINUTE,
    "1h": HOUR,
    "2h": 2 * HOUR,
    "4h": 4 * HOUR,
    "12h": 12 * HOUR,
    "24h": DAY,
}
"""Window name to length in microseconds."""

TRANSFORMS: Final = (
    "level",
    "delta",
    "rate",
    "zscore",
    "pctrank",
    "ewma",
    "min",
    "max",
    "range",
)

COUNTED: Final[dict[str, tuple[int, int, int]]] = {
    "delta": (1, 1000, 1),
    "rate": (1, 1000, 1),
    "zscore": (2, 1000, 30),
    "pctrank": (2, 1000, 30),
}
"""Transforms that take ``[n]``: smallest, largest and default n."""

EWMA_TERMS: Final = 8
"""Samples in ewma: weights 1, 1/2 … 1/128 (half-life one window)."""

SUB_WINDOWS: Final = 60
"""Parts into which min, max, range and price.rv divide a window."""
