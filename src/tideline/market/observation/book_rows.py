"""One book of a tape as columns: what held at given moments, and the legs both ways have.

Values are those that a venue server fed from the same tape says at the same moment.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tideline.domain.time import HOUR, MINUTE, SECOND
from tideline.market.figures import Figures, figures_of
from tideline.market.observation.legs import Legs
from tideline.market.observation.offered import RATIOS, Bars, Offered, offered
from tideline.market.recorded import RATIOS_US
from tideline.market.tape import Tape

Known = Callable[[Any], Any]
"""From the END of rows to when they were known, µs."""


class BookRows:
    """Rows of one book within ``span``, (start, end] in µs, added to ``legs``."""

    def __init__(self, tape: Tape, number: int, legs: Legs, span: tuple[int, int]) -> None:
        self.tape, self.number, self.legs = tape, number, legs
        self.start, self.end = span
        self.name = tape.books[number]
        self.offer: Offered = offered(self.name.venue)
        self.figures: Figures = figures_of(tape, number)

    def add(self, field: str, event: Any, known: Any, value: Any, cadence_s: float) -> None:
        """Rows of one leg."""
        self.legs.add(self.number, field, event, known, value, cadence_s)

    @property
    def first(self) -> int:
        """The end of the first step in which it trades."""
        return self.tape.start + (self.name.listed_step + 1) * self.tape.step_us

    def ended(self, at: Any) -> Any:
        """Steps that have ended at these moments."""
        return np.clip((at - self.tape.start) // self.tape.step_us, 0, self.tape.steps)

    def place(self, at: Any) -> Any:
        """The step that ended last."""
        return np.maximum(self.ended(at) - 1, 0)

    def lots(self, at: Any) -> Any:
        """Open interest, lots."""
        return self.tape.oi[self.number, self.place(at)].astype(np.int64)

    def mark(self, at: Any) -> Any:
        """Mark prices, USD per coin."""
        place = self.place(at)
        premium = self.tape.premium[self.number, place].astype(np.float64)
        return self.figures.mark(self.tape.index[place], premium)

    def index(self, at: Any) -> Any:
        """Index prices, USD per coin."""
        return self.figures.index(self.tape.index[self.place(at)])

    def rate(self, at: Any) -> Any:
        """Running funding rates, fractions per interval."""
        minutes = self.tape.rate.shape[1]
        place = np.clip((at - self.tape.start) // MINUTE - 1, 0, minutes - 1)
        return self.figures.rate(self.tape.rate[self.number, place].astype(np.float64))

    def settled(self, known: Known, interval: bool) -> None:
        """Settled rates, and ``interval``: beside each the hours between two."""
        every = self.name.interval_h * HOUR
        at = grid(self.start, self.end, every)
        rate, hours = self.rate(at), np.full(len(at), float(self.name.interval_h))
        seconds = every / SECOND
        self.add("funding_rate_settled", at, known(at), rate, seconds)
        if interval:
            self.add("funding_interval_h", at, known(at), hours, seconds)

    def bars(self, bars: Bars, which: str, known: Known) -> None:
        """``volume``: what was traded; ``taker``: what takers bought and sold."""
        ends = grid(self.start, self.end, bars.length_us, whole=True)
        when = known(ends)
        seconds = bars.length_us / SECOND
        edges = np.append(ends[:1] - bars.length_us, ends)
        bought = np.diff(_total(self.tape.buy[self.number])[self.ended(edges)])
        sold = np.diff(_total(self.tape.sell[self.number])[self.ended(edges)])
        lots = {"volume_coin": bought + sold}
        if which == "taker":
            lots = {"taker_buy_coin": bought, "taker_sell_coin": sold}
        for field, traded in lots.items():
            value = self.figures.coins(traded.astype(np.int64))
            self.add(field, ends, when, value, seconds)

    def spot(self, length: int, known: Known) -> None:
        """What the coin's spot pair traded, and where it closed."""
        spot = next((n for n, book in enumerate(self.tape.books) if book.spot), None)
        if spot is None:
            return
        figures = figures_of(self.tape, spot)
        ends = grid(self.start, self.end, length, whole=True)
        edges = np.append(ends[:1] - length, ends)
        traded = _total(self.tape.buy[spot]) + _total(self.tape.sell[spot])
        coins = figures.coins(np.diff(traded[self.ended(edges)]))
        close = figures.price(self.tape.last[spot, self.place(ends)].astype(np.int64))
        when, seconds = known(ends), length / SECOND
        self.add("spot_volume_usd", ends, when, coins * close, seconds)
        self.add("spot_price", ends, when, close, seconds)

    def ratios(self, known: Known) -> None:
        """Longs over shorts, as far as the venue tells them."""
        at = grid(self.start, self.end, RATIOS_US)
        at = at[at >= self.first]
        rows = self.tape.ratios.shape[1]
        place = np.clip((at - self.tape.start) // RATIOS_US - 1, 0, rows - 1)
        when = known(at)
        for which, field in enumerate(RATIOS):
            if field in self.offer.ratios:
                told = self.tape.ratios[self.number, place, which].astype(np.float64)
                self.add(field, at, when, self.figures.ratio(told), RATIOS_US / SECOND)


def grid(start: int, end: int, step: int, whole: bool = False) -> Any:
    """Multiples of ``step`` in (start, end]; ``whole``: those whose bar began at or after start."""
    first = (start // step + 1) * step
    if whole:
        first = -(-start // step) * step + step
    return np.arange(first, end + 1, step, dtype=np.int64)


def _total(side: Any) -> Any:
    """Lots in the first k steps, k = 0 .. steps."""
    found = np.zeros(len(side) + 1, np.int64)
    np.cumsum(side, out=found[1:])
    return found
