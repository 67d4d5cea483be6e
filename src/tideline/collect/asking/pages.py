"""History: the latest rows of each instrument again and again, and pages for what is missing.

Two tasks per feed. The *tails* ask every instrument for its last rows, spread over the cadence:
that brings new rows and restatements of recent ones. The *walk* brings what lies further back
than a tail reaches, from old to new: the past at the first start (``backfill``), what was missed
while the venue, the network or we were away (``repair``).

A page is believed only after its edges and its count were looked at: rows missing at an end or
in the middle are asked for once more by themselves; if they still do not come, the page is
counted as incomplete and the walk goes on.
"""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import NamedTuple

from tideline.collect.asking.coverage import Coverage
from tideline.collect.asking.feeding import Feeding
from tideline.collect.live.record import Watch
from tideline.domain.instrument import Instrument
from tideline.domain.time import HOUR, SECOND
from tideline.venues.declaration import History

MOST_ASKED = 6
"""Requests for one page, the mending ones included."""
IRREGULAR = frozenset({"funding_rate_settled"})
"""Fields whose rows do not stand on a grid of the declared period."""
REFUSED_US = HOUR
"""An instrument that the venue refuses is left alone for this long."""
LATE = 3
"""Periods after which a row that has not been published is not waited for any more."""
IDLE_S = 60.0
RETRY_S = 5.0


class Page(NamedTuple):
    """What came of the span (start, end]: the times of its rows and how many holes are left."""

    times: frozenset[int]
    holes: int


