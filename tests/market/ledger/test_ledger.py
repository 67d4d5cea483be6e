"""Trades, fees and funding: nothing comes from nowhere, at every step of any history."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tideline.domain.errors import BadInput, UnknownName
from tideline.market.ledger import Ledger, Offer, liquidate
from tideline.market.ledger.funding import pay_funding
from tideline.market.ledger.ledger import FUND

NAMES = ("ann", "bob", "cy", "dee", "eve")
PRICES = st.integers(60, 140)


class Contracts:
    """Open interest the slow way: each open lot is a contract with a long and a short owner."""

    def __init__(self) -> None:
        self.longs: list[str] = []
        self.shorts: list[str] = []

    def trade(self, buyer: str, seller: str, lots: int) -> None:
        for _ in range(lots):
            if buyer in self.shorts:
                self.shorts.remove(buyer)
            else:
                self.longs.append(buyer)
            if seller in self.longs:
                self.longs.remove(seller)
            else:
                self.shorts.append(seller)


class AnyHistory(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger(fee=Fraction(1, 2_500), fund=2_000)
        self.contracts = Contracts()
        self.mark = 100
        for place, name in enumerate(NAMES):
            self.ledger.open(
                name,
                deposit=1_000,
                leverage=1 + 7 * place,
                isolated=place % 2 == 0,
                maintenance=Fraction(1, 100),
            )

    @rule(
        buyer=st.sampled_from(NAMES),
        seller=st.sampled_from((*NAMES, FUND)),
        lots=st.integers(1, 30),
        price=PRICES,
    )
    def trade(self, buyer: str, seller: str, lots: int, price: int) -> None:
        if buyer == seller:
            return
        before = self.ledger.open_interest
        done = self.ledger.trade(buyer, seller, lots, price, taker=buyer)
        self.contracts.trade(buyer, seller, lots)
        assert done.buyer_opened + done.buyer_closed == lots
        assert done.seller_opened + done.seller_closed == lots
        assert done.oi_change == done.buyer_opened - done.seller_closed
        assert done.oi_change == done.seller_opened - done.buyer_closed
        assert self.ledger.open_interest - before == done.oi_change

    @rule(name=st.sampled_from(NAMES), amount=st.integers(0, 5_000))
    def deposit(self, name: str, amount: int) -> None:
        self.ledger.deposit(name, amount)

    @rule(mark=PRICES)
    def move_mark(self, mark: int) -> None:
        self.mark = mark

    @rule(rate=st.fractions(Fraction(-1, 100), Fraction(1, 100), max_denominator=10_000))
    def fund(self, rate: Fraction) -> None:
        paid = pay_funding(self.ledger, rate, self.mark)
        assert sum(paid.values()) == 0
        for name, amount in paid.items():
            if name != FUND:
                owed = self.ledger[name].pos * self.mark * rate
                assert owed <= amount < owed + 1

    @rule(data=st.data())
    def liquidate_all_due(self, data: st.DataObject) -> None:
        for account in self.ledger.due(self.mark):
            if not account.due(self.mark):
                continue  # deleveraged by the one before
            makers = [name for name in NAMES if name != account.name]
            offers = data.draw(
                st.lists(
                    st.builds(Offer, st.sampled_from(makers), st.integers(1, 20), PRICES),
                    max_size=3,
                )
            )
            side, size, limit = (1 if account.pos > 0 else -1), abs(account.pos), account.limit
            held = {one.name: one.pos for one in self.ledger}
            done = liquidate(self.ledger, account.name, self.mark, offers)
            assert account.pos == 0
            assert done.to_market + done.to_fund + sum(n for _, n in done.deleveraged) == size
            assert done.limit == limit
            assert account.cash >= 0 or account.isolated
            self._follow(account.name, side, done, offers)
            assert {one.name for one in self.ledger if one.pos * side > held[one.name] * side} <= {
                *(offer.name for offer in offers), FUND, *(name for name, _ in done.deleveraged),
            }  # fmt: skip

    def _follow(self, name: str, side: int, done, offers: list[Offer]) -> None:
        """The same lots in the slow count, in the same order."""
        left, handed = done.to_market, []
        for offer in offers:
            if left:
                handed.append((offer.name, min(left, offer.lots)))
                left -= handed[-1][1]
        for other, lots in (*handed, (FUND, done.to_fund), *done.deleveraged):
            if side > 0:
                self.contracts.trade(other, name, lots)
            else:
                self.contracts.trade(name, other, lots)

    @invariant()
    def everything_adds_up(self) -> None:
        assert self.ledger.discrepancies() == []

    @invariant()
    def every_contract_has_two_owners(self) -> None:
        count = self.contracts
        assert len(count.longs) == len(count.shorts) == self.ledger.open_interest
        for account in self.ledger:
            assert account.long == count.longs.count(account.name)
            assert account.short == count.shorts.count(account.name)

    @invariant()
    def nothing_is_locked_that_is_not_isolated(self) -> None:
        for account in self.ledger:
            assert account.lock >= 0
            assert account.lock == 0 or (account.isolated and account.pos)


TestAnyHistory = AnyHistory.TestCase
TestAnyHistory.settings = settings(max_examples=120, stateful_step_count=30, deadline=None)


@pytest.mark.parametrize(
    ("first", "second", "change"),
    [("open", "open", 1), ("close", "close", -1), ("open", "close", 0), ("close", "open", 0)],
)
def test_the_four_cells(first: str, second: str, change: int) -> None:
    ledger = Ledger()
    for name in ("buyer", "seller", "x", "y"):
        ledger.open(name)
    ledger.trade("x", "y", 5, 100)
    if first == "close":
        ledger.trade("x", "buyer", 1, 100)
    if second == "close":
        ledger.trade("seller", "y", 1, 100)
    assert ledger.trade("buyer", "seller", 1, 100).oi_change == change


def test_a_flip_counts_as_both() -> None:
    ledger = Ledger()
    for name in "abc":
        ledger.open(name)
    ledger.trade("a", "b", 2, 100)
    done = ledger.trade("b", "c", 5, 100)
    assert (done.buyer_closed, done.buyer_opened, done.seller_opened) == (2, 3, 5)
    assert done.oi_change == 3


def test_the_taker_pays_the_fee_and_a_rebate_is_a_negative_fee() -> None:
    ledger = Ledger(fee=Fraction(1, 2_500))
    for name in "ab":
        ledger.open(name, deposit=100_000)
    ledger.trade("a", "b", 10, 1_001, taker="b")
    assert (ledger["a"].equity(1_001), ledger["b"].equity(1_001)) == (100_000, 99_996)
    ledger.charge("a", -1)
    assert ledger.fees == 3
    assert ledger.discrepancies() == []


def test_a_count_that_does_not_add_up_is_said() -> None:
    ledger = Ledger()
    for name in "ab":
        ledger.open(name, deposit=10)
    ledger.trade("a", "b", 1, 5)
    ledger["a"].pos += 1
    ledger["b"].cash += 7
    oi, money = ledger.discrepancies()
    assert "longs 2, shorts 1" in oi
    assert "cash 27" in money


def test_bad_trades_are_refused_and_change_nothing() -> None:
    ledger = Ledger()
    for name in "ab":
        ledger.open(name, deposit=10)
    for arguments, field in (
        (("a", "a", 1, 5), "seller"),
        (("a", "b", 0, 5), "lots"),
        (("a", "b", 1, 0), "price"),
    ):
        with pytest.raises(BadInput, match=field):
            ledger.trade(*arguments)
    with pytest.raises(UnknownName, match="known: a, b"):
        ledger.trade("a", "c", 1, 5)
    with pytest.raises(BadInput, match="taker"):
        ledger.trade("a", "b", 1, 5, taker="c")
    with pytest.raises(BadInput, match="there already"):
        ledger.open("a")
    with pytest.raises(BadInput, match="mark"):
        pay_funding(ledger, Fraction(1, 100), 0)
    with pytest.raises(BadInput, match="fee"):
        Ledger(fee=Fraction(2))
    assert ledger.open_interest == 0
    assert ledger.discrepancies() == []
