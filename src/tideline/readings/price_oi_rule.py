"""R1 as a rule of the catalogue: from what was given to the inputs of :mod:`.price_oi`."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TypeAlias, cast

import numpy as np

from tideline.domain.time import DAY, HOUR
from tideline.features.window import WINDOWS
from tideline.readings.bands import (
    Band,
    Mode,
    against,
    baseline_hours,
    knows_volume,
    usual_volume,
)
from tideline.readings.cadence import SUB_WINDOWS
from tideline.readings.episodes import still
from tideline.readings.given import Given, Missing, Numbers, Path, Wants
from tideline.readings.parameters import Parameters
from tideline.readings.price_oi import (
    BY_NAME,
    STATES,
    VOLUME,
    Baseline,
    PriceOiInputs,
    addresses,
    band_addresses,
    bands_of,
    classify,
    read_price_oi,
    severity_of,
    strength_of,
    usual_bands,
)
from tideline.readings.reading import FeatureValue, Reading
from tideline.readings.rule import Judgement, Rule
from tideline.readings.spending import FORCED, MARK, OI, REACH, RET, spent_inputs

Moves: TypeAlias = tuple[float, float, Band, Band]
"""ΔP, ΔQ and their bands."""

_NAMES = {length: name for name, length in WINDOWS.items()}


def wants(window: str, parameters: Parameters) -> Wants:
    """The seven addresses of R1, the paths of its baseline, of fuel and of spent."""
    sub = SUB_WINDOWS[window]
    deep = REACH + 2
    w = WINDOWS[window]
    return (
        Wants(addresses(window))
        + moves_wants(window, parameters)
        + Wants(
            paths=(
                _fuel(parameters),
                *(Path(signal, window, w, deep) for signal in (OI, RET, MARK)),
                *(Path(signal, sub, w, deep) for signal in FORCED.values()),
            ),
        )
    )


def moves_wants(window: str, parameters: Parameters) -> Wants:
    """What :func:`moves_of` looks at: for every rule that takes R1's moves over."""
    if knows_volume(window, parameters):
        return Wants(band_addresses(window), (*baseline_paths(window), volumes(window)))
    return Wants(band_addresses(window)[:2], baseline_paths(window))


@cache
def baseline_paths(window: str) -> tuple[Path, Path, Path]:
    """Return, OI now and OI one window before, at the like hours of the last 30 days."""
    return (
        Path(RET, window, like_hours=True),
        Path(OI, alike(window), like_hours=True),
        Path(OI, window, like_hours=True, start_us=WINDOWS[window]),
    )


@cache
def volumes(window: str) -> Path:
    """What was traded at the like hours."""
    return Path(VOLUME, window, like_hours=True)


def alike(window: str) -> str:
    """A standing quantity is the same on every window: up to 1h the like hours are too."""
    return window if WINDOWS[window] > HOUR else "1h"


def inputs_of(given: Given, mode: Mode, parameters: Parameters) -> PriceOiInputs:
    """What R1 needs to name the state: the two moves and, for adaptive bands, their baseline."""
    ret, rate, volume = band_addresses(given.window)
    busy = mode == "adaptive" and knows_volume(given.window, parameters)
    return PriceOiInputs(
        asset=given.asset,
        window=given.window,
        as_of=given.as_of,
        groups=given.chosen.groups,
        ret=FeatureValue(ret, given.number(ret)),
        rate=FeatureValue(rate, given.number(rate)),
        baseline=_baseline(given, parameters) if mode == "adaptive" else None,
        volume=given.number(volume) if busy else None,
        volumes=_listed(given.path(volumes(given.window))) if busy else (),
    )


def moves_of(given: Given, mode: Mode, parameters: Parameters) -> Moves:
    """ΔP, ΔQ and their bands: what the other readings take over from R1.

    Raises:
        Missing: the return or the rate of open interest is null.
    """
    key = ("moves", mode, id(parameters))
    found = given.memo.get(key)
    if found is None:
        ret, rate = given.need(*addresses(given.window)[:2])
        paths = [given.path(path) for path in baseline_paths(given.window)]
        price, oi = given.worked_out(
            (*key, given.window),
            lambda *_: usual_bands(inputs_of(given, mode, parameters), mode, parameters),
            *(paths if mode == "adaptive" else ()),
        )
        if mode == "adaptive" and knows_volume(given.window, parameters):
            oi = oi.busier(_activity(given, parameters), given.window, parameters)
        found = given.memo[key] = (float(np.expm1(ret)), rate, price, oi)
    return cast(Moves, found)


