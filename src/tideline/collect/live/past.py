"""Rows of histories: what is new among them, what is a restatement, what is older than the log.

1. Rows older than the leg's first recorded event are offered for back-filling (assumed). While a
   leg has no recorded row, only the newest row of a regular answer is recorded.
2. A row equal to what stands for its event is a duplicate, a different one a restatement.
3. What is older than anything remembered, and not older than the log, cannot be told apart: left
   out and counted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from tideline.collect.availability import default_lag_us
from tideline.collect.intake import Offer
from tideline.collect.legrows import leg_rows
from tideline.collect.live.legs import COINS, NOTIONAL, Group, Lane, Leg
from tideline.collect.live.origins import Origin
from tideline.collect.live.tally import FeedTally
from tideline.domain.fields import BY_NAME
from tideline.venues.parsed import Counted


class PastRow(NamedTuple):
    """One row of a history answer, with the lane it belongs to."""

    lane: Lane
    event: int
    value: float


def same(a: float, b: float) -> bool:
    """Equal as stored values: a NaN equals a NaN."""
    return a == b or (math.isnan(a) and math.isnan(b))


def sorted_out(
    rows: Sequence[PastRow], purpose: str, tally: FeedTally, offer: Callable[[PastRow], None]
) -> list[PastRow]:
    """The rows to record now, in event order per leg; older ones go to ``offer``."""
    by_leg: dict[Leg, list[PastRow]] = {}
    for row in rows:
        by_leg.setdefault(row.lane.leg, []).append(row)
    found: list[PastRow] = []
    for leg, own in by_leg.items():
        own.sort(key=lambda row: row.event)
        newest = own[-1].event
        for row in own:
            standing = leg.standing(row.event)
            if standing is not None and same(standing, row.value):
                tally.duplicates += 1
            elif _before_the_log(leg, row.event, newest, purpose):
                tally.offered += 1
                leg.past.put(row.event, row.value)
                offer(row)
            elif standing is None and row.event <= leg.past.floor:
                tally.leave_out("older than what is remembered")
            else:
                tally.restated += standing is not None
                leg.past.put(row.event, row.value)
                if leg.first is None:
                    leg.first = row.event
                found.append(row)
    return found


def _before_the_log(leg: Leg, event: int, newest: int, purpose: str) -> bool:
    first = _begun(leg)
    if first is None:
        return purpose == "backfill" or event < newest
    return event < first


def _begun(leg: Leg) -> int | None:
    """The first recorded event. Coins and dollars begin together: were one recorded and the other
    offered, the log would hold dollars of its own making where the venue gave them."""
    if leg.field not in (COINS, NOTIONAL):
        return leg.first
    twin = leg.group.legs.get(NOTIONAL if leg.field == COINS else COINS)
    begun = [one.first for one in (leg, twin) if one is not None and one.first is not None]
    return min(begun, default=None)


class Offers:
    """Rows older than the log, gathered until the next commit."""

    def __init__(self) -> None:
        self._rows: dict[Lane, list[PastRow]] = {}
        self._origins: dict[tuple[str, Counted], Origin] = {}

    def add(self, row: PastRow, origin: Origin) -> None:
        """One row, and the frame it came in."""
        self._rows.setdefault(row.lane, []).append(row)
        self._origins.setdefault((origin.feed, origin.counted), origin)

    def drain(self) -> list[Offer]:
        """Everything so far as one offer, or nothing."""
        if not self._rows:
            return []
        places = {key: place for place, key in enumerate(self._origins)}
        legs = []
        for lane, rows in self._rows.items():
            feed = lane.feed
            assert feed is not None
            legs.append(
                leg_rows(
                    lane.leg.name,
                    np.array([row.event for row in rows], np.int64),
                    np.array([row.value for row in rows], np.float64),
                    cadence_s=lane.cadence_s,
                    source=places[feed.name, lane.counted],
                    lag_us=default_lag_us(feed.venue, lane.leg.field, kline=feed.klines),
                )
            )
        sources = [origin.source() for origin in self._origins.values()]
        self._rows, self._origins = {}, {}
        return [Offer(legs, sources)]


def ends_by_feed(rows: Iterable[PastRow]) -> dict[tuple[Group, str], set[int]]:
    """The new bars among recorded rows: (group, taker or volume) -> their ENDs."""
    found: dict[tuple[Group, str], set[int]] = {}
    for row in rows:
        known = BY_NAME.get(row.lane.leg.field)
        if known is not None and known.feed in ("taker", "volume"):
            found.setdefault((row.lane.group, known.feed), set()).add(row.event)
    return found
