"""What the market's kernels work on: one record an account, a book, an order, a trading program.

Quantities are whole lots and prices whole ticks, so that cash (lots · ticks) and open interest add
up exactly. ``cash`` pays for every fill: + price · lots for a sale, − for a purchase, so that an
account's equity is cash + pos · price. ``lock`` is what an isolated position may not touch.
"""

from __future__ import annotations

import numpy as np

ACCOUNT = np.dtype(
    [
        ("pos", np.int64),
        ("cash", np.int64),
        ("lock", np.int64),
        ("deposits", np.int64),
        ("size", np.int64),
        ("entry", np.float64),
        ("liq", np.float64),
        ("stop", np.float64),
        ("threshold", np.float64),
        ("belief", np.float64),
        ("mmr", np.float64),
        ("until", np.int64),
        ("book", np.int32),
        ("kind", np.int32),
        ("role", np.int32),
        ("leverage", np.int32),
        ("isolated", np.int32),
        ("partner", np.int32),
    ]
)
"""``liq``: mark at which it is liquidated (0: never). ``stop``: its own stop (0: none). ``belief``:
its bias of value, a fraction. ``until``: step at which it wants out. ``partner``: its twin on
another book (−1: none); of a maker, the place of its first quote."""

BOOK = np.dtype(
    [
        ("bid", np.int64),
        ("ask", np.int64),
        ("last", np.int64),
        ("high", np.int64),
        ("low", np.int64),
        ("oi", np.int64),
        ("buy", np.int64),
        ("sell", np.int64),
        ("informed", np.int64),
        ("hedged", np.int64),
        ("fees", np.int64),
        ("first", np.int64),
        ("count", np.int64),
        ("opens", np.int64),
        ("events", np.int64),
        ("fills", np.int64),
        ("usual", np.float64),
        ("share", np.float64),
        ("local", np.float64),
        ("mark", np.float64),
        ("premium", np.float64),
        ("average", np.float64),
        ("rate", np.float64),
        ("interest", np.float64),
        ("longs_liq", np.float64),
        ("shorts_liq", np.float64),
        ("longs_stop", np.float64),
        ("shorts_stop", np.float64),
        ("interval", np.int64),
        ("spot", np.int64),
        ("pool", np.int64),
    ]
)
"""``informed``: net lots that makers sold to directional takers in the step; ``hedged``: to
hedgers. ``pool``: the account that is the insurance fund. ``first``, ``count``: its accounts.
``opens``: step in which it is listed. ``usual``: open interest it was made for, lots. ``local``:
its price next to the other books, a fraction. ``average``: of the premium over an interval.
``longs_liq`` …: no long is liquidated above it; bounds that save looking."""

ORDER = np.dtype(
    [
        ("qty", np.int64),
        ("level", np.int32),
        ("before", np.int32),
        ("after", np.int32),
        ("account", np.int32),
        ("side", np.int32),
    ]
)
"""A resting order; ``qty`` 0: none rests in this place. ``side`` +1 buys. An account has one place
of its own number, a maker as many as it quotes levels."""

PROGRAM = np.dtype(
    [
        ("side", np.int64),
        ("opens", np.int64),
        ("left", np.int64),
        ("pace", np.float64),
        ("whale", np.int64),
        ("book", np.int64),
    ]
)
"""A whale's order in work: ``left`` lots, ``pace`` lots a step, ``book`` −1: over all books."""

FORCED = np.dtype(
    [
        ("step", np.int64),
        ("ms", np.int64),
        ("lots", np.int64),
        ("ticks", np.int64),
        ("book", np.int32),
        ("side", np.int32),
        ("how", np.int32),
    ]
)
"""A forced fill as the kernel writes it."""

DIRECTIONAL, HEDGER, MAKER = 0, 1, 2
"""Roles, as in ``market.truth``."""

RETAIL, SCALPER, TREND, VALUE, REVERTER, WHALE, CARRY, ARBITRAGE, MIGRANT, QUOTER, POOL, SPOT = (
    range(12)
)
"""Kinds of accounts."""

PASSIVE, TAKER, FORCED_TAKER, DELEVERAGED = 0, 1, 2, 3
"""How an account came to a fill."""


STATE = np.dtype(
    [
        (name, np.float64)
        for name in (
            *("value", "fair", "premium", "vol", "mood", "appetite", "wander", "busy", "sigma"),
            *("fast", "hour", "four", "day", "drift", "mood_push", "appetite_push", "depth_push"),
            *("leverage_push", "news"),
        )
    ]
)
"""What all books share. Logarithms of prices in ticks: ``value``, ``fair`` (what makers believe),
``fast`` … ``day`` (running means of the price over 15 min, 1, 4 and 24 h). ``sigma``: volatility of
an hour, now. ``…_push``: what a scenario adds. ``news``: what value moved by in the step."""

PUSH = np.dtype(
    [
        ("first", np.int64),
        ("last", np.int64),
        ("kind", np.int64),
        ("size", np.float64),
        ("book", np.int64),
        ("other", np.int64),
    ]
)
"""One thing a scenario does from step ``first`` to ``last``; see ``scenario.py`` for the kinds."""
