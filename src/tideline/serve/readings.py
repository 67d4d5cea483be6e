"""Readings as the interface gives them: asked of the store, kept for a few seconds at the head."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import msgspec

from tideline.domain.errors import UnknownName
from tideline.domain.time import SECOND
from tideline.readings.bands import MODES, Mode
from tideline.readings.cadence import SUB_WINDOWS
from tideline.readings.catalogue import PRICE_OI, READINGS, rule_named
from tideline.readings.parameters import DEFAULTS
from tideline.readings.position_report import PositionReport
from tideline.readings.price_oi import addresses
from tideline.readings.price_oi_rule import price_oi_rule
from tideline.readings.reading import Reading
from tideline.readings.rule import Rule
from tideline.serve.asking import names_in
from tideline.serve.entitlement import allowed, require
from tideline.serve.times import moment
from tideline.settings import Plan
from tideline.store import Store

KEYS = tuple(entry.key for entry in READINGS)
_R1 = {mode: price_oi_rule(mode) for mode in MODES}
_Kind: TypeAlias = tuple[str, Mode, tuple[str, ...]]

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


def rules_named(text: str | None, mode: Mode, plan: Plan, window: str) -> tuple[Rule, ...]:
    """The rules of the readings named, ``R1,R3``; None: of all whose numbers the plan may ask.

    Raises:
        UnknownName: no such reading.
        NotEntitled: a reading that was named stands on what the plan lacks.
    """
    names = None if text is None else names_in(text, "readings", len(READINGS))
    for name in names or ():
        if name not in KEYS:
            raise UnknownName("readings", name[:20], KEYS)
    found = []
    for entry in READINGS:
        if names is not None and entry.key not in names:
            continue
        for rule in entry.rules:
            wanted = looked_at(rule, window)
            if names is not None:
                require(plan, addresses=wanted)
            elif not all(allowed(plan, address) for address in wanted):
                continue
            found.append(_R1[mode] if rule.key == PRICE_OI.key else rule)
    return tuple(found)


def looked_at(rule: Rule, window: str) -> tuple[str, ...]:
    """The addresses a rule stands on when ``window`` is asked."""
    if rule.key == PRICE_OI.key:
        return needed(window)
    return _looked_at(rule.key, window)


@lru_cache(maxsize=1024)
def _looked_at(key: str, window: str) -> tuple[str, ...]:
    rule = rule_named(key)
    found: dict[str, None] = {}
    for each in rule.windows_for(window):
        wants = rule.wants(each, DEFAULTS)
        found |= dict.fromkeys(wants.at)
        found |= dict.fromkeys(f"{path.signal}@{path.window}" for path in wants.paths)
    return tuple(found)


def worth_telling(reading: Reading) -> bool:
    """A state; R1 also where nothing is going on or nothing can be told, so that no asset is
    left out of a scan."""
    return reading.entry == PRICE_OI.key or (reading.told and not reading.quiet)


def wire_report(report: PositionReport, *, simulated: bool) -> dict[str, Any]:
    """A position report as JSON data; moments in RFC 3339."""
    facts: dict[str, Any] = msgspec.to_builtins(report)
    like = facts["analogues"]
    like["as_of"] = moment(report.analogues.as_of)
    for chosen in like["chosen"]:
        chosen["at"] = moment(chosen["at"])
    return {"simulated": simulated, **facts, "as_of": moment(report.as_of)}


class Scans:
    """Scans of every asset, each worked out once for all who ask."""

    def __init__(self, store: Store) -> None:
        self._store, self._lock = store, threading.Lock()
        self._kept: dict[_Kind, tuple[int, list[Reading]]] = {}

    def at_head(
        self, head: int, window: str, mode: Mode, rules: Sequence[Rule] = (PRICE_OI,)
    ) -> tuple[int, list[Reading]]:
        """The newest scan, at most a few seconds old: its moment and the readings, ranked."""
        kind = (window, mode, tuple(rule.key for rule in rules))
        with self._lock:  # whoever comes meanwhile waits for the same scan
            found = self._kept.get(kind)
            if found is None or head - found[0] > KEPT_US:
                found = (head, self.of(head, window, mode, rules))
                self._kept[kind] = found
            return found

    def of(
        self, as_of: int, window: str, mode: Mode, rules: Sequence[Rule] = (PRICE_OI,)
    ) -> list[Reading]:
        """The readings of every asset at one moment, ranked: R1 alone by strength."""
        if [rule.key for rule in rules] == [PRICE_OI.key]:
            return self._store.scan(as_of, window=window, bands=mode)
        found = self._store.readings(None, as_of, window, rules=rules)
        return [reading for reading in found if worth_telling(reading)]

    def asset(self, asset: str, as_of: int, window: str, rules: Sequence[Rule]) -> list[Reading]:
        """The readings of one asset at one moment, in the order of the catalogue."""
        return self._store.readings(asset, as_of, window, rules=rules)
