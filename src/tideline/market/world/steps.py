"""The market's own loop: one step after the other, everything in a fixed order.

1. value, news, moods move (``weather``); the scenario pushes
2. makers quote anew, and take what stands beyond their quotes
3. traders look at the market, book by book, in an order drawn for the step
4. whales, arbitrage, the fund; stops and liquidations
5. makers learn from the flow; marks, index and rates are published; funding is paid
6. the step is written down
"""

from __future__ import annotations

from typing import Any

from tideline.market.world.book import middle
from tideline.market.world.chance import below, times
from tideline.market.world.compiled import called, kernel
from tideline.market.world.hands import World
from tideline.market.world.herds import anchored, breakout, herd
from tideline.market.world.liquidation import enforce, unwind
from tideline.market.world.makers import believed, quote_book
from tideline.market.world.neutral import arbitrage, carry, migrate, spot_trader
from tideline.market.world.pricing import learn, pay_funding, publish
from tideline.market.world.pushing import push
from tideline.market.world.records import CARRY, MIGRANT, POOL, RETAIL, REVERTER, SPOT, TREND, VALUE
from tideline.market.world.traders import look
from tideline.market.world.weather import weather
from tideline.market.world.whales import whales

STOCKS = ("oi", "last", "high", "low", "buy", "sell")

LARGE = 3.0
"""Times the mean size from which an account is one of the top accounts."""


@called
def run(
    w: World, rates: Any, stocks: Any, quotes: Any, indices: Any, running: Any, ratios: Any,
    first: int, last: int, written: int, step_s: float,
) -> int:  # fmt: skip
    """Steps ``first`` … ``last``−1; those from ``written`` on are written down. Gives the fills."""
    per_minute = int(60.0 / step_s)
    for step in range(first, last):
        minute = max(0, (step - written) // per_minute)
        if step == written:
            w.truth[:] = 0  # what was counted while nothing was written
        begin_step(w)
        weather(w, step, step_s)
        push(w, minute, step)
        for b in range(w.books.shape[0]):
            if w.books[b].opens <= step:
                if w.books[b].opens == step:
                    w.books[b].last = int(believed(w, b))
                quote_book(w, minute, b)
        trade(w, rates, minute, step)
        end_step(w, minute, step, step_s)
        at = step - written
        if at >= 0:
            write(w, stocks, quotes, indices, at)
            if (at + 1) % per_minute == 0:
                for b in range(w.books.shape[0]):
                    running[b, at // per_minute] = w.books[b].rate
            if (at + 1) % (5 * per_minute) == 0:
                for b in range(w.books.shape[0] - 1):
                    count_ratios(w, b, ratios[b, at // (5 * per_minute)])
    total = 0
    for b in range(w.books.shape[0]):
        total += w.books[b].fills
    return total


@kernel
def begin_step(w: World) -> None:
    for b in range(w.books.shape[0]):
        book = w.books[b]
        book.high = book.low = book.last
        book.buy = book.sell = book.informed = book.hedged = 0


@kernel
def trade(w: World, rates: Any, minute: int, step: int) -> None:
    """Whoever looks at the market in this step, beginning with a book drawn by chance."""
    count = w.books.shape[0]
    begin = below(w.rng, count)
    busy = w.state[0].busy
    for turn in range(count):
        b = (begin + turn) % count
        if w.books[b].opens > step or w.books[b].bid <= 0:
            continue
        for kind in range(w.groups.shape[1]):
            first, held = w.groups[b, kind, 0], w.groups[b, kind, 1]
            if held == 0 or rates[kind] <= 0.0:
                continue
            for _ in range(times(w.rng, held * rates[kind] * busy)):
                act(w, minute, step, kind, first + below(w.rng, held))
    whales(w, minute, step)
    if w.par[0].arbitrage > 0.0:
        arbitrage(w, minute)


@kernel
def act(w: World, minute: int, step: int, kind: int, a: int) -> None:
    if w.par[0].family > 0.0 and kind in (RETAIL, VALUE, TREND):
        if kind == RETAIL:
            herd(w, minute, step, a)
        elif kind == VALUE:
            anchored(w, minute, step, a)
        else:
            breakout(w, minute, step, a)
    elif kind <= REVERTER:
        look(w, minute, step, a)
    elif kind == CARRY:
        carry(w, minute, a)
    elif kind == MIGRANT:
        migrate(w, minute, a)
    elif kind == SPOT:
        spot_trader(w, minute, a)


@kernel
def end_step(w: World, minute: int, step: int, step_s: float) -> None:
    """Forced closing, what makers learn, what venues publish and settle."""
    for b in range(w.books.shape[0] - 1):
        if w.books[b].opens <= step:
            unwind(w, minute, b)
            enforce(w, minute, step, b)
    learn(w)
    publish(w)
    for b in range(w.books.shape[0] - 1):
        book = w.books[b]
        if (step + 1) * step_s % (book.interval * 3600.0) == 0.0:
            pay_funding(w, b, w.groups[b, POOL, 0])


@kernel
def write(w: World, stocks: Any, quotes: Any, indices: Any, at: int) -> None:
    """stocks [6, B, N], quotes [2, B, N] (mid, premium), indices [N] in ticks."""
    for b in range(w.books.shape[0]):
        book = w.books[b]
        stocks[0, b, at] = book.oi
        stocks[1, b, at] = book.last
        stocks[2, b, at] = book.high
        stocks[3, b, at] = book.low
        stocks[4, b, at] = book.buy
        stocks[5, b, at] = book.sell
        quotes[0, b, at] = middle(w.books, b)
        quotes[1, b, at] = book.premium
    indices[at] = quotes[0, w.books.shape[0] - 1, at]


@kernel
def count_ratios(w: World, b: int, found: Any) -> None:
    """Longs over shorts: positions and accounts of the large, all accounts."""
    book = w.books[b]
    long_lots, short_lots, long_top, short_top, longs, shorts = 0.0, 0.0, 0, 0, 0, 0
    for a in range(book.first, book.first + book.count):
        one = w.acc[a]
        if one.pos == 0 or one.role != 0:
            continue
        large = one.size * book.count >= LARGE * book.usual
        if one.pos > 0:
            longs += 1
            if large:
                long_lots += one.pos
                long_top += 1
        else:
            shorts += 1
            if large:
                short_lots -= one.pos
                short_top += 1
    found[0] = (long_lots + 1.0) / (short_lots + 1.0)
    found[1] = (long_top + 1.0) / (short_top + 1.0)
    found[2] = (longs + 1.0) / (shorts + 1.0)
