"""A Market over tapes: what happened in a made market, as venue servers ask for it.

Nothing is known of a step before it has ended, so a quote at a moment is that of the last step
that ended at or before it, and a bar holds the steps that ended within it: bars add up exactly.
Numbers are whole counts of some round step, so that the wire carries them exactly (``figures``).

A book is listed from its first step on. At the end of the tape its market closes: instruments are
delisted at that moment, and nothing is open, traded or paid any more; nothing is made up.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

import numpy as np

from tideline.domain.errors import BadInput, UnknownName
from tideline.domain.instrument import Instrument
from tideline.domain.time import DAY, HOUR, MINUTE
from tideline.market.figures import Figures, figures_of, instrument_of
from tideline.market.state import Bar, Liquidation, Listed, Quote, Ratios
from tideline.market.tape import Tape

RATIOS_US = 5 * MINUTE


class _Book:
    """One book of one tape."""

    def __init__(self, tape: Tape, number: int) -> None:
        self.tape, self.number, self.name = tape, number, tape.books[number]
        self.instrument: Instrument | None = None
        self.figures: Figures = figures_of(tape, number)
        self._traded: tuple[Any, Any] | None = None
        self._forced: tuple[list[int], list[Liquidation]] | None = None
        self.last_asked, self.answered = -1, Quote(0.0, 0.0, 0.0, 0.0, 0.0, 0, 0, 0.0)

    @property
    def listed_us(self) -> int:
        return self.tape.start + self.name.listed_step * self.tape.step_us

    def ended(self, at: int) -> int:
        """How many steps have ended at ``at``."""
        return min(max((at - self.tape.start) // self.tape.step_us, 0), self.tape.steps)

    def totals(self) -> tuple[Any, Any]:
        """Lots that takers bought and sold in the first k steps, k = 0 .. steps."""
        if self._traded is None:
            found = []
            for side in (self.tape.buy, self.tape.sell):
                total = np.zeros(self.tape.steps + 1, np.int64)
                np.cumsum(side[self.number], out=total[1:])
                found.append(total)
            self._traded = (found[0], found[1])
        return self._traded

    def price(self, ended: int) -> float:
        """The last traded price after so many steps; before the first trade the index."""
        place = max(ended - 1, 0)
        ticks = int(self.tape.last[self.number, place])
        if ticks <= 0:
            return float(self.figures.index(float(self.tape.index[place])))
        return float(self.figures.price(ticks))

    def bar(self, start: int, end: int) -> Bar:
        first, last = self.ended(start), self.ended(end)
        opened, close = self.price(first), self.price(last)
        high, low = max(opened, close), min(opened, close)
        if last > first and self.name.listed_step < last:
            span = slice(max(first, self.name.listed_step), last)
            high = max(high, self.figures.price(int(self.tape.high[self.number, span].max())))
            low = min(low, self.figures.price(int(self.tape.low[self.number, span].min())))
        bought, sold = self.totals()
        buy = int(bought[last] - bought[first])
        sell = int(sold[last] - sold[first])
        coins = self.figures.coins
        return Bar(start, end, opened, high, low, close, coins(buy + sell), coins(buy))

    def quote(self, at: int) -> Quote:
        if self.last_asked == at:
            return self.answered
        tape, figures, number = self.tape, self.figures, self.number
        ended = self.ended(at)
        place = max(ended - 1, 0)
        index = float(tape.index[place])
        mark = figures.mark(index, float(tape.premium[number, place]))
        bought, sold = self.totals()
        then = self.ended(at - DAY)
        lots = int(bought[ended] - bought[then] + sold[ended] - sold[then])
        every = self.name.interval_h * HOUR
        open_ = self.listed_us <= at < tape.end
        self.answered = Quote(
            figures.open_interest(int(tape.oi[number, place]), mark) if open_ else 0.0,
            mark,
            figures.index(index),
            self.price(ended),
            self.rate(at) if open_ and every else 0.0,
            self.name.interval_h,
            (at // every + 1) * every if every else 0,
            figures.coins(lots) if open_ else 0.0,
        )
        self.last_asked = at
        return self.answered

    def open_interest(self, held: int, more: int, at: int) -> float:
        """Coins: the lots of ``held`` and ``more`` of them, at the mark of ``at``."""
        place, now = max(self.ended(held) - 1, 0), max(self.ended(at) - 1, 0)
        tape = self.tape
        mark = self.figures.mark(float(tape.index[now]), float(tape.premium[self.number, now]))
        return float(
            self.figures.open_interest(max(int(tape.oi[self.number, place]) + more, 0), mark)
        )

    def rate(self, at: int) -> float:
        """The running rate of the last whole minute."""
        minutes = self.tape.rate.shape[1]
        place = min(max((at - self.tape.start) // MINUTE - 1, 0), minutes - 1)
        return float(self.figures.rate(float(self.tape.rate[self.number, place])))

    def ratios(self, at: int) -> Ratios:
        rows = self.tape.ratios.shape[1]
        place = min(max((at - self.tape.start) // RATIOS_US - 1, 0), rows - 1)
        return Ratios(*(self.figures.ratio(float(x)) for x in self.tape.ratios[self.number, place]))

    def forced(self) -> tuple[list[int], list[Liquidation]]:
        """Every forced closing, oldest first, at the whole millisecond at or after it."""
        if self._forced is None:
            events = self.tape.events[self.tape.events["book"] == self.number]
            order = np.argsort(events["at"], kind="stable")
            found = [
                Liquidation(
                    -(-int(one["at"]) // 1000) * 1000,
                    "long" if one["side"] > 0 else "short",
                    self.figures.forced(int(one["lots"]), int(one["ticks"])),
                    self.figures.price(int(one["ticks"])),
                )
                for one in events[order]
            ]
            self._forced = ([one.at for one in found], found)
        return self._forced


class Recorded:
    """The Market of these tapes, one asset each.

    Raises:
        BadInput: two tapes of one asset, or a book that is no perpetual of its venue.
    """

    def __init__(self, tapes: Sequence[Tape]) -> None:
        self.tapes = tuple(tapes)
        self._books: dict[tuple[str, str], _Book] = {}
        self._spot: dict[str, _Book] = {}
        self._listed: dict[str, list[Listed]] = {}
        for tape in self.tapes:
            if tape.asset in self._spot:
                raise BadInput("asset", tape.asset, "has two tapes")
            for number, name in enumerate(tape.books):
                book = _Book(tape, number)
                if name.spot:
                    self._spot[tape.asset] = book
                    continue
                book.instrument = instrument_of(tape, number)
                self._books[name.venue, name.symbol] = book
                listed = Listed(book.instrument, book.listed_us, tape.end)
                self._listed.setdefault(name.venue, []).append(listed)

    @property
    def start(self) -> int:
        """The first moment of all, µs."""
        return min(tape.start for tape in self.tapes)

    @property
    def end(self) -> int:
        """The moment at which the first of the tapes ends, µs."""
        return min(tape.end for tape in self.tapes)

    def listed(self, venue: str, at: int) -> Sequence[Listed]:
        return [one for one in self._listed.get(venue, ()) if one.listed_us <= at]

    def _book(self, venue: str, symbol: str) -> _Book:
        try:
            return self._books[venue, symbol]
        except KeyError:
            names = [name for at, name in self._books if at == venue]
            raise UnknownName("instrument", symbol, names) from None

    def quote(self, venue: str, symbol: str, at: int) -> Quote:
        return self._book(venue, symbol).quote(at)

    def open_interest(self, venue: str, symbol: str, held: int, more: int, at: int) -> float:
        """Coins open at ``held`` and ``more`` lots, at the mark of ``at`` (inverse books)."""
        return self._book(venue, symbol).open_interest(held, more, at)

    def ratios(self, venue: str, symbol: str, at: int) -> Ratios:
        return self._book(venue, symbol).ratios(at)

    def settled(self, venue: str, symbol: str, at: int) -> float:
        return self._book(venue, symbol).rate(at)

    def bar(self, venue: str, symbol: str, start: int, end: int) -> Bar:
        return self._book(venue, symbol).bar(start, end)

    def spot_bar(self, asset: str, start: int, end: int) -> Bar:
        if asset not in self._spot:
            raise UnknownName("asset", asset, self._spot)
        return self._spot[asset].bar(start, end)

    def liquidations(self, venue: str, symbol: str, start: int, end: int) -> Sequence[Liquidation]:
        moments, found = self._book(venue, symbol).forced()
        return found[bisect_right(moments, start) : bisect_right(moments, end)]
