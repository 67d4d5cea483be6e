"""One order book of each instrument: price-time priority, levels of whole ticks.

``head[b, s, level]`` is the first order resting there (s 0 bids, 1 asks), −1 none; orders of a
level are a chain in order of arrival. ``blocks`` counts the levels in use of every 64, so that an
empty stretch is passed over quickly. ``bid`` 0 and ``ask`` = number of levels: that side is empty.
"""

from __future__ import annotations

from typing import Any

from tideline.market.world.compiled import inlined, kernel

BLOCK = 64


@inlined
def rest(books: Any, orders: Any, head: Any, tail: Any, blocks: Any, b: int, o: int) -> None:
    """Put order ``o`` (side, level, qty set) at the end of its level."""
    order = orders[o]
    s = 0 if order.side > 0 else 1
    level = order.level
    last = tail[b, s, level]
    order.before, order.after = last, -1
    if last >= 0:
        orders[last].after = o
    else:
        head[b, s, level] = o
        blocks[b, s, level // BLOCK] += 1
    tail[b, s, level] = o
    if s == 0:
        books[b].bid = max(books[b].bid, level)
    else:
        books[b].ask = min(books[b].ask, level)


@inlined
def cancel(books: Any, orders: Any, head: Any, tail: Any, blocks: Any, b: int, o: int) -> None:
    """Take order ``o`` out of the book, if it rests."""
    order = orders[o]
    if order.qty <= 0:
        return
    order.qty = 0
    s = 0 if order.side > 0 else 1
    level = order.level
    if order.before >= 0:
        orders[order.before].after = order.after
    else:
        head[b, s, level] = order.after
    if order.after >= 0:
        orders[order.after].before = order.before
    else:
        tail[b, s, level] = order.before
    if head[b, s, level] < 0:
        emptied(books, head, blocks, b, s, level)


@inlined
def emptied(books: Any, head: Any, blocks: Any, b: int, s: int, level: int) -> None:
    """``level`` has emptied: count it, and move the best price on if it was there."""
    blocks[b, s, level // BLOCK] -= 1
    if s == 0:
        if books[b].bid == level:
            books[b].bid = _below(head, blocks, b, level)
    elif books[b].ask == level:
        books[b].ask = _above(head, blocks, b, level)


@kernel
def _below(head: Any, blocks: Any, b: int, level: int) -> int:
    """The highest bid under ``level``; 0 where there is none."""
    while level > 0 and head[b, 0, level] < 0:
        if level % BLOCK == BLOCK - 1:
            while level >= BLOCK and blocks[b, 0, level // BLOCK] == 0:
                level -= BLOCK
            if head[b, 0, level] >= 0:
                return level
        level -= 1
    return int(max(level, 0))


@kernel
def _above(head: Any, blocks: Any, b: int, level: int) -> int:
    """The lowest ask over ``level``; the last level where there is none."""
    most: int = head.shape[2] - 1
    while level < most and head[b, 1, level] < 0:
        if level % BLOCK == 0:
            while level + BLOCK <= most and blocks[b, 1, level // BLOCK] == 0:
                level += BLOCK
            if head[b, 1, level] >= 0:
                return level
        level += 1
    return int(min(level, most))


@kernel
def middle(books: Any, b: int) -> float:
    """Middle of best bid and ask in ticks; the last price where a side is empty."""
    book = books[b]
    if book.bid <= 0 or book.ask >= book.bid * 2:
        return float(book.last)
    return float(0.5 * (book.bid + book.ask))
