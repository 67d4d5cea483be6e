"""One side or both? What open interest and trade say about how a venue counts.

Bound      one-sided open interest cannot change by more than what was traded, two-sided by twice
           that. Windows with |change| > 1.05 x volume prove two sides, their absence nothing.
Quantum    between two readings with exactly ONE trade of size q, one-sided open interest moves by 0
           or q, two-sided by 0 or 2 q. The more frequent of the two settles it.

Changes beyond twice the volume fit neither: another unit, trades that are missing (insurance fund,
auto-deleveraging), readings that are not of the moment they claim. Too many of those prove nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from tideline.collect.legrows import Bools, Floats, Ints
from tideline.collect.stored import StoredLeg, stored_legs
from tideline.collect.suspicion import VOLUME_SLACK, Traded
from tideline.domain.time import SECOND
from tideline.log import Log

Verdict = Literal["one", "two", "unproven"]

LEAST_WINDOWS = 10
"""Windows that must speak for a verdict."""
MOST_STRANGE = 0.1
"""Share of windows that may fit neither count, of those that speak."""
NEAR = 0.01
APART_BARS = 5
"""Bars in a window whose readings are on no edge: the two half bars too many weigh little then."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the windows say.

    Attributes:
        windows: pairs of readings whose volume is known.
        beyond_one: of these, changes that one side cannot explain (> 1.05 x volume).
        beyond_two: changes that two sides cannot explain either (> 2.1 x volume).
        single: windows with exactly one trade in which the reading moved.
        by_one, by_two: of these, moves by the size of the trade, and by twice that.
    """

    windows: int = 0
    beyond_one: int = 0
    beyond_two: int = 0
    single: int = 0
    by_one: int = 0
    by_two: int = 0

    @property
    def verdict(self) -> Verdict:
        """What is proven. The quantum form decides where it speaks, else the bound form."""
        strange = self.single - self.by_one - self.by_two
        if max(self.by_one, self.by_two) >= LEAST_WINDOWS and strange <= MOST_STRANGE * self.single:
            if self.by_one >= 2 * self.by_two:
                return "one"
            if self.by_two >= 2 * self.by_one:
                return "two"
            return "unproven"
        within = self.beyond_one - self.beyond_two
        if within >= LEAST_WINDOWS and self.beyond_two <= MOST_STRANGE * self.beyond_one:
            return "two"
        return "unproven"


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table. ``counted_as`` is what the conventions took for granted."""

    venue: str
    instrument: str
    counted_as: str
    evidence: Evidence

    @property
    def agrees(self) -> bool | None:
        """Does the proof agree with the conventions? None while nothing is proven."""
        verdict = self.evidence.verdict
        if verdict == "unproven":
            return None
        return {"one": "1", "two": "2"}[verdict] == self.counted_as

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data."""
        return {
            "venue": self.venue,
            "instrument": self.instrument,
            "counted_as": self.counted_as,
            "verdict": self.evidence.verdict,
            "agrees": self.agrees,
            **asdict(self.evidence),
        }


def by_bound(event: Ints, coins: Floats, traded: Traded) -> Evidence:
    """The bound form: readings of open interest in coins, in event order, against volume bars.

    Readings on edges of bars are taken as they are. Where there are none, readings some bars apart
    are, and a window's volume is that of every bar it touches: a little more than was traded in it,
    so that nothing is proven by bars which do not fit.
    """
    if not len(traded.end):
        return Evidence()
    edges = np.unique(np.concatenate([traded.end, traded.end - traded.length_us]))
    chosen = np.flatnonzero(np.isin(event, edges))
    if len(chosen) < 2:
        chosen = _apart(event, APART_BARS * int(np.median(traded.length_us)))
    event, coins = event[chosen], coins[chosen]
    if len(event) < 2:
        return Evidence()
    start, end, held = _outward(event[:-1], event[1:], edges)
    volume, known = traded.since(start, end)
    known &= held
    change = np.abs(np.diff(coins))
    known = known & (event[1:] > event[:-1])
    return Evidence(
        windows=int(known.sum()),
        beyond_one=_count(known, change, VOLUME_SLACK * volume),
        beyond_two=_count(known, change, 2 * VOLUME_SLACK * volume),
    )


def _apart(event: Ints, span: int) -> Ints:
    """Places of readings at least ``span`` apart."""
    kept: list[int] = []
    at = 0
    while at < len(event):
        kept.append(at)
        at = int(np.searchsorted(event, event[at] + max(span, 1), side="left"))
    return np.array(kept, np.int64)


def _outward(start: Ints, end: Ints, edges: Ints) -> tuple[Ints, Ints, Bools]:
    """The nearest edges of bars around each window, and whether there are any."""
    low = np.searchsorted(edges, start, side="right") - 1
    high = np.searchsorted(edges, end, side="left")
    held = (low >= 0) & (high < len(edges))
    return edges[np.maximum(low, 0)], edges[np.minimum(high, len(edges) - 1)], held


def by_quantum(event: Ints, coins: Floats, trade_at: Ints, trade_coins: Floats) -> Evidence:
    """The quantum form: readings against single trades, both in event order."""
    if len(event) < 2:
        return Evidence()
    low, high = (np.searchsorted(trade_at, edge, side="right") for edge in (event[:-1], event[1:]))
    change = np.abs(np.diff(coins))
    scale = np.maximum(np.abs(coins[1:]), 1.0)
    alone = (high - low == 1) & (change > 1e-12 * scale)
    size = (
        trade_coins[np.minimum(low, max(len(trade_coins) - 1, 0))] if len(trade_coins) else change
    )
    one = alone & (np.abs(change - size) <= NEAR * size)
    two = alone & (np.abs(change - 2 * size) <= NEAR * size)
    return Evidence(single=int(alone.sum()), by_one=int(one.sum()), by_two=int(two.sum()))


def together(first: Evidence, second: Evidence) -> Evidence:
    """Both evidences as one."""
    mine, other = asdict(first), asdict(second)
    return Evidence(**{name: mine[name] + other[name] for name in mine})


def sides_of(
    log: Log,
    asset: str,
    as_of: int,
    trades: Mapping[tuple[str, str], tuple[Ints, Floats]] | None = None,
    *,
    since: int | None = None,
) -> list[Result]:
    """The table for every instrument of an asset that has open interest in coins.

    Stored numbers are taken back to how the venue counts (twice, where its source says two sides).
    ``trades``: (venue, instrument) -> times and coins of single trades, where they are known.
    """
    legs = {
        leg.key: (leg.first_event, leg.first_recorded_event)
        for leg in log.legs(asset)
        if leg.field in _FIELDS
    }
    table = log.read(asset, as_of, fields=_FIELDS, event_from=since)
    held = stored_legs(table, legs)
    found = []
    for (_, venue, instrument, field), leg in sorted(held.items(), key=lambda item: item[0]):
        if field != "open_interest":
            continue
        standing = _standing(leg)
        counted, times = _counted(log, leg.source_id[standing])
        event, coins = leg.event[standing], leg.value[standing] * times
        volume = held.get((asset, venue, instrument, "volume_coin"))
        evidence = by_bound(event, coins, _traded(volume)) if volume is not None else Evidence()
        single = (trades or {}).get((venue, instrument))
        if single is not None:
            evidence = together(evidence, by_quantum(event, coins, *single))
        found.append(Result(venue, instrument, counted, evidence))
    return found


_FIELDS = ("open_interest", "volume_coin")


def _count(known: Bools, change: Floats, bound: Floats) -> int:
    return int((known & (change > bound)).sum())


def _standing(leg: StoredLeg) -> Ints:
    """The places of the rows that represent their events."""
    last = np.append(leg.event[1:] != leg.event[:-1], True)[: len(leg.event)]
    return np.flatnonzero(last & leg.ok)


def _counted(log: Log, source_id: Ints) -> tuple[str, Floats]:
    """How the newest row was counted, and per row what takes it back to the venue's count."""
    sides = {int(i): log.source(int(i)).sides if i else "-" for i in np.unique(source_id)}
    times = np.array([2.0 if sides[int(i)] == "2" else 1.0 for i in source_id])
    return (sides[int(source_id[-1])] if len(source_id) else "-"), times


def _traded(leg: StoredLeg) -> Traded:
    standing = _standing(leg)
    none = np.empty(0, np.int64)
    length = (leg.cadence_s[standing] * SECOND).astype(np.int64)
    return Traded(leg.event[standing], length, leg.value[standing], none, np.empty(0))


def as_table(results: Iterable[Result]) -> list[dict[str, Any]]:
    """One plain row a result, those that contradict the conventions first."""
    order = {False: 0, True: 1, None: 2}
    return [one.to_dict() for one in sorted(results, key=lambda one: order[one.agrees])]
