"""What a signal is: kind, unit, groups, formula, the fields it reads, and its words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Literal

SignalKind = Literal["stock", "flow", "change"]


class Groups(StrEnum):
    """Which (venue, instrument) pairs a signal speaks of (domain: :mod:`.groups`)."""

    USDTM = "USDT-settled linear perpetuals on binance, bybit, okx"
    FULL = "the groups of USDTM whose liquidation feed is complete"
    ALL = "all perpetuals and futures on the six venues"
    ALL_REFERENCE = "all perpetuals and futures on the six venues, and the reference"
    COINM = "inverse perpetuals and futures on binance, bybit, okx"
    HYPERLIQUID = "the main perpetual on hyperliquid"
    BIN = "the binance USDT perpetual"
    PERP = "per venue its perpetual with the largest open_interest_usd"


class Formula(IntEnum):
    """The window value x(t). Each has its one compiled definition in :mod:`.formulas`."""

    SUM = 0
    FIRST = 1
    WEIGHTED_MEAN = 2
    BASIS = 3
    FUNDING = 4
    FUNDING_DISPERSION = 5
    SHARE_TOP = 6
    MARKET_CAP = 7
    OI_VOLUME = 8
    MINUTES_UNTIL = 9
    FUNDING_ONE = 10
    LOG_CHANGE = 20
    RETURN = 21
    REALISED_VOL = 22
    DIVERGENCE = 23
    LIQUIDATED_SHARE = 24
    FLOW_SUM = 40
    FLOW_TOTAL = 41
    FLOW_RATIO = 42
    FLOW_IMBALANCE = 43
    FLOW_DIFFERENCE = 44
    SPOT_PERP = 45


@dataclass(frozen=True, slots=True)
class Signal:
    """One entry of the catalogue.

    ``fields`` are what L(T) demands of a group, in the order in which the formula names them.
    ``by_value`` says that coverage is a share of the sum and not of the count of groups.
    """

    address: str
    kind: SignalKind
    unit: str
    groups: Groups
    formula: Formula
    fields: tuple[str, ...]
    text: str
    meaning: str
    sign: str
    is_not: str
    source: str
    by_value: bool = False
    level_only: bool = False

    @property
    def category(self) -> str:
        """The part before the dot."""
        return self.address.partition(".")[0]
