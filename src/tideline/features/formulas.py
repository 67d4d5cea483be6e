"""The window value x(t) of each formula, as known at T, on the groups chosen at T.

Sums run over groups in order, left to right. Null is NaN; the query's note then
says why.
"""

from __future__ import annotations

import numpy as np

from tideline.domain.time import DAY, MINUTE
from tideline.features.flows import flow_problem, group_flow
from tideline.features.jit import inlined, kernel
from tideline.features.lookup import value_at
from tideline.features.merged import merged_find
from tideline.features.plan import (
    CHANGE,
    FIRST_FIELD,
    SECOND_FIELD,
    STOCKS,
    VENUE,
    Query,
    group_at,
    head_at,
    info_of,
    note_of,
    part,
    query_at,
    role,
    step_at,
)
from tideline.features.reasons import NONE, SHORT_HISTORY, STALE, ZERO_BASE
from tideline.features.signal import Formula
from tideline.features.window import SUB_WINDOWS

SUM = int(Formula.SUM)
FIRST = int(Formula.FIRST)
WEIGHTED_MEAN = int(Formula.WEIGHTED_MEAN)
BASIS = int(Formula.BASIS)
FUNDING = int(Formula.FUNDING)
FUNDING_DISPERSION = int(Formula.FUNDING_DISPERSION)
FUNDING_ONE = int(Formula.FUNDING_ONE)
SHARE_TOP = int(Formula.SHARE_TOP)
MARKET_CAP = int(Formula.MARKET_CAP)
OI_VOLUME = int(Formula.OI_VOLUME)
MINUTES_UNTIL = int(Formula.MINUTES_UNTIL)
LOG_CHANGE = int(Formula.LOG_CHANGE)
RETURN = int(Formula.RETURN)
REALISED_VOL = int(Formula.REALISED_VOL)
DIVERGENCE = int(Formula.DIVERGENCE)
LIQUIDATED_SHARE = int(Formula.LIQUIDATED_SHARE)
FLOW_SUM = int(Formula.FLOW_SUM)
FLOW_TOTAL = int(Formula.FLOW_TOTAL)
FLOW_RATIO = int(Formula.FLOW_RATIO)
FLOW_DIFFERENCE = int(Formula.FLOW_DIFFERENCE)
SPOT_PERP = int(Formula.SPOT_PERP)

A_DAY, ABSENT = part(DAY), part(-1)
FUNDING_HOURS = 8.0
"""Funding rates are compared per 8 hours."""


@kernel
def leg_path(q: Query, l: int, t: int, T: int) -> float:
    """The leg's path at t; NaN for an absent leg."""
    return value_at(q, l, t, T, head_at(query_at(q, 0).heads, l).at) if l >= 0 else np.nan


@kernel
def path(q: Query, g: int, f: int, t: int, T: int) -> float:
    """The path of stock field f of group g at t."""
    return leg_path(q, role(q, g, STOCKS + f), t, T)


@kernel
def total(q: Query, f: int, t: int, T: int) -> float:
    """Σ of stock field f over the groups used."""
    result = 0.0
    for g in range(query_at(q, 0).groups):
        if group_at(query_at(q, 0).group, g).used:
            result += path(q, g, f, t, T)
    return result


@kernel
def quantity(q: Query, t: int, T: int) -> float:
    """Σ of the first stock field; by the merged steps where those are settled."""
    if note_of(query_at(q, 0).note, 0).whole:
        i = merged_find(q, t)
        if i < 0:
            return np.nan
        if step_at(query_at(q, 0).step, i).settled <= T:
            return step_at(query_at(q, 0).step, i).value
    return total(q, FIRST_FIELD, t, T)


@kernel
def divided(q: Query, top: float, bottom: float) -> float:
    """top / bottom; null with reason zero_base where bottom is 0."""
    if bottom == 0.0:
        note_of(query_at(q, 0).note, 0).cause = ZERO_BASE
        return np.nan
    return top / bottom


@kernel
def only(q: Query) -> int:
    """The first group used."""
    for g in range(query_at(q, 0).groups):
        if group_at(query_at(q, 0).group, g).used:
            return g
    return 0


