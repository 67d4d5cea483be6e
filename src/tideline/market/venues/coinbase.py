"""The Coinbase server: the public products call for US derivatives.

Fields as in the captured answer (``tests/payloads/coinbase/rest_market_products_future.json``).
Contracts are coins / contract size, ``funding_time`` is the latest full interval, and while a
session is closed (``closed``: spans of µs) the numbers stand still.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from tideline.domain.time import DAY, HOUR, SECOND, format_time, parse_time
from tideline.market.state import Listed, Market, Quote
from tideline.market.venues.quota import Quota
from tideline.venues.wire import Reply, Request

VENUE = "coinbase"
PRODUCTS = "/api/v3/brokerage/market/products"
REQUESTS_A_SECOND = 10
PERPETUAL_EXPIRY = int(parse_time("2030-12-20T16:00:00Z"))
Row = dict[str, object]


class CoinbaseServer:
    """Coinbase as its clients see it.

    Attributes:
        history_lag_us: no history here; kept for what every server has.
        label_shift_us: as above.
        pace: nothing is pushed here; as above.
        closed: spans [start, end) in which the session is closed.
    """

    name = VENUE

    def __init__(
        self, market: Market, pace: float = 1.0, closed: Sequence[tuple[int, int]] = ()
    ) -> None:
        self.market, self.pace, self.closed = market, pace, tuple(closed)
        self.history_lag_us = 0
        self.label_shift_us = 0
        self._quota = Quota(REQUESTS_A_SECOND, SECOND)

    def answer(self, request: Request, now: int) -> Reply:
        """The answer to one request."""
        if request.host != "rest" or request.method != "GET":
            return _error(404, "NOT_FOUND")
        if not self._quota.take(1, now):
            return _error(429, "RATE_LIMIT_EXCEEDED")
        if request.path == "/api/v3/brokerage/time":
            seconds, millis = str(now // SECOND), str(now // 1000)
            return _reply({"iso": format_time(now), "epochSeconds": seconds, "epochMillis": millis})
        if request.path != PRODUCTS:
            return _error(404, "NOT_FOUND")
        kind = request.param("product_type")
        if kind not in ("", "UNKNOWN_PRODUCT_TYPE", "SPOT", "FUTURE"):
            return _error(400, "INVALID_ARGUMENT")
        found = [] if kind == "SPOT" else self._products(now)
        return _reply({"products": found, "num_products": len(found), "pagination": None})

    def open(self, host: str, target: str, now: int) -> None:
        """There is no connection here."""

    def _products(self, now: int) -> list[Row]:
        span = next((span for span in self.closed if span[0] <= now < span[1]), None)
        at = now if span is None else span[0]
        return [
            product(one, self.market.quote(VENUE, one.instrument.symbol, at), at, now)
            for one in self.market.listed(VENUE, now)
            if one.listed_us <= now
            and all(now < end for end in (one.delisted_us, one.delivery_us) if end is not None)
        ]


def product(one: Listed, quote: Quote, at: int, now: int) -> Row:
    """One product: values of ``at``, told at ``now`` (two moments while its session is closed)."""
    price, contracts_a_day = plain(quote.last_price), plain(_contracts(one, quote.volume_24h_coin))
    opened = now // DAY * DAY - 3 * HOUR
    return {
        "product_id": one.instrument.symbol,
        "price": price,
        "price_percentage_change_24h": "0",
        "volume_24h": contracts_a_day,
        "volume_percentage_change_24h": "0",
        "base_increment": "1",
        "quote_increment": "0.01",
        "quote_min_size": "0",
        "quote_max_size": "100000000",
        "base_min_size": "1",
        "base_max_size": "5000",
        "base_name": "",
        "quote_name": "US Dollar",
        "watched": False,
        "is_disabled": False,
        "new": False,
        "status": "",
        "cancel_only": False,
        "limit_only": False,
        "post_only": False,
        "trading_disabled": False,
        "auction_mode": False,
        "product_type": "FUTURE",
        "quote_currency_id": "USD",
        "base_currency_id": "",
        "fcm_trading_session_details": _session(at == now, opened),
        "mid_market_price": price,
        "alias": "",
        "alias_to": [],
        "base_display_symbol": "",
        "quote_display_symbol": "USD",
        "view_only": False,
        "price_increment": "5",
        "display_name": one.instrument.symbol,
        "product_venue": "FCM",
        "approximate_quote_24h_volume": plain(
            _exact(quote.volume_24h_coin) * _exact(quote.last_price)
        ),
        "new_at": None,
        "market_cap": "",
        "base_cbrn": "",
        "quote_cbrn": "",
        "product_cbrn": "",
        "icon_color": "",
        "icon_url": "",
        "display_name_overwrite": "",
        "is_alpha_testing": False,
        "about_description": "",
        "best_bid_price": "",
        "best_ask_price": "",
        "future_product_details": details(one, quote, at, now),
    }


def _session(is_open: bool, opened: int) -> Row:
    state = "OPEN" if is_open else "CLOSE"
    return {
        "is_session_open": is_open,
        "open_time": format_time(opened),
        "close_time": format_time(opened + DAY),
        "session_state": f"FCM_TRADING_SESSION_STATE_{state}",
        "after_hours_order_entry_disabled": False,
        "closed_reason": "FCM_TRADING_SESSION_CLOSED_REASON_EXCHANGE_MAINTENANCE",
        "maintenance": {
            "start_time": format_time(opened + DAY),
            "end_time": format_time(opened + DAY + HOUR),
        },
    }


def details(one: Listed, quote: Quote, at: int, now: int) -> Row:
    """``future_product_details``; index and funding are those of perpetuals only."""
    instrument = one.instrument
    code = instrument.symbol.partition("-")[0]
    expiry = one.delivery_us or PERPETUAL_EXPIRY
    held = plain(_contracts(one, quote.oi_coin))
    pays = quote.funding_interval_h > 0
    step = max(1, quote.funding_interval_h) * HOUR
    return {
        "venue": "cde",
        "contract_code": code,
        "contract_expiry": format_time(expiry),
        "contract_size": plain(_size(one)),
        "contract_root_unit": instrument.asset,
        "group_description": f"nano {instrument.asset} Perp Futures",
        "contract_expiry_timezone": "Europe/London",
        "group_short_description": f"nano {instrument.asset} Perp",
        "risk_managed_by": "MANAGED_BY_FCM",
        "contract_expiry_type": "EXPIRING",
        "perpetual_details": {
            "open_interest": held,
            "funding_rate": "",
            "funding_time": None,
            "max_leverage": "",
            "base_asset_uuid": "",
            "underlying_type": "",
        },
        "contract_display_name": f"{instrument.asset} PERP",
        "time_to_expiry_ms": str((expiry - now) // 1000),
        "non_crypto": False,
        "contract_expiry_name": format_time(expiry)[:7],
        "twenty_four_by_seven": True,
        "funding_interval": f"{step // SECOND}s" if pays else None,
        "open_interest": held,
        "funding_rate": plain(quote.funding_rate) if pays else "",
        "funding_time": format_time(at // step * step) if pays else None,
        "display_name": f"{instrument.asset} Perpetual",
        "region_enabled": {},
        "intraday_margin_rate": {"long_margin_rate": "0.1", "short_margin_rate": "0.1"},
        "overnight_margin_rate": {"long_margin_rate": "0.25", "short_margin_rate": "0.3"},
        "settlement_price": plain(quote.mark_price),
        "futures_asset_type": "FUTURES_ASSET_TYPE_CRYPTO",
        "index_price": plain(quote.index_price) if pays else "",
        "contract_code_display_name": "",
        "product_group_cbrn": "",
    }


def _exact(value: float) -> Decimal:
    return Decimal(repr(value))


def _size(one: Listed) -> Decimal:
    return _exact(one.instrument.contract_size or 1.0)


def _contracts(one: Listed, coins: float) -> Decimal:
    """Whole contracts of an amount of coins."""
    return (_exact(coins) / _size(one)).quantize(Decimal(1))


def plain(value: float | Decimal) -> str:
    """Digits without an exponent and without zeros at the end."""
    text = format(value if isinstance(value, Decimal) else _exact(value), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _reply(body: Row) -> Reply:
    raw = msgspec.json.encode(body)
    return Reply(200, raw, {"content-type": "application/json"})


def _error(status: int, word: str) -> Reply:
    body = {"error": word, "error_details": "", "message": word}
    return Reply(status, json.dumps(body).encode(), {"content-type": "application/json"})
