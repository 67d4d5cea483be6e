"""Traders with a view: what each kind does when it looks at the market.

========  =====================================================================================
retail    enters with the crowd and the mood, on high leverage, with a stop or a resting profit;
          leaves when it has held long enough
scalper   in and out within minutes, either side
trend     enters with an established move, leaves when it is over
value     buys below value and sells above, each with a view of its own; leaves when it is right
reverter  waits in the book against the last hour's move
========  =====================================================================================
"""

from __future__ import annotations

from math import exp, log, tanh

from tideline.market.world.book import middle
from tideline.market.world.chance import exponential, normal, uniform
from tideline.market.world.compiled import kernel
from tideline.market.world.hands import World, afford, at_market, get_out, wait_at, withdraw
from tideline.market.world.records import RETAIL, REVERTER, SCALPER, TREND, VALUE

ENTER, RETAIL_ENTERS = 0.25, 0.25
"""Chance that a trader without a position who looks at the market and sees a reason enters."""
RETAIL_LEAVES = 1.0 / 3.0
"""Chance that retail which looks at the market has held for long enough: it looks three times in
the time it holds on average, and, as with entering, more often when the market is busy."""
KEEN = 0.8
"""How strongly scalpers lean to where value is."""
NEAR_ROUND = 0.06
"""Share of the distance between round prices that counts as near one."""


@kernel
def look(w: World, minute: int, step: int, a: int) -> None:
    """One trader looks at the market and acts."""
    kind = w.acc[a].kind
    if kind == RETAIL:
        retail(w, minute, a)
    elif kind == SCALPER:
        scalper(w, minute, step, a)
    elif kind == TREND:
        trend(w, minute, step, a)
    elif kind == VALUE:
        value(w, minute, step, a)
    elif kind == REVERTER:
        reverter(w, minute, step, a)


@kernel
def lots_of(w: World, a: int) -> int:
    """What the account trades this time."""
    return max(1, int(w.acc[a].size * exp(0.4 * normal(w.rng))))


@kernel
def leave(w: World, minute: int, a: int) -> None:
    """Close: at the market, or waiting in the book at the best price of the own side."""
    one = w.acc[a]
    if uniform(w.rng) >= w.par[0].passive:
        get_out(w, minute, a)
        return
    book = w.books[one.book]
    wait_at(w, a, -one.pos, book.bid if one.pos < 0 else book.ask)


@kernel
def enter(w: World, minute: int, a: int, way: int) -> None:
    """Open ``way``: at the market, or waiting at the best price of the own side."""
    lots = way * lots_of(w, a)
    afford(w, a, lots)
    book = w.books[w.acc[a].book]
    if uniform(w.rng) >= w.par[0].passive:
        at_market(w, minute, a, lots)
    else:
        wait_at(w, a, lots, book.bid if way > 0 else book.ask)


@kernel
def retail(w: World, minute: int, a: int) -> None:
    one, par, state = w.acc[a], w.par[0], w.state[0]
    if one.pos != 0:
        if uniform(w.rng) < RETAIL_LEAVES:
            leave(w, minute, a)
        return
    withdraw(w, a)
    price = middle(w.books, one.book)
    chance = RETAIL_ENTERS * exp(state.appetite + state.appetite_push)
    if par.round_numbers > 0.0:
        off = price / par.round - int(price / par.round)
        if off < NEAR_ROUND or off > 1.0 - NEAR_ROUND:
            chance *= 1.0 + par.round_pull
    move = tanh((log(price) - state.four) / (2.0 * state.sigma))
    if uniform(w.rng) >= chance * exp(par.chase * move):
        return
    bias = par.long_bias + par.herding * move + par.sentiment * state.mood
    bias += state.mood_push + one.belief
    way = 1 if uniform(w.rng) < 0.5 + 0.5 * tanh(bias) else -1
    one.leverage = _leverage(w)
    lots = way * lots_of(w, a)
    afford(w, a, lots)
    at_market(w, minute, a, lots)
    if one.pos != 0:
        _protect(w, a)