class Pages:
    """One history of one venue. ``backfill_us``: how far back the first start goes; 0: a tail."""

    def __init__(
        self, history: History, feeding: Feeding, coverage: Coverage, backfill_us: int
    ) -> None:
        self._history, self._feeding = history, feeding
        self._coverage, self._backfill_us = coverage, backfill_us
        self._regular = not IRREGULAR & set(history.fields)
        self._refused: dict[str, int] = {}
        self._begun: set[str] = set()
        self._look = asyncio.Event()
        self._repair_before = 0
        self._told: tuple[tuple[str, ...], float] | None = None

    async def run(self) -> None:
        """For ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tails())
            group.create_task(self._walk())

    def hurry(self) -> None:
        """Something was away: bring what is missing up to now, without waiting for the tails."""
        self._repair_before = int(self._feeding.clock.now())
        self._look.set()

    @property
    def _tail_us(self) -> int:
        return max(self._history.tail_rows, 12) * self._history.period_us

    async def _tails(self) -> None:
        loop = asyncio.get_running_loop()
        start = loop.time()
        while True:
            sweep = self._feeding.plan.sweep(self._history.name, "rows")
            if sweep is None:
                await asyncio.sleep(IDLE_S)
                start = loop.time()
                continue
            self._tell(sweep.instruments, sweep.cadence_s)
            for at, instrument in enumerate(sweep.instruments):
                due = start + at * sweep.cadence_s / len(sweep.instruments)
                await asyncio.sleep(max(0.0, due - loop.time()))
                if self._far_behind(instrument):
                    self._look.set()
                else:
                    await self._tail(instrument)
            start = max(start + sweep.cadence_s, loop.time())

    async def _tail(self, instrument: Instrument) -> bool:
        """The latest rows; False: they did not come."""
        now = int(self._feeding.clock.now())
        start = now - self._tail_us
        if instrument.listed_us is not None:
            start = max(start, instrument.listed_us)
        return await self._bring(instrument, start, now, "repair")

    async def _walk(self) -> None:
        """Bring in what is far behind, repair before the first back-fill."""
        while True:
            self._look.clear()
            failed = False
            sweep = self._feeding.plan.sweep(self._history.name, "rows")
            needing = self._in_need(sweep.instruments if sweep else ())
            for instrument in needing:
                failed = not await self._catch_up(instrument) or failed
            if failed:
                await asyncio.sleep(RETRY_S)
                continue
            try:
                async with asyncio.timeout(IDLE_S if needing else 10 * IDLE_S):
                    await self._look.wait()
            except TimeoutError:
                continue

    def _in_need(self, instruments: tuple[Instrument, ...]) -> list[Instrument]:
        needing = [one for one in instruments if self._far_behind(one) or self._missed(one)]
        return sorted(needing, key=lambda one: self._covered(one) is None)

    def _covered(self, instrument: Instrument) -> int | None:
        return self._coverage.until(self._history.name, instrument.symbol)

    def _far_behind(self, instrument: Instrument) -> bool:
        """More is missing than a tail brings."""
        now = int(self._feeding.clock.now())
        if self._refused.get(instrument.symbol, 0) > now:
            return False
        covered = self._covered(instrument)
        return covered is None or covered < now - self._tail_us

    def _missed(self, instrument: Instrument) -> bool:
        """Rows older than the end of the last absence are not in yet."""
        covered = self._covered(instrument)
        now = int(self._feeding.clock.now())
        if covered is None or self._refused.get(instrument.symbol, 0) > now:
            return False
        return covered + self._history.period_us <= self._repair_before

    async def _catch_up(self, instrument: Instrument) -> bool:
        """Everything from what is covered to now. False: it broke off, to be tried again."""
        history, covered = self._history, self._covered(instrument)
        if history.depth_us == 0 or (covered is None and self._backfill_us == 0):
            return await self._tail(instrument)
        purpose = "backfill" if covered is None else "repair"
        began = int(self._feeding.clock.now())
        earliest = began - history.depth_us
        start = began - min(history.depth_us, self._backfill_us) if covered is None else covered
        start = max(start, earliest, instrument.listed_us or 0)
        page_us = history.rows * history.period_us
        while start < began:
            end = min(start + page_us, began)
            if not await self._bring(instrument, start, end, purpose):
                return self._refused.get(instrument.symbol, 0) > began
            start = end
        return True

    async def _bring(self, instrument: Instrument, start: int, end: int, purpose: str) -> bool:
        """One page into the log, and the coverage moved on. False: not to be had now."""
        page = await self._page(instrument, start, end, purpose)
        if page is None:
            return False
        history, symbol = self._history, instrument.symbol
        # Before an instrument's first row there is nothing to be missed: it did not exist yet.
        if symbol in self._begun:
            self._feeding.feed(history.name).incomplete += page.holes
        if page.times:
            self._begun.add(symbol)
        # What is published late will be asked for by the tails for 12 periods; we wait for 3.
        now = int(self._feeding.clock.now())
        reached = min(end, max(now - LATE * history.period_us, *page.times, start))
        self._coverage.reached(history.name, symbol, reached)
        return True

    async def _page(
        self, instrument: Instrument, start: int, end: int, purpose: str
    ) -> Page | None:
        """The rows of (start, end], their holes asked for once more. None: the venue failed."""
        history, feeding = self._history, self._feeding
        times: set[int] = set()
        todo, holes = [(start, end)], 0
        for _ in range(MOST_ASKED):
            if not todo:
                break
            since, until = todo.pop(0)
            request = history.ask(instrument, since, until)
            brought = await feeding.bring(
                history.name, request, history.charges, purpose=purpose, patient=True
            )
            if brought.how == "refused":
                self._refused[instrument.symbol] = int(feeding.clock.now()) + REFUSED_US
            if brought.parsed is None:
                return None
            found = {
                seen.event_time
                for seen in brought.parsed.observations
                if seen.instrument == instrument.symbol and since < seen.event_time <= until
            }
            now = int(feeding.clock.now())
            if found - times:
                times |= found
                todo += self._holes(found, since, until, now) if history.depth_us else []
            elif self._expects(since, until, now):
                holes += 1
        return Page(frozenset(times), holes + len(todo))

    def _expects(self, since: int, until: int, now: int) -> bool:
        """Must a row lie in (since, until]? The newest are published late, so not near now."""
        period = self._history.period_us
        return self._regular and min(until, now - LATE * period) - since > period

    def _holes(self, found: set[int], since: int, until: int, now: int) -> list[tuple[int, int]]:
        """Where rows of (since, until] should stand and do not."""
        period, ordered = self._history.period_us, sorted(found)
        ends = [(since, ordered[0] - 1), (ordered[-1], until)]
        if not self._regular:
            # Only a full page can have been cut, at either end.
            full = len(found) >= self._history.rows
            return [(a, b) for a, b in ends if full and b - a > period]
        inner = pairwise(ordered)
        spans = [(a, b - 1) for a, b in inner if b - a > period * 3 // 2]
        return spans + [(a, b) for a, b in ends if self._expects(a, b + 1, now)]

    def _tell(self, instruments: tuple[Instrument, ...], cadence_s: float) -> None:
        """Say which legs are expected, when that has changed."""
        symbols = tuple(one.symbol for one in instruments)
        if self._told == (symbols, cadence_s):
            return
        self._told = (symbols, cadence_s)
        history, feeding = self._history, self._feeding
        feeding.feed(history.name).cadence_s = cadence_s
        period_s = history.period_us / SECOND
        feeding.inbox.tell(
            Watch(
                feeding.clock.now(),
                history.name,
                0,
                symbols,
                history.fields,
                cadence_s + period_s,
                period_s,
            )
        )
