"""All accounts of one book: who trades with whom, and what that does to open interest.

Each lot traded is opened or closed by the buyer, and opened or closed by the seller:

buyer    seller    open interest
opens    opens     +1   one more long and one more short
closes   closes    −1   one short and one long fewer
opens    closes     0   a long passes on
closes   opens      0   a short passes on

At every step Σ long = Σ short = open interest, and Σ cash + fees = Σ deposits: no position and no
money comes from nowhere. The insurance fund is an account like the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from tideline.domain.errors import BadInput, UnknownName
from tideline.market.ledger.account import Account

FUND = "fund"


class Traded(NamedTuple):
    """What one trade did, in lots."""

    buyer_opened: int
    buyer_closed: int
    seller_opened: int
    seller_closed: int
    oi_change: int


class Ledger:
    """One book. ``fee``: what a taker pays of notional; ``fund``: lot·ticks it begins with;
    ``fund_margin``: the share of what it carries that it must hold."""

    def __init__(
        self,
        *,
        fee: Fraction = Fraction(0),
        fund: int = 0,
        fund_margin: Fraction = Fraction(1, 50),
    ) -> None:
        if not 0 <= fee < 1:
            raise BadInput("fee", fee, "is not in [0, 1)")
        self.fee, self.fees, self.open_interest = fee, 0, 0
        self.accounts: dict[str, Account] = {}
        self.fund = self.open(FUND, deposit=fund, maintenance=fund_margin)

    def open(
        self,
        name: str,
        *,
        deposit: int = 0,
        leverage: int = 1,
        isolated: bool = False,
        maintenance: Fraction = Fraction(0),
    ) -> Account:
        """A new account with money from outside. Raises BadInput if the name is taken."""
        if name in self.accounts:
            raise BadInput("account", name, "is there already")
        account = Account(name, leverage, isolated, maintenance)
        account.pay_in(deposit)
        self.accounts[name] = account
        return account

    def __getitem__(self, name: str) -> Account:
        try:
            return self.accounts[name]
        except KeyError:
            raise UnknownName("account", name, self.accounts) from None

    def __iter__(self) -> Iterator[Account]:
        return iter(self.accounts.values())

    def deposit(self, name: str, amount: int) -> None:
        """Money from outside into the wallet of ``name``."""
        self[name].pay_in_wallet(amount)

    def trade(
        self, buyer: str, seller: str, lots: int, price: int, *, taker: str | None = None
    ) -> Traded:
        """``lots`` change hands at ``price``; ``taker``, one of the two, pays the fee.

        Raises BadInput for no lots, no price, a taker that does not trade, or a trade with oneself.
        """
        if taker not in (None, buyer, seller):
            raise BadInput("taker", taker, "is neither buyer nor seller", buyer)
        found = self._cross(buyer, seller, lots, price)
        if taker is not None:
            self.charge(taker, lots * price * self.fee.numerator // self.fee.denominator)
        return found

    def charge(self, name: str, fee: int) -> None:
        """A fee, out of the cash of ``name``; a rebate below 0."""
        self[name].cash -= fee
        self.fees += fee

    def move(self, source: str, target: str, amount: int) -> None:
        """Cash from one account to another: what a liquidation leaves goes to the fund so."""
        self[source].cash -= amount
        self[target].cash += amount

    def _cross(self, buyer: str, seller: str, lots: int, price: int) -> Traded:
        if lots < 1:
            raise BadInput("lots", lots, "is below 1", "1")
        if price < 1:
            raise BadInput("price", price, "is below one tick", "1")
        if buyer == seller:
            raise BadInput("seller", seller, "would trade with itself")
        bought, sold = self[buyer], self[seller]
        before = bought.long + sold.long
        opened, closed = bought.settle(lots, price)
        shorted, left = sold.settle(-lots, price)
        change = bought.long + sold.long - before
        self.open_interest += change
        return Traded(opened, closed, shorted, left, change)

    def due(self, mark: int) -> list[Account]:
        """Accounts to be liquidated at ``mark``, in order of opening."""
        return [account for account in self if account is not self.fund and account.due(mark)]

    def discrepancies(self) -> list[str]:
        """Everything counted anew: what does not add up, in words; empty when all does."""
        longs, shorts = sum(one.long for one in self), sum(one.short for one in self)
        money, paid_in = sum(one.cash for one in self), sum(one.deposits for one in self)
        found = []
        if not longs == shorts == self.open_interest:
            found.append(f"open interest {self.open_interest}, longs {longs}, shorts {shorts}")
        if money + self.fees != paid_in:
            found.append(f"cash {money} + fees {self.fees}, deposits {paid_in}")
        return found
