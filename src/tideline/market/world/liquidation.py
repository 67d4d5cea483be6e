"""Positions that may no longer be held: stops by their owners' will, liquidations against it.

A liquidation is an immediate order limited at the bankruptcy price. What finds nobody there is
taken over by the insurance fund at that price, while the fund can carry it; then the most
profitable, most leveraged positions of the other side are closed against it at that price.
"""

from __future__ import annotations

from tideline.market.world.book import middle
from tideline.market.world.chance import below
from tideline.market.world.compiled import kernel
from tideline.market.world.hands import World, at_market, get_out, withdraw
from tideline.market.world.match import take
from tideline.market.world.records import (
    DELEVERAGED,
    FORCED_TAKER,
    MAKER,
    PASSIVE,
    POOL,
)
from tideline.market.world.settle import bankrupt_at, settle

FAR = 1e18
FUND_MARGIN = 0.02
"""The fund must hold this share of all it carries."""
MARKET, INSURANCE, ADL = 0, 1, 2


@kernel
def enforce(w: World, minute: int, step: int, b: int) -> None:
    """Stops, then liquidations of one book, where its bounds say that there may be any."""
    book = w.books[b]
    price = middle(w.books, b)
    hit = price <= book.longs_stop or price >= book.shorts_stop
    due = book.mark <= book.longs_liq or book.mark >= book.shorts_liq
    if not hit and not due:
        return
    book.longs_stop, book.shorts_stop = 0.0, FAR
    book.longs_liq, book.shorts_liq = 0.0, FAR
    for a in range(book.first, book.first + book.count):
        one = w.acc[a]
        if one.pos == 0:
            continue
        long = one.pos > 0
        if one.liq > 0.0 and (book.mark <= one.liq if long else book.mark >= one.liq):
            liquidate(w, minute, step, b, a)
        elif one.stop > 0.0 and (price <= one.stop if long else price >= one.stop):
            get_out(w, minute, a)
        if one.pos > 0:
            book.longs_stop = max(book.longs_stop, one.stop)
            book.longs_liq = max(book.longs_liq, one.liq)
        elif one.pos < 0:
            book.shorts_stop = min(book.shorts_stop, one.stop if one.stop > 0.0 else FAR)
            book.shorts_liq = min(book.shorts_liq, one.liq if one.liq > 0.0 else FAR)


@kernel
def liquidate(w: World, minute: int, step: int, b: int, a: int) -> None:
    """Close all of it, by the book, the fund, or the other side's winners."""
    withdraw(w, a)
    one = w.acc[a]
    price = bankrupt_at(w.acc, a)
    before, wallet = one.pos, one.lock
    side = 1 if before > 0 else -1
    shift = below(w.rng, 1000)
    take(
        w.acc,
        w.books,
        w.orders,
        w.head,
        w.tail,
        w.blocks,
        w.truth,
        minute,
        a,
        -before,
        price,
        FORCED_TAKER,
    )
    done = abs(before) - abs(one.pos)
    if done > 0:
        note(w, step, shift, b, side, done, w.books[b].last, MARKET)
    if one.pos != 0:
        lots = _insured(w, b, price, abs(one.pos))
        if lots > 0:
            settle(w.acc, w.books, w.truth, minute, a, -side * lots, price, FORCED_TAKER)
            settle(w.acc, w.books, w.truth, minute, _pool(w, b), side * lots, price, PASSIVE)
            note(w, step, shift, b, side, lots, price, INSURANCE)
    if one.pos != 0:
        deleverage(w, minute, step, b, a, price)
    if one.pos == 0 and one.isolated != 0:
        w.acc[_pool(w, b)].cash += one.cash - wallet
        one.cash = wallet


@kernel
def _pool(w: World, b: int) -> int:
    return int(w.groups[b, POOL, 0])


@kernel
def _insured(w: World, b: int, price: int, lots: int) -> int:
    """How many lots the fund can take over."""
    if w.par[0].insurance_fund <= 0.0:
        return 0
    pool = w.acc[_pool(w, b)]
    equity = float(pool.cash) + pool.pos * w.books[b].mark
    room = equity / (FUND_MARGIN * price) - abs(pool.pos)
    return int(max(0.0, min(float(lots), room)))


@kernel
def deleverage(w: World, minute: int, step: int, b: int, a: int, price: int) -> None:
    """Against the winners of the other side: by profit times leverage, the greatest first."""
    one, book = w.acc[a], w.books[b]
    side = 1 if one.pos > 0 else -1
    while one.pos != 0:
        best, rank = -1, 0.0
        for c in range(book.first, book.first + book.count):
            other = w.acc[c]
            if other.pos * side >= 0 or (w.par[0].adl <= 0.0 and other.role != MAKER):
                continue
            gain = (book.mark - other.entry) * -side / max(other.entry, 1.0)
            score = 1.0 + max(gain, -0.9) * max(other.leverage, 1)
            if best < 0 or score > rank:
                best, rank = c, score
        if best < 0:
            return
        lots = min(abs(one.pos), abs(w.acc[best].pos))
        settle(w.acc, w.books, w.truth, minute, a, -side * lots, price, FORCED_TAKER)
        settle(w.acc, w.books, w.truth, minute, best, side * lots, price, DELEVERAGED)
        if w.acc[best].pos == 0:
            withdraw(w, best)
        note(w, step, below(w.rng, 1000), b, side, lots, price, ADL)


@kernel
def unwind(w: World, minute: int, b: int) -> None:
    """The fund sells what it took over, a little at a time."""
    a = _pool(w, b)
    held = w.acc[a].pos
    if held != 0:
        lots = max(1, min(abs(held), int(w.books[b].usual * 2e-5)))
        at_market(w, minute, a, -lots if held > 0 else lots)


@kernel
def note(w: World, step: int, ms: int, b: int, side: int, lots: int, ticks: int, how: int) -> None:
    """Write a forced fill down."""
    at = w.books[0].events
    if at < w.forced.shape[0]:
        event = w.forced[at]
        event.step, event.ms, event.book = step, ms, b
        event.side, event.lots, event.ticks, event.how = side, lots, ticks, how
        w.books[0].events = at + 1
