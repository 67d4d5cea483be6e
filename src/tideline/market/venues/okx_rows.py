"""What the market is, as OKX writes it: rows of objects, every number a string.

Fields as in the captured and documented frames (venues.md §4): open interest in contracts, coins
and USD, with the noise of binary sums; funding with ``fundingTime`` the next settlement.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from math import floor, log10
from typing import NamedTuple

from tideline.domain.instrument import Instrument
from tideline.domain.time import DAY, HOUR, SECOND
from tideline.market.state import Liquidation, Listed, Market
from tideline.market.venues.figures import exact, plain

VENUE = "okx"
Row = dict[str, object]


def noisy(value: Decimal) -> str:
    """As OKX writes sums: all 17 digits of the binary number."""
    return plain(Decimal(f"{float(value):.17g}"))


def ms(at: int) -> str:
    """Milliseconds as text."""
    return str(at // 1000)


def kind_of(instrument: Instrument) -> str:
    """instType."""
    return "SWAP" if instrument.symbol.endswith("-SWAP") else "FUTURES"


def family_of(instrument: Instrument) -> str:
    """instFamily: the symbol without its term."""
    return instrument.symbol.rpartition("-")[0].removesuffix("-SWAP")


def index_of(instrument: Instrument) -> str:
    """The index the contract is on."""
    return f"{instrument.asset}-{instrument.quote}"


def size_of(instrument: Instrument) -> Decimal:
    """Coins or USD in one contract."""
    return exact(instrument.contract_size or 1.0)


class Held(NamedTuple):
    """Open interest three ways."""

    contracts: Decimal
    coin: Decimal
    usd: Decimal


def held(market: Market, instrument: Instrument, at: int) -> Held:
    """Open interest at ``at``: inverse contracts are whole, and USD."""
    quote = market.quote(VENUE, instrument.symbol, at)
    coin, size = exact(quote.oi_coin), size_of(instrument)
    if instrument.linear:
        return Held(coin / size, coin, coin * exact(quote.mark_price))
    contracts = round(coin * exact(quote.mark_price) / size)
    return Held(Decimal(contracts), coin, contracts * size)


def open_interest(market: Market, one: Listed, at: int) -> Row:
    """public/open-interest and its channel."""
    found = held(market, one.instrument, at)
    return {
        "instId": one.instrument.symbol,
        "instType": kind_of(one.instrument),
        "oi": noisy(found.contracts),
        "oiCcy": noisy(found.coin),
        "oiUsd": plain(found.usd),
        "ts": ms(at),
    }


def mark_price(market: Market, one: Listed, at: int) -> Row:
    """public/mark-price and its channel."""
    quote = market.quote(VENUE, one.instrument.symbol, at)
    return {
        "instId": one.instrument.symbol,
        "instType": kind_of(one.instrument),
        "markPx": plain(quote.mark_price),
        "ts": ms(at),
    }


def index_ticker(market: Market, one: Listed, at: int) -> Row:
    """market/index-tickers and its channel; the extremes are those of a few moments of the day."""
    symbol = one.instrument.symbol
    now = market.quote(VENUE, symbol, at).index_price
    hong_kong = (at + 8 * HOUR) // DAY * DAY - 8 * HOUR
    day = [
        market.quote(VENUE, symbol, max(then, one.listed_us)).index_price
        for then in (at - DAY, at - DAY // 2, at // DAY * DAY, hong_kong)
    ]
    return {
        "instId": index_of(one.instrument),
        "idxPx": plain(now),
        "high24h": plain(max(now, *day[:2])),
        "low24h": plain(min(now, *day[:2])),
        "open24h": plain(day[0]),
        "sodUtc0": plain(day[2]),
        "sodUtc8": plain(day[3]),
        "ts": ms(at),
    }


def funding_rate(market: Market, one: Listed, at: int) -> Row:
    """public/funding-rate and its channel; the fields of 2026."""
    symbol = one.instrument.symbol
    quote = market.quote(VENUE, symbol, at)
    lasts = quote.funding_interval_h * HOUR
    due = quote.next_funding_us
    premium = exact(quote.mark_price) / exact(quote.index_price) - 1
    return {
        "formulaType": "withRate",
        "fundingRate": plain(quote.funding_rate),
        "fundingTime": ms(due),
        "impactValue": "10000.0000000000000000",
        "instId": symbol,
        "instType": kind_of(one.instrument),
        "interestRate": "0.0001000000000000",
        "maxFundingRate": "0.00375",
        "method": "current_period",
        "minFundingRate": "-0.00375",
        "nextFundingRate": "",
        "nextFundingTime": ms(due + lasts),
        "premium": plain(premium.quantize(Decimal("1e-16"))),
        "prevFundingTime": ms(due - lasts),
        "settFundingRate": plain(market.settled(VENUE, symbol, due - lasts)),
        "settState": "settled",
        "ts": ms(at),
    }


def pays(market: Market, one: Listed, at: int) -> bool:
    """Is there a funding rate?"""
    return market.quote(VENUE, one.instrument.symbol, at).funding_interval_h > 0


def published(market: Market, symbol: str, start: int, end: int) -> list[Liquidation]:
    """The liquidations in (start, end] that OKX publishes: the first of each second."""
    found, last = [], -1
    for event in market.liquidations(VENUE, symbol, start // SECOND * SECOND - 1, end):
        second = event.at // SECOND
        if second != last and start < event.at:
            found.append(event)
        last = second
    return found


def liquidations(one: Listed, events: Sequence[Liquidation]) -> Row:
    """One contract's entry of the liquidation-orders channel: the newest detail first."""
    instrument = one.instrument
    return {
        "details": [_detail(instrument, event) for event in reversed(events)],
        "instFamily": family_of(instrument),
        "instId": instrument.symbol,
        "instType": kind_of(instrument),
        "uly": index_of(instrument),
    }


