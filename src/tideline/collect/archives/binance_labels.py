"""Which end of its period a row of a Binance metrics file is labelled by.

The archive writes one row per 5 minutes. Under the END convention a day's file runs 00:05 … 00:00
of the next day and a label is the snapshot instant; under START it runs 00:00 … 23:55 and the row
at T holds the snapshot at T + 5 min. The change was silent, so each file is read by itself:

1. the label of the next day's 00:00 stands only in an END file; without it the day's own 00:00
   stands only in a START file;
2. where prices of the same instants are at hand (klines, marks already stored), the implied price
   notional / coins must fit them better under that reading than under the other;
3. a day with neither edge is read as the prices say, and refused where there are none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tideline.collect.legrows import Floats, Ints
from tideline.domain.errors import BadFile
from tideline.domain.time import DAY, MINUTE, SECOND

Labels = Literal["end", "start"]

PERIOD = 5 * MINUTE
OFF_GRID = 5 * SECOND
SLOTS = DAY // PERIOD
MATCHES = 3  # prices needed for a verdict; a day against hourly klines has 24
CLEARLY = 0.5  # one reading must miss by less than half of what the other misses by


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices known from elsewhere, by instant, in event order without repeats."""

    event: Ints
    price: Floats


def no_prices() -> Prices:
    """Nothing to compare with."""
    return Prices(np.empty(0, np.int64), np.empty(0))


def read_labels(
    path: object, label: Ints, implied: Floats, day: int | None, prices: Prices
) -> tuple[Labels, str]:
    """The convention of one file's labels, and in words what decided.

    ``day`` is the midnight (µs) the file name speaks of, None where it says nothing.

    Raises:
        BadFile: the edges say one thing and the prices the other, or neither says anything.
    """
    by_edge = _by_edges(label, day)
    by_price = by_implied_price(label, implied, prices)
    if by_edge and by_price and by_edge != by_price:
        raise BadFile(
            path,
            f"labels look like the {by_edge} of their period, but the implied price fits the"
            f" {by_price}",
        )
    if by_edge:
        return by_edge, "labels, confirmed by the implied price" if by_price else "labels"
    if by_price:
        return by_price, "implied price"
    raise BadFile(
        path,
        "is a truncated day: neither its labels nor a price tell whether they are the start or the"
        " end of the period",
        "import klines of that day along with it",
    )


def _by_edges(label: Ints, day: int | None) -> Labels | None:
    start = day if day is not None else int(np.median(label) - 1) // DAY * DAY
    slot = np.round((label - start) / PERIOD)
    on_grid = np.abs((label - start) - slot * PERIOD) <= OFF_GRID
    if bool((on_grid & (slot == SLOTS)).any()):
        return "end"
    if bool((on_grid & (slot == 0)).any()):
        return "start"
    return None


def by_implied_price(label: Ints, implied: Floats, prices: Prices) -> Labels | None:
    """The reading under which the implied prices fit, None if that cannot be told."""
    misses = [_miss(label + shift, implied, prices) for shift in (0, PERIOD)]
    end, start = misses
    if end is None or start is None:
        return None
    if end < CLEARLY * start:
        return "end"
    return "start" if start < CLEARLY * end else None


def _miss(event: Ints, implied: Floats, prices: Prices) -> float | None:
    """Median distance (log) to the known prices of the same instants."""
    if not len(prices.event):
        return None
    at = np.minimum(np.searchsorted(prices.event, event), len(prices.event) - 1)
    met = (prices.event[at] == event) & np.isfinite(implied) & (implied > 0)
    if int(met.sum()) < MATCHES:
        return None
    return float(np.median(np.abs(np.log(implied[met] / prices.price[at[met]]))))
