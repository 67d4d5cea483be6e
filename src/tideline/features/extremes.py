"""Smallest and largest value inside the window.

stock   S_T at T-w, at T and at every represented event_time between; the merged steps give the
        same values where every group is used, whole blocks of settled steps at once. (A step that
        is not represented at T repeats an earlier value, so visiting it changes nothing.)
other   x over the 60 sub-windows
"""

from __future__ import annotations

import numpy as np

from tideline.features.arrays import F64
from tideline.features.formulas import MARKET_CAP, OI_VOLUME, stock_value, total, window_value
from tideline.features.jit import kernel
from tideline.features.lookup import find
from tideline.features.merged import STEPS_PER_BLOCK, merged_find
from tideline.features.plan import (
    FIRST_FIELD,
    FLOWS,
    STOCK,
    STOCKS,
    WIDTH,
    Query,
    block_at,
    entry_at,
    group_at,
    head_at,
    info_of,
    note_of,
    query_at,
    role,
    step_at,
)
from tideline.features.window import SUB_WINDOWS

_STOCKS = WIDTH[STOCKS]


@kernel
def widen(bounds: F64, value: float) -> None:
    """Take one value into (smallest, largest); null is passed over."""
    if not np.isnan(value):
        bounds[0] = min(bounds[0], value)
        bounds[1] = max(bounds[1], value)


@kernel
def over_steps(q: Query, w: int, T: int, bounds: F64) -> None:
    """Bounds of a sum over the merged steps with T - w < event <= T."""
    i, end = merged_find(q, T - w) + 1, merged_find(q, T) + 1
    while i < end:
        b = i // STEPS_PER_BLOCK
        if (
            i % STEPS_PER_BLOCK == 0
            and i + STEPS_PER_BLOCK <= end
            and block_at(query_at(q, 0).block, b).settled <= T
        ):
            bounds[0] = min(bounds[0], block_at(query_at(q, 0).block, b).low)
            bounds[1] = max(bounds[1], block_at(query_at(q, 0).block, b).high)
            i += STEPS_PER_BLOCK
            continue
        step = step_at(query_at(q, 0).step, i)
        widen(bounds, step.value if step.settled <= T else total(q, FIRST_FIELD, step.event, T))
        i += 1


@kernel
def over_leg(q: Query, l: int, w: int, T: int, bounds: F64) -> None:
    """Bounds over the represented event times of one leg with T - w < event < T."""
    if l < 0:
        return
    for i in range(find(q, l, T - w) + 1, head_at(query_at(q, 0).heads, l).at + 1):
        t = entry_at(query_at(q, 0).entry, i).event
        if t >= T:
            return
        if entry_at(query_at(q, 0).entry, i).first <= T:
            widen(bounds, stock_value(q, t, T))


@kernel
def stock_bounds(q: Query, w: int, T: int, bounds: F64) -> None:
    """Bounds of S_T over [T - w, T]."""
    widen(bounds, stock_value(q, T - w, T))
    widen(bounds, stock_value(q, T, T))
    if note_of(query_at(q, 0).note, 0).whole:
        over_steps(q, w, T, bounds)
        return
    for g in range(query_at(q, 0).groups):
        if group_at(query_at(q, 0).group, g).used:
            for f in range(_STOCKS):
                over_leg(q, role(q, g, STOCKS + f), w, T, bounds)
            if info_of(query_at(q, 0).info, 0).formula == OI_VOLUME:
                over_leg(q, role(q, g, FLOWS), w, T, bounds)
    over_leg(q, info_of(query_at(q, 0).info, 0).supply, w, T, bounds)
    if info_of(query_at(q, 0).info, 0).formula == MARKET_CAP:
        for g in range(query_at(q, 0).groups):
            if not group_at(query_at(q, 0).group, g).used:
                over_leg(q, role(q, g, STOCKS + 1), w, T, bounds)
                over_leg(q, role(q, g, STOCKS + 2), w, T, bounds)


@kernel
def extremes(q: Query, T: int, bounds: F64) -> None:
    """Fill bounds with the smallest and largest value; (inf, -inf) and a cause if there is none."""
    bounds[0], bounds[1] = np.inf, -np.inf
    w = info_of(query_at(q, 0).info, 0).window
    if info_of(query_at(q, 0).info, 0).kind == STOCK:
        stock_bounds(q, w, T, bounds)
        return
    newest = 0
    for k in range(SUB_WINDOWS):
        t = T - k * w // SUB_WINDOWS
        width = t - (T - (k + 1) * w // SUB_WINDOWS)
        widen(bounds, window_value(q, t, width, T))
        if k == 0:
            newest = note_of(query_at(q, 0).note, 0).cause
    note_of(query_at(q, 0).note, 0).cause = newest
