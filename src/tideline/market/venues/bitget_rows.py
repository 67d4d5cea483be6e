"""Bitget's rows, written from the market, in the words of v3 and of v2.

The field sets are those of the samples in ``tests/payloads/bitget``. Open interest is in base coin
(thousands of coins for 1000BONKUSDT); liquidation amounts are notional in quote currency.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tideline.domain.instrument import Instrument
from tideline.domain.time import DAY, MINUTE
from tideline.market.state import Liquidation, Listed, Market
from tideline.market.venues.figures import exact, plain, rounded, step_of

NAME = "bitget"
Row = dict[str, Any]

V2_NAMES = {
    "lastPrice": "lastPr",
    "ask1Price": "askPr",
    "bid1Price": "bidPr",
    "bid1Size": "bidSz",
    "ask1Size": "askSz",
    "highPrice24h": "high24h",
    "lowPrice24h": "low24h",
    "price24hPcnt": "change24h",
    "openPrice24h": "open24h",
    "volume24h": "baseVolume",
    "turnover24h": "quoteVolume",
    "openInterest": "holdingAmount",
}
"""v3 field: the v2 field that says the same."""


def category_of(instrument: Instrument) -> str:
    """``USDT-FUTURES``, ``USDC-FUTURES`` or ``COIN-FUTURES``."""
    return f"{instrument.settle if instrument.linear else 'COIN'}-FUTURES"


def price_of(instrument: Instrument, per_coin: float) -> str:
    """A price per coin as quoted (1000BONKUSDT: per 1000 BONK)."""
    return plain(exact(per_coin) * int(instrument.multiple))


def units_of(instrument: Instrument, coin: float) -> str:
    """Coins as counted (1000BONKUSDT: thousands)."""
    return plain(exact(coin) / int(instrument.multiple))


def ticker_fields(market: Market, instrument: Instrument, at: int) -> Row:
    """What v3 says of one instrument, in REST and stream alike (sample: ws_v3_ticker.json)."""
    quote = market.quote(NAME, instrument.symbol, at)
    then = market.quote(NAME, instrument.symbol, at // MINUTE * MINUTE - DAY).last_price
    last, opened = price_of(instrument, quote.last_price), price_of(instrument, then)
    change = (Decimal(last) / Decimal(opened) - 1).quantize(Decimal("0.00001"))
    turnover = exact(quote.volume_24h_coin) * exact(quote.last_price)
    tilt = at // 200_000 % 97
    return {
        "highPrice24h": max(last, opened, key=Decimal),
        "lowPrice24h": min(last, opened, key=Decimal),
        "openPrice24h": opened,
        "lastPrice": last,
        "turnover24h": rounded(turnover, 5),
        "volume24h": units_of(instrument, quote.volume_24h_coin),
        "bid1Price": last,
        "ask1Price": plain(Decimal(last) + step_of(last)),
        "bid1Size": plain(Decimal(tilt + 3)),
        "ask1Size": plain(Decimal(101 - tilt)),
        "price24hPcnt": plain(change),
        "indexPrice": price_of(instrument, quote.index_price),
        "markPrice": price_of(instrument, quote.mark_price),
        "fundingRate": plain(quote.funding_rate),
        "openInterest": units_of(instrument, quote.oi_coin),
        "deliveryTime": "",
        "deliveryStartTime": "",
        "deliveryStatus": "",
    }


def streamed(market: Market, instrument: Instrument, at: int) -> Row:
    """One ticker of the v3 stream: it knows the next settlement."""
    following = market.quote(NAME, instrument.symbol, at).next_funding_us // 1000
    return ticker_fields(market, instrument, at) | {"nextFundingTime": str(following)}


def ticker_row(market: Market, listed: Listed, at: int) -> Row:
    """One row of v3 GET tickers (sample: v3_tickers.json)."""
    found = listed.instrument
    told = {"category": category_of(found), "symbol": found.symbol, "ts": str(at // 1000)}
    return told | ticker_fields(market, found, at)


def old_ticker_row(market: Market, listed: Listed, at: int) -> Row:
    """One row of v2 GET tickers (sample: v2_tickers.json), with the mark that came later."""
    found = ticker_fields(market, listed.instrument, at)
    row = {old: found[new] for new, old in V2_NAMES.items()}
    return row | {
        "symbol": listed.instrument.symbol,
        "ts": str(at // 1000),
        "usdtVolume": found["turnover24h"],
        "openUtc": found["openPrice24h"],
        "changeUtc24h": found["price24hPcnt"],
        "indexPrice": found["indexPrice"],
        "markPrice": found["markPrice"],
        "fundingRate": found["fundingRate"],
        "deliveryStartTime": None,
        "deliveryTime": None,
        "deliveryStatus": "delivery_normal",
    }


def instrument_row(listed: Listed, interval_h: int) -> Row:
    """One row of v3 GET instruments (sample: v3_instruments.json). Launch times are not told."""
    found = listed.instrument
    return {
        "symbol": found.symbol,
        "category": category_of(found),
        "baseCoin": _base(found),
        "quoteCoin": found.quote,
        "isRwa": "NO",
        "buyLimitPriceRatio": "0.05",
        "sellLimitPriceRatio": "0.05",
        "feeRateUpRatio": "0.005",
        "makerFeeRate": "0.0002",
        "takerFeeRate": "0.0006",
        "openCostUpRatio": "0.01",
        "minOrderQty": "0.0001",
        "maxOrderQty": "1200",
        "pricePrecision": "1",
        "quantityPrecision": "4",
        "quotePrecision": "",
        "priceMultiplier": "0.1",
        "quantityMultiplier": "0.0001",
        "type": "perpetual" if found.kind == "perpetual" else "delivery",
        "minOrderAmount": "5",
        "maxSymbolOrderNum": "",
        "maxProductOrderNum": "400",
        "maxPositionNum": "200",
        "status": "online",
        "offTime": "-1",
        "limitOpenTime": "-1",
        "deliveryTime": "" if listed.delivery_us is None else str(listed.delivery_us // 1000),
        "deliveryStartTime": "",
        "deliveryPeriod": "",
        "launchTime": "0",
        "fundInterval": str(interval_h),
        "minLeverage": "1",
        "maxLeverage": "150",
        "maintainTime": "",
        "symbolType": "crypto",
        "maxMarketOrderQty": "220",
    }


def contract_row(listed: Listed, interval_h: int) -> Row:
    """One row of v2 GET contracts (sample: v2_contracts.json)."""
    found = listed.instrument
    return {
        "symbol": found.symbol,
        "baseCoin": _base(found),
        "quoteCoin": found.quote,
        "buyLimitPriceRatio": "0.9",
        "sellLimitPriceRatio": "0.9",
        "feeRateUpRatio": "0.1",
        "makerFeeRate": "0.0004",
        "takerFeeRate": "0.0006",
        "openCostUpRatio": "0.1",
        "supportMarginCoins": [found.settle],
        "minTradeNum": "0.01",
        "priceEndStep": "1",
        "volumePlace": "2",
        "pricePlace": "1",
        "sizeMultiplier": "0.01",
        "symbolType": "perpetual" if found.kind == "perpetual" else "delivery",
        "minTradeUSDT": "5",
        "maxSymbolOrderNum": "999999",
        "maxProductOrderNum": "999999",
        "maxPositionNum": "150",
        "symbolStatus": "normal",
        "offTime": "-1",
        "limitOpenTime": "-1",
        "deliveryTime": "" if listed.delivery_us is None else str(listed.delivery_us // 1000),
        "deliveryStartTime": "",
        "launchTime": "",
        "fundInterval": str(interval_h),
        "minLever": "1",
        "maxLever": "125",
        "posLimit": "0.05",
        "maintainTime": "1680165535278",
    }


def _base(instrument: Instrument) -> str:
    base = instrument.symbol.removesuffix("_CM")
    for ending in ("USDT", "USDC", "PERP", "USD"):
        base = base.removesuffix(ending)
    return base


def running_row(market: Market, instrument: Instrument, at: int) -> Row:
    """One row of v3 GET current-fund-rate (sample: v3_current_fund_rate.json)."""
    quote = market.quote(NAME, instrument.symbol, at)
    return {
        "symbol": instrument.symbol,
        "fundingRate": plain(quote.funding_rate),
        "fundingRateInterval": str(quote.funding_interval_h),
        "nextUpdate": str(quote.next_funding_us // 1000),
        "minFundingRate": "-0.003",
        "maxFundingRate": "0.003",
    }


def shares(ratio: float) -> tuple[Decimal, Decimal]:
    """Two shares of four decimals whose quotient is ``ratio``, as nearly as they can say it."""
    longs = Decimal(round(ratio / (1.0 + ratio) * 10_000)).scaleb(-4)
    return longs, 1 - longs


def share_row(market: Market, instrument: Instrument, at: int, label: int) -> Row:
    """One row of futures-account-long-short; the third number is no ratio, as seen on the wire."""
    ratios = market.ratios(NAME, instrument.symbol, at)
    longs, shorts = shares(ratios.global_accounts)
    return {
        "longAccountRatio": plain(longs),
        "shortAccountRatio": plain(shorts),
        "longShortAccountRatio": rounded(longs / shorts / 100, 4),
        "ts": str(label // 1000),
    }


def taker_row(market: Market, instrument: Instrument, start: int, end: int, label: int) -> Row:
    """One row of futures-active-buy-sell: base coin."""
    bar = market.bar(NAME, instrument.symbol, start, end)
    sold = float(exact(bar.volume_coin) - exact(bar.taker_buy_coin))
    return {
        "sellVolume": units_of(instrument, sold),
        "buyVolume": units_of(instrument, bar.taker_buy_coin),
        "ts": str(label // 1000),
    }


def bar_row(market: Market, instrument: Instrument, start: int, end: int, label: int) -> list[str]:
    """One row of candles: [start, open, high, low, close, base volume, quote volume]."""
    bar = market.bar(NAME, instrument.symbol, start, end)
    prices = [price_of(instrument, price) for price in (bar.open, bar.high, bar.low, bar.close)]
    turnover = rounded(exact(bar.volume_coin) * exact(bar.close), 4)
    return [str(label // 1000), *prices, units_of(instrument, bar.volume_coin), turnover]


def mark_row(market: Market, instrument: Instrument, start: int, end: int, label: int) -> list[str]:
    """One row of candles of the mark price; no volume belongs to it."""
    first, last = (
        price_of(instrument, market.quote(NAME, instrument.symbol, at).mark_price)
        for at in (start, end)
    )
    high, low = max(first, last, key=Decimal), min(first, last, key=Decimal)
    return [str(label // 1000), first, high, low, last, "0", "0"]


def liquidation_row(instrument: Instrument, event: Liquidation) -> Row:
    """One liquidation (sample: ws_v3_liquidation.json): side of the position, quote notional."""
    return {
        "symbol": instrument.symbol,
        "side": "buy" if event.side == "long" else "sell",
        "price": price_of(instrument, event.price),
        "amount": plain(exact(event.coin) * exact(event.price)),
        "ts": str(event.at // 1000),
    }
