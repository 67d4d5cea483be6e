"""A market made of a seed: prices, open interest, funding, trades, as functions of the moment.

Every number is a whole count of some round step, so that the decimal text of any wire carries it
exactly:

==================  =====================================================================
open interest       lots (linear: coins of a lot or of contracts; inverse: contracts of
                    USD, and coins = USD / mark to 8 decimals)
prices              ticks of the contract, per ONE coin (1000PEPE: the quoted price / 1000)
rates, ratios       1e-8 and 1e-4; Bybit and Bitget say two shares of 4 decimals
volumes             lots (inverse: 1e-4 coin), differences of two rising totals: bars add up
liquidations        lots, at whole milliseconds, in clusters
==================  =====================================================================

It claims to look like no real market; it is smooth, bounded, and the same for every question.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import exp

from tideline.domain.errors import UnknownName
from tideline.domain.time import DAY, HOUR, MINUTE, SECOND
from tideline.market.assets import Coin, default_assets
from tideline.market.contracts import Contract, contracts
from tideline.market.liquidating import Liquidating
from tideline.market.state import Bar, Liquidation, Listed, Quote, Ratios
from tideline.market.waves import Flow, key_of, noise, terms, wave

SHARED = ("bybit", "bitget")
"""Venues that say two shares instead of a ratio."""

TRADED_STEP = Fraction(1, 10_000)
"""Coins by which the trade of inverse contracts moves."""

GRAIN = 30 * SECOND
"""The high and low of a bar are those of the prices at these steps, its ends included."""

DAY_S = 86_400.0
_PRICE = tuple(
    (size, days * DAY_S)
    for size, days in ((0.10, 31.0), (0.04, 6.1), (0.02, 1.3), (0.006, 0.21), (0.002, 0.023))
)
_BASIS = ((2.5e-4, 3.1 * DAY_S), (1.5e-4, 0.17 * DAY_S), (5e-5, 413.0))
_OI = ((0.12, 19.0 * DAY_S), (0.05, 2.7 * DAY_S), (0.008, 0.3 * DAY_S), (3e-4, 1_900.0))
_RATE = ((1.2e-4, 9.0 * DAY_S), (6e-5, 1.1 * DAY_S), (1e-5, 5_000.0))
_RATIO = ((0.35, 4.0 * DAY_S), (0.15, 0.4 * DAY_S), (0.03, 2_000.0))
_FLOW = ((0.25, DAY_S), (0.1, 3_700.0))
_TURNOVER = 3.0
"""What is traded in a day is about so many times what is open: enough at every moment for how
fast open interest moves (at most 1e-5 of it a second), since none moves without a trade."""
_LISTED_BEFORE = 400 * DAY


def _rounded(value: float, decimals: int) -> float:
    """The double nearest to ``value`` in whole steps of 10^-decimals."""
    scale: int = 10**decimals
    return round(value * scale) / scale


class _Leg:
    """One contract's waves. ``last`` and ``quoted`` are the latest answer."""

    __slots__ = (
        "basis", "buy", "contract", "highs", "key", "last", "liquidating", "oi", "quoted", "rate",
        "ratio", "sell", "step_down", "step_up", "traded_down", "traded_up",
    )  # fmt: skip

    def __init__(self, contract: Contract, key: int) -> None:
        self.contract, self.key = contract, key
        self.basis = terms(key_of(key, "basis"), _BASIS)
        self.oi = terms(key_of(key, "oi"), _OI)
        self.rate = terms(key_of(key, "rate"), _RATE)
        self.ratio = tuple(terms(key_of(key, "ratio", which), _RATIO) for which in range(3))
        step = contract.step
        self.step_up, self.step_down = step.numerator, step.denominator
        coins = contract.oi_musd * 1e6 / (contract.price if contract.instrument.linear else 1.0)
        # half of it is bought by takers
        if not contract.instrument.linear:
            coins /= contract.price
        traded = TRADED_STEP if not contract.instrument.linear else step
        self.traded_up, self.traded_down = traded.numerator, traded.denominator
        lots_a_second = 0.5 * _TURNOVER * coins / float(traded) / DAY_S
        self.buy = Flow(key_of(key, "buy"), lots_a_second, terms(key_of(key, "buying"), _FLOW))
        self.sell = Flow(key_of(key, "sell"), lots_a_second, terms(key_of(key, "selling"), _FLOW))
        self.liquidating = Liquidating(key_of(key, "liquidations"))
        self.last, self.quoted = -1, Quote(0.0, 0.0, 0.0, 0.0, 0.0, 0, 0, 0.0)
        self.highs: dict[int, tuple[float, float]] = {}

    def lots(self, at: int) -> tuple[int, int]:
        """Lots that takers ever bought and sold until ``at``."""
        seconds = at / SECOND
        return int(self.buy.total(seconds)), int(self.sell.total(seconds))


