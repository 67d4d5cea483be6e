"""OKX's rows on a grid: labelled by the OPEN of the bar, newest first, bounds exclusive.

The newest row is the bar that is still open, and it moves; statistics are rows of strings, and
nothing is older than 1,440 rows. ``Lines`` says how this venue departs from that for a while.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from tideline.domain.instrument import Instrument
from tideline.domain.time import DAY, HOUR, MINUTE
from tideline.market.state import Listed, Market
from tideline.market.venues.figures import exact, plain
from tideline.market.venues.okx_rows import VENUE, held, ms, size_of

MOST_ROWS = 1440
_EAST = 16 * HOUR
"""Long bars open at 16:00 UTC, midnight in Hong Kong, unless the period says utc."""

_LENGTHS = {
    "1m": MINUTE, "3m": 3 * MINUTE, "5m": 5 * MINUTE, "15m": 15 * MINUTE, "30m": 30 * MINUTE,
    "1H": HOUR, "2H": 2 * HOUR, "4H": 4 * HOUR, "6H": 6 * HOUR, "12H": 12 * HOUR, "1D": DAY,
    "2D": 2 * DAY, "3D": 3 * DAY,
}  # fmt: skip


class Grid(NamedTuple):
    """Where the bars of one period lie."""

    lasts: int
    offset: int

    def opened(self, at: int) -> int:
        """The open of the bar that holds ``at``."""
        return (at - self.offset) // self.lasts * self.lasts + self.offset


def grid(period: str) -> Grid | None:
    """The grid of a period word; None: there is no such period."""
    lasts = _LENGTHS.get(period.removesuffix("utc"))
    if lasts is None:
        return None
    return Grid(lasts, 0 if period.endswith("utc") else _EAST)


class Lines(NamedTuple):
    """What is asked for and how the rows come: bounds of the labels in ms, both exclusive.

    ``lag_us``: a finished bar shows so much later; ``shift_us``: labels lie so much after the open.
    """

    newer: int | None
    older: int | None
    limit: int
    lag_us: int
    shift_us: int


Cells = Callable[[Instrument, int, int], list[str]]
"""The cells after the label, of the bar from an open until a moment of it."""


def bars(one: Listed, step: Grid, lines: Lines, now: int, cells: Cells) -> list[list[str]]:
    """The rows of one contract, newest first."""
    found: list[list[str]] = []
    for opened in _opens(step, lines, now):
        if opened < one.listed_us or len(found) >= lines.limit:
            break
        label = (opened + lines.shift_us) // 1000
        if lines.newer is not None and label <= lines.newer:
            break
        ends = opened + step.lasts
        waits = ends <= now < ends + lines.lag_us
        if (lines.older is None or label < lines.older) and not waits:
            found.append([str(label), *cells(one.instrument, opened, min(ends, now))])
    return found


def _opens(step: Grid, lines: Lines, now: int) -> Iterator[int]:
    """Opens from the latest one that may be asked for down to the oldest kept."""
    newest = step.opened(now)
    oldest = newest - (MOST_ROWS - 1) * step.lasts
    if lines.older is not None:
        newest = min(newest, step.opened(lines.older * 1000 - lines.shift_us))
    yield from range(newest, oldest - 1, -step.lasts)


def open_interest_cells(market: Market) -> Cells:
    """[ts, oi, oiCcy, oiUsd]: the level at the end of the bar, or now."""

    def cells(instrument: Instrument, _: int, until: int) -> list[str]:
        found = held(market, instrument, until)
        return [plain(found.contracts), plain(found.coin), plain(found.usd)]

    return cells


def ratio_cells(market: Market, which: str) -> Cells:
    """[ts, ratio] of one population, named as in Ratios."""

    def cells(instrument: Instrument, _: int, until: int) -> list[str]:
        ratios = market.ratios(VENUE, instrument.symbol, until)
        return [plain(getattr(ratios, which))]

    return cells


def taker_cells(market: Market, unit: str) -> Cells:
    """[ts, SELL, BUY] in coins (0), contracts (1) or USD (2)."""

    def cells(instrument: Instrument, opened: int, until: int) -> list[str]:
        bar = market.bar(VENUE, instrument.symbol, opened, until)
        buy = exact(bar.taker_buy_coin)
        sell = exact(bar.volume_coin) - buy
        price, size = exact(bar.close), size_of(instrument)
        each = {"0": exact(1.0), "1": (1 if instrument.linear else price) / size, "2": price}[unit]
        return [plain(sell * each), plain(buy * each)]

    return cells


def candle_cells(market: Market, lasts: int) -> Cells:
    """[ts, o, h, l, c, vol, volCcy, volCcyQuote, confirm]: contracts, coins, quote currency."""

    def cells(instrument: Instrument, opened: int, until: int) -> list[str]:
        bar = market.bar(VENUE, instrument.symbol, opened, until)
        coin, price = exact(bar.volume_coin), exact(bar.close)
        contracts = coin * (1 if instrument.linear else price) / size_of(instrument)
        prices = [plain(found) for found in (bar.open, bar.high, bar.low, bar.close)]
        volumes = [plain(contracts), plain(coin), plain(coin * price)]
        return [*prices, *volumes, "1" if until == opened + lasts else "0"]

    return cells


def settlements(market: Market, one: Listed, lines: Lines, now: int) -> list[dict[str, str]]:
    """public/funding-rate-history: what was paid, newest first; ``fundingRate`` is the forecast."""
    symbol = one.instrument.symbol
    start = now if lines.older is None else min(now, lines.older * 1000 - 1)
    quote = market.quote(VENUE, symbol, start)
    if not quote.funding_interval_h:
        return []
    at = quote.next_funding_us - quote.funding_interval_h * HOUR
    found: list[dict[str, str]] = []
    while len(found) < lines.limit and at > max(one.listed_us, now - 90 * DAY):
        if lines.newer is not None and at // 1000 <= lines.newer:
            break
        before = market.quote(VENUE, symbol, at - 1)
        if at + lines.lag_us <= now:
            found.append(
                {
                    "fundingRate": plain(before.funding_rate),
                    "fundingTime": ms(at),
                    "instId": symbol,
                    "instType": "SWAP" if symbol.endswith("-SWAP") else "FUTURES",
                    "method": "current_period",
                    "realizedRate": plain(market.settled(VENUE, symbol, at)),
                }
            )
        at -= before.funding_interval_h * HOUR
    return found