def _detail(instrument: Instrument, event: Liquidation) -> Row:
    """A long dies by a sale; a third of the accounts are in net mode."""
    coin, size = exact(event.coin), size_of(instrument)
    contracts = coin / size if instrument.linear else round(coin * exact(event.price) / size)
    net = event.at // 1000 % 3 == 0
    return {
        "bkLoss": "0",
        "bkPx": plain(event.price),
        "ccy": "",
        "posSide": "net" if net else event.side,
        "side": "sell" if event.side == "long" else "buy",
        "sz": plain(Decimal(contracts)),
        "ts": ms(event.at),
    }


def instrument(market: Market, one: Listed, code: int, at: int) -> Row:
    """public/instruments; the fields of rest_instruments_swap."""
    found = one.instrument
    price = market.quote(VENUE, found.symbol, at).mark_price
    lot = "0.01" if found.linear else "1"
    largest = "100000000.0000000000000000"
    ends = one.delivery_us
    return {
        "alias": "", "auctionEndTime": "", "baseCcy": "", "category": "1", "contTdSwTime": "",
        "ctMult": "1", "ctType": "linear" if found.linear else "inverse",
        "ctVal": plain(size_of(found)), "ctValCcy": found.asset if found.linear else "USD",
        "expTime": "" if ends is None else ms(ends), "futureSettlement": False,
        "instFamily": family_of(found), "instId": found.symbol, "instIdCode": code,
        "instType": kind_of(found), "lever": "100", "listTime": ms(one.listed_us), "lotSz": lot,
        "maxIcebergSz": largest, "maxLmtAmt": "20000000", "maxLmtSz": "100000000",
        "maxMktAmt": "", "maxMktSz": "12000", "maxPlatOILmt": "", "maxStopSz": "12000",
        "maxTriggerSz": largest, "maxTwapSz": largest, "minSz": lot, "openType": "",
        "optType": "", "posLmtAmt": "", "posLmtPct": "", "preMktSwTime": "", "quoteCcy": "",
        "ruleType": "xperp" if "XPERP" in found.symbol else "normal", "settleCcy": found.settle,
        "state": "live", "stk": "", "tickSz": _tick(price), "tradeQuoteCcyList": [],
        "uly": index_of(found),
    }  # fmt: skip


def _tick(price: float) -> str:
    """Six significant digits."""
    return plain(Decimal(1).scaleb(-max(0, 5 - floor(log10(price)))))
