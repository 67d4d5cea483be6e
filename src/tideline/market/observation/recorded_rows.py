"""One book as a collector would have recorded it, at the quality of its world.

==============  =========================================================================
stocks          polled at a cadence with a phase of its own; open interest as the venue held it
bars, ratios    known when they were next asked for; history mends what an outage kept back
liquidations    those that the feed tells while it is up, and a heartbeat a minute
gaps            said 15 s after the last word, then once a minute, and at their end
restatements    rows of history on its grid, with the time at which they read differently
==============  =========================================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tideline.domain.time import HOUR, MINUTE, SECOND
from tideline.market.observation.book_rows import BookRows, Known
from tideline.market.observation.legs import Legs
from tideline.market.observation.liquidations import told
from tideline.market.observation.offered import Bars
from tideline.market.observation.quality import GRID, Kind, Quality
from tideline.market.recorded import RATIOS_US
from tideline.market.tape import Tape
from tideline.market.waves import key_of

NOTICED_US = 15 * SECOND
"""A feed that is silent for so long is known to be lost; the gap then grows once a minute."""
BEAT_US = MINUTE
BOTH: tuple[Kind, ...] = ("push", "poll")
POLL: tuple[Kind, ...] = ("poll",)
PUSH: tuple[Kind, ...] = ("push",)


class RecordedRows(BookRows):
    """Everything that a collector has of one book."""

    def __init__(
        self, tape: Tape, number: int, legs: Legs, span: tuple[int, int], quality: Quality
    ) -> None:
        super().__init__(tape, number, legs, span)
        self.quality = quality
        self._words = (tape.world, tape.seed, tape.asset, self.name.venue, self.name.symbol)
        self.rng = np.random.default_rng(key_of("rows", *self._words))

    def add_all(self, every: int) -> None:
        """Stocks every ``every`` µs, and all the rest."""
        offer, asked_s = self.offer, every / SECOND
        polled = BOTH if offer.pushes else POLL
        at = self._seen(self._polls(every, "held"), polled)
        known = self._known(at)
        lots = self.lots(self._held(at))
        mark = self.mark(at)
        coin = self.figures.open_interest(lots, mark)
        self.add("open_interest", at, known, coin, asked_s)
        self.add("open_interest_usd", at, known, coin * mark, asked_s)
        self._restated()
        at = self._seen(self._polls(every, "mark"), BOTH)
        known = self._known(at)
        if offer.marks:
            self.add("mark_price", at, known, self.mark(at), asked_s)
        self.add("index_price", at, known, self.index(at), asked_s)
        self._funding(every, asked_s)
        for bars, which in ((offer.volume, "volume"), (offer.taker, "taker")):
            if bars is not None:
                self.bars(bars, which, self._asked(bars))
        if offer.spot:
            self.spot(MINUTE, self._asked(Bars(MINUTE, 60.0)))
        self.ratios(self._asked(Bars(RATIOS_US, 300.0)))
        if offer.liquidations != "none":
            self._liquidations()
        self._gaps(polled)

    def _phase(self, every: int, what: str) -> int:
        """Whole milliseconds below ``every``, the same whatever span is asked for."""
        return key_of("phase", *self._words, what) % (every // 1000) * 1000

    def _polls(self, every: int, what: str) -> Any:
        """Moments of (start, end], ``every`` apart, with a phase of their own."""
        phase = self._phase(every, what)
        first = (self.start - phase) // every * every + every + phase
        return np.arange(first, self.end + 1, every, dtype=np.int64)

    def _seen(self, at: Any, kinds: Sequence[Kind]) -> Any:
        """Less the moments at which the feeds were lost, and those of before the first step."""
        keep = at >= self.first
        for start, end in self.quality.lost(self.name.venue, kinds):
            keep &= ~((at >= start) & (at < end))
        return at[keep]

    def _known(self, at: Any) -> Any:
        """When rows of these moments reach the log."""
        seconds = self.quality.delay_s[self.name.venue]
        drawn = np.exp(self.quality.delay_spread * self.rng.standard_normal(len(at)))
        return at + np.maximum(1, np.rint(seconds * drawn * SECOND)).astype(np.int64)

    def _asked(self, bars: Bars) -> Known:
        """A function from the end of a bar to when it was known: asked for in turn, or late."""
        every = round(bars.asked_s * SECOND)
        phase = self._phase(every, "asked")

        def known(at: Any) -> Any:
            asked = -(-(at - phase) // every) * every + phase
            for start, end in self.quality.lost(self.name.venue, POLL):
                asked = np.where((asked >= start) & (asked < end), end, asked)
            return self._known(asked)

        return known

    def _held(self, at: Any) -> Any:
        listed = self.tape.start + self.name.listed_step * self.tape.step_us
        return np.maximum(self.quality.refresh[self.number].held(at), listed)

    def _restated(self) -> None:
        """History on its grid, where it reads differently later."""
        for one in self.quality.restated:
            if (one.venue, one.symbol) != (self.name.venue, self.name.symbol):
                continue
            at = np.arange(one.start + GRID, one.end + 1, GRID, dtype=np.int64)
            at = at[(at > self.start) & (at <= self.end) & (at >= self.first)]
            if not self.offer.history or not len(at):
                continue
            lots, mark = np.maximum(self.lots(self._held(at)) + one.lots, 0), self.mark(at)
            coin = self.figures.open_interest(lots, mark)
            known = self._known(np.full(len(at), one.seen, np.int64))
            self.add("open_interest", at, known, coin, 300.0)
            self.add("open_interest_usd", at, known, coin * mark, 300.0)

    def _funding(self, every: int, asked_s: float) -> None:
        hours = self.name.interval_h
        if not hours:
            return
        at = self._seen(self._polls(every, "rate"), BOTH)
        known = self._known(at)
        self.add("funding_rate_quoted", at, known, self.rate(at), asked_s)
        same = np.full(len(at), float(hours))
        self.add("funding_interval_h", at, known, same, asked_s)
        if self.offer.next_funding:
            due = ((at // (hours * HOUR) + 1) * (hours * HOUR)).astype(float)
            self.add("next_funding_time", at, known, due, asked_s)
        if self.offer.settled:
            self.settled(lambda at: self._known(at + MINUTE), interval=False)

    def _liquidations(self) -> None:
        """What the feed tells, and a heartbeat a minute while it is up."""
        lost = self.quality.lost(self.name.venue, PUSH)
        beats = self._seen(np.arange(self.start + BEAT_US, self.end + 1, BEAT_US), PUSH)
        ones = np.ones(len(beats))
        beat_s = BEAT_US / SECOND
        self.add("alive.liquidation", beats, self._known(beats), ones, beat_s)
        events = self.tape.events[self.tape.events["book"] == self.number]
        at = -(-events["at"] // 1000) * 1000
        order = np.argsort(at, kind="stable")
        order = order[(at[order] > self.start) & (at[order] <= self.end)]
        events, at = events[order], at[order]
        price = self.figures.price(events["ticks"])
        coin = self.figures.forced(events["lots"], events["ticks"])
        side = events["side"]
        kept = told(self.offer.liquidations, at, side, coin, price)
        for start, end in lost:
            kept = kept[~((at[kept] >= start) & (at[kept] < end))]
        known = self._known(at[kept])
        apart = _apart(at[kept], side[kept])
        for word, sign in (("long", 1), ("short", -1)):
            mine = side[kept] == sign
            place, when = kept[mine], known[mine]
            event = apart[mine]
            for unit, value in (("coin", coin[place]), ("usd", coin[place] * price[place])):
                self.add(f"liquidation_{word}_{unit}", event, when, value, 0.0)

    def _gaps(self, polled: Sequence[Kind]) -> None:
        """What was lost: said after 15 s, then once a minute, and at its end."""
        fields: list[tuple[str, Sequence[Kind]]] = [("gap.open_interest", polled)]
        fields += [(f"gap.{name}", BOTH) for name in ("mark_price", "index_price")]
        if self.offer.liquidations != "none":
            fields.append(("gap.liquidation", PUSH))
        for field, kinds in fields:
            for start, end in self.quality.lost(self.name.venue, kinds):
                begins, ends = max(start, self.start + 1), min(end, self.end)
                if ends - begins < NOTICED_US:
                    continue
                grown = np.arange(begins + NOTICED_US, ends, MINUTE, dtype=np.int64)
                said = np.append(grown, ends)
                event = np.full(len(said), begins, np.int64)
                known = self._known(said)
                self.add(field, event, known, said.astype(float), 0.0)


def _apart(at: Any, side: Any) -> Any:
    """Events of one side and millisecond a microsecond apart, in the order in which they came."""
    moved = at.copy()
    for sign in (1, -1):
        mine = np.flatnonzero(side == sign)
        if not len(mine):
            continue
        held = at[mine]
        first = np.ones(len(held), bool)
        first[1:] = held[1:] != held[:-1]
        begins = np.maximum.accumulate(np.where(first, np.arange(len(held)), 0))
        moved[mine] = held + np.arange(len(held)) - begins
    return moved
