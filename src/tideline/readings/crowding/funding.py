"""Open interest up: crowding, a healthy inflow, or one side that overheats."""

from __future__ import annotations

import math

import numpy as np

from tideline.domain.time import DAY
from tideline.readings.given import Given, Missing, Path, Wants
from tideline.readings.parameters import Parameters
from tideline.readings.price_oi import addresses
from tideline.readings.price_oi_rule import moves_of, moves_wants
from tideline.readings.reading import Direction, Evidence
from tideline.readings.rule import Judgement, Rule

RATE = "funding.funding_avg@4h"
BASELINE_DAYS = 30
"""Windows in the baseline of a z-score, as the transform has it."""
DAILY = Path("funding.funding_avg", "24h", DAY, BASELINE_DAYS + 2)
"""Funding now and at the same hour of the 31 days before: its daily changes."""


def rank_address(parameters: Parameters) -> str:
    """Funding among the last 180 windows of 4 h."""
    return f"{RATE}:pctrank[{int(parameters.funding_windows)}]"


def funding_wants(parameters: Parameters) -> Wants:
    """What :func:`extreme_side` looks at."""
    return Wants((RATE, rank_address(parameters)))


def extreme_side(given: Given, parameters: Parameters) -> int:
    """+1 longs overpay, −1 shorts do, 0 neither: a rare rank AND far from the interest baseline.

    Raises:
        Missing: funding or its rank is null.
    """
    rate, rank = given.need(RATE, rank_address(parameters))
    if abs(rate - parameters.funding_baseline) < parameters.funding_away * (1 - 1e-12):
        return 0
    if rank >= parameters.funding_high_rank:
        return 1
    return -1 if rank <= parameters.funding_low_rank else 0


def change_z(daily: np.ndarray) -> float | None:
    """z of funding's change over 24 h among its last 30 daily changes.

    As the zscore transform: the current change is no part of the baseline, null under 10 samples.
    A baseline that never moves gives 0 for no change and an infinite z for any.
    """
    changes = daily[:-1] - daily[1:]
    if not changes.size or math.isnan(changes[0]):
        return None
    base = changes[1:][~np.isnan(changes[1:])]
    if base.size < max(2, BASELINE_DAYS / 3):
        return None
    away = float(changes[0] - base.mean())
    spread = float(base.std(ddof=1))
    if spread == 0.0:
        return 0.0 if away == 0.0 else math.copysign(math.inf, away)
    return away / spread


def _wants(window: str, parameters: Parameters) -> Wants:
    return moves_wants(window, parameters) + Wants(paths=(DAILY,)) + funding_wants(parameters)


def _judge(given: Given, parameters: Parameters) -> Judgement:
    _, rate, _, band = moves_of(given, "adaptive", parameters)
    if rate <= band.enter:
        return Judgement(because=f"Open interest {rate:+.2%} over {given.window} does not build up")
    strength = rate / band.enter
    mark = (addresses(given.window)[1], band.enter)
    side = extreme_side(given, parameters)
    if side:
        return _overheating(given, side, rate, strength, mark, parameters)
    z = change_z(given.path(DAILY))
    if z is None:
        raise Missing("the z of funding_avg@24h:delta is null (fewer than 10 daily changes)")
    seen = (Evidence("z of funding.funding_avg@24h:delta", z if math.isfinite(z) else None,
                     parameters.funding_rising_z, "sd"),)  # fmt: skip
    grew = f"Open interest {rate:+.2%} over {given.window} and funding"
    if z >= parameters.funding_rising_z:
        return Judgement(
            "crowding", "watch", "up", strength,
            f"{grew} rising (z {z:+.1f}): the same side is bought into at a growing price",
            marks=(mark,), seen=seen,
        )  # fmt: skip
    if z > -parameters.funding_rising_z:
        return Judgement(
            "healthy_inflow", "none", "none", strength,
            f"{grew} flat (z {z:+.1f}): money comes in without crowding one side",
            marks=(mark,), seen=seen,
        )  # fmt: skip
    return Judgement(because=f"{grew} falling (z {z:+.1f}): no crowding of longs", seen=seen)


def _overheating(
    given: Given,
    side: int,
    rate: float,
    strength: float,
    mark: tuple[str, float],
    parameters: Parameters,
) -> Judgement:
    who: tuple[str, Direction] = ("longs", "down") if side > 0 else ("shorts", "up")
    funding = given.number(RATE) or 0.0
    limit = parameters.funding_high_rank if side > 0 else parameters.funding_low_rank
    return Judgement(
        "one_sided_overheating", "elevated", who[1], strength,
        f"Open interest {rate:+.2%} over {given.window} while {who[0]} pay {abs(funding):.4%} per "
        f"8 h, rare for this coin: {who[0]} overheat",
        marks=(mark, (RATE, parameters.funding_baseline), (rank_address(parameters), limit)),
        notes=(f"overheated side: {who[0]}",),
    )  # fmt: skip


FUNDING = Rule(
    key="R4.funding",
    title="Crowding against funding",
    names=("crowding", "healthy_inflow", "one_sided_overheating"),
    says="Positions build up. Rising funding says that one side crowds in and pays more for it;"
    " flat funding says that both sides come; extreme funding says which side overheats.",
    formula="ΔQ > band and: z of funding_avg@24h:delta >= 1 crowding; |z| < 1 healthy_inflow;"
    " funding_avg@4h:pctrank[180] <= 0.05 or >= 0.95 and |rate − 0.01 %/8 h| >= 0.01 %/8 h"
    " one_sided_overheating, whatever the z",
    wants=_wants,
    judge=_judge,
)
