"""The second population: crowds whose opinions spread, after Lux and Marchesi, Cont and Bouchaud.

It shares the books, the accounts and the rules with the first, and nothing of how it decides:
nobody here knows value but scalpers. A trader is optimist, pessimist or of no opinion; opinions
jump to neighbours in clusters of very unequal size. Anchored traders take the day's mean for the
fair price, breakout traders follow moves away from the mean of four hours.
"""

from __future__ import annotations

from math import log

from tideline.market.world.book import middle
from tideline.market.world.chance import exponential, uniform
from tideline.market.world.compiled import kernel
from tideline.market.world.hands import World, afford, at_market, get_out, withdraw
from tideline.market.world.records import RETAIL
from tideline.market.world.traders import enter, leave, lots_of

CLUSTER_TAIL = 1.5
MOST_NEIGHBOURS = 60
SPREADS = 0.12
"""Chance that a change of mind spreads."""


@kernel
def herd(w: World, minute: int, step: int, a: int) -> None:
    """A change of mind, perhaps a whole cluster's."""
    one, par, state = w.acc[a], w.par[0], w.state[0]
    if one.pos != 0 and step < one.until:
        return
    price = log(middle(w.books, one.book))
    lean = 3.0 * par.herding * (price - state.hour) / state.sigma + 0.6 * state.mood_push
    lean += par.sentiment * state.mood
    draw = uniform(w.rng) * 3.0
    opinion = 0
    if draw < 1.0 + max(-0.9, min(0.9, lean)):
        opinion = 1
    elif draw < 2.0:
        opinion = -1
    if uniform(w.rng) > 0.35 + 0.3 * state.appetite:
        opinion = 0
    count = 1
    if uniform(w.rng) < SPREADS:
        count = int(min(float(MOST_NEIGHBOURS), (1.0 - uniform(w.rng)) ** (-1.0 / CLUSTER_TAIL)))
    first, held = w.groups[one.book, RETAIL, 0], w.groups[one.book, RETAIL, 1]
    for k in range(count):
        turn(w, minute, step, first + (a - first + k) % held, opinion)


@kernel
def turn(w: World, minute: int, step: int, a: int, opinion: int) -> None:
    """Make the account's position what its opinion says."""
    one, par = w.acc[a], w.par[0]
    if one.pos != 0 and (one.pos > 0) != (opinion > 0):
        leave(w, minute, a)
    if one.pos == 0 and opinion != 0:
        lots = opinion * lots_of(w, a)
        afford(w, a, lots)
        at_market(w, minute, a, lots)
        one.until = step + int(exponential(w.rng, par.retail_hold_h) / par.dt_h)


@kernel
def anchored(w: World, minute: int, step: int, a: int) -> None:
    """Sells above the day's mean, buys below it."""
    one, par, state = w.acc[a], w.par[0], w.state[0]
    gap = state.day + one.belief - log(middle(w.books, one.book))
    line = par.value_gap * one.threshold
    if one.pos == 0:
        withdraw(w, a)
        if abs(gap) > line and uniform(w.rng) < 0.25:
            enter(w, minute, a, 1 if gap > 0 else -1)
    elif gap * one.pos < 0.0 and abs(gap) > 0.3 * line:
        leave(w, minute, a)
    elif abs(gap) > line and abs(one.pos) < 4 * one.size and uniform(w.rng) < 0.5:
        enter(w, minute, a, 1 if gap > 0 else -1)


@kernel
def breakout(w: World, minute: int, step: int, a: int) -> None:
    """Enters when the quarter hour leaves the four hours' mean by much; leaves when it is back."""
    one, state = w.acc[a], w.state[0]
    off = (state.fast - state.four) / (1.5 * state.sigma)
    if one.pos == 0:
        withdraw(w, a)
        if abs(off) > one.threshold and uniform(w.rng) < 0.3:
            lots = (1 if off > 0 else -1) * lots_of(w, a)
            afford(w, a, lots)
            at_market(w, minute, a, lots)
    elif off * one.pos < 0.0:
        get_out(w, minute, a)
