"""L(T): the groups of an answer, chosen once per as_of, and their weights.

A group is used when every field its formula needs is alive at T and no break lies in the span of
the transform. Like is compared with like: every sample of the answer uses these groups only.
"""

from __future__ import annotations

import numpy as np

from tideline.features.flows import feed_fresh
from tideline.features.formulas import (
    BASIS,
    DIVERGENCE,
    FLOW_SUM,
    FUNDING,
    FUNDING_DISPERSION,
    FUNDING_ONE,
    LIQUIDATED_SHARE,
    MARKET_CAP,
    MINUTES_UNTIL,
    OI_VOLUME,
    REALISED_VOL,
    RETURN,
    WEIGHTED_MEAN,
    leg_path,
    path,
)
from tideline.features.jit import inlined, kernel
from tideline.features.lookup import newest, visible
from tideline.features.plan import (
    BREAKS,
    FEED,
    FEED_2,
    FIRST_FIELD,
    NEEDED,
    OI_COIN,
    OI_USD,
    PULSE,
    QUOTED,
    SECOND_FIELD,
    SETTLED,
    VENUE,
    WIDTH,
    Query,
    entry_at,
    group_at,
    head_at,
    info_of,
    leg_at,
    part,
    query_at,
    role,
    used_at,
)
from tideline.features.reasons import BREAK, NO_DATA, NONE, STALE

QUOTED_THERE, SETTLED_THERE = part(2), part(3)
"""Stock columns of the two rates in minutes-until-funding."""
DISPERSION_SHARE = 0.05
"""Share of open interest from which a venue counts in the dispersion of funding."""
_BREAKS, _NEEDED = WIDTH[BREAKS], WIDTH[NEEDED]


@kernel
def advance(q: Query, T: int) -> None:
    """Move the newest visible entry of every leg in use on to T."""
    for j in range(query_at(q, 0).used_count):
        l = used_at(query_at(q, 0).used, j)
        head_at(query_at(q, 0).heads, l).at = newest(q, l, T, head_at(query_at(q, 0).heads, l).at)


@inlined
def broken(q: Query, g: int, since: int, T: int) -> bool:
    """Does a break known at T lie in [since, T] for a field the group needs?"""
    formula = info_of(query_at(q, 0).info, 0).formula
    rates = formula in (FUNDING, FUNDING_DISPERSION, FUNDING_ONE)
    other = 1 - group_at(query_at(q, 0).group, g).pick // 2 if rates else -1
    for f in range(_BREAKS):
        l = role(q, g, BREAKS + f)
        if l >= 0 and f != other:
            i = visible(q, l, T, T, head_at(query_at(q, 0).heads, l).at)
            if (
                i >= leg_at(query_at(q, 0).leg, l).low
                and entry_at(query_at(q, 0).entry, i).event >= since
            ):
                return True
    return False


@inlined
def funding_alive(q: Query, g: int, T: int) -> bool:
    """Quoted funding with its interval, else settled with its own; and what weighs it."""
    for pick in (QUOTED, SETTLED):
        if not np.isnan(path(q, g, pick, T, T) + path(q, g, pick + 1, T, T)):
            group_at(query_at(q, 0).group, g).pick = pick
            if info_of(query_at(q, 0).info, 0).formula == FUNDING_ONE:
                return True
            return not np.isnan(path(q, g, OI_COIN, T, T) + path(q, g, OI_USD, T, T))
    return False


@inlined
def group_alive(q: Query, g: int, T: int) -> bool:
    """Is every field that the formula needs of group g alive at T?"""
    info = info_of(query_at(q, 0).info, 0)
    if info.formula in (FUNDING, FUNDING_DISPERSION, FUNDING_ONE):
        return funding_alive(q, g, T)
    if info.formula == MINUTES_UNTIL:
        quoted, settled = path(q, g, QUOTED_THERE, T, T), path(q, g, SETTLED_THERE, T, T)
        column = SECOND_FIELD if np.isnan(quoted) and not np.isnan(settled) else FIRST_FIELD
        group_at(query_at(q, 0).group, g).pick = column
        return not np.isnan(path(q, g, column, T, T))
    for f in range(info.stocks):
        if np.isnan(path(q, g, f, T, T)):
            return False
    if info.formula >= FLOW_SUM or info.formula in (OI_VOLUME, LIQUIDATED_SHARE):
        if not feed_fresh(q, g, FEED, T, T):
            return False
        if info.two_feeds == 1:
            return feed_fresh(q, g, FEED_2, T, T)
    return True


