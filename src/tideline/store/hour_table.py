"""Every hour of one asset on one window: the vector of R8 as known then, and what had happened.

What was known at an hour does not change afterwards, so the table only ever grows: a question at a
later T adds the hours since the last one. Archives taken in meanwhile may speak of the past (their
availability is modelled), and retention cuts it off: then it begins anew.

At each hour the groups speak whose open interest comes at least every third of the window, by the
rows known at that hour.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tideline.domain.time import HOUR, format_duration
from tideline.features.arrays import F64, I64
from tideline.features.cadences import cadences
from tideline.features.engine import evaluate_legs
from tideline.features.groups import Group
from tideline.features.legs import LegSet
from tideline.features.sampling import samples
from tideline.features.window import WINDOWS
from tideline.log import Log
from tideline.readings.analogue import (
    HORIZONS,
    AnalogueInputs,
    Outcome,
    Quantity,
    dimensions,
)
from tideline.signals import BY_ADDRESS
from tideline.store.rows import AssetRows

HELD = ("open_interest", "open_interest_usd")
RET, OI = "price.ret", "positioning.oi_usdtm_coin"
QUANTITIES: tuple[Quantity, ...] = ("price", "oi")
MOVES: tuple[tuple[Quantity, str], ...] = tuple((q, h) for q in QUANTITIES for h in HORIZONS)
KNOWN_AFTER = HOUR
"""Outcomes are read with paths as known so long after they were over: published rows are late."""


class HourTable:
    """Rows for every hour from the first known row of the asset on."""

    def __init__(self, log: Log, asset: str, window: str, share: float) -> None:
        """``share``: of the window, the slowest cadence that may speak."""
        self.log, self.asset, self.window = log, asset, window
        self.slowest_us = int(WINDOWS[window] * share)
        self.vector = dimensions(window)
        self.at: I64 = np.empty(0, np.int64)
        self.vectors: F64 = np.empty((0, len(self.vector)))
        self.moves: F64 = np.empty((0, len(MOVES)))

    def inputs(self, as_of: int) -> AnalogueInputs:
        """What R8 is handed at T."""
        rows = self._rows()
        hours = self._missing(rows, as_of)
        vectors, moves, slow = self._worked_out(rows, np.append(hours, as_of))
        self.at = np.concatenate([self.at, hours])
        self.vectors = np.concatenate([self.vectors, vectors[:-1]])
        self.moves = np.concatenate([self.moves, moves[:-1]])
        size = int(np.searchsorted(self.at, as_of, side="left"))
        return AnalogueInputs(
            asset=self.asset,
            window=self.window,
            as_of=as_of,
            dimensions=self.vector,
            now=vectors[-1],
            at=self.at[:size],
            vectors=self.vectors[:size],
            outcomes=tuple(
                Outcome(quantity, horizon, _of_start(self.moves[:size, k], horizon))
                for k, (quantity, horizon) in enumerate(MOVES)
            ),
            known_after_us=KNOWN_AFTER,
            left_out=tuple(
                f"{venue} {instrument} (cadence {format_duration(cadence)})"
                for (venue, instrument), cadence in sorted(slow.items())
            ),
        )

    def _rows(self) -> AssetRows:
        deepest = f"{OI}@1h:delta[{WINDOWS[HORIZONS[-1]] // HOUR + 1}]"
        return AssetRows(
            self.log, self.asset, [*self.vector, deepest, f"{RET}@{HORIZONS[-1]}:delta"]
        )

    def _missing(self, rows: AssetRows, as_of: int) -> I64:
        """The hours before T that are not there yet."""
        begin = int(self.at[-1]) + HOUR if self.at.size else _first_hour(self.log, rows, as_of)
        return np.arange(begin, as_of, HOUR, dtype=np.int64)

    def _worked_out(self, rows: AssetRows, moments: I64) -> tuple[F64, F64, dict[Group, int]]:
        """Vectors and moves at these moments (ascending); at the last the groups too slow there."""
        vectors = np.full((moments.size, len(self.vector)), np.nan)
        moves = np.full((moments.size, len(MOVES)), np.nan)
        slow: dict[Group, int] = {}
        for part in rows.parts(moments):
            span = np.arange(part.low, part.high)
            for legs, chosen in self._speaking(part.legs, moments[span]):
                place, known = span[chosen], moments[span[chosen]]
                found = evaluate_legs(legs, BY_ADDRESS, rows.instruments, known, self.vector)
                vectors[place] = found.values
                moves[place] = _moved(legs, rows, known)
            slow = self._slow(part.legs, moments[-1:])
        return vectors, moves, slow

    def _slow(self, legs: LegSet, as_of: I64) -> dict[Group, int]:
        """The groups that speak too rarely at one moment, with their cadence."""
        found = {group: int(_slowest(legs, group, as_of)[0]) for group in _groups(legs)}
        return {group: cadence for group, cadence in found.items() if cadence > self.slowest_us}

    def _speaking(
        self, legs: LegSet, as_of: NDArray[np.int64]
    ) -> Iterator[tuple[LegSet, NDArray[np.int64]]]:
        """The legs that may speak and the moments (their places) at which just those do."""
        groups = _groups(legs)
        slow = np.array([_slowest(legs, g, as_of) > self.slowest_us for g in groups], np.bool_)
        slow = slow.reshape(len(groups), as_of.size)
        patterns, which = np.unique(slow, axis=1, return_inverse=True)
        for k in range(patterns.shape[1]):
            out = {group for group, left in zip(groups, patterns[:, k], strict=True) if left}
            kept = {key: n for key, n in legs.index.items() if (key[0], key[1]) not in out}
            yield LegSet(kept, legs.arrays), np.flatnonzero(which.ravel() == k)


def _first_hour(log: Log, rows: AssetRows, as_of: int) -> int:
    """The first full hour with a row known, none before what retention kept."""
    held = [leg.first_known for leg in rows.known if leg.field in rows.fields]
    begin = max(min(held, default=as_of), int(log.horizon()))
    return -(-begin // HOUR) * HOUR


def _groups(legs: LegSet) -> list[Group]:
    """The groups that hold open interest."""
    return sorted({(venue, instrument) for venue, instrument, f in legs.index if f in HELD})


def _slowest(legs: LegSet, group: Group, as_of: NDArray[np.int64]) -> I64:
    """The slower cadence of a group's open interest in coin and in USD, at each moment."""
    both = [cadences(legs, (*group, field), as_of) for field in HELD]
    return np.maximum(both[0], both[1])


def _moved(legs: LegSet, rows: AssetRows, known: I64) -> F64:
    """What price and OI did over the horizons that ended :data:`KNOWN_AFTER` before each moment,
    in the order of :data:`MOVES`."""
    instruments = rows.instruments
    back = np.array([0, *(WINDOWS[horizon] for horizon in HORIZONS)], np.int64) + KNOWN_AFTER
    held = samples(legs, BY_ADDRESS[OI], HOUR, instruments, known, back)
    with np.errstate(divide="ignore", invalid="ignore"):
        grown = held[:, :1] / held[:, 1:] - 1.0
    grown[~np.isfinite(grown)] = np.nan
    price = [
        np.expm1(samples(legs, BY_ADDRESS[RET], WINDOWS[h], instruments, known, back[:1])[:, 0])
        for h in HORIZONS
    ]
    return np.column_stack([*price, grown])


def _of_start(seen: F64, horizon: str) -> F64:
    """From the hour at which a move was seen to the hour it began; hours stand without a hole."""
    ahead = (WINDOWS[horizon] + KNOWN_AFTER) // HOUR
    moved = np.full(seen.size, np.nan)
    moved[: max(seen.size - ahead, 0)] = seen[ahead:]
    return moved
