"""Leverage against the coin, against spot, against what is traded."""

from __future__ import annotations

from tideline.readings.given import Given, Wants
from tideline.readings.parameters import Parameters
from tideline.readings.price_oi import addresses
from tideline.readings.price_oi_rule import moves_of, moves_wants
from tideline.readings.rule import Judgement, Rule

MCAP = "positioning.oi_mcap@24h"
MCAP_RANK = f"{MCAP}:pctrank[90]"
OI_RANK = "positioning.oi_change@24h:pctrank[90]"
SPOT_RANK = "flow.spot_perp_volume@24h:pctrank[30]"
VOLUME_RANK = "flow.volume_usdtm@24h:pctrank[30]"


def _mcap_wants(_: str, parameters: Parameters) -> Wants:
    return Wants((MCAP, MCAP_RANK))


def _judge_mcap(given: Given, parameters: Parameters) -> Judgement:
    share, rank = given.need(MCAP, MCAP_RANK)
    marks = ((MCAP, None), (MCAP_RANK, parameters.flushed_rank))
    notes = _zone(given.asset, share, parameters)
    where = f"Open interest is {share:.2%} of market value, its {rank:.0%} percentile of 90 days"
    if rank <= parameters.flushed_rank:
        strength = (1 - rank) / (1 - parameters.flushed_rank)
        because = f"{where}: leverage was flushed out"
        return Judgement(
            "leverage_flushed", "watch", "none", strength, because, marks=marks, notes=notes
        )
    if rank >= parameters.mcap_heavy:
        strength = rank / parameters.mcap_heavy
        because = f"{where}: much leverage stands on the coin"
        marks = ((MCAP, None), (MCAP_RANK, parameters.mcap_heavy))
        return Judgement(
            "leverage_stretched", "watch", "none", strength, because, marks=marks, notes=notes
        )
    return Judgement(because=where, marks=marks, notes=notes)


def _zone(asset: str, share: float, parameters: Parameters) -> tuple[str, ...]:
    if asset != "BTC":
        return ()
    low, high = parameters.mcap_zone_low, parameters.mcap_zone_high
    where = "below" if share < low else "above" if share > high else "inside"
    return (
        f"{where} the textbook zone of {low:.0%} to {high:.0%} for BTC, which may assume a wider "
        "set of venues",
    )


def _tail_wants(_: str, parameters: Parameters) -> Wants:
    return Wants((OI_RANK, SPOT_RANK))


def _judge_tail(given: Given, parameters: Parameters) -> Judgement:
    (rank,) = given.need(OI_RANK)
    if rank < parameters.tail_oi_rank:
        return Judgement(because=f"The day's change of open interest is its {rank:.0%} percentile",
                         marks=((OI_RANK, parameters.tail_oi_rank),))  # fmt: skip
    (spot,) = given.need(SPOT_RANK)
    marks = ((OI_RANK, parameters.tail_oi_rank), (SPOT_RANK, parameters.tail_spot_rank))
    if spot > parameters.tail_spot_rank:
        return Judgement(because=f"Spot trades along ({spot:.0%} percentile)", marks=marks)
    return Judgement(
        "derivatives_tail", "elevated", "none", rank / parameters.tail_oi_rank,
        f"Open interest grew as on {1 - rank:.0%} of days or fewer while spot against perpetual "
        f"volume is at its {spot:.0%} percentile: derivatives wag the dog",
        marks=marks,
    )  # fmt: skip


def _volume_wants(window: str, parameters: Parameters) -> Wants:
    return Wants((VOLUME_RANK,)) + moves_wants(window, parameters)


def _judge_volume(given: Given, parameters: Parameters) -> Judgement:
    (rank,) = given.need(VOLUME_RANK)
    marks = ((VOLUME_RANK, parameters.busy_rank),)
    if rank < parameters.busy_rank:
        return Judgement(because=f"Volume is at its {rank:.0%} percentile: not busy", marks=marks)
    _, rate, _, band = moves_of(given, "adaptive", parameters)
    side = band.side(rate)
    both = (*marks, (addresses(given.window)[1], band.enter))
    if side > 0:
        return Judgement(
            "fresh_capital", "watch", "none", rate / band.enter,
            f"A busy day ({rank:.0%} percentile) on which open interest grew {rate:+.2%}: what is "
            "traded are new positions",
            marks=both,
        )  # fmt: skip
    if side == 0:
        return Judgement(
            "churn", "none", "none", rank / parameters.busy_rank,
            f"A busy day ({rank:.0%} percentile) that left open interest where it was "
            f"({rate:+.2%}): positions change hands",
            marks=both,
        )  # fmt: skip
    return Judgement(because=f"A busy day on which open interest fell {rate:+.2%}", marks=both)


def _led(parameters: Parameters) -> tuple[str, str]:
    days = int(parameters.spot_led_days)
    return f"price.mark@24h:rate[{days}]", f"positioning.oi_usdtm_coin@24h:rate[{days}]"


def _led_wants(_: str, parameters: Parameters) -> Wants:
    return Wants(_led(parameters))


def _judge_led(given: Given, parameters: Parameters) -> Judgement:
    price, oi = _led(parameters)
    move, rate = given.need(price, oi)
    over = f"Price {move:+.1%} and open interest {rate:+.1%} over {parameters.spot_led_days:g} days"
    if not (move > 0 > rate):
        return Judgement(because=over, marks=((price, 0.0), (oi, 0.0)))
    return Judgement(
        "spot_led", "none", "up", None,
        f"{over}: the rise is bought in spot, not with leverage",
        marks=((price, 0.0), (oi, 0.0)),
    )  # fmt: skip


MARKET_CAP = Rule(
    key="R4.mcap",
    title="Leverage on the coin",
    names=("leverage_flushed", "leverage_stretched"),
    says="Open interest as a share of the coin's market value, judged by its own history, since"
    " coins and venue sets do not compare.",
    formula="oi_mcap@24h:pctrank[90] <= 0.10 leverage_flushed, >= 0.90 leverage_stretched",
    wants=_mcap_wants,
    judge=_judge_mcap,
    windows=("24h",),
)

TAIL = Rule(
    key="R4.tail",
    title="Derivatives tail",
    names=("derivatives_tail",),
    says="The book grows as it rarely does and spot does not trade along: the tail wags the dog.",
    formula="oi_change@24h:pctrank[90] >= 0.95 and spot_perp_volume@24h:pctrank[30] <= 0.20",
    wants=_tail_wants,
    judge=_judge_tail,
    windows=("24h",),
)

VOLUME = Rule(
    key="R4.volume",
    title="Churn or fresh capital",
    names=("churn", "fresh_capital"),
    says="A busy day either opens positions or only passes them on.",
    formula="volume_usdtm@24h:pctrank[30] >= 0.80 and ΔQ of 24h inside its band (churn) or above it"
    " (fresh_capital)",
    wants=_volume_wants,
    judge=_judge_volume,
    windows=("24h",),
)

SPOT_LED = Rule(
    key="R4.spot_led",
    title="Spot led",
    names=("spot_led",),
    says="Price rose for two weeks while positions were closed: the rise stands on spot buying.",
    formula="price.mark@24h:rate[14] > 0 and oi_usdtm_coin@24h:rate[14] < 0",
    wants=_led_wants,
    judge=_judge_led,
    windows=("24h",),
)
