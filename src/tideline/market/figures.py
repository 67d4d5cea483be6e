"""The numbers of a book as its venue says them: whole counts of round steps.

====================  ====================================================================
open interest         lots (inverse: whole contracts of USD, coins = USD / mark, 8 decimals)
traded prices         ticks
mark, index           six significant digits of the quoted unit, per ONE coin
rates                 1e-8
ratios                1e-4; venues that say two shares say those in 1e-4
====================  ====================================================================

Every method takes one number or a whole array of them, and gives the same either way.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor, log10
from typing import Any

import numpy as np

from tideline.domain.instrument import Instrument
from tideline.market.assets import Coin
from tideline.market.contracts import Contract, contracts
from tideline.market.synthetic import SHARED
from tideline.market.tape import Tape
from tideline.venues.symbols import parse_symbol


@dataclass(frozen=True, slots=True)
class Figures:
    """How one book counts."""

    lot: Fraction
    """Coins in a lot."""
    tick: Fraction
    """USD in a tick."""
    decimals: int
    """Of a mark or index price, per ONE coin."""
    usd: Fraction | None
    """USD in a contract of an inverse book; None: linear."""
    shares: bool
    """Ratios are said as two shares."""

    def coins(self, lots: Any) -> Any:
        """Coins in so many lots."""
        return lots * self.lot.numerator / self.lot.denominator

    def price(self, ticks: Any) -> Any:
        """USD of a traded price."""
        return ticks * self.tick.numerator / self.tick.denominator

    def index(self, usd: Any) -> Any:
        """USD of an index price."""
        scale: int = 10**self.decimals
        return _round(usd * scale) / scale

    def mark(self, index: Any, premium: Any) -> Any:
        """USD of a mark price from the exact index and its premium."""
        return self.index(index * (1.0 + premium))

    def open_interest(self, lots: Any, mark: Any) -> Any:
        """Coins that are open."""
        if self.usd is None:
            return self.coins(lots)
        contracts = _round(self.coins(lots) * mark / float(self.usd))
        return _round(contracts * float(self.usd) / mark * 1e8) / 1e8

    def forced(self, lots: Any, ticks: Any) -> Any:
        """Coins of a forced closing."""
        return self.open_interest(lots, self.price(ticks))

    def rate(self, fraction: Any) -> Any:
        """A funding rate, a fraction per interval."""
        return _round(fraction * 1e8) / 1e8

    def ratio(self, longs_over_shorts: Any) -> Any:
        """A long/short ratio."""
        if not self.shares:
            return _round(longs_over_shorts * 1e4) / 1e4
        part = _round(longs_over_shorts / (1.0 + longs_over_shorts) * 1e4)
        return part / (10_000 - part)


def _round(value: Any) -> Any:
    """To the nearest whole number, half to even."""
    return np.rint(value) if isinstance(value, np.ndarray) else float(round(value))


def figures_of(tape: Tape, number: int) -> Figures:
    """How book ``number`` of a tape counts."""
    name = tape.books[number]
    lot, tick = Fraction(repr(float(name.lot))), Fraction(repr(float(name.tick)))
    reference = float(tape.index[0])
    if name.spot:
        return Figures(lot, tick, _decimals(reference), None, False)
    found = _contract(tape, number)
    if found is not None:
        instrument, decimals = found.instrument, found.decimals
    else:
        instrument = instrument_of(tape, number)
        whole = round(log10(instrument.multiple))
        decimals = _decimals(reference * instrument.multiple) + whole
    usd = None if instrument.linear else Fraction(str(instrument.contract_size or 1.0))
    return Figures(lot, tick, decimals, usd, name.venue in SHARED)


def _decimals(price: float) -> int:
    """Six significant digits."""
    return max(0, 5 - floor(log10(price)))


def instrument_of(tape: Tape, number: int) -> Instrument:
    """The instrument a book is of, with its contract size."""
    found = _contract(tape, number)
    if found is not None:
        return found.instrument
    name = tape.books[number]
    parsed = parse_symbol(name.venue, name.symbol)
    if parsed.contract_size is None:
        parsed = replace(parsed, contract_size=100 * name.lot if name.venue == "okx" else 1.0)
    return parsed


def _contract(tape: Tape, number: int) -> Contract | None:
    """The book among the contracts that venues list for its coin."""
    name = tape.books[number]
    coin = Coin(tape.asset, float(tape.index[0]), 1.0)
    for one in contracts((coin,)):
        if (one.instrument.venue, one.instrument.symbol) == (name.venue, name.symbol):
            return one
    return None
