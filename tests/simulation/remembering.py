"""A market that computes every answer once: servers repeat themselves, and the judge asks again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tideline.market.state import Bar, Liquidation, Listed, Market, Quote, Ratios


class Remembering:
    """The same market. Nothing is forgotten: for runs that end."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self._quotes: dict[tuple[str, str, int], Quote] = {}
        self._ratios: dict[tuple[str, str, int], Ratios] = {}
        self._settled: dict[tuple[str, str, int], float] = {}
        self._bars: dict[tuple[str, str, int, int], Bar] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.market, name)

    def listed(self, venue: str, at: int) -> Sequence[Listed]:
        return self.market.listed(venue, at)

    def quote(self, venue: str, symbol: str, at: int) -> Quote:
        key = (venue, symbol, at)
        found = self._quotes.get(key)
        if found is None:
            found = self._quotes[key] = self.market.quote(venue, symbol, at)
        return found

    def quoted(self, venue: str, symbol: str, at: int) -> bool:
        """Was that already asked?"""
        return (venue, symbol, at) in self._quotes

    def ratios(self, venue: str, symbol: str, at: int) -> Ratios:
        key = (venue, symbol, at)
        found = self._ratios.get(key)
        if found is None:
            found = self._ratios[key] = self.market.ratios(venue, symbol, at)
        return found

    def settled(self, venue: str, symbol: str, at: int) -> float:
        key = (venue, symbol, at)
        found = self._settled.get(key)
        if found is None:
            found = self._settled[key] = self.market.settled(venue, symbol, at)
        return found

    def bar(self, venue: str, symbol: str, start: int, end: int) -> Bar:
        key = (venue, symbol, start, end)
        found = self._bars.get(key)
        if found is None:
            found = self._bars[key] = self.market.bar(venue, symbol, start, end)
        return found

    def spot_bar(self, asset: str, start: int, end: int) -> Bar:
        key = ("spot", asset, start, end)
        found = self._bars.get(key)
        if found is None:
            found = self._bars[key] = self.market.spot_bar(asset, start, end)
        return found

    def liquidations(self, venue: str, symbol: str, start: int, end: int) -> Sequence[Liquidation]:
        return self.market.liquidations(venue, symbol, start, end)
