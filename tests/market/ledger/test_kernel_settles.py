"""The compiled settlement is the ledger's, lot for lot and lot·tick for lot·tick."""

from __future__ import annotations

from fractions import Fraction

import numba
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tideline.market.ledger import Account, Ledger
from tideline.market.truth import KINDS, ROLES
from tideline.market.world.records import ACCOUNT, BOOK, DELEVERAGED, FORCED_TAKER, PASSIVE, TAKER
from tideline.market.world.settle import bankrupt_at, settle

COUNT = 4


@numba.njit
def trade(acc, books, truth, buyer, seller, lots, price, how):
    settle(acc, books, truth, 0, buyer, lots, price, how)
    settle(acc, books, truth, 0, seller, -lots, price, PASSIVE)


@numba.njit
def limit(acc, a):
    return bankrupt_at(acc, a)


FILLS = st.lists(
    st.tuples(
        st.integers(0, COUNT - 1),
        st.integers(1, COUNT - 1),
        st.integers(1, 500),
        st.integers(15_000, 25_000),
        st.sampled_from([TAKER, FORCED_TAKER, DELEVERAGED]),
    ),
    max_size=40,
)
ACCOUNTS = st.lists(
    st.tuples(st.booleans(), st.integers(1, 100), st.integers(0, 10**9)),
    min_size=COUNT,
    max_size=COUNT,
)


@settings(max_examples=300, deadline=None)
@given(ACCOUNTS, FILLS)
def test_any_tape_of_fills_leaves_the_same_accounts(made, fills) -> None:
    acc, books = np.zeros(COUNT, ACCOUNT), np.zeros(1, BOOK)
    truth = np.zeros((1, 1, len(ROLES), len(KINDS)), np.int32)
    books["longs_liq"], books["shorts_liq"] = 0.0, 1e18
    ledger = Ledger()
    slow: list[Account] = []
    for a, (isolated, leverage, deposit) in enumerate(made):
        acc[a]["isolated"], acc[a]["leverage"], acc[a]["mmr"] = isolated, leverage, 0.005
        acc[a]["cash"] = acc[a]["deposits"] = deposit
        slow.append(
            ledger.open(
                str(a), deposit=deposit, leverage=leverage, isolated=isolated,
                maintenance=Fraction(1, 200),
            )
        )  # fmt: skip
    opened = closed = 0
    for buyer, further, lots, price, how in fills:
        seller = (buyer + further) % COUNT
        done = ledger.trade(str(buyer), str(seller), lots, price)
        trade(acc, books, truth, buyer, seller, lots, price, how)
        opened += done.buyer_opened + done.seller_opened
        closed += done.buyer_closed + done.seller_closed
        assert books[0]["oi"] == ledger.open_interest
        for fast, one in zip(acc, slow, strict=True):
            assert (fast["pos"], fast["cash"], fast["lock"]) == (one.pos, one.cash, one.lock)
            assert fast["deposits"] == one.deposits
            assert np.isclose(fast["entry"], float(one.entry), rtol=1e-9)
            if one.pos:
                assert np.isclose(fast["liq"], float(_liquidation(one)), rtol=1e-9, atol=1e-6)
    for a, one in enumerate(slow):
        if one.pos:
            assert limit(acc, a) == one.limit
    names = dict(zip(KINDS, truth[0, 0].sum(axis=0), strict=True))
    assert sum(n for kind, n in names.items() if "open" in kind) == opened
    assert sum(n for kind, n in names.items() if "open" not in kind) == closed


def _liquidation(one: Account) -> Fraction:
    """As the kernel has it, below zero where a long is never due."""
    held = one.cash - one.lock
    if one.pos > 0:
        return Fraction(-held, one.pos) / (1 - one.maintenance)
    return Fraction(held, -one.pos) / (1 + one.maintenance)
