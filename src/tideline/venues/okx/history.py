"""Rows on a grid: what mends gaps, fills in the past, and brings the ratios, which are not pushed.

========================================  ==============================  ========================
rubik/stat/…  (OKX v5: Trading Stats)     row                             sample
========================================  ==============================  ========================
contracts/open-interest-history           [ts, oi, oiCcy, oiUsd]          rubik_open_interest_…
…account-ratio-contract, …-top-trader     [ts, ratio]                     rubik_ls_ratio_contract
taker-volume-contract unit=0              [ts, SELL, BUY] in coins        rubik_taker_volume_ccy
market/candles                            [ts,o,h,l,c,vol,volCcy,…,confirm]
public/funding-rate-history               objects; realizedRate           rest_funding_rate_history
========================================  ==============================  ========================

Newest first. ``ts`` is the OPEN of a bar: its values hold at, or add up to, its END = ts + period,
and until then they move. A bar whose END lies after the moment of reading is left out. The ratios
follow the same label law as the open interest of the same service.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

from tideline.domain.errors import BadWire
from tideline.domain.instrument import Instrument
from tideline.domain.time import DAY, HOUR, MINUTE
from tideline.venues.counting import FRACTION, RATIO
from tideline.venues.okx.envelope import asked, data, each
from tideline.venues.okx.snapshots import HOUR_MS, INTERVALS_H, amount
from tideline.venues.parsed import Counted, Note, Observation, Parsed
from tideline.venues.rows import every
from tideline.venues.strict import millis, need, number, rows, word

PERIODS = {
    "1m": MINUTE,
    "5m": 5 * MINUTE,
    "15m": 15 * MINUTE,
    "30m": 30 * MINUTE,
    "1H": HOUR,
    "4H": 4 * HOUR,
    "1D": DAY,
}
"""Lengths of the bars; ``1D`` ones open at 16:00 UTC."""

_CONFIRMED = {"1": True, "0": False}
_APART = Counted("raw", "-", derived="fundingTime differences")

Bars = Callable[[Instrument, int, list[Any]], Sequence[Observation]]


def _bars(raw: bytes, note: Note, period: str, width: int, read: Bars) -> Parsed:
    """The finished bars of the instrument asked for; ``width`` cells at least in every row."""
    parsed = Parsed()
    found = data(raw)
    lasts: int = word(note.params.get(period), period, PERIODS)
    instrument = asked(note)
    if instrument is None:
        parsed.ignore("unknown instrument", len(found))
        return parsed

    def take(entry: Any) -> None:
        row = rows(entry, "row")
        if len(row) < width:
            raise BadWire("row", len(row), f"cells are fewer than {width}")
        end = millis(row[0], "ts") + lasts
        if end > note.received:
            parsed.ignore("unfinished bar")
        else:
            parsed.observations += read(instrument, end, row)

    every(parsed, found, take)
    return parsed


def open_interest_history(raw: bytes, note: Note) -> Parsed:
    """Open interest at the end of each bar, in coins and in USD."""

    def read(instrument: Instrument, end: int, row: list[Any]) -> Sequence[Observation]:
        return (
            amount(instrument, "open_interest", end, row[2], "oiCcy"),
            amount(instrument, "open_interest_usd", end, row[3], "oiUsd"),
        )

    return _bars(raw, note, "period", 4, read)


def _ratio(field: str, raw: bytes, note: Note) -> Parsed:
    """Longs over shorts as OKX divides them."""

    def read(instrument: Instrument, end: int, row: list[Any]) -> Sequence[Observation]:
        value = float(number(row[1], "ratio"))
        return (Observation(instrument.symbol, field, end, value, str(row[1]), RATIO),)

    return _bars(raw, note, "period", 2, read)


global_accounts = partial(_ratio, "lsr_global_accounts")
"""long-short-account-ratio-contract: accounts long over accounts short, all holders."""
top_accounts = partial(_ratio, "lsr_top_accounts")
"""…-account-ratio-contract-top-trader: the top 5 % by position value, each counted once."""
top_positions = partial(_ratio, "lsr_top_positions")
"""…-position-ratio-contract-top-trader: their positions."""


def taker_volume(raw: bytes, note: Note) -> Parsed:
    """Taker volume of each bar in coins: the SELL column comes first."""
    if note.params.get("unit") != "0":
        raise BadWire("unit", note.params.get("unit"), "is not 0 (coins)")

    def read(instrument: Instrument, end: int, row: list[Any]) -> Sequence[Observation]:
        return (
            amount(instrument, "taker_sell_coin", end, row[1], "taker-volume-contract"),
            amount(instrument, "taker_buy_coin", end, row[2], "taker-volume-contract"),
        )

    return _bars(raw, note, "period", 3, read)


def candles(raw: bytes, note: Note) -> Parsed:
    """Volume of each confirmed candle in coins (``volCcy``)."""
    unfinished = 0

    def read(instrument: Instrument, end: int, row: list[Any]) -> Sequence[Observation]:
        nonlocal unfinished
        if not word(row[8], "confirm", _CONFIRMED):
            unfinished += 1
            return ()
        return (amount(instrument, "volume_coin", end, row[6], "volCcy"),)

    parsed = _bars(raw, note, "bar", 9, read)
    if unfinished:
        parsed.ignore("unfinished bar", unfinished)
    return parsed


def funding_rate_history(raw: bytes, note: Note) -> Parsed:
    """What was really paid (``realizedRate``) at each settlement.

    ``fundingRate`` of these rows was the prediction. The interval of a settlement is its distance
    from the one before; the oldest row of a page has none. One row of 4 hours that is missing reads
    as 8 hours.
    """
    parsed = Parsed()
    found = data(raw)
    paid: dict[str, list[tuple[int, str]]] = {}

    def take(row: dict[str, Any], instrument: Instrument) -> None:
        at = millis(need(row, "fundingTime"), "fundingTime")
        rate = number(need(row, "realizedRate"), "realizedRate")
        said = str(row["fundingTime"])
        parsed.observations.append(
            Observation(
                instrument.symbol,
                "funding_rate_settled",
                at,
                float(rate),
                str(row["realizedRate"]),
                FRACTION,
            )
        )
        paid.setdefault(instrument.symbol, []).append((at, said))

    each(found, note, parsed, take)
    for symbol, times in paid.items():
        times.sort()
        for (before, earlier), (at, later) in pairwise(times):
            hours, rest = divmod((at - before) // 1000, HOUR_MS)
            if rest == 0 and hours in INTERVALS_H:
                parsed.observations.append(
                    Observation(
                        symbol,
                        "funding_interval_h",
                        at,
                        float(hours),
                        f"{later}-{earlier}",
                        _APART,
                    )
                )
    return parsed