@kernel
def funding_rate(q: Query, g: int, t: int, T: int) -> float:
    """Funding of one group per 8 h: quoted (pick 0) or settled (pick 2)."""
    pick = group_at(query_at(q, 0).group, g).pick
    rate, interval = path(q, g, pick, t, T), path(q, g, pick + 1, t, T)
    if interval <= 0.0:
        note_of(query_at(q, 0).note, 0).cause = ZERO_BASE
        return np.nan
    return rate * FUNDING_HOURS / interval


@kernel
def weighted_mean(q: Query, t: int, T: int) -> float:
    """Σ w·v / Σ w of a price, a basis or a funding rate."""
    formula = info_of(query_at(q, 0).info, 0).formula
    top, bottom = 0.0, 0.0
    for g in range(query_at(q, 0).groups):
        if not group_at(query_at(q, 0).group, g).used:
            continue
        if formula == FUNDING:
            v = funding_rate(q, g, t, T)
        else:
            v = path(q, g, FIRST_FIELD, t, T)
            if formula == BASIS:
                index = path(q, g, SECOND_FIELD, t, T)
                v = divided(q, v - index, index)
        top += group_at(query_at(q, 0).group, g).weight * v
        bottom += group_at(query_at(q, 0).group, g).weight
    return divided(q, top, bottom)


@inlined
def dispersion(q: Query, t: int, T: int) -> float:
    """Weighted standard deviation of funding over the groups used."""
    top, bottom, count = 0.0, 0.0, 0
    for g in range(query_at(q, 0).groups):
        if group_at(query_at(q, 0).group, g).used:
            top += group_at(query_at(q, 0).group, g).weight * funding_rate(q, g, t, T)
            bottom += group_at(query_at(q, 0).group, g).weight
            count += 1
    if count < 2 or bottom <= 0.0:
        note_of(query_at(q, 0).note, 0).cause = SHORT_HISTORY
        return np.nan
    mean = top / bottom
    square = 0.0
    for g in range(query_at(q, 0).groups):
        if group_at(query_at(q, 0).group, g).used:
            off = funding_rate(q, g, t, T) - mean
            square += group_at(query_at(q, 0).group, g).weight * off * off
    return np.sqrt(square / bottom)


@inlined
def share_top(q: Query, t: int, T: int) -> float:
    """The largest venue's share of the sum. Groups stand venue by venue."""
    whole, part, largest, venue = 0.0, 0.0, 0.0, -1
    for g in range(query_at(q, 0).groups):
        if not group_at(query_at(q, 0).group, g).used:
            continue
        if role(q, g, VENUE) != venue:
            venue = role(q, g, VENUE)
            part = 0.0
        v = path(q, g, FIRST_FIELD, t, T)
        part += v
        whole += v
        largest = max(largest, part)
    return divided(q, largest, whole)


@inlined
def market_cap(q: Query, t: int, T: int) -> float:
    """Open interest / (supply x price); price: first live index, else first live mark."""
    leg = ABSENT
    for f in range(1, 3):
        for g in range(query_at(q, 0).groups):
            if leg < 0 and not np.isnan(path(q, g, f, T, T)):
                leg = role(q, g, STOCKS + f)
    capital = leg_path(q, info_of(query_at(q, 0).info, 0).supply, t, T) * leg_path(q, leg, t, T)
    return divided(q, total(q, FIRST_FIELD, t, T), capital)


@kernel
def flow_total(q: Query, f: int, t: int, w: int, T: int) -> float:
    """Σ over groups of what flow f summed up in (t - w, t]; NaN with its cause if one cannot."""
    result = 0.0
    for g in range(query_at(q, 0).groups):
        if group_at(query_at(q, 0).group, g).used:
            problem = flow_problem(q, g, f, t, w, T)
            if problem != NONE:
                note_of(query_at(q, 0).note, 0).cause = problem
                return np.nan
            result += group_flow(q, g, f, t, w, T)
    return result


@kernel
def flow_value(q: Query, t: int, w: int, T: int) -> float:
    """Sum, total, ratio, imbalance or difference of flows over (t - w, t]."""
    formula = info_of(query_at(q, 0).info, 0).formula
    a = flow_total(q, FIRST_FIELD, t, w, T)
    if formula == FLOW_SUM or np.isnan(a):
        return a
    b = flow_total(q, SECOND_FIELD, t, w, T)
    if np.isnan(b):
        return b
    if formula == FLOW_TOTAL:
        return a + b
    if formula == FLOW_DIFFERENCE:
        return a - b
    if formula == FLOW_RATIO:
        return divided(q, a, b)
    if formula == SPOT_PERP:
        return divided(q, a, b * total(q, FIRST_FIELD, T, T))
    return divided(q, a - b, a + b)


