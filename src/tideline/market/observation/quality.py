"""One world's quality of observation, drawn from the prior: the same for every asset of a venue.

Everything is a function of the world's name and seed and of the names of venues and books, so that
assets may be observed one by one, in any order and in several processes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from tideline.domain.time import DAY, HOUR, MINUTE, SECOND
from tideline.market.observation.prior import PRIOR, ObservationPrior
from tideline.market.tape import Tape
from tideline.market.waves import key_of

Kind = Literal["all", "push", "poll"]
KINDS: tuple[Kind, ...] = ("all", "push", "poll")
WEEK = 7 * DAY
GRID = 5 * MINUTE
LONGEST = 6 * HOUR
OUTAGE_WORLD = "venue_outage"
"""The scenario in which one large venue is lost once a day."""
OUTAGE_VENUES = ("binance", "bybit", "okx")


class Refresh(NamedTuple):
    """A venue works its open interest out every so often; in between it says the last again."""

    every_us: int
    phase_us: int

    def held(self, at: Any) -> Any:
        """The moment whose open interest is said at ``at`` (a number or an array of them)."""
        return (at - self.phase_us) // self.every_us * self.every_us + self.phase_us


class Outage(NamedTuple):
    """These feeds of a venue bring nothing in [start, end)."""

    venue: str
    kind: Kind
    start: int
    end: int


class Restatement(NamedTuple):
    """Open interest history of (start, end] reads ``lots`` more from ``seen`` on."""

    venue: str
    symbol: str
    start: int
    end: int
    lots: int
    seen: int


@dataclass(frozen=True, slots=True)
class Quality:
    """How one tape is seen. ``refresh`` by book number, ``delay_s`` by venue."""

    refresh: tuple[Refresh, ...]
    delay_s: dict[str, float]
    delay_spread: float
    outages: tuple[Outage, ...]
    restated: tuple[Restatement, ...]

    def lost(self, venue: str, kinds: Sequence[Kind]) -> list[tuple[int, int]]:
        """The spans in which feeds of all these kinds are lost at once, in order."""
        spans = [
            (one.start, one.end)
            for one in self.outages
            if one.venue == venue and (one.kind == "all" or kinds == (one.kind,))
        ]
        return sorted(spans)


def draw_quality(tape: Tape, prior: ObservationPrior = PRIOR) -> Quality:
    """The quality with which a tape is observed, by its world, seed and asset."""
    world = (tape.world, tape.seed)
    venues = list(dict.fromkeys(book.venue for book in tape.books if not book.spot))
    refresh, restated = [], []
    for number, book in enumerate(tape.books):
        rng = _rng(*world, tape.asset, book.venue, book.symbol, book.spot)
        every = max(1000, round(prior.refresh_s.draw(rng) * 1000) * 1000)
        refresh.append(Refresh(every, int(rng.integers(0, every // 1000)) * 1000))
        if not book.spot:
            restated += _restated(tape, number, prior, rng)
    outages = [one for venue in venues for one in _outages(tape, venue, prior, _rng(*world, venue))]
    if tape.world == OUTAGE_WORLD:
        outages += _daily(tape, _rng(*world, OUTAGE_WORLD), venues)
    delays = {venue: prior.delay_s.draw(_rng(*world, venue, "delay")) for venue in venues}
    return Quality(tuple(refresh), delays, prior.delay_spread, tuple(outages), tuple(restated))


def _rng(*words: object) -> np.random.Generator:
    return np.random.default_rng(key_of("observation", *words))


def _outages(
    tape: Tape, venue: str, prior: ObservationPrior, rng: np.random.Generator
) -> list[Outage]:
    a_week, minutes = prior.outages_a_week.draw(rng), prior.outage_minutes.draw(rng)
    found: list[Outage] = []
    for week in range(-(-(tape.end - tape.start) // WEEK)):
        for _ in range(int(rng.poisson(a_week))):
            start = tape.start + week * WEEK + int(rng.integers(0, WEEK // 1000)) * 1000
            lasts = min(LONGEST, round(minutes * float(rng.lognormal()) * 60_000) * 1000)
            kind = KINDS[int(rng.choice(3, p=prior.outage_kinds))]
            if start < tape.end:
                found.append(Outage(venue, kind, start, min(start + lasts, tape.end)))
    return sorted(found, key=lambda one: one.start)


def _daily(tape: Tape, rng: np.random.Generator, venues: Sequence[str]) -> list[Outage]:
    """Half an hour to three hours of one large venue, once on each day."""
    large = [venue for venue in OUTAGE_VENUES if venue in venues]
    found: list[Outage] = []
    if not large:
        return found
    for day in range(-(-(tape.end - tape.start) // DAY)):
        venue = large[int(rng.integers(len(large)))]
        start = tape.start + day * DAY + int(rng.integers(60, 20 * 60)) * MINUTE
        end = start + int(rng.integers(30, 180)) * MINUTE
        if end < tape.end:
            found.append(Outage(venue, "all", start, end))
    return found


def _restated(
    tape: Tape, number: int, prior: ObservationPrior, rng: np.random.Generator
) -> list[Restatement]:
    """Stretches on the grid of history, by whole lots."""
    book = tape.books[number]
    weeks = (tape.end - tape.start) / WEEK
    found = []
    for _ in range(int(rng.poisson(prior.restated_a_week.draw(rng) * weeks))):
        start = tape.start + int(rng.integers(0, max(1, (tape.end - tape.start) // GRID))) * GRID
        end = start + max(1, round(prior.restated_minutes.draw(rng) / 5)) * GRID
        step = min(max((end - tape.start) // tape.step_us - 1, 0), tape.steps - 1)
        size = round(float(tape.oi[number, step]) * prior.restated_by.draw(rng))
        seen = end + round(prior.restated_after_h.draw(rng) * 3600) * SECOND
        least = int(tape.oi[number, max(0, (start - tape.start) // tape.step_us) : step + 1].min())
        lots = -min(size, least // 2) if rng.random() < 0.5 else size
        if lots and seen < tape.end:
            found.append(Restatement(book.venue, book.symbol, start, end, lots, seen))
    return found
