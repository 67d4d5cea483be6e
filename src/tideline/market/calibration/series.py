"""One market as plain arrays: what the statistics are computed on, recorded or made alike."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tideline.domain.errors import BadInput

Floats: TypeAlias = NDArray[np.float64]
HOUR_S, DAY_S = 3_600, 86_400


@dataclass(frozen=True)
class Series:
    """One contract of one venue on a regular grid; what is unknown is NaN, or None as a whole.

    Step k covers (start_s + k·step_s, start_s + (k+1)·step_s]; stocks are those at its END.
    """

    name: str
    start_s: int
    """UTC second at which the first step begins."""
    step_s: int
    price: Floats
    """[N] USD per coin at the end of each step: the mark price where it is known."""
    oi_coin: Floats
    """[N] open interest at the end of each step, one-sided, coins."""
    volume_coin: Floats | None = None
    """[N] coins traded in each step."""
    taker_buy_coin: Floats | None = None
    """[N] of those, the coins that takers bought."""
    volume_bar_s: int = 0
    """Seconds of the bar volume was recorded in, spread evenly over the steps inside; 0: a step."""
    funding_at_s: Floats | None = None
    """[K] UTC seconds of the settlements."""
    funding: Floats | None = None
    """[K] settled rates, fractions, each of its own interval."""
    premium: Floats | None = None
    """[N] (mark − index) / index at the end of each step."""
    imbalance: Floats | None = None
    """[N] (bought − sold) / volume by takers in each step, where known finer than the volumes."""

    def __post_init__(self) -> None:
        for field in ("oi_coin", "volume_coin", "taker_buy_coin", "premium", "imbalance"):
            values = getattr(self, field)
            if values is not None and values.shape != self.price.shape:
                raise BadInput(field, values.shape, f"is not as long as price {self.price.shape}")
        if self.step_s <= 0 or DAY_S % self.step_s:
            raise BadInput("step_s", self.step_s, "does not divide a day", "300")

    @property
    def steps(self) -> int:
        """How many there are."""
        return int(self.price.shape[0])

    @property
    def ends_s(self) -> Floats:
        """[N] UTC second at which each step ends."""
        return self.start_s + self.step_s * np.arange(1, self.steps + 1, dtype=np.float64)


def coarser(series: Series, step_s: int) -> Series:
    """The same market in steps of ``step_s``, which end on whole multiples of it in UTC.

    Stocks are those at the end, volumes sums; a sum with an unknown part is unknown. Raises
    BadInput where ``step_s`` is no whole multiple of the series' step.
    """
    if step_s % series.step_s:
        raise BadInput("step_s", step_s, f"is no multiple of {series.step_s}")
    many = step_s // series.step_s
    skip = (-series.start_s % step_s) // series.step_s
    count = max(0, (series.steps - skip) // many)
    rows = slice(skip, skip + count * many)

    def last(values: Floats | None) -> Any:
        return None if values is None else values[rows][many - 1 :: many]

    def total(values: Floats | None) -> Any:
        return None if values is None else values[rows].reshape(count, many).sum(axis=1)

    return replace(
        series,
        start_s=series.start_s + skip * series.step_s,
        step_s=step_s,
        price=last(series.price),
        oi_coin=last(series.oi_coin),
        premium=last(series.premium),
        volume_coin=total(series.volume_coin),
        taker_buy_coin=total(series.taker_buy_coin),
        imbalance=series.imbalance if many == 1 else None,
    )


def spread_volume(series: Series, bar_s: int) -> Series:
    """The same market as if volume had been recorded in bars of ``bar_s`` and spread evenly.

    Recordings that know volume by the hour are compared with made markets treated the same way.
    A bar that is not whole keeps NaN.
    """
    if series.volume_coin is None or bar_s <= max(series.step_s, series.volume_bar_s):
        return series
    many = bar_s // series.step_s
    skip = (-series.start_s % bar_s) // series.step_s
    count = max(0, (series.steps - skip) // many)

    def even(values: Floats | None) -> Floats | None:
        if values is None:
            return None
        out = np.full(series.steps, np.nan)
        inside = slice(skip, skip + count * many)
        out[inside] = np.repeat(values[inside].reshape(count, many).mean(axis=1), many)
        return out

    return replace(
        series,
        volume_coin=even(series.volume_coin),
        taker_buy_coin=even(series.taker_buy_coin),
        volume_bar_s=bar_s,
        imbalance=imbalance(series),
    )


def imbalance(series: Series) -> Floats | None:
    """[N] taker imbalance of each step, as recorded or from the step's own volumes."""
    if series.imbalance is not None:
        return series.imbalance
    if series.volume_coin is None or series.taker_buy_coin is None:
        return None
    if series.volume_bar_s > series.step_s:
        return None
    with np.errstate(invalid="ignore", divide="ignore"):
        return 2.0 * series.taker_buy_coin / series.volume_coin - 1.0


def between(series: Series, start_s: int, end_s: int) -> Series:
    """The steps that lie wholly in [start_s, end_s], and the fundings settled in it."""
    first = max(0, -(-(start_s - series.start_s) // series.step_s))
    last = max(first, min(series.steps, (end_s - series.start_s) // series.step_s))
    rows = slice(first, last)

    def cut(values: Floats | None) -> Any:
        return None if values is None else values[rows]

    at, rate = series.funding_at_s, series.funding
    if at is not None and rate is not None:
        kept = (at > start_s) & (at <= end_s)
        at, rate = at[kept], rate[kept]
    return replace(
        series,
        start_s=series.start_s + first * series.step_s,
        price=series.price[rows],
        oi_coin=series.oi_coin[rows],
        volume_coin=cut(series.volume_coin),
        taker_buy_coin=cut(series.taker_buy_coin),
        premium=cut(series.premium),
        imbalance=cut(series.imbalance),
        funding_at_s=at,
        funding=rate,
    )
