"""What a fill does to one account: the rules of ``market.ledger``, compiled.

1. cash pays, the position moves; what goes towards zero closes, the rest opens
2. an isolated position has its margin locked in when it opens or grows, let go of as it shrinks
3. open interest is the sum of the long positions, so it moves by what the longs moved
4. who did it is counted by the minute, as ``market.truth`` says
"""

from __future__ import annotations

from typing import Any

from tideline.market.world.compiled import kernel
from tideline.market.world.records import DELEVERAGED, FORCED_TAKER, TAKER

OPEN_LONG, CLOSE_LONG, FORCED_LONG, ADL_LONG, REST_OPEN_LONG, REST_CLOSE_LONG = 0, 2, 4, 6, 8, 10
"""Columns of the truth; the same of a short is one further."""


@kernel
def settle(
    acc: Any, books: Any, truth: Any, minute: int, a: int, signed: int, price: int, how: int
) -> None:
    """Account ``a`` buys ``signed`` lots (sells, if below 0) at ``price``."""
    one = acc[a]
    old = one.pos
    closing = 0
    if old * signed < 0:
        closing = min(abs(old), abs(signed))
    opening = abs(signed) - closing
    way = 1 if signed > 0 else -1
    counted = truth[one.book, minute, one.role]
    if closing > 0:
        counted[_closes(how) + (0 if old > 0 else 1)] += closing
        at_risk = one.cash - one.lock + old * price
        one.cash -= way * closing * price
        one.pos = old + way * closing
        if one.pos == 0:
            one.lock = 0
            one.entry = 0.0
            one.stop = 0.0
        elif one.isolated != 0:
            one.lock = max(0, one.lock + at_risk - at_risk * abs(one.pos) // abs(old))
    if opening > 0:
        counted[_opens(how) + (0 if way > 0 else 1)] += opening
        held = abs(one.pos)
        one.entry = (one.entry * held + float(price) * opening) / (held + opening)
        one.cash -= way * opening * price
        one.pos += way * opening
        if one.isolated != 0:
            margin = -(-abs(one.pos) * price // one.leverage)
            one.lock = one.cash + one.pos * price - margin
            if one.lock < 0:
                one.deposits -= one.lock
                one.cash -= one.lock
                one.lock = 0
    books[one.book].oi += max(one.pos, 0) - max(old, 0)
    look_out(acc, books, a)


@kernel
def _closes(how: int) -> int:
    if how == TAKER:
        return CLOSE_LONG
    if how == FORCED_TAKER:
        return FORCED_LONG
    return ADL_LONG if how == DELEVERAGED else REST_CLOSE_LONG


@kernel
def _opens(how: int) -> int:
    return OPEN_LONG if how == TAKER else REST_OPEN_LONG


@kernel
def look_out(acc: Any, books: Any, a: int) -> None:
    """Work out at which mark the account is liquidated, and widen its book's bounds."""
    one = acc[a]
    one.liq = 0.0
    if one.pos == 0 or one.mmr <= 0.0:
        return
    held = float(one.cash - one.lock)
    book = books[one.book]
    if one.pos > 0:
        one.liq = -held / (one.pos * (1.0 - one.mmr))
        book.longs_liq = max(book.longs_liq, one.liq)
    else:
        one.liq = held / (-one.pos * (1.0 + one.mmr))
        book.shorts_liq = min(book.shorts_liq, one.liq)


@kernel
def bankrupt_at(acc: Any, a: int) -> int:
    """The price in whole ticks at which nothing is left, on the side that leaves something."""
    one = acc[a]
    held = one.cash - one.lock
    if one.pos > 0:
        return int(max(1, -(held // one.pos)))  # −held/pos, rounded up
    return int(max(1, held // -one.pos))
