"""Orderly or forced: what kind of closing goes on."""

from __future__ import annotations

from tideline.domain.time import SECOND
from tideline.features.window import WINDOWS
from tideline.readings.bands import Band
from tideline.readings.covering.share import forced_share, share_wants, share_words
from tideline.readings.given import Given, Missing, Wants
from tideline.readings.own_history import changes_path, own_quantiles
from tideline.readings.parameters import Parameters
from tideline.readings.price_oi import addresses, classify, severity_of, strength_of
from tideline.readings.price_oi_rule import moves_of, moves_wants
from tideline.readings.reading import SEVERITIES, Severity
from tideline.readings.rule import Judgement, Mark, Rule

FUNDING = "funding.funding_avg@4h"
SIDES = {"short_covering": "short", "long_liquidation": "long"}
"""R1's state to the side whose positions are closed."""
NAMES = {
    ("short", False): "orderly_covering",
    ("short", True): "short_squeeze",
    ("long", False): "long_exit",
    ("long", True): "liquidation_cascade",
}


def rank_of_full(side: str, window: str, parameters: Parameters) -> str:
    """Where this window's forced flow stands among the last 672, complete feeds alone."""
    return f"liquidations.liq_{side}_full@{window}:pctrank[{int(parameters.squeeze_windows)}]"


def _share_of_oi(window: str, parameters: Parameters) -> tuple[str, str]:
    signal = f"liquidations.liq_oi_share@{window}"
    return signal, f"{signal}:pctrank[{int(parameters.squeeze_windows)}]"


def _wants(window: str, parameters: Parameters) -> Wants:
    return (
        moves_wants(window, parameters)
        + Wants(
            (
                *(rank_of_full(side, window, parameters) for side in ("long", "short")),
                *_share_of_oi(window, parameters),
                f"liquidations.liq_long_vol@{window}",
                f"liquidations.liq_short_vol@{window}",
                f"price.rv@{window}",
            ),
            (changes_path(window, parameters),),
        )
        + share_wants(window)
    )


def closing(
    given: Given, parameters: Parameters
) -> tuple[str, float, float, float, tuple[Band, Band]] | None:
    """(side closed, strength, ΔP, ΔQ, bands) while R1 says that one is closed; else None."""
    move, rate, price_band, oi_band = moves_of(given, "adaptive", parameters)
    state = classify(move, rate, price_band, oi_band)
    if state.name not in SIDES:
        return None
    strength = strength_of(state, move, rate, price_band, oi_band)
    return SIDES[state.name], strength, move, rate, (price_band, oi_band)


def _judge(given: Given, parameters: Parameters) -> Judgement:
    found = closing(given, parameters)
    if found is None:
        return Judgement(because="Neither side is closing into the move")
    side, strength, move, rate, bands = found
    forced, how, marks, notes = _forced(given, side, rate, parameters)
    share = forced_share(given, side)
    name = NAMES[side, forced]
    words = f"; {share_words(share)}" if share is not None else ""
    base = addresses(given.window)
    return Judgement(
        name,
        _raised(severity_of("", strength, parameters), forced),
        "up" if side == "short" else "down",
        strength,
        f"Price {move:+.2%} and open interest {rate:+.2%} over {given.window}: {side}s close, {how}"
        f"{words}",
        marks=((base[0], bands[0].enter), (base[1], -bands[1].enter), *marks),
        notes=notes,
        forced_share=share,
    )


def _raised(severity: Severity, forced: bool) -> Severity:
    """What is forced stands one step higher."""
    place = SEVERITIES.index(severity)
    return SEVERITIES[min(place + 1, 3)] if forced else severity


def _forced(
    given: Given, side: str, rate: float, parameters: Parameters
) -> tuple[bool, str, tuple[Mark, ...], tuple[str, ...]]:
    """Is the closing forced, how that was decided, on which numbers, and notes."""
    full = rank_of_full(side, given.window, parameters)
    level, ranked = _share_of_oi(given.window, parameters)
    rank = given.number(full)
    if rank is None:
        return _by_speed(given, side, rate, parameters)
    marks: tuple[Mark, ...] = ((full, parameters.squeeze_rank),)
    if rank >= parameters.squeeze_rank:
        return True, "forced: liquidations are among the largest of their windows", marks, ()
    share = given.number(level)
    if share is not None:
        marks += ((level, parameters.squeeze_share_least), (ranked, parameters.squeeze_share_rank))
        # the rank stands on 672 windows: looked at only where it can decide
        share_rank = given.number(ranked) if share >= parameters.squeeze_share_least else None
        if share_rank is not None and share_rank >= parameters.squeeze_share_rank:
            return True, f"forced: {share:.3%} of open interest was liquidated", marks, ()
    return False, "in order: liquidations are not unusual", marks, ()


