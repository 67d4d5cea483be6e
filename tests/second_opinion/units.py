"""In which units ccxt 4.5.90 gives each number, and what makes it the stored one.

The table of docs/second-opinion.md is printed from here; the tests read every number of ccxt
through it. ``right`` says whether a caller who trusts the name of the field gets what it promises.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Unit:
    """One number of ccxt's unified structures."""

    venue: str
    product: str
    number: str
    gives: str
    stored: str
    right: bool


UNITS: tuple[Unit, ...] = (
    Unit("binance", "linear", "openInterestAmount", "quoted units (1000PEPE: 1000 coins)",
         "× multiple", True),
    Unit("binance", "inverse", "openInterestAmount", "contracts", "× contractSize = USD", False),
    Unit("binance", "inverse", "history openInterestValue", "coin", "as it is", False),
    Unit("binance", "all", "fetchFundingRate interval", "nothing", "—", False),
    Unit("okx", "linear", "openInterestAmount", "contracts", "× contractSize", False),
    Unit("okx", "inverse", "openInterestAmount", "contracts", "× contractSize = USD", False),
    Unit("okx", "all", "baseVolume (deprecated)", "coin", "as it is", True),
    Unit("okx", "all", "openInterestValue", "USD", "as it is", True),
    Unit("okx", "all", "history timestamp", "open of the bar", "+ one period", False),
    Unit("okx", "all", "fundingTimestamp", "next settlement", "as it is", True),
    Unit("bybit", "linear", "openInterestAmount", "quoted units, both sides",
         "÷ 2, × multiple", False),
    Unit("bybit", "inverse", "openInterestValue", "USD, both sides", "÷ 2", False),
    Unit("bybit", "inverse", "openInterestAmount", "nothing", "—", False),
    Unit("bybit", "all", "fetchOpenInterest timestamp", "the last full hour, not now",
         "as it says", False),
    Unit("bitget", "all", "openInterestAmount", "quoted units", "× multiple", True),
    Unit("hyperliquid", "linear", "openInterestAmount", "quoted units (kPEPE: 1000 coins)",
         "× multiple", True),
    Unit("hyperliquid", "linear", "timestamp", "nothing", "receive time", False),
    Unit("hyperliquid", "linear", "fundingTimestamp", "the caller's own clock, next full hour",
         "not used", False),
    Unit("coinbase", "cde", "open interest and funding", "nothing; info has contracts",
         "× contractSize", False),
)  # fmt: skip


def as_markdown() -> str:
    """The table as the page prints it."""
    lines = [
        "| venue | product | number of ccxt | is | stored value | name and unit agree |",
        "|---|---|---|---|---|---|",
    ]
    for unit in UNITS:
        agree = "yes" if unit.right else "no"
        cells = (unit.venue, unit.product, unit.number, unit.gives, unit.stored, agree)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
