"""The end of a position that its margin no longer carries.

1. an immediate-or-cancel order at the bankruptcy price takes what the book offers that is no worse
2. of the rest, the insurance fund takes over at the bankruptcy price as many lots as its equity
   can carry the maintenance margin of
3. against what then is left, the other side is deleveraged at the bankruptcy price, most
   profit × leverage first
4. what is left of an isolated margin goes to the fund, a cross account keeps it; what fees or
   rounding left short, the fund pays

Step 1 lowers open interest only as far as its counterparties close; step 2 never does, unless the
fund held the other side; step 3 does by what the deleveraged close, which is all of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

from tideline.domain.errors import BadInput
from tideline.market.ledger.account import Account
from tideline.market.ledger.ledger import Ledger


class Offer(NamedTuple):
    """A resting order of the other side."""

    name: str
    lots: int
    price: int


class Liquidated(NamedTuple):
    """How a position ended, in lots, and what its end paid to the fund (below 0: took)."""

    to_market: int
    to_fund: int
    deleveraged: tuple[tuple[str, int], ...]
    limit: int
    """Bankruptcy price in whole ticks, at which steps 2 and 3 happen."""
    oi_change: int
    to_fund_cash: int


def liquidate(ledger: Ledger, name: str, mark: int, offers: Iterable[Offer] = ()) -> Liquidated:
    """End the position of ``name``; ``offers`` in the order the book would fill them.

    Raises BadInput if the account is not due at ``mark``, or for the fund.
    """
    account = ledger[name]
    if account is ledger.fund or not account.due(mark):
        raise BadInput("account", name, f"is not due at {mark}")
    before, side, limit = ledger.open_interest, 1 if account.pos > 0 else -1, account.limit
    held, whole, spent = account.cash - account.lock, abs(account.pos), ledger.fees
    paid = _sell_out(ledger, account, side, limit, offers)
    to_market = whole - abs(account.pos)
    rest = abs(account.pos)
    to_fund = _carried(ledger, side, rest, limit, mark)
    if to_fund:
        _hand_over(ledger, name, ledger.fund.name, side, to_fund, limit)
    deleveraged = _deleverage(ledger, account, side, rest - to_fund, limit, mark)
    proceeds = side * (paid + rest * limit)
    left = held + proceeds - (ledger.fees - spent)
    left = left if account.isolated else min(left, 0)
    ledger.move(name, ledger.fund.name, left)
    change = ledger.open_interest - before
    return Liquidated(to_market, to_fund, tuple(deleveraged), limit, change, left)


def _sell_out(
    ledger: Ledger, account: Account, side: int, limit: int, offers: Iterable[Offer]
) -> int:
    """Step 1; gives lots × price of all that was filled."""
    paid = 0
    for offer in offers:
        if account.pos == 0 or side * (offer.price - limit) < 0:
            break
        lots = min(abs(account.pos), offer.lots)
        buyer, seller = (offer.name, account.name) if side > 0 else (account.name, offer.name)
        ledger.trade(buyer, seller, lots, offer.price, taker=account.name)
        paid += lots * offer.price
    return paid


def _carried(ledger: Ledger, side: int, rest: int, price: int, mark: int) -> int:
    """Step 2: how many of ``rest`` lots the fund can take at ``price`` and carry at ``mark``."""
    fund = ledger.fund

    def carries(lots: int) -> bool:
        pos = fund.pos + side * lots
        equity = fund.cash - side * lots * price + pos * mark
        return equity >= fund.maintenance * abs(pos) * mark

    if rest == 0 or carries(rest):
        return rest
    if not carries(0):
        return 0
    enough, too_many = 0, rest
    while too_many - enough > 1:
        middle = (enough + too_many) // 2
        enough, too_many = (middle, too_many) if carries(middle) else (enough, middle)
    return enough


def _hand_over(ledger: Ledger, name: str, other: str, side: int, lots: int, price: int) -> None:
    buyer, seller = (other, name) if side > 0 else (name, other)
    ledger.trade(buyer, seller, lots, price)


def _deleverage(
    ledger: Ledger, account: Account, side: int, rest: int, price: int, mark: int
) -> list[tuple[str, int]]:
    """Step 3: those on the other side, in order of rank, until nothing is left."""
    done = []
    for other in adl_queue(ledger, -side, mark):
        if rest == 0:
            break
        lots = min(rest, abs(other.pos))
        _hand_over(ledger, account.name, other.name, side, lots, price)
        done.append((other.name, lots))
        rest -= lots
    return done


def adl_queue(ledger: Ledger, side: int, mark: int) -> list[Account]:
    """Who of ``side`` (+1 longs, −1 shorts) is deleveraged first at ``mark``; the fund last."""
    others = [a for a in ledger if a.pos * side > 0 and a is not ledger.fund]
    ranked = sorted(others, key=lambda one: adl_rank(one, mark), reverse=True)
    return [*ranked, *([ledger.fund] if ledger.fund.pos * side > 0 else [])]


def adl_rank(account: Account, mark: int) -> tuple[int, Fraction]:
    """Profit × leverage, both as ratios; a loss is divided by the leverage instead.

    Leverage is notional / equity at risk; a position without equity at risk ranks before its like.
    """
    side = 1 if account.pos > 0 else -1
    profit = side * (mark - account.entry) / account.entry
    risk, notional = account.at_risk(mark), abs(account.pos) * mark
    if risk <= 0:
        return (1 if profit > 0 else -1), profit
    leverage = Fraction(notional, risk)
    return 0, profit * leverage if profit > 0 else profit / leverage
