"""What the market says about a row of the log: the value it has to have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from tideline.domain.instrument import Instrument
from tideline.domain.time import SECOND
from tideline.market.state import Bar, Market, Quote
from tideline.venues.symbols import parse_symbol

UNTIMED = ("hyperliquid", "coinbase")
"""Venues whose snapshots carry no time: their rows bear the time of arrival."""
SNAPSHOTS = frozenset(
    (
        "open_interest",
        "open_interest_usd",
        "mark_price",
        "index_price",
        "funding_rate_quoted",
        "funding_interval_h",
        "next_funding_time",
    )
)
_WRITTEN = frozenset(("taker_ratio_bar", "spot_volume_usd"))
DERIVED = 0.01
"""How far a value made with the mark of a moment ago may be off."""


@dataclass(slots=True)
class Truth:
    """The market of one run. ``latency_us``: the way back of an answer or a frame."""

    market: Market
    span: tuple[int, int]
    latency_us: int
    _instruments: dict[tuple[str, str], Instrument] = field(default_factory=dict)
    _died: dict[tuple[str, str], dict[tuple[int, str], list[float]]] = field(default_factory=dict)

    def holds(
        self, venue: str, symbol: str, name: str, event: int, value: float, cadence_s: float
    ) -> bool:
        """Is this row what the market says?"""
        if name in SNAPSHOTS:
            moments = [event]
            if venue in UNTIMED:
                moments = [event - self.latency_us - late for late in range(12)]
                if name == "next_funding_time":
                    moments.append(event)  # worked out from the moment of receipt
            return any(self._snapshot(venue, symbol, name, at, value) for at in moments)
        if name.startswith("liquidation_"):
            return self._liquidation(venue, symbol, name, event, value)
        known = _HISTORY.get(name)
        if known is None:
            return False
        true = known(self.market, venue, symbol, event, cadence_s)
        # ratios and USD volumes are written with as many digits as the venue writes
        return true == value or (name in _WRITTEN and abs(true - value) <= 1e-4 * true)

    def _instrument(self, venue: str, symbol: str) -> Instrument:
        found = self._instruments.get((venue, symbol))
        if found is None:
            listed = self.market.listed(venue, self.span[1])
            names = {one.instrument.symbol: one.instrument for one in listed}
            found = names.get(symbol) or parse_symbol(venue, symbol)
            self._instruments[venue, symbol] = found
        return found

    def _snapshot(self, venue: str, symbol: str, name: str, at: int, value: float) -> bool:
        quote = self.market.quote(venue, symbol, at)
        instrument = self._instrument(venue, symbol)
        if name == "open_interest" and not instrument.linear:
            return _near(value, quote.oi_coin)
        if name == "open_interest_usd":
            if instrument.linear:
                return _near(value, quote.oi_coin * quote.mark_price)
            size = instrument.contract_size or 1.0
            usd = round(quote.oi_coin * quote.mark_price / size) * size
            return value == usd or _near(value, usd)
        return value == _STOCK[name](quote)

    def _liquidation(self, venue: str, symbol: str, name: str, event: int, value: float) -> bool:
        _, side, unit = name.split("_")
        key = (venue, symbol)
        if key not in self._died:
            start, end = self.span
            found = self.market.liquidations(venue, symbol, start - 86_400 * SECOND, end)
            died = self._died[key] = {}
            for one in found:
                died.setdefault((one.at, one.side), []).append(one.coin)
                died.setdefault((one.at, f"{one.side} usd"), []).append(one.coin * one.price)
        # several of one millisecond are moved apart by a microsecond each
        at = event // 1000 * 1000
        what = side if unit == "coin" else f"{side} usd"
        return any(
            abs(amount - value) <= 1e-6 * amount for amount in self._died[key].get((at, what), ())
        )


def _near(value: float, true: float) -> bool:
    return abs(value - true) <= DERIVED * true


_STOCK: dict[str, Callable[[Quote], float]] = {
    "open_interest": lambda quote: quote.oi_coin,
    "mark_price": lambda quote: quote.mark_price,
    "index_price": lambda quote: quote.index_price,
    "funding_rate_quoted": lambda quote: quote.funding_rate,
    "funding_interval_h": lambda quote: float(quote.funding_interval_h),
    "next_funding_time": lambda quote: float(quote.next_funding_us),
}


def _buy(market: Market, venue: str, symbol: str, event: int, cadence_s: float) -> float:
    return market.bar(venue, symbol, event - round(cadence_s * SECOND), event).taker_buy_coin


def _sell(market: Market, venue: str, symbol: str, event: int, cadence_s: float) -> float:
    bar = market.bar(venue, symbol, event - round(cadence_s * SECOND), event)
    return float(Decimal(repr(bar.volume_coin)) - Decimal(repr(bar.taker_buy_coin)))


def _volume(market: Market, venue: str, symbol: str, event: int, cadence_s: float) -> float:
    return market.bar(venue, symbol, event - round(cadence_s * SECOND), event).volume_coin


def _taker_ratio(market: Market, venue: str, symbol: str, event: int, cadence_s: float) -> float:
    args = (market, venue, symbol, event, cadence_s)
    return round(_buy(*args) / _sell(*args), 4)


def _spot(market: Market, venue: str, symbol: str, event: int, cadence_s: float) -> Bar:
    asset = parse_symbol(venue, symbol).asset
    return market.spot_bar(asset, event - round(cadence_s * SECOND), event)


def _spot_price(market: Market, venue: str, symbol: str, event: int, cadence_s: float) -> float:
    return _spot(market, venue, symbol, event, cadence_s).close


def _spot_usd(market: Market, venue: str, symbol: str, event: int, cadence_s: float) -> float:
    bar = _spot(market, venue, symbol, event, cadence_s)
    return float(Decimal(repr(bar.volume_coin)) * Decimal(repr(bar.close)))


_HISTORY: dict[str, Callable[[Market, str, str, int, float], float]] = {
    "taker_buy_coin": _buy,
    "taker_sell_coin": _sell,
    "volume_coin": _volume,
    "taker_ratio_bar": _taker_ratio,
    "spot_price": _spot_price,
    "spot_volume_usd": _spot_usd,
    "funding_rate_settled": lambda market, venue, symbol, at, _: market.settled(venue, symbol, at),
    "lsr_top_positions": lambda market, venue, symbol, at, _: (
        market.ratios(venue, symbol, at).top_positions
    ),
    "lsr_top_accounts": lambda market, venue, symbol, at, _: (
        market.ratios(venue, symbol, at).top_accounts
    ),
    "lsr_global_accounts": lambda market, venue, symbol, at, _: (
        market.ratios(venue, symbol, at).global_accounts
    ),
}
