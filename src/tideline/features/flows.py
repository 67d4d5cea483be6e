"""Sums of bars and events over (t - w, t], or why there is none.

Checked in the order in which a reader would ask:

    stale         nothing of the feed at or before t, or the newest is older than its max_age
    window_too_fine   a bar in the window, or the newest one, is longer than w
    short_history the feed's first row is later than t - w (bars: than the END of the first bar
                  that would lie in the window)
    gap           a gap row (event = start, value = end) overlaps the window
"""

from __future__ import annotations

from tideline.features.arrays import FAR
from tideline.features.jit import kernel
from tideline.features.lookup import (
    earlier,
    find,
    first_visible,
    narrow,
    plain,
    version,
    visible,
)
from tideline.features.plan import (
    FEED,
    FEED_2,
    FLOWS,
    GAP,
    UNTRACKED,
    WIDTH,
    Query,
    entry_at,
    group_at,
    head_at,
    info_of,
    leg_at,
    note_of,
    query_at,
    role,
    version_at,
)
from tideline.features.reasons import GAP as IN_GAP
from tideline.features.reasons import NONE, SHORT_HISTORY, STALE, WINDOW_TOO_FINE

MEMBERS = WIDTH[FEED]


@kernel
def stay_summed(q: Query, l: int, low: int, high: int, t: int, w: int, T: int, head: int) -> None:
    """Until when (t - w, t] holds the settled entries low .. high-1 and no other."""
    if high >= leg_at(query_at(q, 0).leg, l).high:
        narrow(q, UNTRACKED)
        return
    narrow(q, entry_at(query_at(q, 0).entry, high).event - 1 - t)
    if low < high:
        narrow(q, entry_at(query_at(q, 0).entry, low).event + w - 1 - t)
    if low < high and not plain(q, low, high, head):
        for i in range(low, high):
            if i > head or entry_at(query_at(q, 0).entry, i).last > T:
                narrow(q, UNTRACKED)


@kernel
def sum_rows(q: Query, l: int, t: int, w: int, T: int, head: int) -> float:
    """Represented values with event_time in (t - w, t], added in event order from 0.0."""
    total = 0.0
    low = find(q, l, t - w) + 1
    high = find(q, l, t) + 1
    if note_of(query_at(q, 0).note, 0).stays >= 0:
        stay_summed(q, l, low, high, t, w, T, head)
    if low >= high:
        return total
    if plain(q, low, high, head):
        for i in range(low, high):
            total += entry_at(query_at(q, 0).entry, i).value
        return total
    for i in range(low, min(high, head + 1)):
        if entry_at(query_at(q, 0).entry, i).last <= T:
            total += entry_at(query_at(q, 0).entry, i).value
        elif entry_at(query_at(q, 0).entry, i).first <= T:
            total += version_at(query_at(q, 0).version, version(q, i, T)).value
    return total


@kernel
def too_fine(q: Query, l: int, t: int, w: int, T: int, head: int) -> bool:
    """Is a represented bar in (t - w, t], or the newest one at t, longer than w?"""
    if leg_at(query_at(q, 0).leg, l).coarsest <= w:
        return False
    newest = visible(q, l, t, T, head)
    i = newest
    while i >= leg_at(query_at(q, 0).leg, l).low:
        if entry_at(query_at(q, 0).entry, i).last > T:
            narrow(q, UNTRACKED)
        if version_at(query_at(q, 0).version, version(q, i, T)).cadence > w:
            if i != newest:
                narrow(q, entry_at(query_at(q, 0).entry, i).event + w - 1 - t)
            return True
        before = i - 1
        i = earlier(q, l, before, T)
        if i != before:
            narrow(q, UNTRACKED)
        if (
            i < leg_at(query_at(q, 0).leg, l).low
            or entry_at(query_at(q, 0).entry, i).event <= t - w
        ):
            return False
    return False