def _activity(given: Given, parameters: Parameters) -> float:
    """By what the band of open interest is widened for what is traded."""
    now = given.number(band_addresses(given.window)[-1])
    usual = given.worked_out(
        ("usual volume at like hours", given.window, id(parameters)),
        lambda found: usual_volume(_listed(found), parameters),
        given.path(volumes(given.window)),
    )
    return against(now, usual, parameters)


def price_oi_rule(mode: Mode = "adaptive") -> Rule:
    """R1 with adaptive or with the published fixed bands."""

    def judge(given: Given, parameters: Parameters) -> Judgement:
        move, rate, price_band, oi_band = moves_of(given, mode, parameters)
        state = classify(move, rate, price_band, oi_band)
        strength = strength_of(state, move, rate, price_band, oi_band)
        return Judgement(
            state.name,
            severity_of(state.name, strength, parameters),
            strength=strength,
            because=f"Price {move:+.2%} and open interest {rate:+.2%} over {given.window}: "
            f"{state.says}",
        )

    def finish(given: Given, parameters: Parameters, _: Reading) -> Reading:
        return _full(given, mode, parameters)

    def holds(given: Given, parameters: Parameters, state: str, since: int) -> bool:
        if given.as_of - since < WINDOWS[given.window] * parameters.dwell:
            return True
        try:
            return still(BY_NAME[state], *moves_of(given, mode, parameters))
        except Missing:
            return False

    return Rule(
        key="R1.state",
        title="Price × open interest",
        names=tuple(state.name for state in STATES if state.name != "balanced"),
        says="Price says where the market went, open interest whether positions were opened or"
        " closed on the way.",
        formula="ΔP and ΔQ outside their bands, 3 × the usual move of the same hours and kind of"
        " day, ΔQ's × volume / its usual within ¼ and 4 up to 1h;"
        " strength >= 1 watch, >= 1.5 elevated, >= 2.5 extreme; new_shorts one step higher",
        wants=wants,
        judge=judge,
        finish=finish,
        holds=holds,
        rest="balanced",
        counted=mode == "adaptive",
    )


def _full(given: Given, mode: Mode, parameters: Parameters) -> Reading:
    names = addresses(given.window)
    ret, rate, coin, coin_delta, mark, mark_delta, usd_delta = map(given.source.value, names[:-1])
    inputs = replace(
        inputs_of(given, mode, parameters),
        groups=given.groups,
        ret=ret,
        rate=rate,
        coin=coin,
        coin_delta=coin_delta,
        mark=mark,
        mark_delta=mark_delta,
        usd_delta=usd_delta,
    )
    reading = read_price_oi(inputs, mode, parameters)
    state = BY_NAME.get(reading.name)
    if state is None or not (state.corner and state.oi < 0):
        return reading
    more = spent_inputs(
        lambda signal, length, back: given.path(_regular(signal, _NAMES[length], back)),
        reading.name,
        given.window,
        given.as_of,
        bands_of(inputs, mode, parameters),
    )
    hourly = _listed(given.path(_fuel(parameters)))
    return read_price_oi(replace(inputs, spent=more, oi_hourly=hourly), mode, parameters)


def _baseline(given: Given, parameters: Parameters) -> Baseline:
    price, now, then = (given.path(path) for path in baseline_paths(given.window))
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(then != 0.0, (now - then) / np.abs(then), np.nan)
    hours = baseline_hours(given.as_of, given.window, parameters)[: price.size]
    return Baseline(hours=hours, price=_listed(price), oi=_listed(rate))


def _fuel(parameters: Parameters) -> Path:
    """Hours of open interest that ``fuel_left`` looks back: twice its days, and now."""
    return Path(OI, "1h", HOUR, 2 * int(parameters.fuel_days) * (DAY // HOUR) + 1)


def _regular(signal: str, window: str, back: np.ndarray) -> Path:
    step = int(back[1] - back[0]) if back.size > 1 else HOUR
    return Path(signal, window, step, back.size, int(back[0]) if back.size else 0)


def _listed(values: Numbers) -> list[float | None]:
    return [None if value != value else value for value in values.tolist()]  # noqa: PLR0124
