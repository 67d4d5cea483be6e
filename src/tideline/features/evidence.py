"""What stands beside the number: age, n, coverage, basis, revised, and the state of each group."""

from __future__ import annotations

import numpy as np

from tideline.domain.time import DAY, SECOND
from tideline.features.arrays import F64, FAR, I64
from tideline.features.choose import advance, choose, present
from tideline.features.flows import group_flow
from tideline.features.formulas import MINUTES_UNTIL, path
from tideline.features.jit import inlined, kernel
from tideline.features.lookup import find, version, visible
from tideline.features.plan import (
    FLOW,
    NEEDED,
    PULSE,
    STOCKS,
    WIDTH,
    Query,
    entry_at,
    group_at,
    head_at,
    info_of,
    leg_at,
    query_at,
    role,
    version_at,
)
from tideline.features.reasons import NONE
from tideline.features.sweep import start

FIELDS = WIDTH[NEEDED]

COVERAGE_SPAN = 7 * DAY
"""A group counts in coverage if it had a row in this span before T."""

BASES = ("", "recorded", "assumed", "mixed")
ABSENT, LEFT_OUT, USED = 0, 1, 2


@kernel
def newest_event(q: Query, g: int, T: int) -> int:
    """Newest represented event_time of the group's needed fields (flows: heartbeats too)."""
    newest = -FAR
    for f in range(FIELDS + 1):
        l = role(q, g, NEEDED + f) if f < FIELDS else role(q, g, PULSE)
        if l >= 0:
            i = visible(q, l, T, T, head_at(query_at(q, 0).heads, l).at)
            if i >= leg_at(query_at(q, 0).leg, l).low:
                newest = max(newest, entry_at(query_at(q, 0).entry, i).event)
    return newest


@kernel
def restated(q: Query, i: int, T: int) -> bool:
    """Has entry i two or more distinct values known at T?"""
    first = entry_at(query_at(q, 0).entry, i).versions
    for v in range(first + 1, entry_at(query_at(q, 0).entry, i + 1).versions):
        if (
            version_at(query_at(q, 0).version, v).known <= T
            and version_at(query_at(q, 0).version, v).value
            != version_at(query_at(q, 0).version, first).value
        ):
            return True
    return False


@kernel
def next_odd(q: Query, i: int, high: int) -> int:
    """The first entry from i on that is late or has several versions; high if there is none."""
    before = entry_at(query_at(q, 0).entry, i).odd
    if entry_at(query_at(q, 0).entry, high).odd == before:
        return high
    low = i
    while low < high:
        middle = (low + high) // 2
        if entry_at(query_at(q, 0).entry, middle + 1).odd > before:
            high = middle
        else:
            low = middle + 1
    return low


@inlined
def count_entries(q: Query, low: int, high: int, T: int, counts: I64) -> None:
    """Visible entries among low .. high-1 (none beyond the head), restated ones apart.

    Only odd entries need a look: all others are visible and of one version.
    """
    counts[0] += (
        high
        - low
        - (entry_at(query_at(q, 0).entry, high).odd - entry_at(query_at(q, 0).entry, low).odd)
    )
    i = next_odd(q, low, high)
    while i < high:
        if entry_at(query_at(q, 0).entry, i).first <= T:
            counts[0] += 1
            counts[1] += restated(q, i, T)
        i = next_odd(q, i + 1, high)


@inlined
def merge_pairs(q: Query, g: int, at: I64, end: I64, T: int, counts: I64) -> None:
    """Count distinct visible event times over the fields' entries at[f] .. end[f]-1."""
    while True:
        event, twice = FAR, False
        for f in range(FIELDS):
            while at[f] < end[f] and entry_at(query_at(q, 0).entry, at[f]).first > T:
                at[f] += 1
            if at[f] < end[f]:
                event = min(event, entry_at(query_at(q, 0).entry, at[f]).event)
        if event == FAR:
            return
        for f in range(FIELDS):
            if at[f] < end[f] and entry_at(query_at(q, 0).entry, at[f]).event == event:
                twice = twice or restated(q, at[f], T)
                at[f] += 1
        counts[0] += 1
        counts[1] += twice


@inlined
def count_pairs(q: Query, g: int, T: int, counts: I64) -> None:
    """Add the group's distinct event times in (T - w, T] to counts[0], restated ones to [1]."""
    at = np.zeros(FIELDS, np.int64)
    end = np.zeros(FIELDS, np.int64)
    filled, only = 0, 0
    for f in range(FIELDS):
        l = role(q, g, NEEDED + f)
        if l >= 0:
            at[f] = find(q, l, T - info_of(query_at(q, 0).info, 0).window) + 1
            end[f] = min(find(q, l, T), head_at(query_at(q, 0).heads, l).at) + 1
            if at[f] < end[f]:
                filled += 1
                only = f
    if filled == 1:
        count_entries(q, at[only], end[only], T, counts)
        return
    if filled > 0:
        merge_pairs(q, g, at, end, T, counts)


