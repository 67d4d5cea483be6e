"""A tape of events put through the ledger: what a fast market says it did, done again slowly."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from tideline.market.ledger.ledger import Ledger


@dataclass(frozen=True)
class Fill:
    """``lots`` from seller to buyer at ``price`` ticks, and what each paid for it, lot·ticks."""

    buyer: str
    seller: str
    lots: int
    price: int
    buyer_fee: int = 0
    seller_fee: int = 0


@dataclass(frozen=True)
class Deposit:
    """Money from outside into a wallet."""

    name: str
    amount: int


@dataclass(frozen=True)
class Funding:
    """What an account paid as funding, lot·ticks; below 0: received."""

    name: str
    amount: int


@dataclass(frozen=True)
class Release:
    """What the end of a liquidation moved from an account to the fund."""

    name: str
    amount: int


Event: TypeAlias = Fill | Deposit | Funding | Release


def replay(ledger: Ledger, events: Iterable[Event]) -> list[int]:
    """Apply every event in order; open interest after each.

    The ledger holds the accounts; afterwards its positions, cash, locks and fees are what the
    market that wrote the tape must have. Raises what ``Ledger.trade`` raises.
    """
    after = []
    for event in events:
        if isinstance(event, Fill):
            ledger.trade(event.buyer, event.seller, event.lots, event.price)
            ledger.charge(event.buyer, event.buyer_fee)
            ledger.charge(event.seller, event.seller_fee)
        elif isinstance(event, Deposit):
            ledger.deposit(event.name, event.amount)
        elif isinstance(event, Funding):
            ledger[event.name].cash -= event.amount
        else:
            ledger.move(event.name, ledger.fund.name, event.amount)
        after.append(ledger.open_interest)
    return after
