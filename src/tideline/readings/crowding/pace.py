"""How fast the book grows or shrinks, and when that makes a contrarian look."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tideline.domain.time import DAY, HOUR
from tideline.readings.crowding.funding import (
    RATE,
    extreme_side,
    funding_wants,
    rank_address,
)
from tideline.readings.given import Given, Path, Wants
from tideline.readings.parameters import Parameters
from tideline.readings.reading import Direction, Evidence, Reading
from tideline.readings.rule import Judgement, Rule

COIN, USD = "positioning.oi_usdtm_coin", "positioning.oi_usdtm"
DAY_COIN, DAY_USD = f"{COIN}@24h:rate", f"{USD}@24h:rate"
WEEK_COIN, WEEK_USD = f"{COIN}@24h:rate[7]", f"{USD}@24h:rate[7]"
FIVE_COIN, FIVE_USD = f"{COIN}@24h:rate[5]", f"{USD}@24h:rate[5]"
RANK_30 = f"{USD}@1h:pctrank[720]"
MONTH = Path(USD, "1h", HOUR, 721)
FIVE_DAYS = 5
GROWTH_DAYS = 90
GROWTH = Path(COIN, "24h", DAY, GROWTH_DAYS + FIVE_DAYS + 1)
"""Open interest in coin at this hour of the last 95 days: 90 five-day growths and today's."""
PACES = ("pace_calm", "pace_brisk", "pace_spike")


def pace_of(change: float, parameters: Parameters) -> str | None:
    """The name of the pace of a day's change, either way; None below the calm one."""
    size = abs(change)
    limits = (parameters.pace_calm, parameters.pace_brisk, parameters.pace_spike)
    reached = sum(size >= limit for limit in limits)
    return PACES[reached - 1] if reached else None


def range_position(values: np.ndarray) -> float | None:
    """(x − min)/(max − min) of a path whose first value is now; None where it is flat or null."""
    known = values[~np.isnan(values)]
    if not known.size or np.isnan(values[0]) or known.max() == known.min():
        return None
    return float((values[0] - known.min()) / (known.max() - known.min()))


def growth_rank(daily: np.ndarray) -> float | None:
    """Percentile of the last five-day growth among the 90 before it; None under 30 samples."""
    with np.errstate(divide="ignore", invalid="ignore"):
        growth = daily[:-FIVE_DAYS] / daily[FIVE_DAYS:] - 1.0
    if not growth.size or not np.isfinite(growth[0]):
        return None
    base = growth[1:][np.isfinite(growth[1:])]
    if base.size < GROWTH_DAYS / 3:
        return None
    return float(((base < growth[0]).sum() + 0.5 * (base == growth[0]).sum()) / base.size)


def _pace_wants(_: str, parameters: Parameters) -> Wants:
    return Wants((DAY_COIN, DAY_USD, RANK_30), (MONTH,))


def _judge_pace(given: Given, parameters: Parameters) -> Judgement:
    (coin,) = given.need(DAY_COIN)
    name = pace_of(coin, parameters)
    if name is None:
        return Judgement(because=f"Open interest {coin:+.2%} in a day: no pace to speak of",
                         marks=((DAY_COIN, parameters.pace_calm),))  # fmt: skip
    usd = given.number(DAY_USD)
    shown = "" if usd is None else f" ({usd:+.1%} in USD, which moves with price)"
    limits = {"pace_calm": parameters.pace_calm, "pace_brisk": parameters.pace_brisk,
              "pace_spike": parameters.pace_spike}  # fmt: skip
    return Judgement(
        name,
        {"pace_calm": "none", "pace_brisk": "watch"}.get(name, "elevated"),  # type: ignore[arg-type]
        _way(coin),
        abs(coin) / parameters.pace_brisk,
        f"Open interest {coin:+.2%} in a day{shown}: a {name.removeprefix('pace_')} "
        f"{'build-up' if coin > 0 else 'unwinding'}",
        marks=((DAY_COIN, limits[name]), (DAY_USD, limits[name])),
    )


def _finish_pace(given: Given, _: Parameters, reading: Reading) -> Reading:
    """The book's own level of 30 days, as a percentile and as a place in its range."""
    rank, place = given.number(RANK_30), range_position(given.path(MONTH))
    seen = (
        Evidence(RANK_30, rank, None, "1"),
        Evidence("place in the 30-day range of positioning.oi_usdtm", place, None, "1"),
    )
    return replace(reading, evidence=(*reading.evidence, *seen))


