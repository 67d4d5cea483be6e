"""What the Binance server lists: ``exchangeInfo`` of three hosts, and what contracts are called.

Samples: ``fapi_exchangeInfo.json``, ``dapi_exchangeInfo.json``; the spot list is as far as ccxt
needs it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tideline.domain.instrument import Instrument
from tideline.market.state import Listed, Market
from tideline.market.venues.binance_rows import NAME, pair_of
from tideline.market.venues.trading import listed_at

FOR_EVER_MS = 4_133_404_800_000


class Contracts:
    """Everything listed at one moment, by symbol; of a name listed twice the later one."""

    def __init__(self, market: Market, at: int) -> None:
        self.at = at
        self.all: dict[str, Listed] = {}
        for one in sorted(market.listed(NAME, at), key=lambda one: one.listed_us):
            self.all[one.instrument.symbol] = one
        self.trading = {name: one for name, one in self.all.items() if listed_at(one, at)}

    def of(self, *, linear: bool) -> dict[str, Listed]:
        """What trades of one product."""
        return {n: one for n, one in self.trading.items() if one.instrument.linear == linear}

    def contract_type(self, listed: Listed) -> str:
        """PERPETUAL, or which of its pair's quarters is the next to be delivered."""
        if listed.instrument.kind == "perpetual":
            return "PERPETUAL"
        pair = pair_of(listed.instrument)
        sooner = [
            one
            for one in self.trading.values()
            if one.instrument.kind == "future"
            and pair_of(one.instrument) == pair
            and (one.delivery_us or 0) < (listed.delivery_us or 0)
        ]
        return "NEXT_QUARTER" if sooner else "CURRENT_QUARTER"


def exchange_info(found: Contracts, *, linear: bool) -> dict[str, Any]:
    """The whole answer of one product."""
    rows = [_symbol(one, found) for one in found.all.values() if one.instrument.linear == linear]
    body: dict[str, Any] = {
        "exchangeFilters": [],
        "rateLimits": [_limit("REQUEST_WEIGHT"), _limit("ORDERS")],
        "serverTime": found.at // 1000,
    }
    if linear:
        body["assets"] = [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": 0}]
    return body | {"symbols": rows, "timezone": "UTC"}


def _limit(kind: str) -> dict[str, Any]:
    limit = 2400 if kind == "REQUEST_WEIGHT" else 1200
    return {"interval": "MINUTE", "intervalNum": 1, "limit": limit, "rateLimitType": kind}


def _base(instrument: Instrument) -> str:
    """``1000PEPE`` of 1000PEPEUSDT: the symbol less its quote."""
    return pair_of(instrument).removesuffix(instrument.quote)


def _symbol(listed: Listed, found: Contracts) -> dict[str, Any]:
    instrument = listed.instrument
    state = "TRADING" if listed_at(listed, found.at) else "SETTLING"
    ends = listed.delivery_us if instrument.kind == "future" else listed.delisted_us
    row: dict[str, Any] = {
        "symbol": instrument.symbol,
        "pair": pair_of(instrument),
        "contractType": found.contract_type(listed),
        "deliveryDate": FOR_EVER_MS if ends is None else ends // 1000,
        "onboardDate": listed.listed_us // 1000,
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": _base(instrument),
        "quoteAsset": instrument.quote,
        "marginAsset": instrument.settle,
        "pricePrecision": 5 if instrument.linear else 1,
        "quantityPrecision": 3 if instrument.linear else 0,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": ["PoW"] if instrument.linear else [],
        "triggerProtect": "0.0500",
        "filters": _filters(linear=instrument.linear),
        "orderTypes": ["LIMIT", "MARKET", "STOP", "TAKE_PROFIT", "TRAILING_STOP_MARKET"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
        "liquidationFee": "0.010000",
        "marketTakeBound": "0.30",
    }
    if instrument.linear:
        return row | {"status": state, "settlePlan": 0}
    size = int(instrument.contract_size or 0)
    return row | {"contractStatus": state, "contractSize": size, "equalQtyPrecision": 4}


def _filters(*, linear: bool) -> list[dict[str, Any]]:
    least = "0.001" if linear else "1"
    lots = {"maxQty": "100000", "minQty": least, "stepSize": least}
    found: list[dict[str, Any]] = [
        {"filterType": "PRICE_FILTER", "maxPrice": "4529764", "minPrice": "0.00001",
         "tickSize": "0.00001" if linear else "0.1"},
        {"filterType": "LOT_SIZE"} | lots,
        {"filterType": "MARKET_LOT_SIZE"} | lots,
        {"filterType": "MAX_NUM_ORDERS", "limit": 200},
    ]  # fmt: skip
    if linear:
        found += [
            {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": 100},
            {"filterType": "MIN_NOTIONAL", "notional": "5.0"},
        ]
    return [
        *found,
        {"filterType": "PERCENT_PRICE", "multiplierUp": "1.1500", "multiplierDown": "0.8500",
         "multiplierDecimal": 4},
    ]  # fmt: skip


def spot_pairs(found: Contracts) -> dict[str, str]:
    """Spot pairs and their coins: beside every USDT perpetual, without its multiple."""
    return {
        f"{one.instrument.asset}USDT": one.instrument.asset
        for one in found.trading.values()
        if one.instrument.usdt_linear_perpetual
    }


def spot_info(found: Contracts, pairs: Mapping[str, str]) -> dict[str, Any]:
    """exchangeInfo of the spot host."""
    rows = [
        {
            "symbol": pair,
            "status": "TRADING",
            "baseAsset": coin,
            "baseAssetPrecision": 8,
            "quoteAsset": "USDT",
            "quotePrecision": 8,
            "quoteAssetPrecision": 8,
            "orderTypes": ["LIMIT", "MARKET"],
            "isSpotTradingAllowed": True,
            "isMarginTradingAllowed": True,
            "filters": [
                {"filterType": "PRICE_FILTER", "minPrice": "0.00000001", "maxPrice": "1000000.00",
                 "tickSize": "0.00000001"},
                {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000.00",
                 "stepSize": "0.00001"},
            ],
            "permissions": [],
            "permissionSets": [["SPOT", "MARGIN"]],
        }
        for pair, coin in pairs.items()
    ]  # fmt: skip
    limits = [_limit("REQUEST_WEIGHT") | {"limit": 6000}]
    return {
        "timezone": "UTC",
        "serverTime": found.at // 1000,
        "rateLimits": limits,
        "exchangeFilters": [],
        "symbols": rows,
    }
