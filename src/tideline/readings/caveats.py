"""R7: when open interest lies.

A caveat lowers the confidence of every reading it touches and is printed with it. It contradicts
none away: where hedge_book and healthy_inflow rest on the same facts, both are shown.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tideline.domain.time import DAY, HOUR, format_duration
from tideline.features.window import WINDOWS
from tideline.readings.given import Given, Path, Wants
from tideline.readings.own_history import quantile
from tideline.readings.parameters import Parameters
from tideline.readings.price_oi import addresses
from tideline.readings.price_oi_rule import moves_of, moves_wants
from tideline.readings.reading import Reading
from tideline.readings.rule import Judge, Judgement, Rule

UNTIL_FUNDING = "funding.minutes_until_funding@1h"
VOLUME = "flow.volume_usdtm@1h"
LIKE_VOLUMES = Path("flow.volume_usdtm", "1h", like_hours=True)
BASIS, FUNDING = "funding.basis_usdtm@1h", "funding.funding_avg@4h"
BASES = Path("funding.basis_usdtm", "1h", HOUR, 720, HOUR)
FUNDINGS = Path("funding.funding_avg", "4h", 4 * HOUR, 180, 4 * HOUR)
STABLECOINS = frozenset({"USDC", "USDT", "DAI", "FDUSD", "USDE", "TUSD", "PYUSD", "USD1", "BUSD"})
"""Coins that stand for a dollar: positions in them hedge and do not bet."""
TOTALS = ("positioning.oi_mcap", "positioning.oi_all", "positioning.oi_share_top")
"""Signals that add venues whose sides are unknown."""
INFLOWS = frozenset(
    {"new_longs", "new_shorts", "stored_leverage", "crowding", "healthy_inflow",
     "one_sided_overheating", "fresh_capital", "contrarian_setup", "leverage_heavy",
     "derivatives_tail", "pace_calm", "pace_brisk", "pace_spike"}
)  # fmt: skip
"""Readings that take a growing book for bets."""


def touches(caveat: str, reading: Reading) -> bool:
    """Does the caveat speak of this reading?"""
    if not reading.told or reading.entry.startswith("R7."):
        return False
    if caveat == "hedge_book":
        return reading.name in INFLOWS
    if caveat == "sides_unknown":
        return any(item.address.startswith(TOTALS) for item in reading.evidence)
    return True


def _plain(says: str) -> Judgement:
    return Judgement(because=says)


def _told(name: str, says: str) -> Judgement:
    return Judgement(name, "watch", because=says)


def _new_listing(given: Given, parameters: Parameters) -> Judgement:
    listed = given.facts.listed
    young = [
        (listed[group], group)
        for group in given.chosen.used
        if group in listed and given.as_of - listed[group] < parameters.new_listing_days * DAY
    ]
    if not young:
        return _plain("No instrument is new")
    since, (venue, instrument) = max(young)
    age = format_duration(given.as_of - since)
    return _told(
        "new_listing", f"{venue} {instrument} was listed {age} ago: its book is still filling"
    )


def _counting_break(given: Given, _: Parameters) -> Judgement:
    start = given.as_of - WINDOWS[given.window]
    for one in given.facts.breaks:
        if start < one.start <= given.as_of:
            return _told(
                "counting_break",
                f"{one.venue} {one.instrument} changed how it counts {one.field} within "
                f"{given.window}",
            )
    return _plain("No break of counting or contract")


def _low_coverage(given: Given, parameters: Parameters) -> Judgement:
    if given.chosen.share >= parameters.coverage_least:
        return _plain(f"The groups used hold {given.chosen.share:.0%} of open interest")
    return _told(
        "low_coverage", f"the groups used hold only {given.chosen.share:.0%} of open interest"
    )


def _stale_inputs(given: Given, parameters: Parameters) -> Judgement:
    limit_s = WINDOWS[given.window] / 1e6 * parameters.cadence_share
    late = [
        group
        for group in given.chosen.left_out
        if group.age_s > limit_s >= group.cadence_s  # a slow source is left out, it is not late
    ]
    if not late:
        return _plain("Every group is fresh")
    names = ", ".join(f"{g.venue} {g.instrument}" for g in late)
    return _told("stale_inputs", f"older than a third of {given.window}: {names}")


def _gap_in_window(given: Given, _: Parameters) -> Judgement:
    start = given.as_of - WINDOWS[given.window]
    for gap in given.facts.gaps:
        if gap.start < given.as_of and min(gap.end, given.as_of) > start and gap.end > gap.start:
            length = format_duration(min(gap.end, given.as_of) - gap.start)
            return _told(
                "gap_in_window",
                f"{gap.field} of {gap.venue} {gap.instrument} was silent for {length}",
            )
    return _plain("No silence in the window")


def _calendar_event(given: Given, parameters: Parameters) -> Judgement:
    reach = parameters.calendar_reach_h * HOUR
    near = [event for event in given.facts.calendar if abs(event.at - given.as_of) <= reach]
    if not near:
        return _plain("No calendar event is near")
    event = min(near, key=lambda one: abs(one.at - given.as_of))
    away = format_duration(abs(event.at - given.as_of))
    when = f"in {away}" if event.at > given.as_of else f"{away} ago"
    return _told("calendar_event", f"{event.name} {when}")


def _settlement(given: Given, parameters: Parameters) -> Judgement:
    (minutes,) = given.need(UNTIL_FUNDING)
    if minutes > parameters.settlement_reach_min:
        return _plain(f"Funding settles in {minutes:.0f} min")
    return _told("settlement", f"funding settles in {minutes:.0f} min: positions are closed for it")


def _thin_session(given: Given, parameters: Parameters) -> Judgement:
    (volume,) = given.need(VOLUME)
    found = given.path(LIKE_VOLUMES)
    usual = given.worked_out("usual volume", _ascending, found)
    if usual.size < parameters.min_samples:
        return _plain(f"Only {usual.size} like hours are known")
    limit = quantile(usual, parameters.thin_rank)
    if volume >= limit:
        return _plain("As much is traded as usual at these hours")
    rank = float((usual < volume).mean())
    return _told(
        "thin_session", f"the last hour's volume is at the {rank:.0%} percentile for these hours"
    )


def _ascending(values: np.ndarray) -> np.ndarray:
    return np.sort(values[~np.isnan(values)])


def _hedge_book(given: Given, parameters: Parameters) -> Judgement:
    if given.asset in STABLECOINS:
        return _told("hedge_book", f"{given.asset} stands for a dollar: positions in it are hedges")
    _, rate, _, band = moves_of(given, "adaptive", parameters)
    if rate <= band.enter:
        return _plain("Open interest does not build up")
    basis, funding, cvd, built = given.need(
        BASIS, FUNDING, f"flow.cvd@{given.window}", addresses(given.window)[3]
    )
    still = abs(cvd) <= parameters.hedge_flow * abs(built)
    # what costs little is asked first: the medians stand on 30 days
    if not (
        still
        and _calm(given, basis, BASES, parameters)
        and _calm(given, funding, FUNDINGS, parameters)
    ):
        return _plain("Basis, funding or takers move with open interest")
    return _told(
        "hedge_book",
        f"open interest grew {rate:+.2%} while basis, funding and takers stand still: this may be "
        "a hedge against spot, not a bet",
    )


def _calm(given: Given, now: float, usual: Path, parameters: Parameters) -> bool:
    return abs(now) <= parameters.hedge_share * _median(given.path(usual))


def _median(values: np.ndarray) -> float:
    sizes = np.abs(values[~np.isnan(values)])
    return float(np.median(sizes)) if sizes.size else 0.0


def _sides_unknown(given: Given, _: Parameters) -> Judgement:
    venues = given.facts.unknown_sides
    if not venues:
        return _plain("Every venue says how it counts")
    names = ", ".join(venues)
    return _told("sides_unknown", f"not documented whether one side is counted or both: {names}")


def _nothing(_: str, __: Parameters) -> Wants:
    return Wants()


def _caveat(
    name: str,
    says: str,
    formula: str,
    judge: Judge,
    wants: Callable[[str, Parameters], Wants] = _nothing,
) -> Rule:
    title = name.replace("_", " ").capitalize()
    return Rule(f"R7.{name}", title, (name,), says, formula, wants, judge)


CAVEAT_RULES: tuple[Rule, ...] = (
    _caveat("new_listing", "A new instrument's book fills whatever anyone thinks of price.",
            "a group used is younger than 14 days", _new_listing),
    _caveat("counting_break", "A change of counting or contract is no flow of positions.",
            "a break known at T lies in (T−w, T]", _counting_break),
    _caveat("low_coverage", "What is left out may have moved the other way.",
            "the groups used hold under 80 % of open interest", _low_coverage),
    _caveat("stale_inputs", "A venue that is late speaks of another moment.",
            "a group is older than w/3", _stale_inputs),
    _caveat("gap_in_window", "While a feed was silent nothing is known of it.",
            "a silence known at T overlaps (T−w, T]", _gap_in_window),
    _caveat("calendar_event", "Positions are closed before an announcement and opened after it.",
            "an event of the calendar, known at T, within 2 h either side", _calendar_event),
    _caveat("settlement", "Positions are closed before funding is paid and opened after it.",
            "minutes_until_funding <= 30", _settlement,
            lambda _, __: Wants((UNTIL_FUNDING,))),
    _caveat("thin_session", "When little is traded, little moves price and positions.",
            "volume_usdtm@1h under its 20th percentile at these hours and kind of day, 30 days",
            _thin_session, lambda _, __: Wants((VOLUME,), (LIKE_VOLUMES,))),
    _caveat("hedge_book", "Positions opened against spot or against another venue are no bets.",
            "ΔQ > band, |basis| and |funding| at most half their 30-day median and |cvd| <= 10 % of"
            " |ΔQ|; or a stablecoin",
            _hedge_book,
            lambda window, parameters: moves_wants(window, parameters) + Wants(
                (addresses(window)[3], BASIS, FUNDING, f"flow.cvd@{window}"), (BASES, FUNDINGS),
            )),
    _caveat("sides_unknown", "A venue that counts both sides looks twice as large.",
            "a venue among those added does not document its sides", _sides_unknown),
)  # fmt: skip