def _by_speed(
    given: Given, side: str, rate: float, parameters: Parameters
) -> tuple[bool, str, tuple[Mark, ...], tuple[str, ...]]:
    """Without a complete feed: a straight move with an unusual fall of open interest, or a fall
    as rare as one in a thousand, however the move went."""
    ret, rv = given.need(addresses(given.window)[0], f"price.rv@{given.window}")
    straight = abs(ret) / rv if rv > 0 else 0.0
    shares = (parameters.building_q_watch, parameters.building_q_extreme)
    own = own_quantiles(given, shares, parameters)
    if own is None:
        raise Missing(
            f"no complete liquidation feed ({rank_of_full(side, given.window, parameters)} is null)"
            " and open interest's own history is too short to judge by speed"
        )
    fast = (straight >= parameters.fast_move and rate <= own[0]) or rate <= own[1]
    how = (
        f"{'fast' if fast else 'not fast'}, decided by speed for want of a complete liquidation "
        f"feed (|ret|/rv {straight:.1f}, ΔQ against its rarest 2 % and 0.1 %, {own[0]:+.2%} and "
        f"{own[1]:+.2%})"
    )
    return fast, how, ((f"price.rv@{given.window}", None),), _saturated(given, side, parameters)


def _saturated(given: Given, side: str, parameters: Parameters) -> tuple[str, ...]:
    """The sampled legs beside it, and whether they can still be told apart."""
    value = given.source.value(f"liquidations.liq_{side}_vol@{given.window}")
    if value.value is None or value.n is None:
        return ("decided by speed", "no sampled liquidation feed either")
    seconds = WINDOWS[given.window] // SECOND
    if value.n >= parameters.saturated_share * seconds:
        return ("decided by speed", f"sampled feeds saturated: events in {value.n} seconds")
    return ("decided by speed", f"sampled feeds: {value.value:,.0f} USD in {value.n} events")


def _left_wants(window: str, parameters: Parameters) -> Wants:
    return moves_wants(window, parameters) + Wants((FUNDING, funding_rank(parameters)))


def funding_rank(parameters: Parameters) -> str:
    """Where funding stands among the last 180 windows of 4 h."""
    return f"{FUNDING}:pctrank[{int(parameters.funding_windows)}]"


def _judge_left(given: Given, parameters: Parameters) -> Judgement:
    found = closing(given, parameters)
    if found is None or found[0] != "short":
        return Judgement(because="Shorts are not covering")
    (rate,) = given.need(FUNDING)
    rank = given.number(funding_rank(parameters))
    deep = rate <= parameters.covering_funding
    low = rank is not None and rank <= parameters.covering_funding_rank
    marks = ((FUNDING, parameters.covering_funding),
             (funding_rank(parameters), parameters.covering_funding_rank))  # fmt: skip
    if not deep and not low:
        if rank is None:
            raise Missing(f"{funding_rank(parameters)} is null, and funding is not below the limit")
        return Judgement(because=f"Funding {rate * 100:+.4f} % per 8 h: shorts do not pay up",
                         marks=marks)  # fmt: skip
    return Judgement(
        "more_covering_left", "watch", "up", found[1],
        f"Shorts cover while funding is {rate * 100:+.4f} % per 8 h: those that remain still pay, "
        "so covering is not spent",
        marks=marks,
    )  # fmt: skip


KIND = Rule(
    key="R3.kind",
    title="Orderly or forced closing",
    names=tuple(NAMES.values()),
    says="While positions close into a move: do they leave, or are they thrown out? Orderly"
    " covering takes hours; a squeeze or a cascade feeds itself and ends when the forced side is"
    " gone.",
    formula="R1 short_covering (long_liquidation) with liq_short_full@w (long) at or over its 98th"
    " percentile of 672 windows, or liq_oi_share@w at or over its 95th and at least 0.01 % of OI:"
    " short_squeeze (liquidation_cascade); else orderly_covering (long_exit). No complete feed:"
    " |ret|/rv >= 1 and ΔQ at or below its own 2 % quantile, or ΔQ at or below its 0.1 % quantile",
    wants=_wants,
    judge=_judge,
)

LEFT = Rule(
    key="R3.left",
    title="More covering left",
    names=("more_covering_left",),
    says="Shorts cover and those that remain still pay for staying: the fuel is not spent.",
    formula="R1 short_covering, and funding_avg <= −0.01 % per 8 h or at or under its 5th"
    " percentile of 180 windows of 4 h",
    wants=_left_wants,
    judge=_judge_left,
)
