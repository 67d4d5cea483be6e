"""Market makers: each keeps a ladder of quotes around what all of them believe the price is.

The makers of a book lean against what they hold together, quote thinner when the market is wild,
thin the side that would fill them further, and one that holds more than the others leaves that
side to them, so that they do not pile up positions against each other. What rests beyond their
quotes they take: so does news move a price with no aggressor among the traders.
"""

from __future__ import annotations

from math import exp
from typing import Any

from tideline.market.world.book import cancel, rest
from tideline.market.world.compiled import kernel
from tideline.market.world.hands import World
from tideline.market.world.match import take
from tideline.market.world.records import QUOTER, TAKER


@kernel
def believed(w: World, b: int) -> float:
    """Where the makers of book ``b`` see its price, in ticks."""
    book = w.books[b]
    log_price = w.state[0].fair
    if book.spot == 0:
        log_price += w.par[0].premium_bias + w.state[0].premium + book.local
    return exp(log_price)


@kernel
def quote_book(w: World, minute: int, b: int) -> None:
    """Every maker of the book quotes anew, around one price that leans against what they hold."""
    par, state, book = w.par[0], w.state[0], w.books[b]
    makers, levels = int(par.makers), int(par.levels)
    books, orders, head, tail, blocks = w.books, w.orders, w.head, w.tail, w.blocks
    first = w.groups[b, QUOTER, 0]
    held = 0
    for a in range(first, first + makers):
        held += w.acc[a].pos
    place = w.acc[first].partner
    for i in range(makers * 2 * levels):
        cancel(books, orders, head, tail, blocks, b, place + i)
    full = max(-1.5, min(1.5, held / (book.usual * par.inventory)))
    center = believed(w, b) - par.skew * (full + full * full * full)
    fear = exp(-par.depth_fear * max(state.vol, 0.0) + state.depth_push)
    lots = book.usual * par.depth * fear / (makers * levels)
    bid = int(center - par.half_spread)
    ask = int(center + par.half_spread) + 1
    sweep(w, minute, b, bid, ask, int(lots * levels))
    buys = lots * max(0.06, min(1.0, 1.5 - full))
    sells = lots * max(0.06, min(1.0, 1.5 + full))
    for a in range(first, first + makers):
        more = 2.0 * (makers * w.acc[a].pos - held) / (book.usual * par.inventory)
        tilt = max(-0.95, min(0.95, more))
        ladder(w, b, a, buys * (1.0 - tilt), sells * (1.0 + tilt), bid, ask)


@kernel
def ladder(w: World, b: int, a: int, buys: float, sells: float, bid: int, ask: int) -> None:
    """One maker's quotes, thinner on the side that would fill it further."""
    books, orders, head, tail, blocks = w.books, w.orders, w.head, w.tail, w.blocks
    levels = int(w.par[0].levels)
    for i in range(2 * levels):
        rung = i // 2
        side = 1 if i % 2 == 0 else -1
        lots = buys if side > 0 else sells
        away = rung + rung * rung // 4
        level = min(bid - away, books[b].ask - 1) if side > 0 else max(ask + away, books[b].bid + 1)
        if 0 < level < head.shape[2] - 1:
            o = w.acc[a].partner + i
            orders[o].qty = int(lots * (0.6 + 0.8 * rung / levels)) + 1
            orders[o].side, orders[o].level, orders[o].account = side, level, a
            rest(books, orders, head, tail, blocks, b, o)


@kernel
def sweep(w: World, minute: int, b: int, bid: int, ask: int, most: int) -> None:
    """Take what others left beyond the new quotes: the maker with most room for it does."""
    book = w.books[b]
    if book.ask > bid and book.bid < ask:
        return
    first, makers = w.groups[b, QUOTER, 0], int(w.par[0].makers)
    short = long = first
    for a in range(first, first + makers):
        short = a if w.acc[a].pos < w.acc[short].pos else short
        long = a if w.acc[a].pos > w.acc[long].pos else long
    arrays: Any = (w.acc, w.books, w.orders, w.head, w.tail, w.blocks, w.truth)
    acc, books, orders, head, tail, blocks, truth = arrays
    if book.ask <= bid:
        take(acc, books, orders, head, tail, blocks, truth, minute, short, most, bid, TAKER)
    if book.bid >= ask:
        take(acc, books, orders, head, tail, blocks, truth, minute, long, -most, ask, TAKER)
