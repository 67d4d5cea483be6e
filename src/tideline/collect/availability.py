"""When imported history counts as known, and what of it is new.

1. Rows at or after the leg's first recorded event_time are left out: there the log saw for itself.
2. The FIRST value of a (leg, event_time) is known at event_time + lag.
3. A value equal to the latest represented one is a duplicate and is dropped.
4. A different value is a restatement, known at the commit that brings it.
5. Conflicts inside one import go in file-name order, then row order: the first is the first value,
   each later one a restatement of it.

What an import offers for one event_time is dropped as a whole when the log's revisions of it
already end with just that sequence, so that a file taken in twice adds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tideline.collect.legrows import Bools, Floats, Ints, LegRows, same_value
from tideline.collect.stored import StoredLeg
from tideline.domain.time import MINUTE

LAG_5M = 5 * MINUTE

POLLED_FIELDS = frozenset(
    {
        "open_interest",
        "open_interest_usd",
        "lsr_top_positions",
        "lsr_top_accounts",
        "lsr_global_accounts",
        "taker_ratio_bar",
    }
)
"""Published by Binance, Bybit and OKX some time after the instant they speak of."""

POLLED_VENUES = frozenset({"binance", "bybit", "okx"})

AT_COMMIT = -1
"""Stands for the known_time of the commit, which only the log can give."""


def default_lag_us(venue: str, field: str, *, kline: bool = False) -> int:
    """Modelled lag after event_time of one source (µs).

    ``kline`` marks values read from candles: there even taker volumes are complete at the END.
    """
    if venue not in POLLED_VENUES or kline:
        return 0
    if field in POLLED_FIELDS or field in ("taker_buy_coin", "taker_sell_coin"):
        return LAG_5M
    return 0


@dataclass(frozen=True, slots=True)
class Fresh:
    """What of the offered rows goes into the log, and what happened to the rest.

    ``rows`` are in event order, revisions of one event in the order offered. ``known`` is
    ``AT_COMMIT`` for restatements.
    """

    rows: LegRows
    known: Ints
    duplicates: int
    restated: int
    after_recorded: int


def fresh_rows(offered: LegRows, stored: StoredLeg) -> Fresh:
    """Sort the offered rows of one leg into first values, restatements and what is dropped."""
    after = 0
    if stored.first_recorded is not None:
        keep = offered.event < stored.first_recorded
        after = len(offered) - int(keep.sum())
        offered = offered.at(keep) if after else offered
    offered = _by_event(offered)
    first = _starts(offered.event)
    duplicate = ~first
    duplicate[1:] &= same_value(offered.value[1:], offered.value[:-1])
    restated = ~first & ~duplicate
    if len(stored):
        _against_stored(offered, first, stored, duplicate, restated)
    known = np.where(restated, AT_COMMIT, offered.event + offered.lag_us)
    if duplicate.any():
        keep = ~duplicate
        return Fresh(
            offered.at(keep), known[keep], int(duplicate.sum()), int(restated[keep].sum()), after
        )
    return Fresh(offered, known, 0, int(restated.sum()), after)


def _by_event(offered: LegRows) -> LegRows:
    if len(offered) < 2 or bool((offered.event[1:] >= offered.event[:-1]).all()):
        return offered
    return offered.at(np.argsort(offered.event, kind="stable"))


def _starts(event: Ints) -> Bools:
    first = np.ones(len(event), np.bool_)
    first[1:] = event[1:] != event[:-1]
    return first


def _against_stored(
    offered: LegRows, first: Bools, stored: StoredLeg, duplicate: Bools, restated: Bools
) -> None:
    """Fill the masks where the log already has a row for the event (rules 3 to 5)."""
    begins = np.flatnonzero(_starts(stored.event))
    ends = np.append(begins[1:], len(stored))
    events = stored.event[begins]
    at = np.searchsorted(events, offered.event)
    at[at == len(events)] = 0
    met = events[at] == offered.event if len(events) else np.zeros(len(offered), np.bool_)
    latest = stored.value[ends - 1]
    standing = stored.value[_represented(stored, begins, ends)]
    single = first & np.append(first[1:], True) if len(first) else first
    plain = met & single
    same = same_value(offered.value, latest[at]) | same_value(offered.value, standing[at])
    duplicate[plain] = same[plain]
    restated[plain] = ~same[plain]
    for start in np.flatnonzero(met & first & ~single).tolist():
        stop = start + 1
        while stop < len(offered) and not first[stop]:
            stop += 1
        chain = stored.value[begins[at[start]] : ends[at[start]]]
        _chain(
            offered.value[start:stop],
            chain,
            float(standing[at[start]]),
            slice(start, stop),
            duplicate,
            restated,
        )


def _represented(stored: StoredLeg, begins: Ints, ends: Ints) -> Ints:
    """Per stored event the place of its last ok row, or of its last row if none is ok."""
    place = np.where(stored.ok, np.arange(len(stored)), -1)
    last_ok = np.maximum.reduceat(place, begins)
    return np.where(last_ok >= 0, last_ok, ends - 1)


def _chain(
    values: Floats, chain: Floats, standing: float, where: slice, duplicate: Bools, restated: Bools
) -> None:
    """Several offered values for an event that the log has: drop a known tail, else restate."""
    offered = _collapsed(values)
    kept = _collapsed(chain)
    tail = kept[len(kept) - len(offered) :]
    if len(offered) <= len(kept) and bool(same_value(offered, tail).all()):
        duplicate[where], restated[where] = True, False
        return
    before = np.append(standing, values[:-1])
    same = same_value(values, before)
    duplicate[where], restated[where] = same, ~same


def _collapsed(values: Floats) -> Floats:
    keep = np.ones(len(values), np.bool_)
    keep[1:] = ~same_value(values[1:], values[:-1])
    return values[keep]
