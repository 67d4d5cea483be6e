"""Which contracts each venue lists for a coin, and in which steps their numbers move.

=================  =======================================================================
``binance``        COINUSDT, BTC and ETH also COINUSD_PERP, BTCUSD_261225, BTCUSDT_261225
``bybit``          COINUSDT, BTCUSD, ETHUSD
``okx``            COIN-USDT-SWAP, BTC-USD-SWAP, ETH-USD-SWAP, BTC-USDT-261225
``bitget``         COINUSDT, BTCUSD, ETHUSD
``hyperliquid``    COIN
``coinbase``       the perpetual codes of venues/coinbase/symbols.py
coinbase-gateway   COIN_USDC-PERPETUAL for the larger coins, BTC-PERPETUAL, ETH-PERPETUAL
=================  =======================================================================

Coins too cheap for a price list come in thousands (1000PEPEUSDT, kPEPE) where the venue does so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor, log10

from tideline.domain.instrument import Instrument
from tideline.domain.time import parse_time
from tideline.domain.venue import GATEWAY
from tideline.market.assets import Coin
from tideline.venues.coinbase.symbols import PERPETUAL_EXPIRY, PERPETUALS
from tideline.venues.symbols import parse_symbol

THOUSANDS: dict[str, dict[str, str]] = {
    "binance": dict.fromkeys(("PEPE", "SHIB", "BONK", "FLOKI"), "1000{}USDT"),
    "bybit": dict.fromkeys(("PEPE", "BONK", "FLOKI"), "1000{}USDT") | {"SHIB": "{}1000USDT"},
    "bitget": {"BONK": "1000{}USDT"},
    "hyperliquid": dict.fromkeys(("PEPE", "SHIB", "BONK", "FLOKI"), "k{}"),
}
LINEAR = {
    "binance": "{}USDT",
    "bybit": "{}USDT",
    "okx": "{}-USDT-SWAP",
    "bitget": "{}USDT",
    "hyperliquid": "{}",
}
INVERSE = {
    "binance": "{}USD_PERP",
    "bybit": "{}USD",
    "okx": "{}-USD-SWAP",
    "bitget": "{}USD",
    GATEWAY: "{}-PERPETUAL",
}
INVERSE_COINS = ("BTC", "ETH")
GATEWAY_COINS = ("BTC", "ETH", "SOL", "XRP", "DOGE", "AVAX", "LTC", "LINK")
DATED = (("binance", "BTCUSDT_261225"), ("binance", "BTCUSD_261225"), ("okx", "BTC-USDT-261225"))
DELIVERY_US = parse_time("2026-12-25T08:00:00Z")

SHARES = {
    "binance": 1.0,
    "bybit": 0.62,
    "okx": 0.41,
    "bitget": 0.38,
    "hyperliquid": 0.47,
    "coinbase": 0.16,
    GATEWAY: 0.12,
}
"""Open interest of a venue's linear perpetual next to Binance's."""
PRODUCT_SHARES = {"inverse": 0.17, "dated": 0.13}

OKX_SIZES = {"BTC": "0.01", "ETH": "0.1", "SOL": "1", "DOGE": "10", "PEPE": "10000000"}
"""Coins in one contract of COIN-USDT-SWAP (public/instruments ctVal)."""
HOURLY = ("hyperliquid", "coinbase", GATEWAY)


@dataclass(frozen=True, slots=True)
class Contract:
    """One listed instrument with the steps of its numbers.

    Attributes:
        oi_musd: mean open interest, millions of USD.
        price: mean price per coin.
        step: coins (inverse: USD) by which open interest and trades move: whole lots.
        decimals: of the price of one coin.
        interval_h: hours between fundings (0: it pays none).
    """

    instrument: Instrument
    oi_musd: float
    price: float
    step: Fraction
    decimals: int
    interval_h: int
    delivery_us: int | None = None


def contracts(coins: tuple[Coin, ...]) -> Iterator[Contract]:
    """Every contract of every venue, in a fixed order."""
    for coin in coins:
        for venue, form in LINEAR.items():
            symbol = THOUSANDS.get(venue, {}).get(coin.asset, form).format(coin.asset)
            yield _contract(coin, venue, symbol, SHARES[venue])
        if coin.asset in INVERSE_COINS:
            for venue, form in INVERSE.items():
                share = SHARES[venue] * PRODUCT_SHARES["inverse"]
                yield _contract(coin, venue, form.format(coin.asset), share)
        for code, (asset, _) in PERPETUALS.items():
            if asset == coin.asset:
                symbol = f"{code}-{PERPETUAL_EXPIRY}-CDE"
                yield _contract(coin, "coinbase", symbol, SHARES["coinbase"])
        if coin.asset in GATEWAY_COINS:
            yield _contract(coin, GATEWAY, f"{coin.asset}_USDC-PERPETUAL", SHARES[GATEWAY])
        if coin.asset == "BTC":
            for venue, symbol in DATED:
                yield _contract(coin, venue, symbol, SHARES[venue] * PRODUCT_SHARES["dated"])


def _contract(coin: Coin, venue: str, symbol: str, share: float) -> Contract:
    instrument = parse_symbol(venue, symbol)
    if instrument.contract_size is None:
        size = _okx_size(coin, instrument) if venue == "okx" else 1.0
        instrument = replace(instrument, contract_size=size)
    unit_price = coin.price * instrument.multiple
    whole = round(log10(instrument.multiple))
    return Contract(
        instrument=instrument,
        oi_musd=coin.oi_musd * share,
        price=coin.price,
        step=_step(instrument, unit_price),
        decimals=max(0, 5 - floor(log10(unit_price))) + whole,
        interval_h=_interval(instrument),
        delivery_us=DELIVERY_US if instrument.kind == "future" else None,
    )


def _okx_size(coin: Coin, instrument: Instrument) -> float:
    """Coins (linear) or USD (inverse) in one contract."""
    if not instrument.linear:
        return 100.0 if coin.asset == "BTC" else 10.0
    return float(OKX_SIZES.get(coin.asset) or _round_coins(coin.price))


def _round_coins(price: float) -> int:
    """A power of ten of coins worth 1 to 10 USD, at least one coin."""
    return int(10 ** max(0, -floor(log10(price))))


def _step(instrument: Instrument, unit_price: float) -> Fraction:
    """Coins or USD of one lot: a contract, or a round part of a quoted unit worth about 1 USD."""
    contract = Fraction(str(instrument.contract_size))
    if instrument.venue == "okx" and instrument.linear:
        return contract / 100  # lotSz 0.01
    if not instrument.linear or instrument.venue == "coinbase":
        return contract
    digits = min(4, max(0, floor(log10(unit_price))))
    return Fraction(str(instrument.multiple)) / Fraction(10**digits)


def _interval(instrument: Instrument) -> int:
    if instrument.kind == "future":
        return 0
    if instrument.venue in HOURLY:
        return 1
    if instrument.asset.startswith("THIN"):
        return 4
    return 8
