"""Readings as the interface gives them: asked of the store, kept for a few seconds at the head."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import msgspec

from tideline.domain.errors import UnknownName
from tideline.domain.time import SECOND
from tideline.readings.bands import MODES, Mode
from tideline.readings.cadence import SUB_WINDOWS
from tideline.readings.price_oi import addresses
from tideline.readings.reading import Reading
from tideline.serve.times import moment
from tideline.store import Store

KEPT_US = 5 * SECOND
"""A scan at the head is worked out anew after so long; it always bears the moment it is of."""


def needed(window: str) -> tuple[str, ...]:
    """The addresses a reading on ``window`` stands on: what a plan must allow.

    Raises:
        UnknownName: no window of readings.
    """
    if window not in SUB_WINDOWS:
        raise UnknownName("window", window[:20], SUB_WINDOWS)
    return addresses(window)


def mode_named(name: str) -> Mode:
    """adaptive or fixed.

    Raises:
        UnknownName: neither.
    """
    if name not in MODES:
        raise UnknownName("bands", name[:20], MODES)
    return "fixed" if name == "fixed" else "adaptive"


def wire_reading(reading: Reading) -> dict[str, Any]:
    """A reading as JSON data; what is not finite is null."""
    facts: dict[str, Any] = msgspec.to_builtins(reading)
    return {**facts, "as_of": moment(reading.as_of)}


class Scans:
    """Scans of every asset, each worked out once for all who ask."""

    def __init__(self, store: Store) -> None:
        self._store, self._lock = store, threading.Lock()
        self._kept: dict[tuple[str, Mode], tuple[int, list[Reading]]] = {}

    def at_head(self, head: int, window: str, mode: Mode) -> tuple[int, list[Reading]]:
        """The newest scan, at most a few seconds old: its moment and the readings, ranked."""
        with self._lock:  # whoever comes meanwhile waits for the same scan
            found = self._kept.get((window, mode))
            if found is None or head - found[0] > KEPT_US:
                found = (head, self._store.scan(head, window=window, bands=mode))
                self._kept[window, mode] = found
            return found

    def of(
        self, as_of: int, window: str, mode: Mode, assets: Sequence[str] | None = None
    ) -> list[Reading]:
        """The readings at one moment, ranked."""
        return self._store.scan(as_of, window=window, assets=assets, bands=mode)
