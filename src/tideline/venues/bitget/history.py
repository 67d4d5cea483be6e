"""Bitget rows on a grid: settled funding, account ratio, taker volume, candles.

None of the first three takes a time range: they give their latest window and no more.
References: https://www.bitget.com/api-doc/uta/public/{Get-History-Funding-Rate,
Get-Futures-Account-Long-Short,Get-Futures-Active-Buy-Sell,Get-Candle-Data}.
Samples: ``tests/payloads/bitget/Unified.GetFundingRateHistory.txt``, ``v2_history_fund_rate.json``,
``Futures.GetHistoricalMarkPriceKlines.txt``; of the statistics there is no sample file, their rows
are as documented.
"""

from __future__ import annotations

from typing import Any

from tideline.domain.errors import BadWire
from tideline.domain.instrument import Instrument
from tideline.domain.time import HOUR, MINUTE
from tideline.venues.bitget.envelope import answer
from tideline.venues.bitget.fields import amount
from tideline.venues.counting import FRACTION, RATIO, price_scale, scale
from tideline.venues.followed import of_row
from tideline.venues.parsed import Note, Observation, Parsed
from tideline.venues.rows import each, every
from tideline.venues.strict import millis, need, number, rows, word

PERIODS = {"1m": MINUTE, "5m": 5 * MINUTE, "15m": 15 * MINUTE, "30m": 30 * MINUTE, "1H": HOUR}
PERIODS |= {"1h": HOUR}


def funding(raw: bytes, note: Note) -> Parsed:
    """``history-fund-rate``: settled rates, newest first, at the moment of settlement.

    v3 has the rows in ``resultList`` with ``fundingRateTimestamp``, v2 bare with ``fundingTime``.
    """
    found = answer(raw)
    parsed = Parsed(server_time=found.time)
    listed = found.rows("resultList") if isinstance(found.data, dict) else found.rows()

    def read(row: dict[str, Any]) -> None:
        instrument = of_row(row, "symbol", note, parsed)
        if instrument is None:
            return None
        name = "fundingRateTimestamp" if "fundingRateTimestamp" in row else "fundingTime"
        at, rate = millis(need(row, name), name), need(row, "fundingRate")
        value = float(number(rate, "fundingRate"))
        return parsed.observations.append(
            Observation(instrument.symbol, "funding_rate_settled", at, value, str(rate), FRACTION)
        )

    each(parsed, listed, read)
    return parsed


def account_ratio(raw: bytes, note: Note) -> Parsed:
    """``futures-account-long-short``: accounts long over accounts short, oldest first.

    The venue does not say whose accounts are counted. lsr_global_accounts is the quotient of the
    two shares: ``longShortAccountRatio`` was seen to be something else (0.7724 and 0.2276 with
    0.0339). ``ts`` is taken as the END of the period.
    """
    found = answer(raw)
    parsed = Parsed(server_time=found.time)
    instrument = _asked(note, parsed)
    if instrument is None:
        return parsed

    def read(row: dict[str, Any]) -> None:
        at = millis(need(row, "ts"), "ts")
        longs, shorts = need(row, "longAccountRatio"), need(row, "shortAccountRatio")
        long, short = number(longs, "longAccountRatio"), number(shorts, "shortAccountRatio")
        if not (long >= 0 and short > 0 and abs(long + short - 1) <= _SLACK):
            raise BadWire("longAccountRatio", f"{longs}/{shorts}", "are not two shares of a whole")
        ratio, words = float(long / short), f"{longs}/{shorts}"
        parsed.observations.append(
            Observation(instrument.symbol, "lsr_global_accounts", at, ratio, words, RATIO)
        )

    each(parsed, found.rows(), read)
    return parsed


_SLACK = number("0.01", "slack")


def taker(raw: bytes, note: Note) -> Parsed:
    """``futures-active-buy-sell``: taker volume in base coin, oldest first.

    ``ts`` is read as the START of the bar, as in candles: an end that is too late makes nothing
    known too early. A bar that has not ended is left out.
    """
    found = answer(raw)
    parsed = Parsed(server_time=found.time)
    instrument = _asked(note, parsed)
    if instrument is None:
        return parsed
    period = word(note.params.get("period", "5m"), "period", PERIODS)

    def read(row: dict[str, Any]) -> None:
        end = millis(need(row, "ts"), "ts") + period
        if end > note.received:
            return parsed.ignore("unfinished bar")
        how = scale(instrument, "taker_volume", end)
        return parsed.observations.extend(
            [
                amount(instrument, name, field, how, end, need(row, name))
                for name, field in (("buyVolume", "taker_buy_coin"), ("sellVolume", _SELL))
            ]
        )

    each(parsed, found.rows(), read)
    return parsed


_SELL = "taker_sell_coin"


def volume(raw: bytes, note: Note) -> Parsed:
    """``candles`` of trades: [start ms, o, h, l, c, base volume, quote volume]."""
    return _candles(raw, note, "volume_coin", 5)


def mark(raw: bytes, note: Note) -> Parsed:
    """``candles?type=MARK`` (v2: ``history-mark-candles``): the close is the mark at the END."""
    return _candles(raw, note, "mark_price", 4)


def _candles(raw: bytes, note: Note, field: str, cell: int) -> Parsed:
    found = answer(raw)
    parsed = Parsed(server_time=found.time)
    instrument = _asked(note, parsed)
    if instrument is None:
        return parsed
    told = note.params.get("interval") or note.params.get("granularity", "1m")
    period = word(told, "interval", PERIODS)

    def read(row: object) -> None:
        cells = rows(row, "row")
        if len(cells) != 7:
            raise BadWire("row", f"{len(cells)} cells", "are not 7")
        end = millis(cells[0], "start") + period
        if end > note.received:
            return parsed.ignore("unfinished bar")
        price = field == "mark_price"
        how = price_scale(instrument.multiple) if price else scale(instrument, field, end)
        name = "close" if price else "volume"
        return parsed.observations.append(amount(instrument, name, field, how, end, cells[cell]))

    every(parsed, found.rows(), read)
    return parsed


def _asked(note: Note, parsed: Parsed) -> Instrument | None:
    """The instrument that was asked about: the rows do not name it."""
    instrument = note.instruments.get(note.params.get("symbol", ""))
    if instrument is None:
        parsed.ignore("unknown instrument")
    return instrument
