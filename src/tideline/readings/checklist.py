"""The items of the pre-trade checklist, each pass, fail or cannot tell, with what it stood on.

alignment    open interest goes with price, and price with the side, over 4 h
impulse      not into the impulse of a squeeze: the retracement is another moment
skew         the same flow on three venues
funding      what the side pays is not at an extreme against it
duration     the anomaly has lasted two days
invalidator  a price AND an open interest at which the reason is gone
risk         the loss at the stop, costs included, against equity
liquidation  the stop comes before the liquidation
break_even   costs against the distance to the stop
cluster      the nearest cluster of liquidations of others
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tideline.readings.liquidation_price import Side
from tideline.readings.parameters import Parameters
from tideline.readings.position import Position
from tideline.readings.position_costs import Costs, break_even_price, size_for
from tideline.readings.price_oi import BY_NAME
from tideline.readings.price_words import price_words
from tideline.readings.reading import Evidence, FeatureValue, Reading, evidence_of

Verdict = Literal["pass", "fail", "cannot tell"]
VERDICTS: tuple[Verdict, ...] = ("pass", "fail", "cannot tell")
SQUEEZE: dict[Side, str] = {"long": "short_covering", "short": "long_liquidation"}
"""The closing flow that pushes the way of a side: what a squeeze is made of."""


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the checklist. ``because`` is one plain sentence."""

    key: str
    title: str
    verdict: Verdict
    because: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Invalidator:
    """When the reason for the position is gone: a price and an open interest in coin.

    ``oi_falls`` says that it is gone when open interest is at or under the level, else at or over.
    """

    price: float
    oi_coin: float | None
    oi_falls: bool
    why: str


def alignment(position: Position, state: Reading) -> Item:
    """Price and open interest over 4 h: money entered the way of the side."""
    title = f"OI goes with price and with the {position.side} over {state.window}"
    if not state.told:
        return Item("alignment", title, "cannot tell", state.because, state.evidence)
    cell = BY_NAME[state.name]
    if cell.price == position.sign and cell.oi > 0:
        verdict: Verdict = "pass"
        why = f"{state.name}: {cell.says}"
    else:
        verdict = "fail"
        why = f"{state.name}: {cell.says}; that is not money entering on the {position.side} side"
    moves = f"price {_percent(state.price_change)}, OI {_percent(state.oi_change)}"
    return Item("alignment", title, verdict, f"{why} ({moves}).", state.evidence)


def impulse(position: Position, state: Reading) -> Item:
    """A squeeze is entered on its retracement, not on its impulse."""
    title = "Not into the impulse of a squeeze"
    if not state.told:
        return Item("impulse", title, "cannot tell", state.because, state.evidence)
    if state.name == SQUEEZE[position.side]:
        why = (
            f"{state.name} is running over {state.window}: price is pushed the way of the "
            f"{position.side} by closing, which is finite; the set-up is its retracement."
        )
        return Item("impulse", title, "fail", why, state.evidence)
    why = f"{state.name} over {state.window}: no closing flow pushes the {position.side}'s way."
    return Item("impulse", title, "pass", why, state.evidence)


def skew(breadth: Reading | None) -> Item:
    """Positions were built on three venues (R5)."""
    return _built("skew", "Positions were built on 3 venues", breadth, "broad")


def duration(persistence: Reading | None) -> Item:
    """The build-up is an anomaly of two days or more (R6)."""
    return _built("duration", "The build-up has lasted 2 days", persistence, "structural")


def _built(key: str, title: str, reading: Reading | None, name: str) -> Item:
    """Pass when the reading has that name and it was building, not unwinding."""
    if reading is None or not reading.told:
        why = "it was not read." if reading is None else reading.because
        return Item(key, title, "cannot tell", why)
    verdict: Verdict = "pass" if reading.name == name and reading.direction == "up" else "fail"
    return Item(key, title, verdict, reading.because, reading.evidence)


def funding(
    position: Position, now: FeatureValue, rank: FeatureValue, costs: Costs, p: Parameters
) -> Item:
    """Funding is not extreme against the side; its cost stands beside it."""
    title = f"Funding is not extreme against the {position.side}"
    evidence = (evidence_of(now, None), evidence_of(rank, _rank_limit(position, p)))
    if now.value is None:
        why = f"funding is not known ({now.reason or 'no_data'})."
        return Item("funding", title, "cannot tell", why, evidence)
    text = _funding_words(position, now.value, costs)
    if rank.value is None:
        why = f"{text} how unusual that is cannot be told ({rank.reason or 'no_data'})."
        return Item("funding", title, "cannot tell", why, evidence)
    away = abs(now.value - p.funding_baseline) >= p.funding_away
    if position.side == "long":
        extreme = away and rank.value >= p.funding_high_rank
    else:
        extreme = away and rank.value <= p.funding_low_rank
    text += f" percentile {rank.value:.0%} of its history"
    crowd = f": the {position.side} side is crowded and pays for it." if extreme else "."
    return Item("funding", title, "fail" if extreme else "pass", text + crowd, evidence)