@kernel
def starts_late(q: Query, g: int, feed: int, t: int, w: int, T: int) -> bool:
    """Is the feed's first row or heartbeat too late for the window?"""
    first, slack = FAR, 0
    for position in range(MEMBERS):
        l = role(q, g, feed + position)
        if l < 0:
            continue
        leg = leg_at(query_at(q, 0).leg, l)
        if leg.before <= T:
            return False
        i = first_visible(q, l, T)
        if leg.before < FAR:
            narrow(q, leg.before - 1 - T)
        if i != leg.low or i == leg.high or entry_at(query_at(q, 0).entry, i).last > T:
            narrow(q, UNTRACKED)
        if i < leg.high:
            length = 0
            if info_of(query_at(q, 0).info, 0).bars == 1 and position < MEMBERS - 1:
                length = version_at(query_at(q, 0).version, version(q, i, T)).cadence
            if entry_at(query_at(q, 0).entry, i).event < first:
                first, slack = entry_at(query_at(q, 0).entry, i).event, length
            elif entry_at(query_at(q, 0).entry, i).event == first:
                slack = max(slack, length)
    late = first - slack - (t - w)
    if late > 0:
        narrow(q, late - 1)
    return bool(late > 0)


@kernel
def gap_between(q: Query, l: int, start: int, end: int, T: int) -> bool:
    """Does a gap known at T overlap the open interval (start, end)?"""
    if l < 0:
        return False
    note = note_of(query_at(q, 0).note, 0)
    stays = note.stays
    i = visible(q, l, end - 1, T, head_at(query_at(q, 0).heads, l).at)
    note.stays = stays  # a gap may be told of at any time: whoever keeps a sample asks again
    while i >= leg_at(query_at(q, 0).leg, l).low:
        if version_at(query_at(q, 0).version, version(q, i, T)).value > start:
            note.stays = UNTRACKED
            return True
        i = earlier(q, l, i - 1, T)
    return False


@kernel
def feed_fresh(q: Query, g: int, feed: int, t: int, T: int) -> bool:
    """Is the newest row or heartbeat of the feed at or before t within its max_age?"""
    newest, fresh = -FAR, False
    for position in range(MEMBERS):
        l = role(q, g, feed + position)
        if l < 0:
            continue
        i = visible(q, l, t, T, head_at(query_at(q, 0).heads, l).at)
        if i < leg_at(query_at(q, 0).leg, l).low:
            continue
        if entry_at(query_at(q, 0).entry, i).event > newest:
            newest, fresh = entry_at(query_at(q, 0).entry, i).event, False
        if entry_at(query_at(q, 0).entry, i).event == newest:
            expiry = version_at(query_at(q, 0).version, version(q, i, T)).expiry
            if t <= expiry:
                fresh = True
                narrow(q, expiry - t)
    return fresh


@kernel
def feed_problem(q: Query, g: int, feed: int, t: int, w: int, T: int) -> int:
    """0 if the feed covers (t - w, t] as known at T, else the reason."""
    if not feed_fresh(q, g, feed, t, T):
        return STALE
    if info_of(query_at(q, 0).info, 0).bars == 1:
        for position in range(MEMBERS - 1):
            l = role(q, g, feed + position)
            if l >= 0 and too_fine(q, l, t, w, T, head_at(query_at(q, 0).heads, l).at):
                return WINDOW_TOO_FINE
    if starts_late(q, g, feed, t, w, T):
        return SHORT_HISTORY
    if gap_between(q, role(q, g, GAP), t - w, t, T):
        return IN_GAP
    return NONE


@kernel
def group_flow(q: Query, g: int, f: int, t: int, w: int, T: int) -> float:
    """What flow f of group g summed up in (t - w, t]."""
    l = role(q, g, FLOWS + f)
    return sum_rows(q, l, t, w, T, head_at(query_at(q, 0).heads, l).at) if l >= 0 else 0.0


@kernel
def flow_problem(q: Query, g: int, f: int, t: int, w: int, T: int) -> int:
    """The problem of the feed that flow f of group g belongs to; 0 if there is none."""
    if f == 0:
        return feed_problem(q, g, FEED, t, w, T)
    if info_of(query_at(q, 0).info, 0).two_feeds == 1:
        return feed_problem(q, g, FEED_2, t, w, T)
    return NONE


@kernel
def knows_gaps(q: Query) -> bool:
    """Has any group a leg of gaps? One of a signal without flows has none."""
    for g in range(query_at(q, 0).groups):  # noqa: SIM110 - kernels know no generators
        if role(q, g, GAP) >= 0:
            return True
    return False


@kernel
def any_gap(q: Query, t: int, w: int, T: int) -> bool:
    """Does a gap known at T lie in (t - w, t] for any group used?"""
    for g in range(query_at(q, 0).groups):
        if group_at(query_at(q, 0).group, g).used and gap_between(q, role(q, g, GAP), t - w, t, T):
            return True
    return False
