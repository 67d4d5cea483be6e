"""Sharp deleveraging, a flush of longs, and the reversal set-up after one."""

from __future__ import annotations

from tideline.domain.time import MINUTE
from tideline.readings.covering.kind import FUNDING, rank_of_full
from tideline.readings.given import Given, Missing, Path, Wants
from tideline.readings.own_history import (
    cannot_be_rare,
    changes_path,
    own_quantiles,
    week_path,
)
from tideline.readings.parameters import Parameters
from tideline.readings.reading import Evidence
from tideline.readings.rule import Judgement, Rule

RATE = "positioning.oi_usdtm_coin@1h:rate"
RETURN = "price.ret@1h"
SHARE = "liquidations.liq_oi_share@1h"
IMBALANCE = "liquidations.liq_imbalance@15m"
IMBALANCE_Z = f"{IMBALANCE}:zscore"
TURNED = "flow.cvd@5m"
BEFORE = Path("flow.cvd", "15m", count=1, start_us=5 * MINUTE)
"""The quarter of an hour that ended five minutes ago."""
BASIS = "funding.basis_usdtm@15m"


def _sharp_wants(window: str, parameters: Parameters) -> Wants:
    return Wants((RATE, SHARE), (changes_path(window, parameters), week_path(window)))


def sharp(given: Given, parameters: Parameters) -> tuple[float, float, str] | None:
    """(ΔQ, the limit it reached, which test that was), or None when it did not.

    Raises:
        Missing: the rate is null.
    """
    (rate,) = given.need(RATE)
    if rate <= parameters.sharp_fall:
        return rate, parameters.sharp_fall, "published fall of 5 % in an hour"
    share = parameters.sharp_quantile
    if rate >= 0 or cannot_be_rare(given, rate, share, parameters):
        return None
    own = own_quantiles(given, (share,), parameters)
    if own is None or rate > own[0]:
        return None
    return rate, own[0], f"own {share * 100:g} % quantile of 90 days"


def _judge_sharp(given: Given, parameters: Parameters) -> Judgement:
    found = sharp(given, parameters)
    if found is None:
        return Judgement(because="Open interest did not fall sharply within 1h")
    rate, limit, test = found
    liquidated = given.number(SHARE)
    if liquidated is None:
        note = f"cannot tell whether liquidations explain it: {SHARE} is null"
    elif liquidated >= parameters.sharp_explained * -rate:
        note = f"cascade: {liquidated:.2%} of open interest was liquidated"
    else:
        note = f"a coordinated exit: only {liquidated:.2%} of open interest was liquidated"
    return Judgement(
        "sharp_deleveraging",
        "extreme" if rate <= 2 * parameters.sharp_fall else "elevated",
        "none",
        rate / limit if limit else None,
        f"Open interest fell {rate:+.2%} in 1h, at or below {limit:+.2%} ({test}); {note}",
        marks=((RATE, limit), (SHARE, parameters.sharp_explained * -rate)),
        notes=(note,),
    )


def _flush_wants(window: str, parameters: Parameters) -> Wants:
    return _sharp_wants(window, parameters) + Wants((RETURN, IMBALANCE))


def _judge_flush(given: Given, parameters: Parameters) -> Judgement:
    found = sharp(given, parameters)
    if found is None:
        return Judgement(because="Open interest did not fall sharply within 1h")
    (move,) = given.need(RETURN)
    if move >= 0:
        return Judgement(because="Price did not fall")
    (imbalance,) = given.need(IMBALANCE)
    if imbalance < parameters.flush_imbalance:
        return Judgement(because=f"Liquidations do not lean on longs (imbalance {imbalance:+.2f})")
    return Judgement(
        "forced_deleveraging",
        "extreme",
        "down",
        found[0] / found[1],
        f"Price fell, open interest fell {found[0]:+.2%} in 1h and longs are what is liquidated "
        f"(imbalance {imbalance:+.2f})",
        marks=((RETURN, 0.0), (RATE, found[1]), (IMBALANCE, parameters.flush_imbalance)),
    )


def _reversal_wants(window: str, parameters: Parameters) -> Wants:
    rank = rank_of_full("long", "15m", parameters)
    return Wants((IMBALANCE, IMBALANCE_Z, rank, TURNED, FUNDING, BASIS), (BEFORE,))