def _rank_limit(position: Position, p: Parameters) -> float:
    return p.funding_high_rank if position.side == "long" else p.funding_low_rank


def _funding_words(position: Position, rate: float, costs: Costs) -> str:
    def paid(usd: float | None) -> str:
        if usd is None:
            return "not known"
        return f"{'pays' if usd >= 0 else 'receives'} {abs(usd):,.2f} USD"

    hours = f"{position.horizon_h:g} h"
    return (
        f"{rate:+.4%} per 8 h: over {hours} the {position.side} {paid(costs.funding_usd)}, at its"
        f" dear rate {paid(costs.funding_bad_usd)};"
    )


def invalidation(
    position: Position, mark: FeatureValue, level: Invalidator, oi: float | None
) -> Item:
    """Both levels exist and neither has been reached."""
    title = "An invalidator as a price and as an OI level"
    evidence = (evidence_of(mark, level.price),)
    if level.oi_coin is None or oi is None:
        why = f"price {price_words(level.price)}; no open interest in coin is known to set a level."
        return Item("invalidator", title, "cannot tell", why, evidence)
    side = "at or under" if level.oi_falls else "at or over"
    text = (
        f"gone at price {price_words(level.price)} or with OI {side} {level.oi_coin:,.0f} coin"
        f" ({level.why}; now {oi:,.0f})"
    )
    crossed = oi <= level.oi_coin if level.oi_falls else oi >= level.oi_coin
    if mark.value is not None and position.sign * (mark.value - level.price) <= 0:
        why = f"{text}; the mark {price_words(mark.value)} is past it."
        return Item("invalidator", title, "fail", why, evidence)
    if crossed:
        return Item("invalidator", title, "fail", f"{text}; OI is there already.", evidence)
    return Item("invalidator", title, "pass", f"{text}.", evidence)


def risk(position: Position, costs: Costs, p: Parameters) -> Item:
    """The loss at the stop with its costs is a small share of equity."""
    title = f"Risk at most {p.risk_share:.2%} of equity"
    share = costs.risk_usd / position.equity_usd
    parts = (
        f"stop {costs.stop_loss_usd:,.2f} + fees {costs.fees_usd:,.2f} + slippage "
        f"{costs.slippage_usd:,.2f}"
    )
    dear = costs.funding_risk_usd
    parts += " + funding unknown" if dear is None else f" + funding {dear:,.2f}"
    met = size_for(position, costs, p)
    text = (
        f"{parts} = {costs.risk_usd:,.2f} USD, {share:.2%} of equity; {met:.6g} coin would meet "
        f"{p.risk_share:.2%}"
    )
    within = share <= p.risk_share
    if within and dear is None:
        return Item("risk", title, "cannot tell", f"{text}, funding aside.")
    return Item("risk", title, "pass" if within else "fail", f"{text}.")


def liquidation(position: Position, price: float | None, source: str) -> Item:
    """The stop is reached before the position is liquidated."""
    title = "The stop comes before the liquidation"
    if price is None and not source:
        why = "no margin tiers are known for this coin; give them with --tiers."
        return Item("liquidation", title, "cannot tell", why)
    if price is None:
        why = f"the margin covers the whole notional: no liquidation ({source})."
        return Item("liquidation", title, "pass", why)
    away = abs(price / position.entry - 1.0)
    text = (
        f"liquidated at {price_words(price)}, {away:.2%} from the entry with {position.margin}"
        f" margin of {position.wallet_usd:,.2f} USD; the stop {price_words(position.stop)} is "
    )
    if position.sign * (position.stop - price) > 0:
        return Item("liquidation", title, "pass", f"{text}reached before it ({source}).")
    return Item("liquidation", title, "fail", f"{text}beyond it and would never fill ({source}).")


def break_even(position: Position, costs: Costs, p: Parameters) -> Item:
    """What it costs, there and back, against what is risked."""
    title = "Costs are small against the stop's distance"
    share = costs.break_even_bad / position.stop_share
    even = break_even_price(position, costs.break_even)
    text = f"price has to move {costs.break_even:+.3%} your way, to {price_words(even)}, to earn"
    if costs.funding_usd is None and costs.funding_bad_usd is None:
        text += ", funding aside (unknown)"
    elif costs.break_even_bad > costs.break_even:
        text += f", {costs.break_even_bad:+.3%} at its dear funding"
    text += f"; that is {share:.0%} of the {position.stop_share:.2%} to the stop"
    if share > p.cost_share:
        return Item("break_even", title, "fail", f"{text}, more than {p.cost_share:.0%}.")
    if costs.funding_usd is None and costs.funding_bad_usd is None:
        return Item("break_even", title, "cannot tell", f"{text}.")
    return Item("break_even", title, "pass", f"{text}.")


def cluster() -> Item:
    """Where others would be liquidated."""
    why = "there is no map of modelled liquidation levels to measure it on."
    return Item("cluster", "Distance to the nearest liquidation cluster", "cannot tell", why)


def _percent(value: float | None) -> str:
    return "unknown" if value is None else f"{value:+.2%}"
