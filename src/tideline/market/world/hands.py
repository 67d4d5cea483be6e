"""Everything the kernels of one asset work on, in one hand; and what all do with their orders."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tideline.market.world.book import cancel, rest
from tideline.market.world.compiled import kernel
from tideline.market.world.match import take
from tideline.market.world.parameters import MECHANISMS, NAMES
from tideline.market.world.records import TAKER

PAR = np.dtype(
    [(name, np.float64) for name in NAMES]
    + [(name, np.float64) for name in MECHANISMS]
    + [(name, np.float64) for name in ("dt_h", "oi", "makers", "levels", "round", "family")]
)
"""The drawn numbers; each mechanism 1 (on) or 0; hours of a step; open interest of all books the
world was made for, lots; makers of a book and their levels; the distance of round prices, ticks;
which family of traders it is."""

PROTECT = 0.03
"""A market order goes no further than this from the best price."""


class World(NamedTuple):
    """The arrays. ``groups[b, kind]`` = (first account, count)."""

    acc: Any
    books: Any
    orders: Any
    head: Any
    tail: Any
    blocks: Any
    truth: Any
    forced: Any
    programs: Any
    pushes: Any
    groups: Any
    par: Any
    state: Any
    common: Any
    rng: Any


@kernel
def withdraw(w: World, a: int) -> None:
    """Take the account's own order out of the book."""
    cancel(w.books, w.orders, w.head, w.tail, w.blocks, w.acc[a].book, a)


@kernel
def at_market(w: World, minute: int, a: int, signed: int) -> int:
    """Buy (sell) at once; gives the lots not filled."""
    if signed == 0:
        return 0
    book = w.books[w.acc[a].book]
    if signed > 0:
        limit = int(min(book.ask, book.last * 2) * (1.0 + PROTECT)) + 1
    else:
        limit = int(book.bid * (1.0 - PROTECT))
    return take(
        w.acc, w.books, w.orders, w.head, w.tail, w.blocks, w.truth, minute, a, signed, limit, TAKER
    )


@kernel
def wait_at(w: World, a: int, signed: int, level: int) -> None:
    """Rest ``signed`` lots at ``level``, or as near as does not trade at once."""
    withdraw(w, a)
    b = w.acc[a].book
    book = w.books[b]
    level = min(level, book.ask - 1) if signed > 0 else max(level, book.bid + 1)
    if signed == 0 or level <= 0 or level >= w.head.shape[2] - 1:
        return
    order = w.orders[a]
    order.qty = abs(signed)
    order.side = 1 if signed > 0 else -1
    order.level = level
    order.account = a
    rest(w.books, w.orders, w.head, w.tail, w.blocks, b, a)


@kernel
def get_out(w: World, minute: int, a: int) -> int:
    """Close the account's position at the market; gives the lots not filled."""
    withdraw(w, a)
    return at_market(w, minute, a, -w.acc[a].pos)


@kernel
def afford(w: World, a: int, lots: int) -> None:
    """Before a cross account opens ``lots`` more: bring in what it lacks for its leverage."""
    one = w.acc[a]
    if one.isolated != 0 or one.mmr <= 0.0:
        return
    last = w.books[one.book].last
    need = (abs(one.pos) + abs(lots)) * last // one.leverage
    lack = need - (one.cash + one.pos * last)
    if lack > 0:
        one.cash += lack
        one.deposits += lack
