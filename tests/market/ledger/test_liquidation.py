"""How a position ends: the book, the fund, the winners, and who gets what is left."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tideline.domain.errors import BadInput
from tideline.market.ledger import Ledger, Offer, adl_queue, liquidate

HALF = Fraction(1, 200)


def crashed(fund: int = 0, side: int = 1, isolated: bool = True, wallet: int = 1_000) -> Ledger:
    """``doomed`` holds 10 lots of 1 000 with leverage 10 against ``steady``."""
    ledger = Ledger(fund=fund)
    ledger.open("doomed", deposit=wallet, leverage=10, isolated=isolated, maintenance=HALF)
    ledger.open("steady", deposit=50_000)
    ledger.open("other", deposit=50_000)
    pair = ("doomed", "steady") if side > 0 else ("steady", "doomed")
    ledger.trade(*pair, 10, 1_000)
    return ledger


def test_only_what_is_due_is_liquidated() -> None:
    ledger = crashed()
    assert ledger.due(905) == []
    with pytest.raises(BadInput, match="not due at 905"):
        liquidate(ledger, "doomed", 905)
    assert [one.name for one in ledger.due(904)] == ["doomed"]
    with pytest.raises(BadInput, match="fund"):
        liquidate(ledger, "fund", 904)


@pytest.mark.parametrize("side", [1, -1])
def test_the_order_is_limited_at_the_bankruptcy_price(side: int) -> None:
    ledger = crashed(fund=10_000, side=side)
    limit = ledger["doomed"].limit
    assert limit == 1_000 - 100 * side
    worse = [Offer("other", 3, limit + 2 * side), Offer("other", 9, limit - side)]
    done = liquidate(ledger, "doomed", limit + side, worse)
    assert (done.to_market, done.to_fund) == (3, 7)
    assert ledger.fund.pos == 7 * side
    assert done.to_fund_cash == 6
    assert ledger["doomed"].cash == 0


def test_a_fund_takes_over_no_more_than_it_can_carry() -> None:
    ledger = crashed(fund=60)
    done = liquidate(ledger, "doomed", 900)
    assert ledger.fund.maintenance == Fraction(1, 50)
    assert Fraction(1, 50) * done.to_fund * 900 <= 60
    assert Fraction(1, 50) * (done.to_fund + 1) * 900 > 60
    assert done.to_fund == 3
    assert done.deleveraged == (("steady", 7),)
    assert done.oi_change == -7


def test_a_fund_carries_the_loss_below_the_bankruptcy_price() -> None:
    ledger = crashed(fund=1_000)
    done = liquidate(ledger, "doomed", 700)
    assert done.to_fund == 4  # each lot loses 200 at once and needs 14 of margin
    assert ledger.fund.equity(700) == 1_000 - 4 * 200


def test_a_fund_under_water_takes_nothing() -> None:
    ledger = crashed(fund=1_000)
    ledger.trade("fund", "other", 10, 1_000)
    done = liquidate(ledger, "doomed", 890)
    assert (done.to_fund, ledger.fund.pos) == (0, 10)
    assert sum(lots for _, lots in done.deleveraged) == 10
    assert ledger.open_interest == 10


def test_a_fund_that_is_short_closes_by_taking_over() -> None:
    ledger = crashed()
    ledger.trade("other", "fund", 4, 950)
    done = liquidate(ledger, "doomed", 900)
    assert done.to_fund >= 4
    assert ledger.fund.pos == done.to_fund - 4
    assert ledger.discrepancies() == []


def test_isolated_gives_what_is_left_to_the_fund() -> None:
    ledger = crashed(wallet=3_000)
    done = liquidate(ledger, "doomed", 904, [Offer("other", 10, 904)])
    assert (done.to_market, done.to_fund_cash) == (10, 40)
    assert (ledger["doomed"].cash, ledger.fund.cash) == (2_000, 40)


def test_cross_keeps_what_is_left() -> None:
    ledger = crashed(isolated=False)
    done = liquidate(ledger, "doomed", 904, [Offer("other", 10, 904)])
    assert (done.to_market, done.to_fund_cash) == (10, 0)
    assert (ledger["doomed"].cash, ledger.fund.cash) == (40, 0)


def test_the_fund_pays_what_fees_leave_short() -> None:
    ledger = Ledger(fee=Fraction(1, 100), fund=500)
    ledger.open("doomed", deposit=1_000, leverage=10, isolated=False, maintenance=HALF)
    ledger.open("steady", deposit=50_000)
    ledger.trade("doomed", "steady", 10, 1_000)
    done = liquidate(ledger, "doomed", 904, [Offer("steady", 10, 900)])
    assert ledger.fees == 90
    assert done.to_fund_cash == -90
    assert (ledger["doomed"].cash, ledger.fund.cash) == (0, 410)
    assert ledger.discrepancies() == []


def test_the_queue_is_by_profit_times_leverage_losers_last_fund_at_the_end() -> None:
    ledger = Ledger(fund=1_000)
    for name, leverage, price in (
        ("calm", 2, 1_000), ("bold", 20, 1_000), ("late", 20, 940), ("lost", 20, 899),
        ("lost less bold", 2, 899),
    ):  # fmt: skip
        ledger.open(name, leverage=leverage, isolated=True, maintenance=HALF)
        ledger.open(f"against {name}", deposit=10_000)
        ledger.trade(f"against {name}", name, 4, price)
    ledger.trade("against calm", "fund", 1, 900)
    names = [one.name for one in adl_queue(ledger, -1, 900)]
    assert names == ["bold", "late", "calm", "lost", "lost less bold", "fund"]
    assert all(one.pos > 0 for one in adl_queue(ledger, 1, 900))


def test_deleveraging_takes_the_first_whole_and_the_next_in_part() -> None:
    ledger = crashed()
    ledger.open("bold", leverage=50, isolated=True, maintenance=HALF)
    ledger.trade("other", "bold", 4, 1_000)
    done = liquidate(ledger, "doomed", 890)
    assert done.deleveraged == (("bold", 4), ("steady", 6))
    assert ledger["steady"].pos == -4
    assert ledger["other"].pos == 4
    assert done.oi_change == -10