class Synthetic:
    """The whole market. ``assets``: coins, or how many of the default ones; ``start`` in µs.

    Everything is listed 400 days before ``start``; changes of that are made by wrapping it
    (``market.changes``).
    """

    def __init__(self, assets: Sequence[Coin] | int, seed: int, start: int) -> None:
        coins = default_assets(assets) if isinstance(assets, int) else tuple(assets)
        self.coins, self.seed, self.start = coins, seed, start
        self._prices = {
            coin.asset: (coin.price, terms(key_of(seed, "price", coin.asset), _PRICE))
            for coin in coins
        }
        self._jitter = {coin.asset: key_of(seed, "jitter", coin.asset) for coin in coins}
        self._latest: dict[str, tuple[int, float]] = {}
        self._legs: dict[tuple[str, str], _Leg] = {}
        self._listed: dict[str, list[Listed]] = {}
        self._spot: dict[str, _Leg] = {}
        for contract in contracts(coins):
            found = contract.instrument
            key = key_of(seed, found.venue, found.symbol)
            self._legs[found.venue, found.symbol] = _Leg(contract, key)
            listed = Listed(found, start - _LISTED_BEFORE, None, contract.delivery_us)
            self._listed.setdefault(found.venue, []).append(listed)
            if found.venue == "binance" and found.linear and found.kind == "perpetual":
                self._spot[found.asset] = _Leg(contract, key_of(key, "spot"))

    def listed(self, venue: str, at: int) -> Sequence[Listed]:
        return [one for one in self._listed.get(venue, ()) if one.listed_us <= at]

    def contract(self, venue: str, symbol: str) -> Contract:
        """The steps and sizes of one instrument."""
        return self._leg(venue, symbol).contract

    def _leg(self, venue: str, symbol: str) -> _Leg:
        try:
            return self._legs[venue, symbol]
        except KeyError:
            names = [name for at, name in self._legs if at == venue]
            raise UnknownName("instrument", symbol, names) from None

    def _coin_price(self, asset: str, at: int) -> float:
        """The coin's own price, which every contract on it follows."""
        held = self._latest.get(asset)
        if held is not None and held[0] == at:
            return held[1]
        seconds = at / SECOND
        mean, of = self._prices[asset]
        shift = wave(of, seconds) + 2e-4 * noise(self._jitter[asset], seconds, 7.0)
        price = mean * exp(shift)
        self._latest[asset] = (at, price)
        return price

    def quote(self, venue: str, symbol: str, at: int) -> Quote:
        leg = self._legs.get((venue, symbol)) or self._leg(venue, symbol)
        if leg.last == at:
            return leg.quoted
        contract = leg.contract
        seconds = at / SECOND
        index = self._coin_price(contract.instrument.asset, at)
        scale: int = 10**contract.decimals
        mark = round(index * (1.0 + wave(leg.basis, seconds)) * scale) / scale
        bought, sold = leg.lots(at)
        bought_then, sold_then = leg.lots(at - DAY)
        lots = bought + sold - bought_then - sold_then
        interval = contract.interval_h * HOUR
        found = Quote(
            self._oi(leg, mark, seconds),
            mark,
            round(index * scale) / scale,
            self._last_price(leg, index, at),
            self._rate(leg, at) if interval else 0.0,
            contract.interval_h,
            (at // interval + 1) * interval if interval else 0,
            lots * leg.traded_up / leg.traded_down,
        )
        leg.last, leg.quoted = at, found
        return found

    def _oi(self, leg: _Leg, mark: float, seconds: float) -> float:
        contract = leg.contract
        level = contract.oi_musd * 1e6 * exp(wave(leg.oi, seconds))
        level *= 1.0 + 3e-5 * noise(leg.key, seconds, 11.0)
        if contract.instrument.linear:
            lots = int(level / contract.price * leg.step_down / leg.step_up)
            return lots * leg.step_up / leg.step_down
        usd = int(level * leg.step_down / leg.step_up) * leg.step_up
        return _rounded(usd / mark, 8)

    def _last_price(self, leg: _Leg, index: float, at: int) -> float:
        shift = 1.5e-4 * noise(leg.key ^ 0x5A5A, at / SECOND, 3.0)
        return _rounded(index * (1.0 + shift), leg.contract.decimals)

    def _rate(self, leg: _Leg, at: int) -> float:
        """The rate of one interval: 0.01 % per 8 h on the mean."""
        hours = leg.contract.interval_h
        return round((1e-4 + wave(leg.rate, at / SECOND)) * hours / 8.0 * 1e8) / 1e8

    def settled(self, venue: str, symbol: str, at: int) -> float:
        return self._rate(self._leg(venue, symbol), at)

    def ratios(self, venue: str, symbol: str, at: int) -> Ratios:
        leg = self._leg(venue, symbol)
        shares = [0.55 + 0.25 * wave(of, at / SECOND) for of in leg.ratio]
        if venue in SHARED:
            parts = [round(share * 10_000) for share in shares]
            return Ratios(*(part / (10_000 - part) for part in parts))
        return Ratios(*(_rounded(share / (1.0 - share), 4) for share in shares))

    def bar(self, venue: str, symbol: str, start: int, end: int) -> Bar:
        return self._bar(self._leg(venue, symbol), start, end)

    def spot_bar(self, asset: str, start: int, end: int) -> Bar:
        """As ``bar``, of the coin's spot pair."""
        if asset not in self._spot:
            raise UnknownName("asset", asset, self._spot)
        return self._bar(self._spot[asset], start, end)

    def _bar(self, leg: _Leg, start: int, end: int) -> Bar:
        high, low = self._extremes(leg, start, end)
        bought, sold = leg.lots(end)
        bought_then, sold_then = leg.lots(start)
        buy, sell = bought - bought_then, sold - sold_then
        up, down = leg.traded_up, leg.traded_down
        return Bar(
            start,
            end,
            self._trade_price(leg, start),
            high,
            low,
            self._trade_price(leg, end),
            (buy + sell) * up / down,
            buy * up / down,
        )

    def _trade_price(self, leg: _Leg, at: int) -> float:
        return self._last_price(leg, self._coin_price(leg.contract.instrument.asset, at), at)

    def _extremes(self, leg: _Leg, start: int, end: int) -> tuple[float, float]:
        """Highest and lowest price of [start, end], by minutes that are kept."""
        ends = (self._trade_price(leg, start), self._trade_price(leg, end))
        high, low = max(ends), min(ends)
        first = -(-start // MINUTE)
        for minute in range(first, end // MINUTE):
            up, down = self._minute(leg, minute)
            high, low = max(high, up), min(low, down)
        edges = (start, min(first * MINUTE, end)), (max(end // MINUTE * MINUTE, start), end)
        for left, right in edges:
            for step in range(-(-left // GRAIN), right // GRAIN + 1):
                price = self._trade_price(leg, step * GRAIN)
                high, low = max(high, price), min(low, price)
        return high, low

    def _minute(self, leg: _Leg, minute: int) -> tuple[float, float]:
        found = leg.highs.get(minute)
        if found is None:
            steps = range(minute * MINUTE, (minute + 1) * MINUTE + 1, GRAIN)
            prices = [self._trade_price(leg, at) for at in steps]
            found = max(prices), min(prices)
            if len(leg.highs) >= 4096:
                leg.highs.clear()
            leg.highs[minute] = found
        return found

    def liquidations(self, venue: str, symbol: str, start: int, end: int) -> Sequence[Liquidation]:
        leg = self._legs.get((venue, symbol)) or self._leg(venue, symbol)
        found: list[Liquidation] = []
        for at, side, worth, slip in leg.liquidating.between(start, end):
            price = _rounded(self._trade_price(leg, at) * slip, leg.contract.decimals)
            amount = worth if not leg.contract.instrument.linear else worth / price
            lots = max(1, int(amount * leg.step_down / leg.step_up))
            coin = lots * leg.step_up / leg.step_down
            if not leg.contract.instrument.linear:
                exact = Fraction(lots * leg.step_up, leg.step_down) / Fraction(str(price))
                coin = exact.numerator / exact.denominator
            found.append(Liquidation(at, side, coin, price))
        return found
