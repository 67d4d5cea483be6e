"""Fills ``spent`` of R1: the running episode and its last two sub-windows, as known at T."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tideline.features.arrays import F64
from tideline.features.window import WINDOWS
from tideline.readings.bands import Band
from tideline.readings.cadence import SUB_WINDOWS
from tideline.readings.episodes import Moment, episodes
from tideline.readings.flow_left import SpentInputs

Sampled: TypeAlias = Callable[[str, int, NDArray[np.int64]], F64]
"""(signal, window in µs, distances before T in µs) -> values, NaN null."""

OI, RET, MARK = "positioning.oi_usdtm_coin", "price.ret", "price.mark"
FORCED = {
    "short_covering": "liquidations.liq_short_full",
    "long_liquidation": "liquidations.liq_long_full",
}
"""States that can be spent, and the forced flow that feeds them (complete feeds alone)."""
REACH = 24
"""How many windows back an episode's beginning is looked for."""
FINER = 3
"""Prices are looked at in thirds of a sub-window."""


def spent_inputs(
    sampled: Sampled, state: str, window: str, as_of: int, bands: tuple[Band, Band]
) -> SpentInputs:
    """What :func:`tideline.readings.flow_left.spent` has to know of ``state`` at T.

    The episode is followed on the grid of sub-windows with the bands of T; it begins where the
    window of its first moment begins.
    """
    w, s = WINDOWS[window], WINDOWS[SUB_WINDOWS[window]]
    began = w + _age(sampled, state, window, as_of, bands)
    held = sampled(OI, s, np.arange(3) * s)
    with np.errstate(divide="ignore", invalid="ignore"):
        newer, older = held[:2] / held[1:] - 1.0
    upward = state == "short_covering"
    step = s // FINER
    back = np.arange(0, began + 1, step)
    price = sampled(MARK, s, back) * (1.0 if upward else -1.0)
    recent = back < 2 * s
    forced = sampled(FORCED[state], s, np.arange(0, began, s))
    known = forced.size >= 2 and not np.isnan(forced[:2]).any()
    return SpentInputs(
        oi_rates=(_number(older), _number(newer)),
        forced=(float(forced[1]), float(forced[0])) if known else None,
        forced_peak=float(np.nanmax(forced)) if known else None,
        extreme_before=_extreme(price[~recent], upward),
        extreme_within=_extreme(price[recent], upward),
        upward=upward,
    )


def _age(sampled: Sampled, state: str, window: str, as_of: int, bands: tuple[Band, Band]) -> int:
    """How long ago the episode running at T was entered, µs; 0 when it begins at T."""
    w, s = WINDOWS[window], WINDOWS[SUB_WINDOWS[window]]
    back = np.arange(REACH * w // s, -1, -1) * s
    moves = np.expm1(sampled(RET, w, back))
    then, now = sampled(OI, w, back + w), sampled(OI, w, back)
    with np.errstate(divide="ignore", invalid="ignore"):
        rates = now / then - 1.0
    grid = [
        Moment(as_of - int(ago), _number(move), _number(rate), *bands)
        for ago, move, rate in zip(back, moves, rates, strict=True)
    ]
    found = episodes(grid, window)
    last = found[-1] if found else None
    running = last is not None and last.left is None and last.state == state
    return as_of - last.entered if running and last is not None else 0


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _extreme(signed: F64, upward: bool) -> float | None:
    if not signed.size or np.isnan(signed).all():
        return None
    return float(np.nanmax(signed)) * (1.0 if upward else -1.0)