@kernel
def _leverage(w: World) -> int:
    par = w.par[0]
    drawn = par.leverage * exp(par.leverage_spread * normal(w.rng) + w.state[0].leverage_push)
    return int(min(max(drawn, 1.0), 100.0))


@kernel
def _protect(w: World, a: int) -> None:
    """A stop, or an order that takes the profit."""
    one, par = w.acc[a], w.par[0]
    way = 1 if one.pos > 0 else -1
    at = uniform(w.rng)
    if par.stop_orders > 0.0 and at < par.stops:
        gap = par.stop_at * exp(0.5 * normal(w.rng))
        stop = one.entry * (1.0 - way * gap)
        if par.round_numbers > 0.0 and uniform(w.rng) < 0.5:
            stop = par.round * 0.25 * (int(stop / (par.round * 0.25)) + (0.0 if way > 0 else 1.0))
        book = w.books[one.book]
        one.stop = stop
        if way > 0:
            book.longs_stop = max(book.longs_stop, stop)
        else:
            book.shorts_stop = min(book.shorts_stop, stop)
    if par.passive_profit_taking > 0.0 and uniform(w.rng) < 0.45:
        gain = par.profit_at * exp(0.5 * normal(w.rng))
        wait_at(w, a, -one.pos, int(one.entry * (1.0 + way * gain)))


@kernel
def scalper(w: World, minute: int, step: int, a: int) -> None:
    one, par, state = w.acc[a], w.par[0], w.state[0]
    if one.pos != 0:
        if step >= one.until:
            leave(w, minute, a)
        return
    withdraw(w, a)
    price = log(middle(w.books, one.book))
    move = (price - state.fast) / (0.5 * state.sigma)
    gap = max(-1.0, min(1.0, (state.value - price) / (0.6 * state.sigma)))
    way = 1 if uniform(w.rng) < 0.5 + 0.5 * tanh(0.4 * one.belief * move + KEEN * gap) else -1
    one.until = step + int(exponential(w.rng, par.scalp_hold_m / 60.0) / par.dt_h)
    enter(w, minute, a, way)


@kernel
def trend(w: World, minute: int, step: int, a: int) -> None:
    one, state = w.acc[a], w.state[0]
    signal = (state.hour - state.day) / (3.5 * state.sigma)
    if one.pos == 0:
        withdraw(w, a)
        if abs(signal) > one.threshold and uniform(w.rng) < ENTER:
            lots = (1 if signal > 0 else -1) * lots_of(w, a)
            afford(w, a, lots)
            at_market(w, minute, a, lots)
    elif signal * one.pos < 0 or abs(signal) < 0.3 * one.threshold:
        get_out(w, minute, a)


@kernel
def value(w: World, minute: int, step: int, a: int) -> None:
    one, par, state = w.acc[a], w.par[0], w.state[0]
    gap = state.value + one.belief - log(middle(w.books, one.book))
    line = par.value_gap * one.threshold
    if one.pos == 0:
        withdraw(w, a)
        if abs(gap) > line and uniform(w.rng) < ENTER:
            enter(w, minute, a, 1 if gap > 0 else -1)
    elif gap * one.pos < 0.0 and abs(gap) > 0.3 * line:
        leave(w, minute, a)
    elif abs(gap) > line and abs(one.pos) < 4 * one.size and uniform(w.rng) < 0.5:
        enter(w, minute, a, 1 if gap > 0 else -1)


@kernel
def reverter(w: World, minute: int, step: int, a: int) -> None:
    one, state = w.acc[a], w.state[0]
    price = middle(w.books, one.book)
    move = (log(price) - state.hour) / state.sigma
    book = w.books[one.book]
    if one.pos == 0:
        withdraw(w, a)
        if abs(move) > one.threshold:
            way = -1 if move > 0 else 1
            one.until = step + int(exponential(w.rng, 3.0) / w.par[0].dt_h)
            lots = way * lots_of(w, a)
            afford(w, a, lots)
            wait_at(w, a, lots, book.bid if way > 0 else book.ask)
    elif move * one.pos > 0 or step >= one.until:
        wait_at(w, a, -one.pos, book.bid if one.pos < 0 else book.ask)
