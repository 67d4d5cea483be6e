"""What changes about instruments while a market goes on: each change is a Market around a Market.

===============  ==================================================================
``Renamed``      from a moment on the old name is gone and a new one goes on with it
``Delisted``     the name stays listed as dead: price frozen, nothing open or traded
``Relisted``     dead for a while, then a new instrument under the old name
``Resized``      another contract size: coins go on, the count of contracts jumps
``Restated``     history of some stretch reads differently from a moment on
===============  ==================================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from tideline.domain.time import DAY, Clock
from tideline.market.state import Bar, Liquidation, Listed, Market, Quote, Ratios
from tideline.venues.symbols import parse_symbol


class Changed:
    """Everything as in the market inside; the changes override what they change."""

    def __init__(self, inner: Market, venue: str, symbol: str) -> None:
        self._inner, self._venue, self._symbol = inner, venue, symbol

    def _meant(self, venue: str, symbol: str) -> bool:
        return venue == self._venue and symbol == self._symbol

    def _own(self, at: int) -> Listed:
        """How the inner market lists the instrument."""
        found = self._inner.listed(self._venue, at)
        return next(one for one in found if one.instrument.symbol == self._symbol)

    def listed(self, venue: str, at: int) -> Sequence[Listed]:
        found = self._inner.listed(venue, at)
        if venue != self._venue:
            return found
        return [
            changed
            for one in found
            for changed in (
                self._listed(one, at) if one.instrument.symbol == self._symbol else [one]
            )
        ]

    def _listed(self, one: Listed, at: int) -> list[Listed]:
        """What the list holds at ``at`` in place of the instrument."""
        return [one]

    def quote(self, venue: str, symbol: str, at: int) -> Quote:
        return self._inner.quote(venue, symbol, at)

    def ratios(self, venue: str, symbol: str, at: int) -> Ratios:
        return self._inner.ratios(venue, symbol, at)

    def settled(self, venue: str, symbol: str, at: int) -> float:
        return self._inner.settled(venue, symbol, at)

    def bar(self, venue: str, symbol: str, start: int, end: int) -> Bar:
        return self._inner.bar(venue, symbol, start, end)

    def spot_bar(self, asset: str, start: int, end: int) -> Bar:
        return self._inner.spot_bar(asset, start, end)

    def liquidations(self, venue: str, symbol: str, start: int, end: int) -> Sequence[Liquidation]:
        return self._inner.liquidations(venue, symbol, start, end)


class Renamed(Changed):
    """``symbol`` is called ``new`` from ``at`` on; the state is the same under both names."""

    def __init__(self, inner: Market, venue: str, symbol: str, new: str, at: int) -> None:
        super().__init__(inner, venue, symbol)
        self._new, self._at = new, at

    def _listed(self, one: Listed, at: int) -> list[Listed]:
        if at < self._at:
            return [one]
        size = one.instrument.contract_size
        renamed = replace(parse_symbol(self._venue, self._new), contract_size=size)
        return [
            replace(one, delisted_us=self._at),
            replace(one, instrument=renamed, listed_us=self._at),
        ]

    def _old(self, venue: str, symbol: str) -> str:
        return self._symbol if venue == self._venue and symbol == self._new else symbol

    def quote(self, venue: str, symbol: str, at: int) -> Quote:
        return self._inner.quote(venue, self._old(venue, symbol), at)

    def ratios(self, venue: str, symbol: str, at: int) -> Ratios:
        return self._inner.ratios(venue, self._old(venue, symbol), at)

    def settled(self, venue: str, symbol: str, at: int) -> float:
        return self._inner.settled(venue, self._old(venue, symbol), at)

    def bar(self, venue: str, symbol: str, start: int, end: int) -> Bar:
        return self._inner.bar(venue, self._old(venue, symbol), start, end)

    def liquidations(self, venue: str, symbol: str, start: int, end: int) -> Sequence[Liquidation]:
        return self._inner.liquidations(venue, self._old(venue, symbol), start, end)


class Relisted(Changed):
    """Dead in [off, on), and a new instrument of the same name from then on."""

    def __init__(self, inner: Market, venue: str, symbol: str, off: int, on: int) -> None:
        super().__init__(inner, venue, symbol)
        self._off, self._on = off, on

    def _listed(self, one: Listed, at: int) -> list[Listed]:
        if at < self._off:
            return [one]
        if at < self._on:
            return [replace(one, delisted_us=self._off)]
        return [replace(one, listed_us=self._on)]

    def _dead(self, venue: str, symbol: str, at: int) -> bool:
        return self._meant(venue, symbol) and self._off <= at < self._on

    def quote(self, venue: str, symbol: str, at: int) -> Quote:
        if not self._dead(venue, symbol, at):
            return self._inner.quote(venue, symbol, at)
        frozen = self._inner.quote(venue, symbol, self._off)
        return frozen._replace(oi_coin=0.0, funding_rate=0.0, volume_24h_coin=0.0)

    def settled(self, venue: str, symbol: str, at: int) -> float:
        return 0.0 if self._dead(venue, symbol, at) else self._inner.settled(venue, symbol, at)

    def bar(self, venue: str, symbol: str, start: int, end: int) -> Bar:
        """Bars that touch the dead stretch are flat and empty, as venues show them."""
        dead = self._dead(venue, symbol, start) or self._dead(venue, symbol, end - 1)
        found = self._inner.bar(venue, symbol, start, end)
        if not dead:
            return found
        price = self._inner.quote(venue, symbol, self._off).last_price
        return Bar(start, end, price, price, price, price, 0.0, 0.0)

    def liquidations(self, venue: str, symbol: str, start: int, end: int) -> Sequence[Liquidation]:
        found = self._inner.liquidations(venue, symbol, start, end)
        return [one for one in found if not self._dead(venue, symbol, one.at)]


class Delisted(Relisted):
    """Dead from ``at`` on for good."""

    def __init__(self, inner: Market, venue: str, symbol: str, at: int) -> None:
        super().__init__(inner, venue, symbol, at, at + 36_500 * DAY)


class Resized(Changed):
    """Contracts of another size from ``at`` on (reliability C45: OKX DOGE 1000 -> 10).

    ``size`` divides the old one, so that the same coins are still whole lots.
    """

    def __init__(self, inner: Market, venue: str, symbol: str, size: float, at: int) -> None:
        super().__init__(inner, venue, symbol)
        old = Decimal(str(self._own(at).instrument.contract_size))
        if old % Decimal(str(size)):
            raise ValueError(f"{size} does not divide {old}")
        self._size, self._at = size, at

    def _listed(self, one: Listed, at: int) -> list[Listed]:
        if at < self._at:
            return [one]
        return [replace(one, instrument=replace(one.instrument, contract_size=self._size))]


class Restated(Changed):
    """Open interest of (start, end] reads ``by_coin`` more, once the clock says ``seen`` (B20).

    Only history can show it: what was said live before ``seen`` stays said.
    """

    def __init__(
        self,
        inner: Market,
        venue: str,
        symbol: str,
        span: tuple[int, int],
        by_coin: float,
        seen: int,
        clock: Clock,
    ) -> None:
        super().__init__(inner, venue, symbol)
        self._start, self._end = span
        self._by, self._seen, self._clock = Decimal(repr(by_coin)), seen, clock

    def quote(self, venue: str, symbol: str, at: int) -> Quote:
        found = self._inner.quote(venue, symbol, at)
        if not (self._meant(venue, symbol) and self._start < at <= self._end):
            return found
        if self._clock.now() < self._seen:
            return found
        return found._replace(oi_coin=float(Decimal(repr(found.oi_coin)) + self._by))
