"""Orders that take: they walk the book, best price first, oldest order first."""

from __future__ import annotations

from typing import Any

from tideline.market.world.book import emptied
from tideline.market.world.compiled import kernel
from tideline.market.world.records import DIRECTIONAL, MAKER, PASSIVE
from tideline.market.world.settle import settle

FEE_DIVISOR = 2_500
"""A taker pays 1/2500 of what he trades: 4 bps."""


@kernel
def take(
    acc: Any,
    books: Any,
    orders: Any,
    head: Any,
    tail: Any,
    blocks: Any,
    truth: Any,
    minute: int,
    a: int,
    signed: int,
    limit: int,
    how: int,
) -> int:
    """Buy ``signed`` lots (sell, if below 0) at ``limit`` or better; gives the lots not filled.

    An order of the same account in the way is taken out, not traded with.
    """
    b = acc[a].book
    s = 1 if signed > 0 else 0
    way = 1 if signed > 0 else -1
    left = abs(signed)
    empty = head.shape[2] - 1
    while left > 0:
        level = books[b].ask if s == 1 else books[b].bid
        if level <= 0 or level >= empty or way * (limit - level) < 0:
            break
        o = head[b, s, level]
        order = orders[o]
        other = order.account
        q = 0 if other == a else min(left, order.qty)
        order.qty = order.qty - q if other != a else 0
        if order.qty == 0:
            head[b, s, level] = order.after
            if order.after >= 0:
                orders[order.after].before = -1
            else:
                tail[b, s, level] = -1
                emptied(books, head, blocks, b, s, level)
        if q > 0:
            _trade(acc, books, truth, minute, a, other, way * q, level, how)
            left -= q
    return left


@kernel
def _trade(
    acc: Any, books: Any, truth: Any, minute: int, a: int, other: int, signed: int, price: int,
    how: int,
) -> None:  # fmt: skip
    settle(acc, books, truth, minute, a, signed, price, how)
    settle(acc, books, truth, minute, other, -signed, price, PASSIVE)
    book = books[acc[a].book]
    q = abs(signed)
    if signed > 0:
        book.buy += q
    else:
        book.sell += q
    if acc[other].role == MAKER and acc[a].role != MAKER:
        if acc[a].role == DIRECTIONAL:
            book.informed += signed
        else:
            book.hedged += signed
    fee = q * price // FEE_DIVISOR
    acc[a].cash -= fee
    book.fees += fee
    book.fills += 1
    book.last = price
    book.high = max(book.high, price)
    book.low = min(book.low, price)
