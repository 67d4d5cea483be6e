"""The one market state that every venue server speaks of: what is true, whoever asks.

Numbers are in stored units (one-sided base coins, price per ONE coin), rounded so that the wire
formats of the venues carry them exactly. Every question is a pure function of the moment, so that
a snapshot, a push and a history row of the same instant agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from tideline.domain.instrument import Instrument


@dataclass(frozen=True, slots=True)
class Listed:
    """An instrument a venue lists. Outside [listed_us, delisted_us) it does not trade."""

    instrument: Instrument
    listed_us: int
    delisted_us: int | None = None
    delivery_us: int | None = None


class Quote(NamedTuple):
    """What holds at one instant of one instrument. Rates are fractions per interval."""

    oi_coin: float
    mark_price: float
    index_price: float
    last_price: float
    funding_rate: float
    funding_interval_h: int
    next_funding_us: int
    volume_24h_coin: float


class Ratios(NamedTuple):
    """Longs over shorts, as counted by the three populations."""

    top_positions: float
    top_accounts: float
    global_accounts: float


class Bar(NamedTuple):
    """Trade of (start, end]: coins, prices per coin. Taker sell = volume - taker_buy."""

    start: int
    end: int
    open: float
    high: float
    low: float
    close: float
    volume_coin: float
    taker_buy_coin: float


class Liquidation(NamedTuple):
    """One position that was force-closed: the side of the POSITION, coins, price per coin."""

    at: int
    side: Literal["long", "short"]
    coin: float
    price: float


class Market(Protocol):
    """What venue servers ask. ``venue`` and ``symbol`` as in the log; times in µs."""

    def listed(self, venue: str, at: int) -> Sequence[Listed]:
        """Everything the venue lists at that moment, delisted names of before included."""
        ...

    def quote(self, venue: str, symbol: str, at: int) -> Quote: ...

    def ratios(self, venue: str, symbol: str, at: int) -> Ratios: ...

    def settled(self, venue: str, symbol: str, at: int) -> float:
        """The rate settled at ``at``, a multiple of the funding interval."""
        ...

    def bar(self, venue: str, symbol: str, start: int, end: int) -> Bar: ...

    def spot_bar(self, asset: str, start: int, end: int) -> Bar: ...

    def liquidations(self, venue: str, symbol: str, start: int, end: int) -> Sequence[Liquidation]:
        """Those with start < at <= end, oldest first."""
        ...
