"""The moves and bands of R1 at many moments, without the prose: what a scorecard needs.

The answers are those of :meth:`tideline.store.scanning.AssetScan.readings`, bit for bit. What is
saved is work done once for many moments: moments on which the same groups may speak are evaluated
together, and what a baseline consists of is looked up once an hour.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tideline.domain.time import HOUR
from tideline.features.arrays import F64
from tideline.features.engine import evaluate_legs
from tideline.features.legs import LegSet
from tideline.features.sampling import samples
from tideline.features.window import WINDOWS
from tideline.log import Log
from tideline.readings.bands import Band, activity, adaptive_band, baseline_hours, knows_volume
from tideline.readings.parameters import DEFAULTS, Parameters
from tideline.readings.price_oi import VOLUME, addresses
from tideline.readings.price_oi_rule import price_oi_rule
from tideline.readings.profiles import Profile
from tideline.readings.spending import OI, RET
from tideline.signals import BY_ADDRESS
from tideline.store.filling import Filler
from tideline.store.scanning import AssetScan

AT_ONCE = 288
"""Moments evaluated together: their baselines of 720 hours are 5 MB."""


@dataclass(frozen=True)
class Grid:
    """R1's inputs of one asset at N moments, in the order asked.

    Attributes:
        as_of: [N] µs.
        move, rate: [N] ΔP = exp(price.ret@w) − 1 and ΔQ, fractions; NaN where R1 cannot tell.
        price_bands, oi_bands: N adaptive bands (the fixed one, saying so, where samples are few).
        more: [N, k] further features on the same groups; NaN where null or R1 cannot tell.
    """

    as_of: NDArray[np.int64]
    move: F64
    rate: F64
    price_bands: tuple[Band, ...]
    oi_bands: tuple[Band, ...]
    more: F64


class GridScan:
    """R1's moves and bands of one asset at any number of moments, from one reading of the log."""

    def __init__(
        self,
        log: Log,
        asset: str,
        window: str,
        parameters: Parameters = DEFAULTS,
        more: Sequence[str] = (),
    ) -> None:
        rules = (price_oi_rule("adaptive"),)
        self.scan = AssetScan(log, asset, (window,), rules, Profile(parameters=parameters), more)
        self.window, self.parameters = window, parameters
        ret, rate, *_, volume = addresses(window)
        self.names = (ret, rate, volume, *more)
        self.wanted: dict[int, NDArray[np.int64]] = {}

    def grid(self, as_of: NDArray[np.int64]) -> Grid:
        """Everything at every moment (ascending)."""
        found = np.full((as_of.size, len(self.names)), np.nan)
        bands: list[tuple[Band, Band]] = []
        at = 0
        for filler, stretch in self.scan.fillers(as_of):
            for legs, moments in self._runs(filler, stretch):
                if legs is not None:
                    found[at : at + moments.size] = self._values(legs, moments)
                bands += self._bands(legs, moments, found[at : at + moments.size, 2].tolist())
                at += moments.size
        told = ~np.isnan(found[:, :2]).any(axis=1)
        found[~told] = np.nan
        move = np.array([math.expm1(ret) for ret in found[:, 0].tolist()])
        return Grid(
            as_of,
            move,
            found[:, 1],
            tuple(price for price, _ in bands),
            tuple(oi for _, oi in bands),
            found[:, 3:],
        )

    def _runs(
        self, filler: Filler, stretch: NDArray[np.int64]
    ) -> Iterator[tuple[LegSet | None, NDArray[np.int64]]]:
        """At most AT_ONCE moments with the same groups, and the legs of those; None where they
        hold too little open interest."""
        used = []
        for T in stretch.tolist():
            chosen = filler.given(T, self.window).chosen
            used.append(frozenset(chosen.used) if chosen.groups and chosen.enough else None)
        at = 0
        for group, run in itertools.groupby(used):
            end = at + len(list(run))
            legs = None if group is None else filler.legs_of(group)
            for first in range(at, end, AT_ONCE):
                yield legs, stretch[first : min(first + AT_ONCE, end)]
            at = end

    def _values(self, legs: LegSet, moments: NDArray[np.int64]) -> F64:
        instruments = self.scan.rows.instruments
        found: F64 = evaluate_legs(legs, BY_ADDRESS, instruments, moments, self.names).values
        return found

    def _bands(
        self, legs: LegSet | None, moments: NDArray[np.int64], volumes: Sequence[float]
    ) -> Iterator[tuple[Band, Band]]:
        """The adaptive bands; from no samples where no group may speak."""
        if legs is None:
            price = adaptive_band("price", self.window, (), self.parameters)
            oi = adaptive_band("oi", self.window, (), self.parameters)
            yield from ((price, oi) for _ in moments)
            return
        back = np.arange(1, int(self.parameters.baseline_hours) + 1) * HOUR
        ret = self._sampled(legs, RET, moments, back)
        now = self._sampled(legs, OI, moments, back)
        then = self._sampled(legs, OI, moments, back + WINDOWS[self.window])
        traded = None
        if knows_volume(self.window, self.parameters):
            traded = self._sampled(legs, VOLUME, moments, back)
        with np.errstate(divide="ignore", invalid="ignore"):
            rate = np.where(then != 0.0, (now - then) / np.abs(then), np.nan)
        for row, T in enumerate(moments.tolist()):
            hours = self._hours(T)
            moves = [math.expm1(x) for x in ret[row, hours].tolist()]
            oi = adaptive_band("oi", self.window, rate[row, hours].tolist(), self.parameters)
            if traded is not None:
                busy = activity(volumes[row], traded[row, hours].tolist(), self.parameters)
                oi = oi.busier(busy, self.window, self.parameters)
            yield adaptive_band("price", self.window, moves, self.parameters), oi

    def _hours(self, as_of: int) -> NDArray[np.int64]:
        """Places of the baseline's hours; the same for all moments of one hour."""
        if as_of // HOUR not in self.wanted:
            hours = baseline_hours(as_of, self.window, self.parameters)
            self.wanted[as_of // HOUR] = np.array(hours, np.int64) - 1
        return self.wanted[as_of // HOUR]

    def _sampled(
        self, legs: LegSet, signal: str, moments: NDArray[np.int64], back: NDArray[np.int64]
    ) -> F64:
        found: F64 = samples(
            legs,
            BY_ADDRESS[signal],
            WINDOWS[self.window],
            self.scan.rows.instruments,
            moments,
            back,
        )
        return found
