"""Funding: longs pay shorts, or the other way round, and nothing is made or lost on the way."""

from __future__ import annotations

from fractions import Fraction

from tideline.domain.errors import BadInput
from tideline.market.ledger.ledger import Ledger


def pay_funding(ledger: Ledger, rate: Fraction, mark: int) -> dict[str, int]:
    """Every position pays pos × mark × ``rate`` (a long pays when the rate is above 0).

    Payments are rounded up and receipts down to whole lot·ticks; the dust, below one for each
    account, goes to the fund. Gives what each account paid (received, if below 0); they add up
    to zero. An isolated position pays out of what is at risk.
    """
    if mark < 1:
        raise BadInput("mark", mark, "is below one tick", "1")
    paid: dict[str, int] = {}
    for account in ledger:
        if account.pos:
            owed = account.pos * mark * rate
            paid[account.name] = -(-owed.numerator // owed.denominator)
    dust = sum(paid.values())
    paid[ledger.fund.name] = paid.get(ledger.fund.name, 0) - dust
    for name, amount in paid.items():
        ledger[name].cash -= amount
    return paid
