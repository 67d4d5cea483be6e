"""Every Binance payload we have, who reads it, and what the reader is told beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from tests.venues.golden_frames import PAYLOADS, RECEIVED
from tideline.domain.instrument import Instrument
from tideline.venues.binance import history, klines, listings, snapshots, stream
from tideline.venues.parsed import Note, Parsed
from tideline.venues.symbols import parse_symbol

FOLDER = PAYLOADS / "binance"

Read = Callable[[bytes, Note], Parsed]

FOLLOWED = (
    "BTCUSDT",
    "BTCUSDT_261225",
    "ETHUSDT",
    "BLZUSDT",
    "1000PEPEUSDT",
    "BTCUSD_PERP",
    "BTCUSD_200626",
    "BTCUSD_200925",
    "ETHUSD_PERP",
)


def followed(*symbols: str) -> dict[str, Instrument]:
    """Instruments as their names say, without facts of a listing."""
    return {symbol: parse_symbol("binance", symbol) for symbol in symbols or FOLLOWED}


def note(received: int = RECEIVED, /, *symbols: str, **params: str) -> Note:
    return Note(received, followed(*symbols), params)


UM = partial(stream.read, True)
CM = partial(stream.read, False)


@dataclass(frozen=True)
class Sample:
    """A payload file and its reader. ``txt`` files hold other lines before the body."""

    file: str
    read: Read
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        raw = (FOLDER / self.file).read_bytes()
        if self.file.endswith(".json"):
            return raw
        mark = b"\n= \n" if b"\n= \n" in raw else b"false\n"
        return raw.replace(b"\r\n", b"\n").partition(mark)[2]

    @property
    def note(self) -> Note:
        return Note(RECEIVED, followed(), dict(self.params))


BTC = {"symbol": "BTCUSDT", "period": "5m"}
BARS = {"symbol": "BTCUSDT", "interval": "1m"}
CM_BARS = {"symbol": "BTCUSD_PERP", "interval": "1m"}

SAMPLES = (
    Sample("CoinFutures.GetExchangeInfo.txt", listings.exchange_info),
    Sample("CoinFutures.GetFundingInfo.txt", snapshots.funding_info(False)),
    Sample("CoinFutures.GetFundingRates.txt", history.funding_rate),
    Sample("CoinFutures.GetGlobalLongShortAccountRatio.txt", history.global_accounts),
    Sample("CoinFutures.GetMarkPriceKlines.txt", klines.mark_klines, CM_BARS),
    Sample("CoinFutures.GetMarkPrices.txt", snapshots.premium_index),
    Sample("CoinFutures.GetOpenInterest.txt", snapshots.open_interest),
    Sample("CoinFutures.GetOpenInterestHistory.txt", history.open_interest_hist),
    Sample("CoinFutures.GetTakerBuySellVolumeRatio.txt", history.taker_ratio),
    Sample("CoinFutures.GetTickers.txt", snapshots.premium_index),
    Sample("CoinFutures.GetTopLongShortAccountRatio.txt", history.top_accounts),
    Sample("CoinFutures.GetTopLongShortPositionRatio.txt", history.top_positions),
    Sample("Subscriptions.UsdFutures.BookTicker.txt", UM),
    Sample("Subscriptions.UsdFutures.Liquidations.txt", UM),
    Sample("Subscriptions.UsdFutures.MarkPrice.txt", UM),
    Sample("Subscriptions.UsdFutures.MiniTicker.txt", UM),
    Sample("Subscriptions.UsdFutures.Ticker.txt", UM),
    Sample("UsdFutures.GetExchangeInfo.txt", listings.exchange_info),
    Sample("UsdFutures.GetFundingInfo.txt", snapshots.funding_info(True)),
    Sample("UsdFutures.GetFundingRates.txt", history.funding_rate),
    Sample("UsdFutures.GetGlobalLongShortAccountRatio.txt", history.global_accounts),
    Sample("UsdFutures.GetMarkPrice.txt", snapshots.premium_index),
    Sample("UsdFutures.GetMarkPriceKlines.txt", klines.mark_klines, BARS),
    Sample("UsdFutures.GetOpenInterest.txt", snapshots.open_interest),
    Sample("UsdFutures.GetOpenInterestHistory.txt", history.open_interest_hist),
    Sample("UsdFutures.GetTakerBuySellVolumeRatio.txt", history.taker_ratio, BTC),
    Sample("UsdFutures.GetTicker.txt", snapshots.premium_index),
    Sample("UsdFutures.GetTopLongShortAccountRatio.txt", history.top_accounts),
    Sample("UsdFutures.GetTopLongShortPositionRatio.txt", history.top_positions),
    Sample("dapi_exchangeInfo.json", listings.exchange_info),
    Sample("dapi_futures_data_openInterestHist.json", history.open_interest_hist),
    Sample("dapi_openInterest.json", snapshots.open_interest),
    Sample("dapi_premiumIndex.json", snapshots.premium_index),
    Sample("dapi_takerBuySellVol.json", history.taker_ratio),
    Sample("dapi_topLongShortPositionRatio.json", history.top_positions),
    Sample("fapi_exchangeInfo.json", listings.exchange_info),
    Sample("fapi_fundingInfo.json", snapshots.funding_info(True)),
    Sample("fapi_fundingRate.json", history.funding_rate),
    Sample("fapi_futures_data_openInterestHist.json", history.open_interest_hist),
    Sample("fapi_futures_data_openInterestHist_2rows.json", history.open_interest_hist),
    Sample("fapi_globalLongShortAccountRatio.json", history.global_accounts),
    Sample("fapi_openInterest.json", snapshots.open_interest),
    Sample("fapi_premiumIndex.json", snapshots.premium_index),
    Sample("fapi_takerlongshortRatio.json", history.taker_ratio, BTC),
    Sample("fapi_topLongShortAccountRatio.json", history.top_accounts),
    Sample("fapi_topLongShortPositionRatio.json", history.top_positions),
    Sample("ws_dapi_forceOrder.json", CM),
    Sample("ws_fapi_aggTrade.json", UM),
    Sample("ws_fapi_contractInfo.json", UM),
    Sample("ws_fapi_forceOrder_doc.json", UM),
    Sample("ws_fapi_markPrice_2026_doc.json", UM),
    Sample("ws_fapi_trade_insurance_fund.json", UM),
)
"""The 24 h tickers are never asked for and stand with the nearest reader: it refuses their rows."""

KLINE = (
    b'[[1791835200000,"82700.0","82800.0","82650.0","82734.1","120.500",1791835259999,'
    b'"9966000.50",3100,"70.250","5811000.25","0"]]'
)
"""A row of USD-M or spot klines: no captured one is at hand, the columns are the archive's."""

CM_KLINE = (
    b'[[1791835200000,"82700.0","82800.0","82650.0","82734.1","9970",1791835259999,'
    b'"12.05064000",310,"5812","7.02500000","0"]]'
)

READERS: Mapping[str, Read] = {
    "exchange_info": listings.exchange_info,
    "open_interest": snapshots.open_interest,
    "premium_index": snapshots.premium_index,
    "funding_info": snapshots.funding_info(True),
    "open_interest_hist": history.open_interest_hist,
    "ratio": history.top_positions,
    "taker_ratio": history.taker_ratio,
    "funding_rate": history.funding_rate,
    "klines": klines.klines,
    "spot_klines": klines.spot_klines,
    "mark_klines": klines.mark_klines,
    "um_stream": UM,
    "cm_stream": CM,
}
"""Every parser there is."""
