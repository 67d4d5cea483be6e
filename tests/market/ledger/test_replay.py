"""A tape of events, done again: the same positions, cash, locks, fees and open interest."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from tideline.domain.errors import UnknownName
from tideline.market.ledger import Deposit, Fill, Funding, Ledger, Release, replay
from tideline.market.ledger.funding import pay_funding


def fresh() -> Ledger:
    ledger = Ledger(fee=Fraction(1, 2_500), fund=1_000)
    for place, name in enumerate("abcdef"):
        ledger.open(name, deposit=5_000, leverage=1 + place, isolated=place % 2 == 0)
    return ledger


def test_a_ledger_that_wrote_its_tape_is_found_again() -> None:
    rng = np.random.default_rng(11)
    first, events, seen = fresh(), [], []
    for step in range(400):
        buyer, seller = rng.choice(list("abcdef"), 2, replace=False)
        lots, price = int(rng.integers(1, 20)), int(rng.integers(500, 1_500))
        fees = first.fees
        first.trade(buyer, seller, lots, price, taker=buyer)
        events.append(Fill(buyer, seller, lots, price, buyer_fee=first.fees - fees))
        seen.append(first.open_interest)
        if step % 50 == 0:
            for name, amount in pay_funding(first, Fraction(1, 1_000), price).items():
                events.append(Funding(name, amount))
                seen.append(first.open_interest)
            first.deposit("a", 10)
            first.move("b", "fund", 3)
            events += [Deposit("a", 10), Release("b", 3)]
            seen += [first.open_interest] * 2
    again = fresh()
    assert replay(again, events) == seen
    assert again.accounts == first.accounts
    assert again.fees == first.fees
    assert again.discrepancies() == []


def test_a_rebate_and_an_unknown_account() -> None:
    ledger = fresh()
    assert replay(ledger, [Fill("a", "b", 1, 100, seller_fee=-2)]) == [1]
    assert ledger.fees == -2
    with pytest.raises(UnknownName, match="'z'"):
        replay(ledger, [Fill("a", "z", 1, 100)])
