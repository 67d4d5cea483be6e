"""The ledger: open interest counted from trades exactly. The definition faster ones are held to."""

from tideline.market.ledger.account import Account
from tideline.market.ledger.ledger import Ledger, Traded
from tideline.market.ledger.liquidation import Liquidated, Offer, adl_queue, liquidate
from tideline.market.ledger.replay import Deposit, Fill, Funding, Release, replay

__all__ = [
    "Account",
    "Deposit",
    "Fill",
    "Funding",
    "Ledger",
    "Liquidated",
    "Offer",
    "Release",
    "Traded",
    "adl_queue",
    "liquidate",
    "replay",
]