@kernel
def weight_column(formula: int) -> int:
    """The stock column that holds open interest in coin where the formula weighs; else -1."""
    if formula in (WEIGHTED_MEAN, RETURN, REALISED_VOL, DIVERGENCE):
        return 1
    if formula == BASIS:
        return 2
    return 4 if formula in (FUNDING, FUNDING_DISPERSION) else -1


@inlined
def largest_per_venue(q: Query, T: int) -> None:
    """Keep per venue the group with the largest open_interest_usd (ties: first by name)."""
    for g in range(query_at(q, 0).groups):
        if not group_at(query_at(q, 0).group, g).used:
            continue
        mine = path(q, g, OI_USD, T, T)
        for h in range(g):
            if group_at(query_at(q, 0).group, h).used and role(q, h, VENUE) == role(q, g, VENUE):
                if path(q, h, OI_USD, T, T) >= mine:
                    group_at(query_at(q, 0).group, g).used = 0
                else:
                    group_at(query_at(q, 0).group, h).used = 0
                break


@inlined
def leave_out_broken(q: Query, T: int, span: int) -> int:
    """Leave out the groups with a break in [T - span, T]; how many there were."""
    count = 0
    if span >= 0:
        for g in range(query_at(q, 0).groups):
            if group_at(query_at(q, 0).group, g).used and broken(q, g, T - span, T):
                group_at(query_at(q, 0).group, g).used = 0
                count += 1
    return count


@inlined
def weigh(q: Query, T: int) -> None:
    """Open interest in coin at T as the weight of each group used, where the formula weighs."""
    column = weight_column(info_of(query_at(q, 0).info, 0).formula)
    for g in range(query_at(q, 0).groups):
        if group_at(query_at(q, 0).group, g).used:
            group_at(query_at(q, 0).group, g).weight = (
                path(q, g, column, T, T) if column >= 0 else 1.0
            )


@inlined
def leave_out_small(q: Query) -> None:
    """Keep the groups that hold at least DISPERSION_SHARE of the open interest of those used."""
    total = 0.0
    for g in range(query_at(q, 0).groups):
        if group_at(query_at(q, 0).group, g).used:
            total += group_at(query_at(q, 0).group, g).weight
    for g in range(query_at(q, 0).groups):
        if group_at(query_at(q, 0).group, g).weight < DISPERSION_SHARE * total:
            group_at(query_at(q, 0).group, g).used = 0


@kernel
def was_seen(q: Query, l: int, T: int) -> bool:
    """Has the leg had a row at or before T, as known at T?"""
    if l < 0:
        return False
    leg = leg_at(query_at(q, 0).leg, l)
    return bool(
        leg.before <= T or visible(q, l, T, T, head_at(query_at(q, 0).heads, l).at) >= leg.low
    )


@kernel
def present(q: Query, g: int, T: int) -> bool:
    """Has the group ever had a row or heartbeat, as known at T?"""
    for f in range(_NEEDED):
        if was_seen(q, role(q, g, NEEDED + f), T):
            return True
    return was_seen(q, role(q, g, PULSE), T)


@inlined
def nothing_used(q: Query, T: int, broke: int) -> int:
    """The reason when no group is left."""
    if broke > 0:
        return BREAK
    for g in range(query_at(q, 0).groups):
        if present(q, g, T):
            return STALE
    return NO_DATA


@kernel
def choose(q: Query, T: int, span: int) -> int:
    """Fill used, pick and weight of every group at T; 0, or the reason why none is left.

    ``span`` is how far back from T breaks count; negative where they do not.
    """
    info = info_of(query_at(q, 0).info, 0)
    for g in range(query_at(q, 0).groups):
        group_at(query_at(q, 0).group, g).used = 0
    for g in range(query_at(q, 0).groups):
        if info.single and not present(q, g, T):
            continue
        group_at(query_at(q, 0).group, g).used = 1 if group_alive(q, g, T) else 0
        if info.single:
            break
    if info.formula in (FUNDING, FUNDING_DISPERSION):
        largest_per_venue(q, T)
    broke = leave_out_broken(q, T, span)
    weigh(q, T)
    if info.formula == FUNDING_DISPERSION:
        leave_out_small(q)
    used = False
    for g in range(query_at(q, 0).groups):
        used = used or group_at(query_at(q, 0).group, g).used == 1
    if not used:
        return nothing_used(q, T, broke)
    if info.formula == MARKET_CAP and np.isnan(leg_path(q, info.supply, T, T)):
        return STALE if was_seen(q, info.supply, T) else NO_DATA
    return NONE