def _way(change: float) -> Direction:
    """Positions built or unwound; says nothing of price."""
    return "up" if change > 0 else "down"


def _week_wants(_: str, parameters: Parameters) -> Wants:
    return Wants((WEEK_COIN, WEEK_USD))


def _judge_week(given: Given, parameters: Parameters) -> Judgement:
    (coin,) = given.need(WEEK_COIN)
    if abs(coin) < parameters.pace_week:
        return Judgement(because=f"Open interest {coin:+.1%} in a week",
                         marks=((WEEK_COIN, parameters.pace_week),))  # fmt: skip
    usd = given.number(WEEK_USD)
    shown = "" if usd is None else f" ({usd:+.1%} in USD)"
    what = "the book is heavy with leverage" if coin > 0 else "leverage was shed"
    return Judgement(
        "leverage_heavy" if coin > 0 else "leverage_shed",
        "elevated" if coin > 0 else "watch",
        _way(coin),
        abs(coin) / parameters.pace_week,
        f"Open interest {coin:+.1%} in a week{shown}: {what}",
        marks=((WEEK_COIN, parameters.pace_week), (WEEK_USD, parameters.pace_week)),
    )


def _contrarian_wants(_: str, parameters: Parameters) -> Wants:
    return funding_wants(parameters) + Wants((FIVE_COIN, FIVE_USD), (GROWTH,))


def _judge_contrarian(given: Given, parameters: Parameters) -> Judgement:
    usd = given.number(FIVE_USD)
    grew = usd is not None and usd >= parameters.contrarian_usd
    rank = None if grew else growth_rank(given.path(GROWTH))
    rare = rank is not None and rank >= parameters.contrarian_rank
    if not grew and not rare:
        if usd is None:
            given.need(FIVE_USD)
        return Judgement(because=f"Open interest {usd:+.1%} in 5 days: no unusual build-up")
    side = extreme_side(given, parameters)
    if side == 0:
        return Judgement(because="Open interest built up, but funding is not extreme")
    (coin,) = given.need(FIVE_COIN)
    who: tuple[str, Direction] = ("longs", "down") if side > 0 else ("shorts", "up")
    why = f"{usd:+.1%} in USD" if grew else f"{coin:+.1%} in coin, its {rank:.0%} percentile"
    limit = parameters.funding_high_rank if side > 0 else parameters.funding_low_rank
    return Judgement(
        "contrarian_setup", "elevated", who[1],
        None if usd is None else usd / parameters.contrarian_usd,
        f"Open interest grew {why} in 5 days while {who[0]} overpay: the crowd leans one way",
        marks=((FIVE_USD, parameters.contrarian_usd), (FIVE_COIN, None), (RATE, None),
               (rank_address(parameters), limit)),
        notes=(f"crowded side: {who[0]}",),
    )  # fmt: skip


PACE = Rule(
    key="R4.pace",
    title="Pace of the book",
    names=PACES,
    says="How fast positions build or unwind in a day. Coin decides, since dollars move with price"
    " alone; the published numbers are dollars and are shown beside it.",
    formula="|ΔQ| of 24h: >= 1 % calm, >= 3 % brisk, >= 8 % a spike; the same for falls",
    wants=_pace_wants,
    judge=_judge_pace,
    windows=("24h",),
    finish=_finish_pace,
)

WEEK = Rule(
    key="R4.week",
    title="Leverage of the week",
    names=("leverage_heavy", "leverage_shed"),
    says="A book that grew by a quarter in a week is heavy with leverage; one that lost a quarter"
    " has shed it.",
    formula="oi_usdtm_coin@24h:rate[7] >= +25 % leverage_heavy, <= −25 % leverage_shed",
    wants=_week_wants,
    judge=_judge_week,
    windows=("24h",),
)

CONTRARIAN = Rule(
    key="R4.contrarian",
    title="Contrarian set-up",
    names=("contrarian_setup",),
    says="Five days of building up, paid for by one side at rare rates: the crowd leans one way.",
    formula="oi_usdtm@24h:rate[5] >= +20 %, or growth in coin at or over its own 99th percentile of"
    " 90 days; and funding extreme as in R4.funding",
    wants=_contrarian_wants,
    judge=_judge_contrarian,
    windows=("24h",),
)
