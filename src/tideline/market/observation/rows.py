"""A whole tape as the rows of a log, at the quality of its world: many asset-days in little time.

``observed_rows``  as a collector that had listened would have them (basis recorded)
``history_rows``   as an import of archives would bring them (basis assumed)
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from tideline.domain.errors import BadInput
from tideline.domain.time import HOUR, MINUTE, SECOND
from tideline.market.observation.archived_rows import ArchivedRows
from tideline.market.observation.legs import Legs
from tideline.market.observation.offered import offered
from tideline.market.observation.quality import Quality, draw_quality
from tideline.market.observation.recorded_rows import RecordedRows
from tideline.market.tape import Tape

CENTRAL = ("binance", "bybit", "okx")
"""The venues that signals of USDT perpetuals are made of."""


def observed_rows(
    tape: Tape,
    quality: Quality | None = None,
    *,
    start: int | None = None,
    end: int | None = None,
    every_s: float = 60.0,
    venues: Sequence[str] = CENTRAL,
) -> pa.Table:
    """What a collector would have recorded of (start, end], in the log's offered columns.

    Args:
        quality: how well it sees; drawn by the tape's world and seed where not given.
        start, end: µs; the whole tape where not given.
        every_s: of stocks (open interest, marks, rates) one row in so long, each book and field
            with a phase of its own.
        venues: whose books.

    Returns:
        asset, venue, instrument, field, event_time, known_time, value, basis (recorded), status
        (ok), cadence_s. Rows are by book and leg, each leg in order of time but for restatements
        and bars that came late. Rows of before ``end`` may be known after it.

    Raises:
        BadInput: a span that is not one, or no time between two rows.
        UnknownName: a venue that offers nothing here.
    """
    if not 1.0 <= every_s <= 3600.0:
        raise BadInput("every_s", every_s, "is not between 1 and 3600 s", "60")
    seen = quality or draw_quality(tape)
    legs = Legs(tape, "recorded")
    for number, span in _books(tape, venues, start, end):
        RecordedRows(tape, number, legs, span, seen).add_all(round(every_s * SECOND))
    return legs.table()


def history_rows(
    tape: Tape,
    *,
    start: int | None = None,
    end: int | None = None,
    bar_us: int = 5 * MINUTE,
    venues: Sequence[str] = CENTRAL,
    fields: Sequence[str] | None = None,
) -> pa.Table:
    """What archives give of (start, end], with the assumed lags of the signal catalogue.

    Open interest, marks, index and ratios every 5 min, bars of ``bar_us``, settled funding; no
    liquidations and no running rates, of which there is no history. Venues that keep no history
    of open interest give nothing. ``fields``: only these.

    Returns:
        As ``observed_rows``, with basis assumed.
    """
    if bar_us < MINUTE or HOUR % bar_us:
        raise BadInput("bar_us", bar_us, "is no whole part of an hour", str(5 * MINUTE))
    legs = Legs(tape, "assumed", fields)
    kept = [venue for venue in venues if offered(venue).history]
    for number, span in _books(tape, kept, start, end):
        ArchivedRows(tape, number, legs, span).add_all(bar_us)
    return legs.table()


def _books(
    tape: Tape, venues: Sequence[str], start: int | None, end: int | None
) -> list[tuple[int, tuple[int, int]]]:
    """The books asked for, each with the span in which it trades."""
    first = tape.start if start is None else max(start, tape.start)
    last = tape.end if end is None else min(end, tape.end)
    if first >= last:
        raise BadInput("start", first, "is not before the end", str(last - 1))
    for venue in venues:
        offered(venue)
    found = []
    for number, book in enumerate(tape.books):
        listed = tape.start + book.listed_step * tape.step_us
        if not book.spot and book.venue in venues and listed < last:
            found.append((number, (max(first, listed), last)))
    return found
