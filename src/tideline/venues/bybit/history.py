"""Bybit rows on a grid: open interest, account ratio, settled funding, klines.

All answers are newest first. References: https://bybit-exchange.github.io/docs/v5/market/
open-interest, long-short-ratio, history-fund-rate, kline, mark-kline.
Samples: ``tests/payloads/bybit/rest_open_interest.json``, ``rest_account_ratio.json``,
``rest_funding_history.json``, ``rest_mark_kline.json``.
"""

from __future__ import annotations

from typing import Any

from tideline.domain.errors import BadWire
from tideline.domain.instrument import Instrument
from tideline.domain.time import MINUTE
from tideline.venues.bybit.envelope import Answer, answer
from tideline.venues.bybit.fields import Amount, check_halves, plain
from tideline.venues.counting import FRACTION, RATIO, price_scale, scale
from tideline.venues.followed import of_row
from tideline.venues.parsed import Note, Observation, Parsed
from tideline.venues.rows import each, every
from tideline.venues.strict import millis, need, number, rows, text

MARK_MINUTES = 5


def open_interest(raw: bytes, note: Note) -> Parsed:
    """``GET /v5/market/open-interest``: the level at each grid boundary ``timestamp``.

    Both sides are counted (conventions table). Linear rows are base coins, inverse rows USD.
    ``singleOpenInterest`` is there since 2026-06-11 and must be half of it.
    """
    found = answer(raw)
    parsed = Parsed(server_time=found.time)
    instrument = _told(found, note, parsed)
    if instrument is None:
        return parsed
    field = "open_interest" if instrument.linear else "open_interest_usd"

    def read(row: dict[str, Any]) -> None:
        at = millis(need(row, "timestamp"), "timestamp")
        check_halves(row)
        amount = Amount("openInterest", field, scale(instrument, "open_interest", at))
        raw_text = need(row, "openInterest")
        parsed.observations.append(_observed(instrument, amount, at, raw_text))

    each(parsed, found.rows, read)
    return parsed


def account_ratio(raw: bytes, note: Note) -> Parsed:
    """``GET /v5/market/account-ratio``: share of ACCOUNTS that are long and short.

    lsr_global_accounts = buyRatio / sellRatio: heads are counted, not positions. ``timestamp`` is
    the END of the period, as in open-interest, which is on the same grid.
    """
    found = answer(raw)
    parsed = Parsed(server_time=found.time)

    def read(row: dict[str, Any]) -> None:
        instrument = of_row(row, "symbol", note, parsed)
        if instrument is None:
            return None
        at = millis(need(row, "timestamp"), "timestamp")
        longs, shorts = need(row, "buyRatio"), need(row, "sellRatio")
        long, short = number(longs, "buyRatio"), number(shorts, "sellRatio")
        if not (long >= 0 and short > 0 and abs(long + short - 1) <= _SLACK):
            raise BadWire("buyRatio", f"{longs}/{shorts}", "are not two shares of one whole")
        return parsed.observations.append(
            Observation(
                instrument.symbol,
                "lsr_global_accounts",
                at,
                float(long / short),
                f"{longs}/{shorts}",
                RATIO,
            )
        )

    each(parsed, found.rows, read)
    return parsed


_SLACK = number("0.01", "slack")


def funding(raw: bytes, note: Note) -> Parsed:
    """``GET /v5/market/funding/history``: settled rates, at the moment of settlement."""
    found = answer(raw)
    parsed = Parsed(server_time=found.time)

    def read(row: dict[str, Any]) -> None:
        instrument = of_row(row, "symbol", note, parsed)
        if instrument is None:
            return None
        at = millis(need(row, "fundingRateTimestamp"), "fundingRateTimestamp")
        rate = need(row, "fundingRate")
        value = plain(rate, "fundingRate")
        return parsed.observations.append(
            Observation(instrument.symbol, "funding_rate_settled", at, value, str(rate), FRACTION)
        )

    each(parsed, found.rows, read)
    return parsed


def klines(raw: bytes, note: Note) -> Parsed:
    """``GET /v5/market/kline?interval=1``: traded volume of each minute, known at its END.

    A row is [start ms, open, high, low, close, volume, turnover]: of linear contracts volume is
    base coin; of inverse ones volume is USD and turnover base coin. The last row is unfinished.
    """
    found = answer(raw)
    parsed = Parsed(server_time=found.time)
    instrument = _told(found, note, parsed)
    if instrument is None:
        return parsed

    def read(row: object) -> None:
        cells = _cells(row, 7)
        end = millis(cells[0], "start") + MINUTE
        if end > note.received:
            return parsed.ignore("unfinished bar")
        amount = Amount("volume", "volume_coin", scale(instrument, "volume_coin", end))
        volume = cells[5] if instrument.linear else cells[6]
        return parsed.observations.append(_observed(instrument, amount, end, volume))

    every(parsed, found.rows, read)
    return parsed


def mark_klines(raw: bytes, note: Note) -> Parsed:
    """``GET /v5/market/mark-price-kline?interval=5``: the close is the mark price at the END.

    A row is [start ms, open, high, low, close]. The last row is unfinished.
    """
    found = answer(raw)
    parsed = Parsed(server_time=found.time)
    instrument = _told(found, note, parsed)
    if instrument is None:
        return parsed
    minutes = number(note.params.get("interval", str(MARK_MINUTES)), "interval")
    amount = Amount("close", "mark_price", price_scale(instrument.multiple))

    def read(row: object) -> None:
        cells = _cells(row, 5)
        end = millis(cells[0], "start") + int(minutes) * MINUTE
        if end > note.received:
            return parsed.ignore("unfinished bar")
        return parsed.observations.append(_observed(instrument, amount, end, cells[4]))

    every(parsed, found.rows, read)
    return parsed


def _told(found: Answer, note: Note, parsed: Parsed) -> Instrument | None:
    """The instrument that the whole answer speaks of; None, and counted, if it is not followed."""
    instrument = note.instruments.get(text(need(found.result, "symbol"), "symbol"))
    if instrument is None:
        parsed.ignore("unknown instrument", max(1, len(found.rows)))
    elif found.result.get("category") != ("linear" if instrument.linear else "inverse"):
        parsed.ignore("other product", max(1, len(found.rows)))
        return None
    return instrument


def _cells(row: object, count: int) -> list[Any]:
    cells = rows(row, "row")
    if len(cells) != count:
        raise BadWire("row", f"{len(cells)} cells", f"are not {count}")
    return cells


def _observed(instrument: Instrument, amount: Amount, at: int, raw: object) -> Observation:
    value = amount.value(raw)
    return Observation(instrument.symbol, amount.field, at, value, str(raw), amount.counted)
