"""Binance rows on a grid: the statistics of ``/futures/data`` and settled funding.

Reference: https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/
rest-api/Open-Interest-Statistics, …/Top-Trader-Long-Short-Ratio, …/Long-Short-Ratio,
…/Taker-BuySell-Volume, …/Get-Funding-Rate-History, and the same of COIN-M.

**Labels.** ``timestamp`` of openInterestHist is the instant of the snapshot, on the grid. The
ratios come from the same job under the same label: their ``timestamp`` is taken as the END of the
period. (The archive's labels moved to the start of the period on 2026-06-25; these did not.)

USD-M rows name ``symbol``, COIN-M rows ``pair`` and mostly ``contractType``; a COIN-M ratio is of
the whole pair and kept on its perpetual.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from tideline.domain.errors import BadWire
from tideline.domain.time import HOUR, MINUTE
from tideline.venues.binance.envelope import body, spoken_of
from tideline.venues.binance.snapshots import held
from tideline.venues.counting import FRACTION, HOURS, RATIO, scale
from tideline.venues.declaration import Read
from tideline.venues.parsed import Note, Observation, Parsed
from tideline.venues.rows import each
from tideline.venues.strict import millis, need, number, rows

INTERVALS_H = (1, 2, 4, 8)
_APART = HOURS._replace(derived="fundingTime differences")
JITTER = MINUTE
"""Settlements are stamped some milliseconds late; so far apart they are still one interval."""


def open_interest_hist(raw: bytes, note: Note) -> Parsed:
    """``GET /futures/data/openInterestHist``: level and notional at each ``timestamp``.

    USD-M: base units and USD. COIN-M: contracts (exact USD) and, in spite of its name,
    sumOpenInterestValue in BASE coin. Samples: ``fapi_futures_data_openInterestHist*.json``,
    ``dapi_futures_data_openInterestHist.json``.
    """
    parsed = Parsed()

    def read(row: dict[str, Any]) -> None:
        instrument = spoken_of(row, note)
        if isinstance(instrument, str):
            return parsed.ignore(instrument)
        at = millis(need(row, "timestamp"), "timestamp")
        first = held(instrument, at, need(row, "sumOpenInterest"), "sumOpenInterest")
        other = "open_interest_usd" if instrument.linear else "open_interest"
        how = scale(instrument, _VALUE, at)
        value = need(row, _VALUE)
        second = Observation(
            instrument.symbol, other, at, how.of(number(value, _VALUE)), str(value), how.counted
        )
        return parsed.observations.extend((first, second))

    each(parsed, rows(body(raw), "body"), read)
    return parsed


_VALUE = "sumOpenInterestValue"


def _ratio(field: str, raw: bytes, note: Note) -> Parsed:
    """Longs over shorts of one population. Samples: ``*LongShort*Ratio.json`` and ``.txt``.

    Only ``longShortRatio`` is read: the two shares beside it are called longAccount even where they
    are of positions.
    """
    parsed = Parsed()

    def read(row: dict[str, Any]) -> None:
        instrument = spoken_of(row, note)
        if isinstance(instrument, str):
            return parsed.ignore(instrument)
        at = millis(need(row, "timestamp"), "timestamp")
        ratio = need(row, "longShortRatio")
        value = _positive(ratio, "longShortRatio")
        return parsed.observations.append(
            Observation(instrument.symbol, field, at, value, str(ratio), RATIO)
        )

    each(parsed, rows(body(raw), "body"), read)
    return parsed


def ratio(field: str) -> Read:
    """The reader of one of the three long/short ratios."""
    return partial(_ratio, field)


top_positions = ratio("lsr_top_positions")
top_accounts = ratio("lsr_top_accounts")
global_accounts = ratio("lsr_global_accounts")


def taker_ratio(raw: bytes, note: Note) -> Parsed:
    """``takerlongshortRatio`` (USD-M) and ``takerBuySellVol`` (COIN-M): bought over sold.

    Kept as ``taker_ratio_bar`` only: klines give the volumes themselves, and from the beginning.
    USD-M rows carry no symbol and give the ratio to 4 decimals; COIN-M rows give contracts. 0 says
    that nobody bought; where nobody sold there is no ratio.
    Samples: ``fapi_takerlongshortRatio.json``, ``dapi_takerBuySellVol.json``.
    """
    parsed = Parsed()

    def read(row: dict[str, Any]) -> None:
        instrument = spoken_of(row, note)
        if isinstance(instrument, str):
            return parsed.ignore(instrument)
        at = millis(need(row, "timestamp"), "timestamp")
        if "buySellRatio" in row:
            told = str(row["buySellRatio"])
            value = float(number(row["buySellRatio"], "buySellRatio"))
            if value < 0.0:
                raise BadWire("buySellRatio", told, "is negative")
        else:
            buy, sell = need(row, "takerBuyVol"), need(row, "takerSellVol")
            bought, sold = number(buy, "takerBuyVol"), number(sell, "takerSellVol")
            if not (bought >= 0 and sold > 0):
                raise BadWire("takerSellVol", f"{buy}/{sell}", "give no ratio")
            told, value = f"{buy}/{sell}", float(bought / sold)
        return parsed.observations.append(
            Observation(instrument.symbol, "taker_ratio_bar", at, value, told, RATIO)
        )

    each(parsed, rows(body(raw), "body"), read)
    return parsed


def _positive(raw: object, where: str) -> float:
    value = float(number(raw, where))
    if not value > 0.0:
        raise BadWire(where, raw, "is no ratio above zero")
    return value


def funding_rate(raw: bytes, note: Note) -> Parsed:
    """``GET /fapi/v1/fundingRate`` or ``/dapi/…``: settled rates, oldest first.

    The interval is not said. Where the row before is 1, 2, 4 or 8 hours older, that is the interval
    this rate was for; otherwise (the first row of a page) none is given. One row of 4 hours that is
    missing reads as 8 hours. Rows from before the listing are made up by the venue (default 0.01 %)
    and left out. Samples:
    ``fapi_fundingRate.json``, ``UsdFutures.GetFundingRates.txt``, ``CoinFutures.….txt``.
    """
    parsed = Parsed()
    before: dict[str, int] = {}

    def read(row: dict[str, Any]) -> None:
        instrument = spoken_of(row, note)
        if isinstance(instrument, str):
            return parsed.ignore(instrument)
        symbol = instrument.symbol
        at = millis(need(row, "fundingTime"), "fundingTime")
        rate = need(row, "fundingRate")
        value = float(number(rate, "fundingRate"))
        if instrument.listed_us is not None and at <= instrument.listed_us:
            return parsed.ignore("before listing")
        parsed.observations.append(
            Observation(symbol, "funding_rate_settled", at, value, str(rate), FRACTION)
        )
        hours = _interval(at - before[symbol]) if symbol in before else None
        before[symbol] = at
        if hours is not None:
            parsed.observations.append(
                Observation(symbol, "funding_interval_h", at, hours, f"{hours:g} h", _APART)
            )
        return None

    each(parsed, rows(body(raw), "body"), read)
    return parsed


def _interval(apart_us: int) -> float | None:
    """The interval two settlements are apart, None if it is none of the usual ones."""
    hours = round(apart_us / HOUR)
    return float(hours) if hours in INTERVALS_H and abs(apart_us - hours * HOUR) < JITTER else None
