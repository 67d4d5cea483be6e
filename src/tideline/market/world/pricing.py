"""What trading does to what makers believe, and the prices venues publish: mark, index, funding."""

from __future__ import annotations

from math import exp, log

from tideline.market.world.book import middle
from tideline.market.world.compiled import kernel
from tideline.market.world.hands import World
from tideline.market.world.records import QUOTER
from tideline.market.world.settle import look_out

MARK_TAU_H = 1.0 / 60.0
LOCAL_TAU_H = 0.75
CLAMP, CAP = 5e-4, 3e-3
"""Of Binance's formula: rate = P + clamp(interest − P, ±0.05 %), at most ±0.3 %."""
TAUS_H = (0.25, 1.0, 4.0, 24.0)


@kernel
def learn(w: World) -> None:
    """Makers take the step's net flow into the price, and mark down what fills their books."""
    par, state = w.par[0], w.state[0]
    net, hedged, full, weight = 0.0, 0.0, 0.0, 0.0
    for b in range(w.books.shape[0]):
        book = w.books[b]
        if book.spot != 0:
            continue
        net += book.informed
        hedged += book.hedged
    for b in range(w.books.shape[0]):
        book = w.books[b]
        if book.spot != 0 or book.usual <= 0.0:
            continue
        flow = (book.informed + book.hedged) / book.usual
        book.local += par.local_impact * (flow - (net + hedged) / par.oi)
        book.local *= exp(-par.dt_h / LOCAL_TAU_H)
        held = 0.0
        for k in range(w.groups[b, QUOTER, 1]):
            held += w.acc[w.groups[b, QUOTER, 0] + k].pos
        full += book.share * max(-2.0, min(2.0, held / (par.inventory * book.usual)))
        weight += book.share
    state.fair += par.impact * net / par.oi - par.lean * par.dt_h * full / weight
    state.premium += par.premium_gain * (net + hedged) / par.oi
    state.premium *= exp(-par.dt_h / par.premium_tau_h)


@kernel
def publish(w: World) -> None:
    """Index, marks, premiums and running rates at the end of a step; running means of the price."""
    par, state = w.par[0], w.state[0]
    spot = w.books.shape[0] - 1
    index = middle(w.books, spot)
    keep = exp(-par.dt_h / MARK_TAU_H)
    price, weight = 0.0, 0.0
    for b in range(spot):
        book = w.books[b]
        if book.bid <= 0:
            continue
        middle_now = middle(w.books, b)
        book.premium = book.premium * keep + (1.0 - keep) * (middle_now / index - 1.0)
        book.mark = index * (1.0 + book.premium)
        price += book.share * middle_now
        weight += book.share
        ease = par.dt_h / book.interval
        book.average = book.average * (1.0 - ease) + ease * book.premium
        book.rate = funding_rate(book.average, book.interest)
    if weight > 0.0:
        now = log(price / weight)
        state.fast += (now - state.fast) * (1.0 - exp(-par.dt_h / 0.25))
        state.hour += (now - state.hour) * (1.0 - exp(-par.dt_h / 1.0))
        state.four += (now - state.four) * (1.0 - exp(-par.dt_h / 4.0))
        state.day += (now - state.day) * (1.0 - exp(-par.dt_h / 24.0))


@kernel
def funding_rate(premium: float, interest: float) -> float:
    """The rate of one interval from its average premium, both fractions per interval."""
    rate = premium + max(-CLAMP, min(CLAMP, interest - premium))
    return max(-CAP, min(CAP, rate))


@kernel
def pay_funding(w: World, b: int, pool: int) -> None:
    """Longs pay shorts ``rate`` × notional (below 0: get it); the rounding goes to the fund."""
    book = w.books[b]
    dust = 0
    for a in range(book.first, book.first + book.count):
        one = w.acc[a]
        if one.pos != 0:
            paid = int(one.pos * book.mark * book.rate)
            one.cash -= paid
            dust += paid
            look_out(w.acc, w.books, a)
    w.acc[pool].cash += dust
