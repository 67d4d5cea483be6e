"""One account on one book, in exact integers: its money, its position, and when it is bankrupt.

Prices are ticks, positions lots, money lot·ticks. Money is kept so that no profit need ever be
booked: every fill pays ``cash`` −lots × price for a purchase, + for a sale.

equity             cash + pos × mark
equity at risk     cash − lock + pos × mark
liquidated         when equity at risk < maintenance × |pos| × mark
bankruptcy price   the price at which equity at risk is 0: −(cash − lock) / pos

Cross margin: lock is 0, the whole account stands for the position. Isolated: lock holds back what
does not, set when the position opens or grows so that equity at risk at the fill price is
notional / leverage rounded up, and let go of in proportion as the position shrinks. What the wallet
lacks for that margin is paid in from outside and counted as a deposit.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from tideline.domain.errors import BadInput


@dataclass
class Account:
    """Mutable; only a Ledger changes it."""

    name: str
    leverage: int = 1
    isolated: bool = False
    maintenance: Fraction = Fraction(0)
    """Of notional, 0 ≤ maintenance < 1; 0 is never liquidated."""
    cash: int = 0
    pos: int = 0
    lock: int = 0
    deposits: int = 0
    entry: Fraction = Fraction(0)
    """Average price in ticks at which the open lots were opened; 0 when flat."""

    def __post_init__(self) -> None:
        if self.leverage < 1:
            raise BadInput("leverage", self.leverage, "is below 1", "1")
        if not 0 <= self.maintenance < 1:
            raise BadInput("maintenance", self.maintenance, "is not in [0, 1)")

    @property
    def long(self) -> int:
        """Lots held long."""
        return max(self.pos, 0)

    @property
    def short(self) -> int:
        """Lots held short."""
        return max(-self.pos, 0)

    def equity(self, mark: int) -> int:
        """All that is left if the position closed at ``mark``, lot·ticks."""
        return self.cash + self.pos * mark

    def at_risk(self, mark: int) -> int:
        """What stands for the position at ``mark``, lot·ticks; below 0 it is bankrupt."""
        return self.equity(mark) - self.lock

    def due(self, mark: int) -> bool:
        """Whether it is to be liquidated at ``mark``."""
        margin = self.maintenance * abs(self.pos) * mark
        return self.pos != 0 and self.maintenance > 0 and self.at_risk(mark) < margin

    @property
    def liquidation(self) -> Fraction | None:
        """The mark beyond which it is due (a long below, a short above); None if it never is.

        A long is due where (cash − lock) + pos·m < maintenance·pos·m, a short where
        (cash − lock) − |pos|·m < maintenance·|pos|·m.
        """
        if self.pos == 0 or self.maintenance == 0:
            return None
        held = self.cash - self.lock
        if self.pos > 0:
            price = Fraction(-held, self.pos) / (1 - self.maintenance)
        else:
            price = Fraction(held, -self.pos) / (1 + self.maintenance)
        return price if price > 0 or self.pos < 0 else None

    @property
    def bankruptcy(self) -> Fraction | None:
        """The price at which nothing at risk is left; None when flat."""
        return Fraction(-(self.cash - self.lock), self.pos) if self.pos else None

    @property
    def limit(self) -> int:
        """The bankruptcy price in whole ticks, on the side that leaves something; at least 1.

        The worst price a liquidation may trade at. Raises BadInput when flat.
        """
        if self.pos == 0:
            raise BadInput("account", self.name, "is flat and has no bankruptcy price")
        held = self.cash - self.lock
        return max(1, -(held // self.pos) if self.pos > 0 else held // -self.pos)

    def settle(self, signed: int, price: int) -> tuple[int, int]:
        """Buy ``signed`` lots (sell, if below 0) at ``price``: lots (opened, closed).

        What goes towards zero closes, the rest opens: a flip is a close and then an open.
        """
        closing = min(abs(self.pos), abs(signed)) if self.pos * signed < 0 else 0
        opening = abs(signed) - closing
        way = 1 if signed > 0 else -1
        if closing:
            self._close(way * closing, price)
        if opening:
            self._open(way * opening, price)
        return opening, closing

    def _close(self, signed: int, price: int) -> None:
        risk, old = self.at_risk(price), abs(self.pos)
        self.cash -= signed * price
        self.pos += signed
        if self.pos == 0:
            self.lock, self.entry = 0, Fraction(0)
        elif self.isolated:
            self.lock = max(0, self.lock + risk - risk * abs(self.pos) // old)

    def _open(self, signed: int, price: int) -> None:
        old, new = abs(self.pos), abs(self.pos + signed)
        self.entry = (self.entry * old + price * abs(signed)) / new
        self.cash -= signed * price
        self.pos += signed
        if self.isolated:
            margin = -(-new * price // self.leverage)
            self.lock = self.equity(price) - margin
            if self.lock < 0:
                self.pay_in(-self.lock)
                self.lock = 0

    def pay_in(self, amount: int) -> None:
        """Money from outside, at once at risk if a position is open."""
        if amount < 0:
            raise BadInput("amount", amount, "is below 0; nothing is paid out here", "0")
        self.cash += amount
        self.deposits += amount

    def pay_in_wallet(self, amount: int) -> None:
        """Money from outside that an open isolated position may not touch."""
        self.pay_in(amount)
        if self.isolated and self.pos:
            self.lock += amount
