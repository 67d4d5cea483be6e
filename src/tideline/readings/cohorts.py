"""R10: who is doing the work, the top accounts or the crowd.

Two long/short ratios of one venue, of its top accounts by position and of all accounts, moved over
the window; takers say which side was pressed. The ratio of all accounts swings about twice as far
as that of the top ones on any day, so each is held against its own usual move.

Ratios are not position sizes: a ratio also moves when the other side leaves, and every long has
its short.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from tideline.domain.time import HOUR
from tideline.features.window import WINDOWS
from tideline.readings.bands import Band
from tideline.readings.given import Given, Numbers, Path, Wants
from tideline.readings.parameters import Parameters
from tideline.readings.price_oi_rule import alike
from tideline.readings.reading import Direction, Evidence, Severity
from tideline.readings.rule import Judgement, Rule

TOP, CROWD = "positioning.lsr_top", "positioning.lsr_global"


@cache
def addresses(window: str) -> tuple[str, str, str]:
    """Rate of the top accounts' ratio, rate of all accounts' ratio, taker imbalance."""
    return (
        f"{TOP}@{window}:rate",
        f"{CROWD}@{window}:rate",
        f"positioning.taker_imbalance@{window}",
    )


@cache
def paths_of(signal: str, window: str) -> tuple[Path, Path]:
    """The ratio at the like hours of the last 30 days, and one window before those."""
    return (
        Path(signal, alike(window), like_hours=True),
        Path(signal, window, like_hours=True, start_us=WINDOWS[window]),
    )


def own_band(now: Numbers, then: Numbers, window: str, parameters: Parameters) -> Band:
    """k_in × the median |Δln|; the fixed one where too few samples are known."""
    both = (now > 0) & (then > 0)  # false where null
    known = np.sort(np.abs(np.log(now[both] / then[both])))
    leave = parameters.k_out / parameters.k_in
    if known.size < parameters.min_samples:
        width = parameters.cohort_move * math.sqrt(WINDOWS[window] / HOUR)
        return Band(width, width * leave, "fixed", 0, f"{known.size} samples")
    middle = (known[(known.size - 1) // 2] + known[known.size // 2]) / 2
    width = max(parameters.k_in * float(middle), parameters.floor)
    return Band(width, width * leave, "adaptive", int(known.size))


def name_of(top: float, crowd: float, takers: float, top_band: Band, crowd_band: Band) -> str:
    """``top_leads``, ``crowd_leads``, ``opposed`` or nothing.

    Opposed: both outside their bands, against each other. Else the leader is the one further out
    in its own bands, if it is outside and went the way of the takers.
    """
    if top_band.side(top) * crowd_band.side(crowd) < 0:
        return "opposed"
    top_leads = top_band.ratio(top) > crowd_band.ratio(crowd)
    leader, band = (top, top_band) if top_leads else (crowd, crowd_band)
    if band.side(leader) * takers <= 0:
        return ""
    return "top_leads" if top_leads else "crowd_leads"


def _wants(window: str, _: Parameters) -> Wants:
    return Wants(addresses(window), (*paths_of(TOP, window), *paths_of(CROWD, window)))


def _judge(given: Given, parameters: Parameters) -> Judgement:
    names = addresses(given.window)
    top_rate, crowd_rate, takers = given.need(*names)
    top, crowd = math.log1p(top_rate), math.log1p(crowd_rate)
    top_band, crowd_band = (_band(given, signal, parameters) for signal in (TOP, CROWD))
    name = name_of(top, crowd, takers, top_band, crowd_band)
    marks = (
        (names[0], math.expm1(top_band.enter)),
        (names[1], math.expm1(crowd_band.enter)),
        (names[2], 0.0),
    )
    seen = (
        Evidence("Δln of the top accounts' ratio", top, top_band.enter, "log"),
        Evidence("Δln of all accounts' ratio", crowd, crowd_band.enter, "log"),
    )
    moved = (
        f"Top accounts' ratio {top_rate:+.1%}, all accounts' {crowd_rate:+.1%} over "
        f"{given.window}, takers {_side(takers)}"
    )
    if not name:
        return Judgement(because=f"{moved}: nobody leads", marks=marks, seen=seen)
    both = (top_band.ratio(top), crowd_band.ratio(crowd))
    strength = min(both) if name == "opposed" else max(both)
    severity: Severity = "elevated" if strength >= parameters.cohort_elevated else "watch"
    return Judgement(
        name,
        severity,
        _direction(crowd if name == "crowd_leads" else top),
        strength,
        f"{moved}: {_words(name, top, takers)}",
        marks=marks,
        seen=seen,
        notes=("Ratios are not position sizes.",),
    )


def _band(given: Given, signal: str, parameters: Parameters) -> Band:
    now, then = (given.path(path) for path in paths_of(signal, given.window))
    return given.worked_out(
        ("cohorts", signal, given.window, id(parameters)),
        lambda now, then: own_band(now, then, given.window, parameters),
        now,
        then,
    )


def _words(name: str, top: float, takers: float) -> str:
    if name == "opposed":
        if takers == 0:
            return "the top and the crowd move against each other"
        who = "top" if top * takers > 0 else "crowd"
        return f"the top and the crowd move against each other, takers go with the {who}"
    leader = "top accounts" if name == "top_leads" else "crowd"
    return f"the {leader} moved further than usual, the way of the takers"


def _side(takers: float) -> str:
    if takers == 0:
        return "even"
    return f"{'bought' if takers > 0 else 'sold'} ({takers:+.1%})"


def _direction(move: float) -> Direction:
    """The way the leader turned: more longs against shorts, or fewer."""
    return "up" if move > 0 else "down"


COHORTS = Rule(
    key="R10.cohorts",
    title="Who is doing the work",
    names=("top_leads", "crowd_leads", "opposed"),
    says="Whether the ratio of the top accounts or that of all accounts moved further than its own"
    " usual, the way that takers pressed, or both against each other. Ratios are not position"
    " sizes.",
    formula="Δln lsr_top and Δln lsr_global over w, each against 3 × its usual move of the same"
    " hours: both outside, opposite signs: opposed; else the one further out, if outside and with"
    " the sign of taker_imbalance; elevated from 2 × its band",
    wants=_wants,
    judge=_judge,
)
