"""Fills the inputs of R1 from the log: groups, features, the baseline of the adaptive bands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tideline.domain.time import HOUR, SECOND
from tideline.features.address import parse_address
from tideline.features.arrays import F64
from tideline.features.detail import group_details
from tideline.features.engine import evaluate_legs
from tideline.features.evidence import BASES
from tideline.features.legs import LegSet
from tideline.features.reasons import REASONS
from tideline.features.sampling import samples
from tideline.features.window import WINDOWS
from tideline.log import Log
from tideline.readings.bands import Mode
from tideline.readings.cadence import SUB_WINDOWS, choose_groups
from tideline.readings.parameters import DEFAULTS, Parameters
from tideline.readings.price_oi import (
    Baseline,
    PriceOiInputs,
    addresses,
    bands_of,
    read_price_oi,
)
from tideline.readings.reading import FeatureValue, GroupEvidence, Reading
from tideline.signals import BY_ADDRESS
from tideline.store.rows import AssetRows
from tideline.store.spending import FORCED, spent_inputs

OI = "positioning.oi_usdtm_coin"
RET = "price.ret"
FUEL_HOURS = 337
"""Hours of open interest that ``fuel_left`` looks back: 14 days and now."""


class AssetScan:
    """R1 of one asset at any number of moments, from one reading of the log.

    ``more`` are further addresses whose rows are to be at hand.
    """

    def __init__(
        self,
        log: Log,
        asset: str,
        window: str,
        parameters: Parameters = DEFAULTS,
        more: Sequence[str] = (),
    ) -> None:
        self.asset, self.window, self.parameters = asset, window, parameters
        self.hours = int(parameters.baseline_hours)
        deepest = f"{OI}@1h:zscore[{self.hours + WINDOWS[window] // HOUR + 2}]"
        forced = [f"{signal}@{SUB_WINDOWS[window]}" for signal in FORCED.values()]
        self.rows = AssetRows(log, asset, [*addresses(window), deepest, *forced, *more])
        self.chosen: dict[frozenset[tuple[str, str]], LegSet] = {}

    def readings(self, as_of: NDArray[np.int64], mode: Mode) -> list[Reading]:
        """One reading per moment (ascending)."""
        made: list[Reading] = []
        for part in self.rows.parts(as_of):
            self.chosen.clear()
            made += [
                self._read(part.legs, int(T), mode) for T in as_of[part.low : part.high].tolist()
            ]
        return made

    def _read(self, legs: LegSet, as_of: int, mode: Mode) -> Reading:
        groups = self.groups(legs, as_of)
        chosen = choose_groups(groups, self.window, self.parameters)
        subset = self.subset(legs, frozenset(chosen.used))
        values = self._values(subset, as_of)
        given = PriceOiInputs(
            asset=self.asset,
            window=self.window,
            as_of=as_of,
            groups=groups,
            ret=values[0],
            rate=values[1],
            baseline=self._baseline(subset, as_of) if mode == "adaptive" else None,
            coin=values[2],
            coin_delta=values[3],
            mark=values[4],
            mark_delta=values[5],
            usd_delta=values[6],
            oi_hourly=_listed(self._sampled(subset, OI, as_of, np.arange(FUEL_HOURS) * HOUR)),
        )
        reading = read_price_oi(given, mode, self.parameters)
        if reading.name not in FORCED:
            return reading
        more = spent_inputs(
            lambda signal, length, back: self._sampled(subset, signal, as_of, back, length),
            reading.name,
            self.window,
            as_of,
            bands_of(given, mode, self.parameters),
        )
        return read_price_oi(replace(given, spent=more), mode, self.parameters)

    def groups(self, legs: LegSet, as_of: int) -> tuple[GroupEvidence, ...]:
        """Every group of USDTM with open interest known at T."""
        address = parse_address(f"{OI}@{self.window}:rate", BY_ADDRESS)
        found = group_details(legs, BY_ADDRESS[OI], address, self.rows.instruments, as_of)
        listed = []
        for group in found:
            value = group.value
            if np.isnan(value) and not np.isnan(group.age_s):
                value = self._last_value(legs, (group.venue, group.instrument), as_of, group.age_s)
            if np.isnan(value):
                continue
            listed.append(
                GroupEvidence(
                    venue=group.venue,
                    instrument=group.instrument,
                    age_s=group.age_s,
                    cadence_s=group.cadence_s,
                    value=value,
                    used=group.used,
                    why_not="" if group.used else "stale",
                    previous=None if np.isnan(group.previous) else group.previous,
                )
            )
        return tuple(listed)

    def _last_value(self, legs: LegSet, group: tuple[str, str], as_of: int, age_s: float) -> float:
        """Open interest of a group that fell silent: what it still said half an hour after."""
        at = np.array([min(as_of, as_of - round(age_s * SECOND) + HOUR // 2)], np.int64)
        alone = self.subset(legs, frozenset({group}))
        name = f"{OI}@{self.window}"
        found = evaluate_legs(alone, BY_ADDRESS, self.rows.instruments, at, [name])
        return float(found.values[0, 0])

    def subset(self, legs: LegSet, used: frozenset[tuple[str, str]]) -> LegSet:
        """The legs of the groups that may speak, under their own numbers."""
        if used not in self.chosen:
            index = {key: l for key, l in legs.index.items() if (key[0], key[1]) in used}
            self.chosen[used] = LegSet(index, legs.arrays)
        return self.chosen[used]

    def _values(self, legs: LegSet, as_of: int) -> list[FeatureValue]:
        names = addresses(self.window)
        moment = np.array([as_of], np.int64)
        found = evaluate_legs(legs, BY_ADDRESS, self.rows.instruments, moment, names, evidence=True)
        made = []
        for k, name in enumerate(names):
            value = float(found.values[0, k])
            null = np.isnan(value)
            made.append(
                FeatureValue(
                    address=name,
                    value=None if null else value,
                    reason=REASONS[found.reason[0, k]],
                    age_s=None if np.isnan(found.age_s[0, k]) else float(found.age_s[0, k]),
                    n=int(found.n[0, k]),
                    coverage=None
                    if np.isnan(found.coverage[0, k])
                    else float(found.coverage[0, k]),
                    basis=BASES[found.basis[0, k]],
                )
            )
        return made

    def _baseline(self, legs: LegSet, as_of: int) -> Baseline:
        back = np.arange(1, self.hours + 1) * HOUR
        then = self._sampled(legs, OI, as_of, back + WINDOWS[self.window])
        now = self._sampled(legs, OI, as_of, back)
        with np.errstate(divide="ignore", invalid="ignore"):
            rate = np.where(then != 0.0, (now - then) / np.abs(then), np.nan)
        return Baseline(
            hours=range(1, self.hours + 1),
            price=_listed(self._sampled(legs, RET, as_of, back)),
            oi=_listed(rate),
        )

    def _sampled(
        self, legs: LegSet, signal: str, as_of: int, back: NDArray[np.int64], length: int = 0
    ) -> F64:
        moment = np.array([as_of], np.int64)
        instruments = self.rows.instruments
        length = WINDOWS[self.window]
        found: F64 = samples(legs, BY_ADDRESS[signal], length, instruments, moment, back)[0]
        return found


def _listed(values: F64) -> list[float | None]:
    return [None if np.isnan(value) else value for value in values.tolist()]


def ranked(readings: Sequence[Reading]) -> list[Reading]:
    """By strength, the strongest first; what could not be told comes last."""
    return sorted(
        readings,
        key=lambda reading: (not reading.told, -(reading.strength or 0.0), reading.asset),
    )
