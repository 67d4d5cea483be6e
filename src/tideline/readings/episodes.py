"""When a state was entered and when it was left, on a grid of moments.

A state is entered when both moves stand outside (or inside) their bands as R1 says. It is left
when a move that makes it falls back to the finer band k_out, or one that has to be flat leaves
its own, but not before the minimum dwell of w/3. Each step looks only at moments up to its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from tideline.features.window import WINDOWS
from tideline.readings.bands import Band
from tideline.readings.parameters import DEFAULTS, Parameters
from tideline.readings.price_oi import BY_NAME, State, classify, strength_of
from tideline.readings.reading import Reading


@dataclass(frozen=True, slots=True)
class Moment:
    """One step of the grid. ``move`` or ``rate`` None: it could not be told."""

    as_of: int
    move: float | None
    rate: float | None
    price_band: Band
    oi_band: Band


@dataclass(frozen=True, slots=True)
class Episode:
    """A stretch in one state. ``left`` None: still running at the end of the grid."""

    state: str
    entered: int
    left: int | None
    peak_strength: float
    peak_at: int
    ended_by: str = ""


def episodes(
    grid: Iterable[Moment], window: str, parameters: Parameters = DEFAULTS
) -> list[Episode]:
    """Episodes of every state but ``balanced``, in order. A moment that cannot be told ends one."""
    dwell = WINDOWS[window] * parameters.dwell
    done: list[Episode] = []
    running: Episode | None = None
    for at in grid:
        if at.move is None or at.rate is None:
            if running is not None:
                done.append(replace(running, left=at.as_of, ended_by="cannot_tell"))
            running = None
            continue
        state = classify(at.move, at.rate, at.price_band, at.oi_band)
        strength = strength_of(state, at.move, at.rate, at.price_band, at.oi_band)
        if running is not None:
            if at.as_of - running.entered < dwell or _holds(BY_NAME[running.state], at):
                running = _stronger(running, state, strength, at.as_of)
                continue
            done.append(replace(running, left=at.as_of, ended_by=state.name))
            running = None
        if state.name != "balanced":
            running = Episode(state.name, at.as_of, None, strength, at.as_of)
    return done if running is None else [*done, running]


def episodes_of(
    readings: Iterable[Reading], window: str, parameters: Parameters = DEFAULTS
) -> list[Episode]:
    """Episodes of one asset from its readings on a grid, in order of as_of."""
    return episodes((_moment(reading, parameters) for reading in readings), window, parameters)


def _moment(reading: Reading, parameters: Parameters) -> Moment:
    bands = [
        Band(width, width * parameters.k_out / parameters.k_in, "fixed")
        for width in (item.threshold or 0.0 for item in reading.evidence)
    ]
    return Moment(reading.as_of, reading.price_change, reading.oi_change, bands[0], bands[1])


def _holds(state: State, at: Moment) -> bool:
    return still(state, at.move or 0.0, at.rate or 0.0, at.price_band, at.oi_band)


def still(state: State, move: float, rate: float, price_band: Band, oi_band: Band) -> bool:
    """Does a running state hold: neither move that makes it back within its finer band?"""
    return _side_holds(state.price, move, price_band) and _side_holds(state.oi, rate, oi_band)


def _side_holds(side: int, move: float, band: Band) -> bool:
    return abs(move) <= band.enter if side == 0 else side * move > band.leave


def _stronger(running: Episode, state: State, strength: float, as_of: int) -> Episode:
    if state.name != running.state or strength <= running.peak_strength:
        return running
    return replace(running, peak_strength=strength, peak_at=as_of)
