"""The value at t, as known at T.

An entry is visible at T when its ``first`` <= T. The newest visible entry at or before t is found
in three steps, each O(1) for rows that came in order:

    1. ``find``      the last entry with event <= t, visible or not (bucket table)
    2. ``newest``    never beyond the newest visible entry of the leg (suffix minima)
    3. ``lower``     from an entry not known yet to the nearest earlier one known before it

Then ``last`` <= T says that every version is known and the settled value stands; otherwise the
versions are walked.
"""

from __future__ import annotations

import numpy as np

from tideline.features.jit import kernel
from tideline.features.plan import (
    UNTRACKED,
    Query,
    bucket_at,
    entry_at,
    leg_at,
    note_of,
    query_at,
    version_at,
)

CROWDED = 24
"""Entries in one bucket beyond which halving beats stepping."""


@kernel
def find(q: Query, l: int, t: int) -> int:
    """Index of the last entry of leg l with event <= t; low-1 if there is none."""
    leg = leg_at(query_at(q, 0).leg, l)
    if leg.low == leg.high or t < leg.origin:
        return leg.low - 1
    b = leg.bucket + ((t - leg.origin) >> leg.shift)
    if b + 1 >= leg.bucket_end:
        return leg.high - 1
    low, high = bucket_at(query_at(q, 0).bucket, b), bucket_at(query_at(q, 0).bucket, b + 1)
    while high - low > CROWDED:
        middle = (low + high) // 2
        if entry_at(query_at(q, 0).entry, middle).event <= t:
            low = middle + 1
        else:
            high = middle
    while low < high and entry_at(query_at(q, 0).entry, low).event <= t:
        low += 1
    return low - 1


@kernel
def newest(q: Query, l: int, T: int, start: int) -> int:
    """Index of the newest entry visible at T; ``start`` is any index known to be at or below."""
    i, high = start, leg_at(query_at(q, 0).leg, l).high
    step = 1
    while i + step < high and entry_at(query_at(q, 0).entry, i + step).suffix <= T:
        i += step
        step *= 2
    while step > 0:
        if i + step < high and entry_at(query_at(q, 0).entry, i + step).suffix <= T:
            i += step
        step //= 2
    return i


@kernel
def earlier(q: Query, l: int, i: int, T: int) -> int:
    """Entry i if it is visible at T, else the nearest visible one before; below low if none."""
    low = leg_at(query_at(q, 0).leg, l).low
    while i >= low and entry_at(query_at(q, 0).entry, i).first > T:
        i = entry_at(query_at(q, 0).entry, i).lower
    return i


@kernel
def narrow(q: Query, stays: int) -> None:
    """What was looked up stays as it is while T goes on by at most ``stays``; negative: unknown."""
    note = note_of(query_at(q, 0).note, 0)
    note.stays = min(note.stays, max(stays, UNTRACKED))


@kernel
def settle(q: Query, l: int, i: int, t: int, T: int) -> None:
    """Entry i was found at t: nothing changes it, and it stays the one until the next entry.

    Unknown where that begins before t, since it is not known yet; where another version of i is to
    come; and at the end of the leg, since a row may still come in between.
    """
    leg = leg_at(query_at(q, 0).leg, l)
    if i + 1 >= leg.high or (i >= leg.low and entry_at(query_at(q, 0).entry, i).last > T):
        narrow(q, UNTRACKED)
    else:
        narrow(q, entry_at(query_at(q, 0).entry, i + 1).event - 1 - t)


@kernel
def visible(q: Query, l: int, t: int, T: int, head: int) -> int:
    """Index of the newest entry with event <= t that is visible at T; below low if none."""
    i = earlier(q, l, min(find(q, l, t), head), T)
    if note_of(query_at(q, 0).note, 0).stays >= 0:
        settle(q, l, i, t, T)
    return i


@kernel
def version(q: Query, i: int, T: int) -> int:
    """The version of entry i that represents it at T (entry i must be visible)."""
    v = entry_at(query_at(q, 0).entry, i + 1).versions - 1
    while version_at(query_at(q, 0).version, v).known > T:
        v -= 1
    return v


@kernel
def value_at(q: Query, l: int, t: int, T: int, head: int) -> float:
    """The leg's path at t as known at T; NaN where null."""
    i = visible(q, l, t, T, head)
    if i < leg_at(query_at(q, 0).leg, l).low:
        return np.nan
    entry = entry_at(query_at(q, 0).entry, i)
    if entry.last <= T:
        if t > entry.expiry:
            return np.nan
        if note_of(query_at(q, 0).note, 0).stays >= 0:
            narrow(q, entry.expiry - t)
        return entry.value
    seen = version_at(query_at(q, 0).version, version(q, i, T))
    return seen.value if t <= seen.expiry else np.nan


@kernel
def alive(q: Query, l: int, t: int, T: int, head: int) -> bool:
    """Is the leg's newest value at or before t still within its max_age?"""
    return not np.isnan(value_at(q, l, t, T, head))


@kernel
def plain(q: Query, low: int, high: int, head: int) -> bool:
    """Are the entries low .. high-1 all visible, on time and of one version?"""
    return bool(
        high - 1 <= head
        and entry_at(query_at(q, 0).entry, high).odd == entry_at(query_at(q, 0).entry, low).odd
    )


@kernel
def first_visible(q: Query, l: int, T: int) -> int:
    """Index of the earliest entry visible at T; high if none."""
    low, high = leg_at(query_at(q, 0).leg, l).low, leg_at(query_at(q, 0).leg, l).high
    if low < high and entry_at(query_at(q, 0).entry, low).first <= T:
        return low
    while low < high:
        middle = (low + high) // 2
        if entry_at(query_at(q, 0).entry, middle).prefix <= T:
            high = middle
        else:
            low = middle + 1
    return low
