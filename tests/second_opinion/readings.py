"""How ccxt is asked about each venue, and how its units become the stored ones (see units)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.second_opinion.asking import NOW
from tideline.domain.instrument import Instrument
from tideline.market.state import Market
from tideline.market.venues.binance import BinanceServer
from tideline.market.venues.bitget import BitgetServer
from tideline.market.venues.bybit import BybitServer
from tideline.market.venues.coinbase import CoinbaseServer
from tideline.market.venues.hyperliquid import HyperliquidServer
from tideline.market.venues.okx import OkxServer
from tideline.market.venues.server import VenueServer

BTC = "BTC/USDT:USDT"
NO_CURRENCIES = {"fetchCurrencies": False}
LINEAR_AND_INVERSE = {"fetchMarkets": {"types": ["linear", "inverse"]}}

Take = Callable[[Any, Instrument], "float | None"]


def nothing(_: Any, __: Instrument) -> None:
    """ccxt gives no such number."""


@dataclass(frozen=True)
class Reading:
    """One venue.

    Attributes:
        coin: coins of an open interest structure of ccxt, None where it gives none.
        usd: USD of it.
        size: what ccxt calls the contract size.
        stands: the structure says when it held; else it is taken as of now.
        unified: ccxt has calls for open interest and funding; else its markets' ``info`` is read.
        more: calls beside those of every venue.
    """

    make: Callable[[Market], VenueServer]
    exchange: str
    coin: Take
    usd: Take
    size: Callable[[Instrument], float]
    settings: dict[str, Any] = field(default_factory=dict)
    stands: bool = True
    unified: bool = True
    more: tuple[tuple[Any, ...], ...] = ()

    def moment(self, said: Any) -> int:
        """When the number held, µs."""
        return int(said["timestamp"]) * 1000 if self.stands else NOW


def one(_: Instrument) -> float:
    """A contract is a quoted unit."""
    return 1.0


def contracts(instrument: Instrument) -> float:
    """Coins or USD in one contract."""
    return instrument.contract_size or 0.0


def amount(said: Any, instrument: Instrument) -> float:
    """Quoted units."""
    return float(said["openInterestAmount"]) * instrument.multiple


def binance_coin(said: Any, instrument: Instrument) -> float | None:
    return amount(said, instrument) if instrument.linear else None


def binance_usd(said: Any, instrument: Instrument) -> float | None:
    """Contracts; only of inverse ones."""
    if instrument.linear:
        return None
    return float(said["openInterestAmount"]) * contracts(instrument)


def binance_size(instrument: Instrument) -> float:
    return 1.0 if instrument.linear else contracts(instrument)


def bybit_coin(said: Any, instrument: Instrument) -> float | None:
    """Both sides, in quoted units; inverse: nothing."""
    assert (said["openInterestAmount"] is None) == (not instrument.linear)
    return amount(said, instrument) / 2 if instrument.linear else None


def bybit_usd(said: Any, instrument: Instrument) -> float | None:
    """Both sides, inverse contracts only."""
    assert (said["openInterestValue"] is None) == instrument.linear
    return None if instrument.linear else float(said["openInterestValue"]) / 2


def okx_coin(said: Any, _: Instrument) -> float:
    return float(said["baseVolume"])


def okx_usd(said: Any, instrument: Instrument) -> float:
    """USD as it says; contracts of the amount are the coins or the USD over again."""
    again = said["baseVolume"] if instrument.linear else said["openInterestValue"]
    assert said["openInterestAmount"] * contracts(instrument) == pytest.approx(again, rel=1e-12)
    return float(said["openInterestValue"])


def details(said: Any) -> Any:
    """What Coinbase says of a future, as it came."""
    return said["info"]["future_product_details"]


def coinbase_coin(said: Any, _: Instrument) -> float:
    return float(details(said)["open_interest"]) * float(said["contractSize"])


READINGS: dict[str, Reading] = {
    "binance": Reading(
        BinanceServer,
        "binance",
        binance_coin,
        binance_usd,
        binance_size,
        {"has": NO_CURRENCIES, "options": LINEAR_AND_INVERSE},
        more=(
            ("fetch_open_interest_history", BTC, "5m"),
            ("fetch_open_interest_history", "BTC/USD:BTC", "5m"),
            ("fetch_funding_rates",),
            ("fetch_funding_rate_history", BTC),
            ("fetch_long_short_ratio_history", BTC, "5m"),
        ),
    ),
    "bybit": Reading(
        BybitServer,
        "bybit",
        bybit_coin,
        bybit_usd,
        one,
        {"options": LINEAR_AND_INVERSE},
        more=(
            ("fetch_open_interest_history", BTC, "5m"),
            ("fetch_funding_rate_history", BTC),
            ("fetch_long_short_ratio_history", BTC, "5min"),
        ),
    ),
    "okx": Reading(
        OkxServer,
        "okx",
        okx_coin,
        okx_usd,
        contracts,
        more=(
            ("fetch_open_interests",),
            ("fetch_funding_rates",),
            ("fetch_open_interest_history", BTC, "5m"),
            ("fetch_funding_rate_history", BTC),
            ("fetch_long_short_ratio_history", BTC, "5m"),
            ("fetch_mark_price", BTC),
            ("fetch_ohlcv", "BTC/USD:BTC", "1m"),
        ),
    ),
    "bitget": Reading(
        BitgetServer,
        "bitget",
        amount,
        nothing,
        one,
        {
            "has": NO_CURRENCIES,
            "options": {"fetchMarkets": {"types": ["swap"]}, "uta": False},
        },
        more=(
            ("fetch_funding_rates",),
            ("fetch_funding_rate_history", BTC),
            ("fetch_open_interest", BTC, {"params": {"uta": True}}),
        ),
    ),
    "hyperliquid": Reading(
        HyperliquidServer,
        "hyperliquid",
        amount,
        nothing,
        one,
        stands=False,
        more=(
            ("fetch_open_interests",),
            ("fetch_funding_rates",),
            ("fetch_funding_rate_history", "ETH/USDC:USDC"),
        ),
    ),
    "coinbase": Reading(
        CoinbaseServer,
        "coinbase",
        coinbase_coin,
        nothing,
        contracts,
        {"has": NO_CURRENCIES},
        stands=False,
        unified=False,
        more=(("fetch_open_interest", "BTC/USD:USD"), ("fetch", "https://example.com/")),
    ),
}
