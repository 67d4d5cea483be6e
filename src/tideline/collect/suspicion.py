"""Is a snapshot of open interest to be believed, judged by the one before it?

    impossible   negative, zero, not finite, or absurdly large: always suspect
    jump         the ratio to the previous snapshot is within 2 % of 2, 1/2 or 10^n (n not 0)
                 while the mark moved less than 5 %
    volume       |change| > 1.05 x (volume + liquidated coin since), where the volume is known
    leap         volume unknown: |change| > 35 % while the mark moved less than 5 % and the
                 instrument is older than 14 days

All but the first only if the previous snapshot is at most 3 cadences old. An unknown mark excuses
no jump and proves no leap. A mark that is only this row's notional over its coins cannot vouch for
the coins: there a notional that moved less than 5 % says that the price did not move.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tideline.collect.legrows import Bools, Floats, Ints
from tideline.domain.time import DAY, SECOND

MAX_CADENCES = 3
NEAR_RATIO = 0.02 + 1e-12  # 2 % inclusive, whatever the last bit of the ratio
MARK_MOVE = 0.05
VOLUME_SLACK = 1.05
LEAP = 0.35
ABSURD = 1e18  # the largest real ones are near 1e15 coins (MOG) and 1e11 USD
SETTLED_AGE_US = 14 * DAY
BAR_FIT = 0.01  # stamps are up to 2 s off a 300 s grid


@dataclass(frozen=True, slots=True)
class Snapshots:
    """What is known beside each open interest: arrays of one length, NaN where unknown."""

    event: Ints
    value: Floats
    cadence_s: Floats
    mark: Floats
    notional: Floats

    def at(self, index: Any) -> Snapshots:
        return Snapshots(
            self.event[index],
            self.value[index],
            self.cadence_s[index],
            self.mark[index],
            self.notional[index],
        )


@dataclass(frozen=True, slots=True)
class Traded:
    """Traded and liquidated coins of a group: bars by their END, in event order."""

    end: Ints
    length_us: Ints
    volume: Floats
    liquidated_at: Ints
    liquidated: Floats

    def since(self, start: Ints, end: Ints) -> tuple[Floats, Bools]:
        """Coins traded and liquidated in (start, end], and whether bars tile that span."""
        low, high = (np.searchsorted(self.end, edge, side="right") for edge in (start, end))
        covered = _sums(self.length_us.astype(np.float64), low, high)
        span = (end - start).astype(np.float64)
        known = np.abs(covered - span) <= BAR_FIT * span
        coins = _sums(self.volume, low, high)
        low, high = (np.searchsorted(self.liquidated_at, edge, "right") for edge in (start, end))
        return coins + _sums(self.liquidated, low, high), known


def nothing_traded() -> Traded:
    """Volume not known at all."""
    none = np.empty(0, np.int64)
    return Traded(none, none, np.empty(0), none, np.empty(0))


def _sums(values: Floats, low: Any, high: Any) -> Floats:
    """Sum of values[low:high] per pair; no running total, so nothing large leaves a trace."""
    padded = np.append(values, [0.0, 0.0])
    edges = np.empty(2 * len(low), np.int64)
    edges[0::2], edges[1::2] = low, np.maximum(high, low)
    sums = np.add.reduceat(padded, edges)[0::2] if len(edges) else np.empty(0)
    return np.where(high > low, sums, 0.0)


def impossible(value: Floats) -> Bools:
    """Negative, zero, not finite, or beyond anything that was ever held."""
    return ~((value > 0) & (value < ABSURD))


def near_step(ratio: Floats) -> Bools:
    """Within 2 % of 2, of 1/2, or of a power of ten other than 1."""
    with np.errstate(all="ignore"):
        power = np.round(np.log10(ratio))
        decade = (power != 0) & (np.abs(ratio / 10.0**power - 1.0) <= NEAR_RATIO)
        double = np.abs(ratio / 2.0 - 1.0) <= NEAR_RATIO
        half = np.abs(ratio / 0.5 - 1.0) <= NEAR_RATIO
    found: Bools = decade | double | half
    return found


def suspicious(now: Snapshots, before: Snapshots, first_event: int, traded: Traded) -> Bools:
    """Which of ``now`` are suspect against the represented snapshot ``before`` each of them."""
    bad = impossible(now.value)
    age = now.event - before.event
    tested = (age <= MAX_CADENCES * now.cadence_s * SECOND) & (age > 0) & ~impossible(before.value)
    with np.errstate(all="ignore"):
        ratio = now.value / before.value
        change = np.abs(now.value - before.value)
        moved = np.abs(now.mark / before.mark - 1.0)
        steady_notional = np.abs(now.notional / before.notional - 1.0) < MARK_MOVE
        own = np.abs(now.mark * now.value / now.notional - 1.0) < 1e-9
    still = (moved < MARK_MOVE) | (own & steady_notional)
    jump = near_step(ratio) & (still | np.isnan(moved))
    coins, known = traded.since(before.event, now.event)
    beyond = known & (change > VOLUME_SLACK * coins)
    old = now.event - first_event > SETTLED_AGE_US
    leap = ~known & (change > LEAP * before.value) & still & old
    found: Bools = bad | (tested & (jump | beyond | leap))
    return found
