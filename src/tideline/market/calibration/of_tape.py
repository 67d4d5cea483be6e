"""A made market's book as a series, as a venue would have recorded it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tideline.domain.errors import BadInput
from tideline.domain.time import HOUR, MINUTE, SECOND
from tideline.market.calibration.series import Floats, Series, coarser
from tideline.market.tape import Tape

FIVE_MINUTES_S = 300


def series_of(tape: Tape, book: int, step_s: int = FIVE_MINUTES_S) -> Series:
    """The perpetual ``book`` in steps of ``step_s``; before it is listed everything is unknown.

    Raises BadInput for spot, for a book that is not there, or a step the tape cannot be cut into.
    """
    perpetuals = [number for number, one in enumerate(tape.books) if not one.spot]
    if book not in perpetuals:
        raise BadInput("book", book, "is no perpetual of the tape", str(perpetuals[0]))
    if tape.step_us % SECOND or tape.start % SECOND:
        raise BadInput("step_us", tape.step_us, "is no whole number of seconds")
    name = tape.books[book]
    premium = tape.premium[book].astype(np.float64)
    mark = tape.index * (1.0 + premium)
    buy, sell = tape.buy[book].astype(np.float64), tape.sell[book].astype(np.float64)
    at, rate = settlements(tape, book)
    series = Series(
        f"{name.venue} {name.symbol}, world {tape.world} seed {tape.seed}",
        tape.start // SECOND,
        tape.step_us // SECOND,
        price=mark.astype(np.float64),
        oi_coin=tape.oi[book] * name.lot,
        volume_coin=(buy + sell) * name.lot,
        taker_buy_coin=buy * name.lot,
        funding_at_s=at,
        funding=rate,
        premium=premium,
    )
    return coarser(unlisted(series, name.listed_step), step_s)


def unlisted(series: Series, listed_step: int) -> Series:
    """The same with the steps before ``listed_step`` unknown."""

    def hidden(values: Floats | None) -> Floats | None:
        if values is None or not listed_step:
            return values
        return np.where(np.arange(values.size) < listed_step, np.nan, values)

    price, oi = hidden(series.price), hidden(series.oi_coin)
    assert price is not None
    assert oi is not None
    return replace(
        series,
        price=price,
        oi_coin=oi,
        volume_coin=hidden(series.volume_coin),
        taker_buy_coin=hidden(series.taker_buy_coin),
        premium=hidden(series.premium),
    )


def settlements(tape: Tape, book: int) -> tuple[Floats, Floats]:
    """UTC seconds and rates of the fundings settled while the book traded."""
    interval = tape.books[book].interval_h * HOUR
    if not interval:
        return np.zeros(0), np.zeros(0)
    listed = tape.start + tape.books[book].listed_step * tape.step_us
    first = (listed // interval + 1) * interval
    at = np.arange(first, tape.end + 1, interval, dtype=np.int64)
    minute = (at - tape.start) // MINUTE - 1
    keep = (minute >= 0) & (minute < tape.rate.shape[1])
    return at[keep] / SECOND, tape.rate[book, minute[keep]].astype(np.float64)
