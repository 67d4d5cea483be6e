"""Traders with no view of the price: hedgers, arbitrage between books, movers between venues.

Cash-and-carry hedgers sell perpetuals into strength and buy spot; arbitrageurs sell the dear book
and buy the cheap one; migrants close on one venue and open the same on another. They change open
interest and say nothing about direction.
"""

from __future__ import annotations

from tideline.market.world.book import middle
from tideline.market.world.chance import below, uniform
from tideline.market.world.compiled import kernel
from tideline.market.world.hands import World, at_market, wait_at, withdraw
from tideline.market.world.population import PARTS
from tideline.market.world.records import ARBITRAGE, CARRY, MIGRANT

MOST = 150
"""Times its usual trade an arbitrageur can hold on one book."""
FULL, MOVED = PARTS[CARRY], PARTS[MIGRANT]
"""Times its usual trade a hedger, and a migrant on one book, can hold: its usual position."""
BACK = 0.25
"""Hedgers unwind where the premium is under this share of what they came for."""


@kernel
def carry(w: World, minute: int, a: int) -> None:
    """One hedger looks at the premium of its book; ``partner`` is its account on spot."""
    one, par = w.acc[a], w.par[0]
    premium = w.books[one.book].average + 8.0 * w.books[one.book].premium
    premium = premium / 9.0 - par.premium_bias
    line = par.carry_at * one.threshold
    signed = 0
    if premium > line and -one.pos < FULL * one.size:
        signed = -int(one.size)
    elif premium < line * BACK and one.pos < 0:
        signed = int(min(one.size, -one.pos))
    if signed == 0:
        return
    withdraw(w, a)
    book = w.books[one.book]
    if uniform(w.rng) < 0.5:
        wait_at(w, a, signed, book.ask if signed < 0 else book.bid)
    else:
        at_market(w, minute, a, signed)
    at_market(w, minute, one.partner, -signed)


@kernel
def arbitrage(w: World, minute: int) -> None:
    """Between the dearest and the cheapest perpetual, if the gap pays."""
    par = w.par[0]
    dear, cheap, most, least, total, weight = -1, -1, 0.0, 0.0, 0.0, 0.0
    for b in range(w.books.shape[0]):
        book = w.books[b]
        if book.spot != 0 or book.bid <= 0 or w.groups[b, ARBITRAGE, 1] == 0:
            continue
        price = middle(w.books, b)
        total += price * book.share
        weight += book.share
        if dear < 0 or price > most:
            dear, most = b, price
        if cheap < 0 or price < least:
            cheap, least = b, price
    if dear == cheap or most - least < par.arbitrage_at * total / weight:
        return
    sells, buys = w.groups[dear, ARBITRAGE, 0], w.groups[cheap, ARBITRAGE, 0]
    lots = int(min(w.acc[sells].size, w.acc[buys].size))
    room = min(
        w.acc[sells].pos + MOST * w.acc[sells].size, MOST * w.acc[buys].size - w.acc[buys].pos
    )
    lots = int(min(lots, room))
    if lots > 0:
        at_market(w, minute, sells, -lots)
        at_market(w, minute, buys, lots)


@kernel
def migrate(w: World, minute: int, a: int) -> None:
    """Close a part here and open it on the partner's book, or the other way round."""
    source, goal = a, int(w.acc[a].partner)
    if uniform(w.rng) < 0.5:
        source, goal = goal, source
    one, other = w.acc[source], w.acc[goal]
    lots = int(min(one.size, other.size, abs(one.pos)))
    if lots == 0 or w.books[other.book].bid <= 0 or abs(other.pos) >= MOVED * other.size:
        return
    way = 1 if one.pos > 0 else -1
    done = lots - at_market(w, minute, source, -way * lots)
    if done > 0:
        at_market(w, minute, goal, way * done)


@kernel
def spot_trader(w: World, minute: int, a: int) -> None:
    """Buys or sells on spot, either side, more often towards value."""
    state = w.state[0]
    gap = state.value - state.fair
    tilt = max(-0.2, min(0.2, 10.0 * gap))
    way = 1 if uniform(w.rng) < 0.5 + tilt else -1
    at_market(w, minute, a, way * (1 + below(w.rng, int(2 * w.acc[a].size))))