@kernel
def log_ratio(q: Query, now: float, then: float) -> float:
    """ln(now / then); null where either is null or not above 0."""
    if np.isnan(now) or np.isnan(then):
        return np.nan
    if now <= 0.0 or then <= 0.0:
        note_of(query_at(q, 0).note, 0).cause = ZERO_BASE
        return np.nan
    return np.log(now / then)


@kernel
def weighted_return(q: Query, t: int, since: int, T: int) -> float:
    """Σ w·ln(P(t) / P(since)) / Σ w: never the log ratio of a re-weighted mean."""
    top, bottom = 0.0, 0.0
    for g in range(query_at(q, 0).groups):
        if group_at(query_at(q, 0).group, g).used:
            moved = log_ratio(q, path(q, g, FIRST_FIELD, t, T), path(q, g, FIRST_FIELD, since, T))
            top += group_at(query_at(q, 0).group, g).weight * moved
            bottom += group_at(query_at(q, 0).group, g).weight
    return divided(q, top, bottom)


@inlined
def realised_vol(q: Query, t: int, w: int, T: int) -> float:
    """Square root of the sum of squared returns over the 60 sub-windows of (t - w, t]."""
    square = 0.0
    for k in range(SUB_WINDOWS):
        now, then = t - k * w // SUB_WINDOWS, t - (k + 1) * w // SUB_WINDOWS
        r = weighted_return(q, now, then, T)
        square += r * r
    return np.sqrt(square)


@kernel
def stock_value(q: Query, t: int, T: int) -> float:
    """S_T(t): the formula applied to the group paths at t."""
    formula = info_of(query_at(q, 0).info, 0).formula
    if formula == SUM:
        return quantity(q, t, T)
    if formula == FIRST:
        return total(q, FIRST_FIELD, t, T)
    if formula in (WEIGHTED_MEAN, BASIS, FUNDING):
        return weighted_mean(q, t, T)
    if formula == FUNDING_ONE:
        return funding_rate(q, only(q), t, T)
    if formula == FUNDING_DISPERSION:
        return dispersion(q, t, T)
    if formula == SHARE_TOP:
        return share_top(q, t, T)
    if formula == MARKET_CAP:
        return market_cap(q, t, T)
    if formula == MINUTES_UNTIL:
        g = only(q)
        ahead = path(q, g, group_at(query_at(q, 0).group, g).pick, t, T) - t
        return ahead / MINUTE if ahead > 0.0 else np.nan
    turned = flow_total(q, FIRST_FIELD, t, A_DAY, T)
    return np.nan if np.isnan(turned) else divided(q, total(q, FIRST_FIELD, t, T), turned)


@kernel
def change_value(q: Query, t: int, w: int, T: int) -> float:
    """x(t) of a change: a function of what stood at t and at t - w."""
    formula = info_of(query_at(q, 0).info, 0).formula
    if formula == LOG_CHANGE:
        return log_ratio(q, quantity(q, t, T), quantity(q, t - w, T))
    if formula == RETURN:
        return weighted_return(q, t, t - w, T)
    if formula == REALISED_VOL:
        return realised_vol(q, t, w, T)
    if formula == DIVERGENCE:
        built = log_ratio(q, total(q, SECOND_FIELD, t, T), total(q, SECOND_FIELD, t - w, T))
        return np.abs(weighted_return(q, t, t - w, T)) - built
    a, b = flow_total(q, FIRST_FIELD, t, w, T), flow_total(q, SECOND_FIELD, t, w, T)
    then = total(q, FIRST_FIELD, t - w, T)
    return np.nan if np.isnan(a + b + then) else divided(q, a + b, then)


@kernel
def window_value(q: Query, t: int, w: int, T: int) -> float:
    """x(t) of any signal on window w."""
    info = info_of(query_at(q, 0).info, 0)
    note_of(query_at(q, 0).note, 0).cause = SHORT_HISTORY if info.kind == CHANGE else STALE
    if info.formula >= FLOW_SUM:
        return flow_value(q, t, w, T)
    if info.formula >= LOG_CHANGE:
        return change_value(q, t, w, T)
    return stock_value(q, t, T)
