"""What the market is, as the gateway (Deribit engine) writes it: numbers are JSON numbers.

Fields as in the captured frames (``tests/payloads/deribit``). Inverse contracts are counted in
whole USD, linear ones in base coins.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tideline.domain.instrument import Instrument
from tideline.domain.time import DAY, HOUR
from tideline.domain.venue import GATEWAY
from tideline.market.state import Liquidation, Listed, Market
from tideline.market.venues.figures import exact

Row = dict[str, Any]

FOR_EVER_MS = 32_503_708_800_000
"""expiration_timestamp of a perpetual: the year 3000."""


def amount(coins: float, per_coin: float, of: Instrument) -> float:
    """Whole USD of an inverse contract, quoted units of a linear one."""
    if of.linear:
        return float(exact(coins) / exact(of.multiple))
    return float((exact(coins) * exact(per_coin)).quantize(Decimal(1)))


def price(per_coin: float, of: Instrument) -> float:
    """A price of one quoted unit."""
    return float(exact(per_coin) * exact(of.multiple))


def instrument(one: Listed, number: int) -> Row:
    """A row of ``get_instruments``."""
    of = one.instrument
    kind = "linear" if of.linear else "reversed"
    expiry = FOR_EVER_MS if one.delivery_us is None else one.delivery_us // 1000
    perpetual = of.kind == "perpetual"
    return {
        "price_index": f"{of.asset}_{of.quote}".lower(),
        "kind": "future",
        "instrument_name": of.symbol,
        "max_leverage": 50,
        "maker_commission": 0.0,
        "taker_commission": 0.0005,
        "instrument_type": kind,
        "expiration_timestamp": expiry,
        "creation_timestamp": one.listed_us // 1000,
        "is_active": True,
        "tick_size": 0.5,
        "contract_size": float(of.contract_size or 1.0),
        "instrument_id": number,
        "min_trade_amount": float(of.contract_size or 1.0),
        "future_type": kind,
        "max_liquidation_commission": 0.0075,
        "block_trade_commission": 0.00025,
        "block_trade_min_trade_amount": 200000,
        "block_trade_tick_size": 0.01,
        "settlement_currency": of.settle,
        "settlement_period": "perpetual" if perpetual else "month",
        "base_currency": of.asset,
        "counter_currency": of.quote,
        "quote_currency": of.quote,
        "tick_size_steps": [],
    }


def _funding(market: Market, of: Instrument, at: int) -> Row:
    """The rate as it accrues, per 8 hours."""
    quote = market.quote(GATEWAY, of.symbol, at)
    if not quote.funding_interval_h:
        return {}
    rate = float(exact(quote.funding_rate) * 8 / quote.funding_interval_h)
    return {"current_funding": rate, "funding_8h": rate}


def summary(market: Market, one: Listed, at: int) -> Row:
    """A row of ``get_book_summary_by_currency``."""
    of = one.instrument
    now = market.quote(GATEWAY, of.symbol, at)
    mark, last = price(now.mark_price, of), price(now.last_price, of)
    usd = float(exact(now.volume_24h_coin) * exact(now.last_price))
    return {
        "volume_usd": usd,
        "volume_notional": usd,
        "volume": now.volume_24h_coin,
        "quote_currency": of.quote,
        "price_change": 0.5,
        "open_interest": amount(now.oi_coin, now.mark_price, of),
        "mid_price": last,
        "mark_price": mark,
        "low": last,
        "last": last,
        "instrument_name": of.symbol,
        "high": last,
        "estimated_delivery_price": price(now.index_price, of),
        "creation_timestamp": at // 1000,
        "bid_price": last,
        "base_currency": of.asset,
        "ask_price": last,
        **_funding(market, of, at),
    }


def ticker(market: Market, one: Listed, at: int) -> Row:
    """The data of a ``ticker`` frame."""
    of = one.instrument
    now = market.quote(GATEWAY, of.symbol, at)
    before = market.quote(GATEWAY, of.symbol, at - DAY)
    last, index = price(now.last_price, of), price(now.index_price, of)
    usd = float(exact(now.volume_24h_coin) * exact(now.last_price))
    return {
        "timestamp": at // 1000,
        "state": "open",
        "stats": {
            "high": max(last, price(before.last_price, of)),
            "low": min(last, price(before.last_price, of)),
            "price_change": round((now.last_price / before.last_price - 1.0) * 100, 4),
            "volume": now.volume_24h_coin,
            "volume_usd": usd,
            "volume_notional": usd,
        },
        "index_price": index,
        "instrument_name": of.symbol,
        "last_price": last,
        "settlement_price": price(before.mark_price, of),
        "min_price": last * 0.985,
        "max_price": last * 1.015,
        "open_interest": amount(now.oi_coin, now.mark_price, of),
        "mark_price": price(now.mark_price, of),
        "interest_value": 0.0,
        "best_ask_price": last,
        "best_bid_price": last,
        "estimated_delivery_price": index,
        "best_ask_amount": 1000.0,
        "best_bid_amount": 1000.0,
        **_funding(market, of, at),
    }


def hourly(market: Market, one: Listed, hour: int) -> Row:
    """A row of ``get_funding_rate_history``: what accrued in the hour that ends at ``hour``."""
    of = one.instrument
    interval = market.quote(GATEWAY, of.symbol, hour).funding_interval_h or 8
    rate = exact(market.settled(GATEWAY, of.symbol, hour)) / interval
    return {
        "timestamp": hour // 1000,
        "index_price": price(market.quote(GATEWAY, of.symbol, hour).index_price, of),
        "prev_index_price": price(market.quote(GATEWAY, of.symbol, hour - HOUR).index_price, of),
        "interest_8h": float(rate * 8),
        "interest_1h": float(rate),
    }


def trades(market: Market, one: Listed, start: int, end: int) -> list[Row]:
    """Trades of (start, end]: what takers bought and sold, and every liquidation with its flag."""
    of = one.instrument
    rows: list[Row] = []
    bar = market.bar(GATEWAY, of.symbol, start, end)
    bought, traded = exact(bar.taker_buy_coin), exact(bar.volume_coin)
    for direction, coins in (("buy", bought), ("sell", traded - bought)):
        size = amount(float(coins), bar.close, of)
        if size > 0:
            rows.append(_trade(market, of, direction, size, bar.close, end, len(rows)))
    died = market.liquidations(GATEWAY, of.symbol, start, end)
    for place, event in enumerate(died):
        rows.append(_forced(market, of, event, 10 + place))
    return sorted(rows, key=lambda row: int(row["timestamp"]))


def _forced(market: Market, of: Instrument, event: Liquidation, place: int) -> Row:
    """A long is closed by a forced sale: of the taker (T), or of the maker whom a buyer meets."""
    sale = event.side == "long"
    by_maker = event.at // 1000 % 3 == 0
    direction = "sell" if sale is not by_maker else "buy"
    size = amount(event.coin, event.price, of)
    row = _trade(market, of, direction, size, event.price, event.at, place)
    return {**row, "liquidation": "M" if by_maker else "T"}


def _trade(
    market: Market, of: Instrument, direction: str, size: float, per_coin: float, at: int, n: int
) -> Row:
    now = market.quote(GATEWAY, of.symbol, at)
    number = at // 1000 * 1000 + n
    return {
        "timestamp": at // 1000,
        "price": price(per_coin, of),
        "amount": size,
        "direction": direction,
        "index_price": price(now.index_price, of),
        "instrument_name": of.symbol,
        "trade_seq": number,
        "mark_price": price(now.mark_price, of),
        "tick_direction": 2,
        "contracts": size / float(of.contract_size or 1.0),
        "trade_id": str(number),
    }
