"""What happened to one asset in a made market, step by step, on every book of it.

A book is one venue's perpetual, or spot (``spot`` True, always the last one). Step k of N covers
(start + k·step_us, start + (k+1)·step_us]; stocks are those at its END. Prices are whole ticks
and quantities whole lots, so that sums are exact.

=========  =========  ======================================================================
``oi``     [B, N]     open interest, lots, one-sided (0 for spot)
``last``   [B, N]     last traded price, ticks
``high``   [B, N]     highest trade of the step, or ``last`` of the step before if above
``low``    [B, N]     as ``high``, the lowest
``buy``    [B, N]     lots that takers bought in the step
``sell``   [B, N]     lots that takers sold
``mid``    [B, N]     middle of best bid and ask, ticks as a float
``premium`` [B, N]    (mark − index) / index, a fraction, smoothed as venues do
``index``  [N]        USD per coin, from spot
``rate``   [B, M]     running funding rate per interval of that book, fraction, by the minute
``ratios`` [B, M5, 3] longs over shorts every 5 min: top positions, top accounts, all accounts
``events`` [E]        positions that were force-closed, see EVENT
=========  =========  ======================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[Any]
Floats: TypeAlias = NDArray[Any]

MARKET, INSURANCE, ADL = 0, 1, 2
"""How a force-closed quantity found its other side: a market order; the insurance fund, which
takes the position over; or a profitable position that was deleveraged."""

EVENT = np.dtype(
    [
        ("at", np.int64),
        ("book", np.int16),
        ("side", np.int8),
        ("how", np.int8),
        ("lots", np.int64),
        ("ticks", np.int64),
    ]
)
"""One forced fill: time µs, book, side of the POSITION (+1 long), how, lots, price in ticks."""


class BookName(NamedTuple):
    """One book: where, under which name, and in which steps it counts."""

    venue: str
    symbol: str
    spot: bool
    lot: float
    """Coins in one lot."""
    tick: float
    """USD in one tick."""
    interval_h: int
    """Hours between fundings; 0: none."""
    listed_step: int = 0
    """First step in which it trades."""


@dataclass(frozen=True)
class Tape:
    """One asset of one world. See the table above."""

    world: str
    seed: int
    asset: str
    start: int
    step_us: int
    books: tuple[BookName, ...]
    oi: Ints
    last: Ints
    high: Ints
    low: Ints
    buy: Ints
    sell: Ints
    mid: Floats
    premium: Floats
    index: Floats
    rate: Floats
    ratios: Floats
    events: Ints

    @property
    def steps(self) -> int:
        """How many there are."""
        return int(self.index.shape[0])

    @property
    def end(self) -> int:
        """The last moment it knows of, µs."""
        return self.start + self.steps * self.step_us

    def book(self, venue: str, symbol: str) -> int:
        """The number of a book, −1 where there is none."""
        for number, one in enumerate(self.books):
            if one.venue == venue and one.symbol == symbol and not one.spot:
                return number
        return -1