def _judge_reversal(given: Given, parameters: Parameters) -> Judgement:
    (imbalance,) = given.need(IMBALANCE)
    if imbalance < parameters.flush_imbalance:
        return Judgement(because=f"No flush of longs: imbalance {imbalance:+.2f}")
    return _set_up(
        given, parameters, "reversal_setup", IMBALANCE, imbalance, parameters.flush_imbalance
    )


def _judge_published(given: Given, parameters: Parameters) -> Judgement:
    (z,) = given.need(IMBALANCE_Z)
    if z < parameters.flush_published_z:
        return Judgement(because=f"Imbalance z {z:+.2f} is not beyond the published limit")
    return _set_up(
        given, parameters, "reversal_setup_published", IMBALANCE_Z, z, parameters.flush_published_z
    )


def _set_up(
    given: Given, parameters: Parameters, name: str, leg: str, leans: float, limit: float
) -> Judgement:
    """The legs that both forms share: the flush was large, the flow turned, longs have left."""
    ranked = rank_of_full("long", "15m", parameters)
    (now,) = given.need(TURNED)
    before = given.path(BEFORE)
    if not before.size or before[0] != before[0]:
        raise Missing("flow.cvd@15m of five minutes ago is null")
    if not (now > 0 > before[0]):
        return Judgement(because="The flow has not turned: takers do not buy after having sold")
    (rank,) = given.need(ranked)  # stands on 672 windows: looked at only where the flow turned
    if rank < parameters.flush_rank:
        return Judgement(because=f"The flush of longs stands at its {rank:.0%} percentile only")
    rate, basis = given.number(FUNDING), given.number(BASIS)
    if rate is None and basis is None:
        raise Missing(f"{FUNDING} and {BASIS} are null")
    if not ((rate is not None and rate < 0) or (basis is not None and basis < 0)):
        return Judgement(because="Neither funding nor basis is below zero: longs still pay")
    return Judgement(
        name,
        "elevated",
        "up",
        leans / limit if limit else None,
        "Longs were flushed, takers buy again after having sold, and the perpetual is below spot "
        "or shorts pay: the forced selling may be over",
        marks=((leg, limit), (ranked, parameters.flush_rank), (TURNED, 0.0), (FUNDING, 0.0),
               (BASIS, 0.0)),
        seen=(Evidence("flow.cvd@15m, five minutes ago", float(before[0]), 0.0, "coin"),),
    )  # fmt: skip


SHARP = Rule(
    key="R3.sharp",
    title="Sharp deleveraging",
    names=("sharp_deleveraging",),
    says="An hour in which open interest falls as it hardly ever does. A cascade if liquidations"
    " explain it; a coordinated exit if they do not.",
    formula="ΔQ over 1h <= max(−5 %, the own 0.1 % quantile of 90 days); a cascade if liquidated"
    " coin is at least half of the fall",
    wants=_sharp_wants,
    judge=_judge_sharp,
    windows=("1h",),
)

FLUSH = Rule(
    key="R3.flush",
    title="Forced deleveraging",
    names=("forced_deleveraging",),
    says="Price falls, open interest falls sharply and longs are what is liquidated.",
    formula="ΔP < 0 over 1h, sharp_deleveraging, and liq_imbalance@15m >= +0.5",
    wants=_flush_wants,
    judge=_judge_flush,
    windows=("1h",),
)

REVERSAL = Rule(
    key="R3.reversal",
    title="Reversal set-up",
    names=("reversal_setup",),
    says="What a playbook looks for after a flush of longs. A set-up is not a forecast.",
    formula="liq_imbalance@15m >= +0.5, liq_long_full@15m at or over its 98th percentile of 672"
    " windows, cvd@5m > 0 after cvd@15m < 0 (the quarter hour that ended five minutes ago),"
    " funding_avg < 0 or basis < 0",
    wants=_reversal_wants,
    judge=_judge_reversal,
    windows=("15m",),
)

REVERSAL_PUBLISHED = Rule(
    key="R3.reversal_published",
    title="Reversal set-up as published",
    names=("reversal_setup_published",),
    says="The same with the published leg, the z-score of the imbalance beyond 2. With our sign"
    " that is >= +2; on a number that sits near ±1 it can hardly fire in a long flush, which is"
    " why it is kept apart.",
    formula="liq_imbalance@15m:zscore >= +2 in place of the imbalance itself; the other legs alike",
    wants=_reversal_wants,
    judge=_judge_published,
    windows=("15m",),
)
