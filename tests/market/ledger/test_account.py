"""One account: margin, bankruptcy and liquidation prices, locks, entries, flips."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tideline.domain.errors import BadInput
from tideline.market.ledger import Account

SIGNED = st.integers(-50, 50).filter(bool)
PRICES = st.integers(50, 200)
HALF = Fraction(1, 200)


def made(isolated: bool, leverage: int, cash: int = 100_000) -> Account:
    return Account("a", leverage, isolated, HALF, cash=cash, deposits=cash)


@given(st.booleans(), st.integers(1, 100), SIGNED, PRICES)
def test_an_opened_position_has_notional_over_leverage_at_risk(
    isolated: bool, leverage: int, signed: int, price: int
) -> None:
    one = made(isolated, leverage)
    assert one.settle(signed, price) == (abs(signed), 0)
    assert one.equity(price) == 100_000
    margin = -(-abs(signed) * price // leverage)
    assert one.at_risk(price) == (margin if isolated else 100_000)
    assert one.entry == price


@given(st.booleans(), st.integers(1, 100), SIGNED, PRICES)
def test_due_is_beyond_the_liquidation_price_and_before_bankruptcy(
    isolated: bool, leverage: int, signed: int, price: int
) -> None:
    one = made(isolated, leverage, cash=abs(signed) * 60)
    one.settle(signed, price)
    side = 1 if signed > 0 else -1
    for mark in range(1, 400, 3):
        held = one.cash - one.lock
        plain = held + one.pos * mark < HALF * abs(one.pos) * mark
        assert one.due(mark) == plain
        beyond = one.liquidation is not None and side * (mark - one.liquidation) < 0
        assert one.due(mark) == beyond
    assert one.bankruptcy is not None
    if one.bankruptcy >= 1:
        assert one.liquidation is not None
        assert side * (one.liquidation - one.bankruptcy) >= 0
        assert one.at_risk(one.limit) >= 0
        assert one.at_risk(one.limit - side) < 0


@given(st.booleans(), st.integers(1, 20), st.lists(st.tuples(SIGNED, PRICES), max_size=30))
def test_cash_and_position_are_the_sums_of_the_fills(
    isolated: bool, leverage: int, fills: list[tuple[int, int]]
) -> None:
    one = made(isolated, leverage)
    for signed, price in fills:
        one.settle(signed, price)
        assert one.lock >= 0
        assert isolated or one.lock == 0
        assert one.pos or (one.lock, one.entry) == (0, 0)
    assert one.pos == sum(signed for signed, _ in fills)
    assert one.cash - one.deposits == -sum(signed * price for signed, price in fills)


@given(SIGNED, PRICES, st.integers(1, 20))
def test_a_flip_is_a_close_and_then_an_open(signed: int, price: int, leverage: int) -> None:
    flipped, stepped = made(True, leverage), made(True, leverage)
    for one in (flipped, stepped):
        one.settle(signed, 100)
    opened, closed = flipped.settle(-3 * signed, price)
    assert (opened, closed) == (2 * abs(signed), abs(signed))
    stepped.settle(-signed, price)
    assert (stepped.pos, stepped.lock) == (0, 0)
    stepped.settle(-2 * signed, price)
    assert flipped == stepped
    assert flipped.entry == price


def test_a_shrinking_position_lets_go_in_proportion() -> None:
    one = made(True, 10, cash=50_000)
    one.settle(10, 1_000)
    assert (one.at_risk(1_000), one.lock) == (1_000, 49_000)
    one.settle(-4, 1_100)
    assert one.at_risk(1_100) == (1_000 + 10 * 100) * 6 // 10
    assert one.entry == 1_000
    assert one.equity(1_100) == 51_000


def test_a_share_of_a_loss_beyond_the_margin_comes_out_of_the_wallet_and_no_more() -> None:
    rich, poor = made(True, 10, cash=50_000), made(True, 10, cash=1_000)
    for one in (rich, poor):
        one.settle(10, 1_000)
        one.settle(-5, 800)
    assert rich.at_risk(800) == -500
    assert rich.lock == 49_000 - 500
    assert poor.lock == 0
    assert poor.at_risk(800) == -1_000


def test_what_the_wallet_lacks_is_paid_in() -> None:
    one = made(True, 2, cash=100)
    one.settle(-4, 1_000)
    assert (one.deposits, one.lock) == (2_000, 0)
    assert one.at_risk(1_000) == 2_000


def test_money_paid_in_is_not_at_risk_unless_it_is_to_be() -> None:
    one = made(True, 10, cash=50_000)
    one.settle(10, 1_000)
    one.pay_in_wallet(500)
    assert one.at_risk(1_000) == 1_000
    one.pay_in(500)
    assert one.at_risk(1_000) == 1_500


def test_the_average_entry_is_exact() -> None:
    one = made(False, 1)
    one.settle(1, 100)
    one.settle(2, 101)
    assert one.entry == Fraction(302, 3)
    one.settle(-1, 150)
    assert one.entry == Fraction(302, 3)


@pytest.mark.parametrize(
    ("values", "field"),
    [({"leverage": 0}, "leverage"), ({"maintenance": Fraction(1)}, "maintenance"),
     ({"maintenance": Fraction(-1)}, "maintenance")],
)  # fmt: skip
def test_impossible_accounts_are_refused(values: dict, field: str) -> None:
    with pytest.raises(BadInput, match=field):
        Account("a", **values)


def test_a_flat_account_is_never_due_and_has_no_bankruptcy_price() -> None:
    one = made(False, 1)
    assert not one.due(1)
    assert one.bankruptcy is None
    assert one.liquidation is None
    with pytest.raises(BadInput, match="flat"):
        _ = one.limit
    with pytest.raises(BadInput, match="amount"):
        one.pay_in(-1)
