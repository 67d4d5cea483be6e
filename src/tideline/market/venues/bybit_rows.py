"""Bybit's rows, written from the market: tickers, instruments, history, bars.

The field sets are those of the samples in ``tests/payloads/bybit``; ``singleOpenInterest`` and its
value came on 2026-06-11. Both sides are counted in ``openInterest``: linear in quoted units,
inverse in USD.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tideline.domain.instrument import Instrument
from tideline.domain.time import DAY, HOUR, MINUTE
from tideline.market.state import Liquidation, Listed, Market, Quote
from tideline.market.venues.figures import exact, plain, rounded, step_of

NAME = "bybit"


def price_of(instrument: Instrument, per_coin: float) -> str:
    """A price per coin as quoted (SHIB1000USDT: per 1000 SHIB)."""
    return plain(exact(per_coin) * int(instrument.multiple))


def usd_of(coin: float, price: float) -> Decimal:
    """The whole USD behind coins that were written from whole USD."""
    return (exact(coin) * exact(price)).quantize(Decimal(1))


class Held:
    """One-sided open interest as Bybit counts it: amount and value."""

    def __init__(self, instrument: Instrument, quote: Quote) -> None:
        mark = exact(quote.mark_price)
        if instrument.linear:
            self.amount = exact(quote.oi_coin) / int(instrument.multiple)
            self.value = (exact(quote.oi_coin) * mark).quantize(Decimal("0.01"))
        else:
            self.amount = usd_of(quote.oi_coin, quote.mark_price)
            self.value = exact(quote.oi_coin)

    def fields(self) -> dict[str, str]:
        return {
            "openInterest": plain(self.amount * 2),
            "openInterestValue": plain(self.value * 2),
            "singleOpenInterest": plain(self.amount),
            "singleOpenInterestValue": plain(self.value),
        }


def volume_of(instrument: Instrument, coin: float, price: float) -> tuple[str, str]:
    """Volume and turnover: linear in units and quote, inverse in USD and coin."""
    if instrument.linear:
        volume = plain(exact(coin) / int(instrument.multiple))
        return volume, rounded(exact(coin) * exact(price), 4)
    return plain(usd_of(coin, price)), plain(coin)


def live_fields(market: Market, instrument: Instrument, at: int) -> dict[str, str]:
    """What the ticker stream says of one instrument (sample: ws_tickers_linear_doc.json)."""
    quote = market.quote(NAME, instrument.symbol, at)
    minute = at // MINUTE * MINUTE
    day, hour = (
        price_of(instrument, market.quote(NAME, instrument.symbol, then).last_price)
        for then in (minute - DAY, minute - HOUR)
    )
    last = price_of(instrument, quote.last_price)
    change = (Decimal(last) / Decimal(day) - 1).quantize(Decimal("0.000001"))
    volume, turnover = volume_of(instrument, quote.volume_24h_coin, quote.last_price)
    tilt = at // 100_000 % 97
    found = {
        "symbol": instrument.symbol,
        "tickDirection": "PlusTick" if change >= 0 else "MinusTick",
        "price24hPcnt": plain(change),
        "lastPrice": last,
        "prevPrice24h": day,
        "highPrice24h": max(last, day, key=Decimal),
        "lowPrice24h": min(last, day, key=Decimal),
        "prevPrice1h": hour,
        "markPrice": price_of(instrument, quote.mark_price),
        "indexPrice": price_of(instrument, quote.index_price),
        **Held(instrument, quote).fields(),
        "turnover24h": turnover,
        "volume24h": volume,
        "bid1Price": last,
        "bid1Size": plain(Decimal(tilt + 3)),
        "ask1Price": plain(Decimal(last) + step_of(last)),
        "ask1Size": plain(Decimal(101 - tilt)),
    }
    return found | _paying(quote) | dict.fromkeys(("preOpenPrice", "preQty", _PHASE), "")


_PHASE = "curPreListingPhase"


def _paying(quote: Quote) -> dict[str, str]:
    """The funding part; dated futures leave it empty."""
    if not quote.funding_interval_h:
        return {"nextFundingTime": "", "fundingRate": ""}
    return {
        "fundingIntervalHour": str(quote.funding_interval_h),
        "fundingCap": "0.005",
        "nextFundingTime": str(quote.next_funding_us // 1000),
        "fundingRate": plain(quote.funding_rate),
    }


def ticker_row(market: Market, listed: Listed, at: int) -> dict[str, str]:
    """One row of GET tickers (sample: rest_tickers_inverse.json)."""
    row = live_fields(market, listed.instrument, at)
    del row["tickDirection"]
    empty = ("predictedDeliveryPrice", "basisRate", "deliveryFeeRate", "basis", "basisRateYear")
    row |= dict.fromkeys(empty, "")
    row["deliveryTime"] = str((listed.delivery_us or 0) // 1000)
    return {"fundingIntervalHour": "", "fundingCap": ""} | row


def instrument_row(listed: Listed, interval_h: int) -> dict[str, Any]:
    """One row of GET instruments-info (sample: rest_instruments_linear.json)."""
    found = listed.instrument
    product = "Linear" if found.linear else "Inverse"
    base = found.symbol.split("-")[0]
    for ending in ("USDT", "PERP", "USD"):
        base = base.removesuffix(ending)
    return {
        "symbol": found.symbol,
        "symbolId": sum(found.symbol.encode()),
        "contractType": product + ("Perpetual" if found.kind == "perpetual" else "Futures"),
        "status": "Trading",
        "baseCoin": base,
        "quoteCoin": found.quote,
        "launchTime": str(listed.listed_us // 1000),
        "deliveryTime": str((listed.delivery_us or 0) // 1000),
        "deliveryFeeRate": "",
        "priceScale": "4",
        "leverageFilter": {"minLeverage": "1", "maxLeverage": "50.00", "leverageStep": "0.01"},
        "priceFilter": {"minPrice": "0.0001", "maxPrice": "1999999.80", "tickSize": "0.0001"},
        "lotSizeFilter": {
            "maxOrderQty": "1190.000",
            # coins, or contracts of one USD
            "minOrderQty": "0.001" if found.linear else "1",
            "qtyStep": "0.001" if found.linear else "1",
            "postOnlyMaxOrderQty": "1190.000",
            "maxMktOrderQty": "500.000",
            "minNotionalValue": "5",
        },
        "unifiedMarginTrade": True,
        "fundingInterval": interval_h * 60,
        "settleCoin": found.settle,
        "copyTrading": "both",
        "upperFundingRate": "0.00375",
        "lowerFundingRate": "-0.00375",
        "isPreListing": False,
        "preListingInfo": None,
        "riskParameters": {"priceLimitRatioX": "0.01", "priceLimitRatioY": "0.02"},
        "symbolType": "",
    }


def held_row(market: Market, instrument: Instrument, at: int, label: int) -> dict[str, str]:
    """One row of GET open-interest (sample: rest_open_interest.json)."""
    amount = Held(instrument, market.quote(NAME, instrument.symbol, at)).amount
    return {
        "openInterest": format((amount * 2).quantize(Decimal("1e-8")), "f"),
        "singleOpenInterest": plain(amount),
        "timestamp": str(label // 1000),
    }


def share_row(market: Market, instrument: Instrument, at: int, label: int) -> dict[str, str]:
    """One row of GET account-ratio (sample: rest_account_ratio.json): shares of 4 decimals."""
    ratio = market.ratios(NAME, instrument.symbol, at).global_accounts
    longs = Decimal(round(ratio / (1.0 + ratio) * 10_000)).scaleb(-4)
    return {
        "symbol": instrument.symbol,
        "buyRatio": plain(longs),
        "sellRatio": plain(1 - longs),
        "timestamp": str(label // 1000),
    }


def settled_row(market: Market, instrument: Instrument, at: int, label: int) -> dict[str, str]:
    """One row of GET funding/history (sample: rest_funding_history.json)."""
    return {
        "symbol": instrument.symbol,
        "fundingRate": plain(market.settled(NAME, instrument.symbol, at)),
        "fundingRateTimestamp": str(label // 1000),
    }


def bar_row(market: Market, instrument: Instrument, start: int, end: int, label: int) -> list[str]:
    """One row of GET kline: [start, open, high, low, close, volume, turnover]."""
    bar = market.bar(NAME, instrument.symbol, start, end)
    prices = [price_of(instrument, price) for price in (bar.open, bar.high, bar.low, bar.close)]
    return [str(label // 1000), *prices, *volume_of(instrument, bar.volume_coin, bar.close)]


def mark_row(market: Market, instrument: Instrument, start: int, end: int, label: int) -> list[str]:
    """One row of GET mark-price-kline (sample: rest_mark_kline.json): [start, o, h, l, c]."""
    first, last = (
        price_of(instrument, market.quote(NAME, instrument.symbol, at).mark_price)
        for at in (start, end)
    )
    high, low = max(first, last, key=Decimal), min(first, last, key=Decimal)
    return [str(label // 1000), first, high, low, last]


def liquidation_row(instrument: Instrument, event: Liquidation) -> dict[str, Any]:
    """One liquidation (sample: ws_allLiquidation_doc.json); S is the side of the position."""
    if instrument.linear:
        size = plain(exact(event.coin) / int(instrument.multiple))
    else:
        size = plain(usd_of(event.coin, event.price))
    return {
        "T": event.at // 1000,
        "s": instrument.symbol,
        "S": "Buy" if event.side == "long" else "Sell",
        "v": size,
        "p": price_of(instrument, event.price),
    }
