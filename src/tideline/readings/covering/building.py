"""Early warning: open interest falls unusually fast while price rises."""

from __future__ import annotations

import math

import numpy as np

from tideline.domain.time import SECOND
from tideline.features.window import WINDOWS
from tideline.readings.cadence import SUB_WINDOWS
from tideline.readings.given import Given, Missing, Path, Wants
from tideline.readings.own_history import changes_path, own_quantiles
from tideline.readings.parameters import Parameters
from tideline.readings.reading import SEVERITIES, Evidence
from tideline.readings.rule import Judgement, Rule

BUILDING_WINDOWS = ("15m", "30m")


def _rate(window: str) -> str:
    return f"positioning.oi_usdtm_coin@{window}:rate"


def _steps(window: str) -> Path:
    """The returns of the sub-windows, newest first."""
    sub = SUB_WINDOWS[window]
    return Path("price.ret", sub, WINDOWS[sub], WINDOWS[window] // WINDOWS[sub])


def _wants(window: str, parameters: Parameters) -> Wants:
    return Wants((_rate(window),), (_steps(window), changes_path(window, parameters)))


def published_falls(window: str, parameters: Parameters) -> tuple[float, float, float]:
    """−1.5, −5, −10 % at 30m, scaled by the square root of time."""
    scale = math.sqrt(WINDOWS[window] / (parameters.building_window_s * SECOND))
    return (
        parameters.building_watch * scale,
        parameters.building_elevated * scale,
        parameters.building_extreme * scale,
    )


def _judge(given: Given, parameters: Parameters) -> Judgement:
    (rate,) = given.need(_rate(given.window))
    if rate > parameters.building_nearest:
        return Judgement(because=f"Open interest {rate:+.2%} over {given.window} hardly falls")
    steps = given.path(_steps(given.window))
    if np.isnan(steps).any() or not steps.size:
        raise Missing(f"price.ret of a sub-window of {given.window} is null")
    up = int((steps > 0).sum())
    if up < parameters.building_up_share * steps.size - 1e-9:
        return Judgement(because=f"Price rose in {up} of {steps.size} sub-windows only")
    limits, tests = _limits(given, parameters)
    reached = sum(rate <= limit for limit in limits)
    if not reached:
        return Judgement(because=f"Open interest {rate:+.2%} stays above {limits[0]:+.2%}")
    fired = tests[reached - 1]
    return Judgement(
        "covering_building",
        SEVERITIES[reached],
        "up",
        rate / limits[0],
        f"Price rose in {up} of {steps.size} sub-windows while open interest fell {rate:+.2%} in "
        f"{given.window}, at or below {limits[reached - 1]:+.2%} ({fired}): shorts begin to close",
        marks=((_rate(given.window), limits[reached - 1]),),
        seen=tuple(
            Evidence(f"limit: {test}", None, limit)
            for limit, test in zip(limits, tests, strict=True)
        ),
        notes=(f"test that fired: {fired}",),
    )


def _limits(given: Given, parameters: Parameters) -> tuple[list[float], list[str]]:
    """The three falls that count and which test each comes from: the nearer to zero of the own
    quantile and the published fall, but none nearer than −0.5 %."""
    shares = (
        parameters.building_q_watch,
        parameters.building_q_elevated,
        parameters.building_q_extreme,
    )
    own = own_quantiles(given, shares, parameters)
    limits, tests = [], []
    for k, published in enumerate(published_falls(given.window, parameters)):
        limit, test = published, "published, scaled"
        if own is not None and own[k] > published:
            limit, test = own[k], f"own {shares[k] * 100:g} % quantile of 90 days"
        if limit > parameters.building_nearest:
            limit, test = parameters.building_nearest, f"{test}, held at the least fall that counts"
        limits.append(limit)
        tests.append(test if own is not None else f"{test}; own history too short")
    return limits, tests


BUILDING = Rule(
    key="R3.building",
    title="Covering that builds",
    names=("covering_building",),
    says="The early warning of a squeeze: price rises step by step and open interest falls faster"
    " than this asset's usually does. It can end there: most covering stays orderly.",
    formula="price up in >= 2/3 of the sub-windows, and ΔQ over 15m or 30m at or below the own"
    " 2 % / 0.5 % / 0.1 % quantile of 90 days or the published −1.5 / −5 / −10 % (30m; scaled by"
    " √(w/30m)), whichever is nearer zero, never nearer than −0.5 %: watch / elevated / extreme",
    wants=_wants,
    judge=_judge,
    windows=BUILDING_WINDOWS,
)
