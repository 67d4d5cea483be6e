"""Binance's rows, written from the market: snapshots, statistics, bars, pushes.

The field sets are those of the samples in ``tests/payloads/binance``. USD-M counts quoted units
(1000PEPEUSDT: thousands of coins), COIN-M whole contracts of 100 or 10 USD.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from tideline.domain.instrument import Instrument
from tideline.domain.time import MINUTE
from tideline.market.state import Bar, Liquidation, Market, Quote
from tideline.market.venues.figures import exact, plain, rounded

NAME = "binance"
CM_OF = {True: 1, False: 2}
"""What ``st`` says of linear and of inverse contracts."""


def eight(value: Decimal) -> str:
    """Eight decimals as Binance writes them, more where they are needed."""
    return plain(value) if -int(value.as_tuple().exponent) > 8 else rounded(value, 8)


def price_of(instrument: Instrument, per_coin: float) -> Decimal:
    """A price as quoted: of 1000 coins where one unit is 1000 coins."""
    return exact(per_coin) * int(instrument.multiple)


def contracts_of(instrument: Instrument, coin: float, price: float) -> Decimal:
    """The whole contracts behind the coins that were worked out from them."""
    size = Decimal(int(instrument.contract_size or 0))
    return (exact(coin) * exact(price) / size).quantize(Decimal(1))


def amount_of(instrument: Instrument, coin: float, price: float) -> Decimal:
    """Coins as the product counts them."""
    if instrument.linear:
        return exact(coin) / int(instrument.multiple)
    return contracts_of(instrument, coin, price)


def pair_of(instrument: Instrument) -> str:
    """``BTCUSD`` of BTCUSD_PERP."""
    return instrument.symbol.partition("_")[0]


# --- snapshots -------------------------------------------------------------------------------


def held_row(market: Market, instrument: Instrument, contract: str, at: int) -> dict[str, Any]:
    """openInterest (samples: fapi_openInterest.json, CoinFutures.GetOpenInterest.txt)."""
    quote = market.quote(NAME, instrument.symbol, at)
    held = plain(amount_of(instrument, quote.oi_coin, quote.mark_price))
    row: dict[str, Any] = {"openInterest": held, "symbol": instrument.symbol, "time": at // 1000}
    if not instrument.linear:
        row |= {"pair": pair_of(instrument), "contractType": contract}
    return row


def premium_row(market: Market, instrument: Instrument, at: int) -> dict[str, Any]:
    """premiumIndex (samples: fapi_premiumIndex.json, CoinFutures.GetMarkPrices.txt)."""
    quote = market.quote(NAME, instrument.symbol, at)
    index = eight(price_of(instrument, quote.index_price))
    row: dict[str, Any] = {
        "symbol": instrument.symbol,
        "markPrice": eight(price_of(instrument, quote.mark_price)),
        "indexPrice": index,
        "estimatedSettlePrice": index,
        "lastFundingRate": _rate(quote),
        "interestRate": "0.00010000" if quote.funding_interval_h else "",
        "nextFundingTime": quote.next_funding_us // 1000,
        "time": at // 1000,
    }
    return row if instrument.linear else row | {"pair": pair_of(instrument)}


def _rate(quote: Quote) -> str:
    """Dated contracts have none."""
    return eight(exact(quote.funding_rate)) if quote.funding_interval_h else ""


def interval_row(instrument: Instrument, hours: int) -> dict[str, Any]:
    """fundingInfo (sample: fapi_fundingInfo.json)."""
    return {
        "symbol": instrument.symbol,
        "adjustedFundingRateCap": "0.02500000",
        "adjustedFundingRateFloor": "-0.02500000",
        "fundingIntervalHours": hours,
        "disclaimer": False,
    }


# --- statistics ------------------------------------------------------------------------------

Row = Callable[[Market, Instrument, int, int], dict[str, Any]]
"""A row of ``/futures/data``: market, instrument, its instant, and its label."""


def _of_whom(instrument: Instrument, *, typed: bool) -> dict[str, str]:
    if instrument.linear:
        return {"symbol": instrument.symbol}
    kind = {"contractType": "PERPETUAL"} if typed else {}
    return {"pair": pair_of(instrument)} | kind


def held_stat(market: Market, instrument: Instrument, at: int, label: int) -> dict[str, Any]:
    """openInterestHist (samples: *_openInterestHist.json): COIN-M values are in base coins."""
    quote = market.quote(NAME, instrument.symbol, at)
    worth, supply = exact(quote.oi_coin), {}
    if instrument.linear:
        worth *= exact(quote.mark_price)
        supply = {"CMCCirculatingSupply": "19950000.000"}
    held = amount_of(instrument, quote.oi_coin, quote.mark_price)
    return {
        **_of_whom(instrument, typed=True),
        "sumOpenInterest": eight(held),
        "sumOpenInterestValue": rounded(worth, 8),
        **supply,
        "timestamp": label // 1000,
    }


def ratio_stat(which: int) -> Row:
    """One of the three ratios, by its place in Ratios (samples: *LongShort*Ratio.json)."""

    def row(market: Market, instrument: Instrument, at: int, label: int) -> dict[str, Any]:
        ratio = exact(market.ratios(NAME, instrument.symbol, at)[which])
        long = (ratio / (1 + ratio)).quantize(Decimal("0.0001"))
        word = "Position" if which == 0 and not instrument.linear else "Account"
        return {
            **_of_whom(instrument, typed=False),
            "longShortRatio": rounded(ratio, 4),
            f"long{word}": rounded(long, 4),
            f"short{word}": rounded(1 - long, 4),
            "timestamp": label // 1000,
        }

    return row


def taker_stat(market: Market, instrument: Instrument, at: int, label: int) -> dict[str, Any]:
    """takerlongshortRatio and takerBuySellVol of the 5 minutes that end at ``at``."""
    bar = market.bar(NAME, instrument.symbol, at - 5 * MINUTE, at)
    bought, sold = exact(bar.taker_buy_coin), exact(bar.volume_coin) - exact(bar.taker_buy_coin)
    if instrument.linear:
        units = Decimal(int(instrument.multiple))
        return {
            "buySellRatio": rounded(bought / (sold or Decimal(1)), 4),
            "buyVol": rounded(bought / units, 4),
            "sellVol": rounded(sold / units, 4),
            "timestamp": label // 1000,
        }
    return {
        **_of_whom(instrument, typed=True),
        "takerBuyVol": plain(contracts_of(instrument, float(bought), bar.close)),
        "takerSellVol": plain(contracts_of(instrument, float(sold), bar.close)),
        "takerBuyVolValue": rounded(bought, 4),
        "takerSellVolValue": rounded(sold, 4),
        "timestamp": label // 1000,
    }


def settled_row(market: Market, instrument: Instrument, at: int) -> dict[str, Any]:
    """fundingRate (samples: fapi_fundingRate.json, CoinFutures.GetFundingRates.txt)."""
    mark = market.quote(NAME, instrument.symbol, at).mark_price
    row = {
        "symbol": instrument.symbol,
        "fundingRate": eight(exact(market.settled(NAME, instrument.symbol, at))),
        "fundingTime": at // 1000,
        "markPrice": eight(price_of(instrument, mark)),
    }
    return row | {"rateType": "Regular"} if instrument.linear else row


# --- bars ------------------------------------------------------------------------------------


def bar_row(instrument: Instrument, bar: Bar, length: int) -> list[Any]:
    """klines of a contract: COIN-M counts contracts in 5 and 9, base coins in 7 and 10."""
    price = exact(bar.close)
    volume, bought = exact(bar.volume_coin), exact(bar.taker_buy_coin)
    if instrument.linear:
        units = Decimal(int(instrument.multiple))
        amounts = (volume / units, volume * price, bought / units, bought * price)
    else:
        amounts = (
            contracts_of(instrument, bar.volume_coin, bar.close),
            volume,
            contracts_of(instrument, bar.taker_buy_coin, bar.close),
            bought,
        )
    prices = [price_of(instrument, each) for each in (bar.open, bar.high, bar.low, bar.close)]
    return _bar(bar.start, length, prices, amounts)


def spot_row(bar: Bar, length: int) -> list[Any]:
    """klines of a spot pair, quoted per coin; its quote volume is the volume at the close."""
    price, volume = exact(bar.close), exact(bar.volume_coin)
    bought = exact(bar.taker_buy_coin)
    prices = [exact(each) for each in (bar.open, bar.high, bar.low, bar.close)]
    return _bar(
        bar.start, length, prices, (volume, volume * price, bought, bought * price), trades=910
    )


def mark_row(
    market: Market, instrument: Instrument, start: int, end: int, length: int
) -> list[Any]:
    """markPriceKlines (sample: UsdFutures.GetMarkPriceKlines.txt): no volumes."""
    first, last = (
        price_of(instrument, market.quote(NAME, instrument.symbol, at).mark_price)
        for at in (start, end)
    )
    prices = [first, max(first, last), min(first, last), last]
    row = _bar(start, length, prices, (Decimal(0),) * 4, trades=60)
    return [cell if at not in (5, 7, 9, 10) else "0" for at, cell in enumerate(row)]


def _bar(
    start: int,
    length: int,
    prices: list[Decimal],
    amounts: tuple[Decimal, ...],
    trades: int = 308,
) -> list[Any]:
    volume, quote, bought, bought_quote = amounts
    return [
        start // 1000,
        *(eight(price) for price in prices),
        plain(volume),
        (start + length) // 1000 - 1,
        eight(quote),
        trades,
        plain(bought),
        eight(bought_quote),
        "0",
    ]


# --- pushes ----------------------------------------------------------------------------------


def mark_event(market: Market, instrument: Instrument, at: int) -> str:
    """markPriceUpdate (sample: ws_fapi_markPrice_2026_doc.json), as text: there are many."""
    quote = market.quote(NAME, instrument.symbol, at)
    mark = eight(price_of(instrument, quote.mark_price))
    index = eight(price_of(instrument, quote.index_price))
    return (
        f'{{"e":"markPriceUpdate","E":{at // 1000},"s":"{instrument.symbol}","p":"{mark}",'
        f'"ap":"{mark}","P":"{index}","i":"{index}","r":"{_rate(quote)}",'
        f'"T":{quote.next_funding_us // 1000},"st":{CM_OF[instrument.linear]}}}'
    )


def forced_event(instrument: Instrument, event: Liquidation, at: int) -> dict[str, Any]:
    """forceOrder (sample: ws_dapi_forceOrder.json): S is the side of the ORDER.

    The order took several fills: ``l`` is only the last of them, ``p`` what it was limited to.
    """
    filled = amount_of(instrument, event.coin, event.price)
    price = price_of(instrument, event.price)
    last = (filled * Decimal("0.4")).quantize(filled) or filled
    worse = Decimal("0.995") if event.side == "long" else Decimal("1.005")
    return {
        "e": "forceOrder",
        "E": at // 1000,
        "o": {
            "s": instrument.symbol,
            "ps": pair_of(instrument),
            "S": "SELL" if event.side == "long" else "BUY",
            "o": "LIMIT",
            "f": "IOC",
            "q": plain(filled),
            "p": plain((price * worse).quantize(price)),
            "ap": plain(price),
            "X": "FILLED",
            "l": plain(last),
            "z": plain(filled),
            "T": event.at // 1000,
        },
        "st": CM_OF[instrument.linear],
    }