@inlined
def bases_of_leg(q: Query, l: int, since: int, T: int, head: int) -> int:
    """1 recorded, 2 assumed, 3 both: rows in (since, T] and the one in force at ``since``."""
    low = visible(q, l, since, T, head)
    if (
        low < leg_at(query_at(q, 0).leg, l).low
        or since > version_at(query_at(q, 0).version, version(q, low, T)).expiry
    ):
        low = find(q, l, since) + 1
    high = min(find(q, l, T), head) + 1
    if low >= high:
        return 0
    assumed = (
        entry_at(query_at(q, 0).entry, high).assumed - entry_at(query_at(q, 0).entry, low).assumed
    )
    count = high - low
    i = next_odd(q, low, high)
    while i < high:
        assumed -= (
            entry_at(query_at(q, 0).entry, i + 1).assumed
            - entry_at(query_at(q, 0).entry, i).assumed
        )
        if entry_at(query_at(q, 0).entry, i).first <= T:
            assumed += version_at(query_at(q, 0).version, version(q, i, T)).assumed
        else:
            count -= 1
        i = next_odd(q, i + 1, high)
    return (1 if assumed < count else 0) | (2 if assumed > 0 else 0)


@inlined
def covered(q: Query, T: int) -> float:
    """Share of the sum, or of the count, of the groups seen in the last 7 days."""
    if info_of(query_at(q, 0).info, 0).single:
        return 1.0
    top, bottom = 0.0, 0.0
    for g in range(query_at(q, 0).groups):
        seen, last = group_at(query_at(q, 0).group, g).used == 1, 0.0
        for f in range(FIELDS):
            l = role(q, g, NEEDED + f)
            if l < 0:
                continue
            i = visible(q, l, T, T, head_at(query_at(q, 0).heads, l).at)
            if i >= leg_at(query_at(q, 0).leg, l).low:
                seen = seen or entry_at(query_at(q, 0).entry, i).event > T - COVERAGE_SPAN
                if f == 0:
                    last = version_at(query_at(q, 0).version, version(q, i, T)).value
        if seen:
            part = last if info_of(query_at(q, 0).info, 0).by_value == 1 else 1.0
            bottom += part
            if group_at(query_at(q, 0).group, g).used:
                top += part
    return top / bottom if bottom > 0.0 else np.nan


@inlined
def witness(q: Query, as_of: I64, span: int, reach: int, values: F64, counts: I64) -> None:
    """Evidence of one transform at every as_of (ascending).

    ``span`` is how far back breaks count, ``reach`` how far back rows were used. Fills values
    with age in seconds and coverage, counts with n, basis and revised, a row each.
    """
    age, coverage = values[0], values[1]
    n, basis, revised = counts[0], counts[1], counts[2]
    start(q)
    pairs = np.zeros(2, np.int64)
    for r in range(as_of.size):
        T = as_of[r]
        advance(q, T)
        age[r], coverage[r] = np.nan, np.nan
        n[r], revised[r], basis[r] = 0, 0, 0
        if choose(q, T, span) != NONE:
            continue
        oldest, bases = FAR, 0
        pairs[0], pairs[1] = 0, 0
        for g in range(query_at(q, 0).groups):
            if not group_at(query_at(q, 0).group, g).used:
                continue
            oldest = min(oldest, newest_event(q, g, T))
            count_pairs(q, g, T, pairs)
            for f in range(FIELDS):
                l = role(q, g, NEEDED + f)
                if f == 0 and info_of(query_at(q, 0).info, 0).formula == MINUTES_UNTIL:
                    l = role(q, g, STOCKS + group_at(query_at(q, 0).group, g).pick)
                if l >= 0:
                    bases |= bases_of_leg(q, l, T - reach, T, head_at(query_at(q, 0).heads, l).at)
        age[r] = (T - oldest) / SECOND
        n[r], revised[r], basis[r] = pairs[0], pairs[1], bases
        coverage[r] = covered(q, T)


@kernel
def cadence_of(q: Query, l: int, T: int) -> float:
    """Cadence in seconds of the leg's newest represented row at T; NaN if there is none."""
    if l < 0:
        return np.nan
    i = visible(q, l, T, T, head_at(query_at(q, 0).heads, l).at)
    if i < leg_at(query_at(q, 0).leg, l).low:
        return np.nan
    return version_at(query_at(q, 0).version, version(q, i, T)).cadence / SECOND


@inlined
def describe_groups(q: Query, T: int, span: int, back: int, values: F64, counts: I64) -> None:
    """Each group at T: counts its state (absent, left out, used), values its age in seconds,
    value, previous value (``back`` before) and cadence in seconds, a row each."""
    age, value, previous, cadence, state = values[0], values[1], values[2], values[3], counts[0]
    start(q)
    advance(q, T)
    choose(q, T, span)
    info = info_of(query_at(q, 0).info, 0)
    for g in range(query_at(q, 0).groups):
        age[g], value[g], previous[g], cadence[g] = np.nan, np.nan, np.nan, np.nan
        state[g] = ABSENT
        if not present(q, g, T):
            continue
        state[g] = USED if group_at(query_at(q, 0).group, g).used else LEFT_OUT
        cadence[g] = cadence_of(q, role(q, g, NEEDED), T)
        newest = newest_event(q, g, T)
        if newest > -FAR:
            age[g] = (T - newest) / SECOND
        if info.kind == FLOW:
            value[g] = group_flow(q, g, 0, T, info.window, T)
            previous[g] = group_flow(q, g, 0, T - back, info.window, T)
        else:
            column = group_at(query_at(q, 0).group, g).pick
            value[g] = path(q, g, column, T, T)
            then = T - back
            previous[g] = path(q, g, column, then, T)
