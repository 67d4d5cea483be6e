"""The scale test: is a venue's open interest in bitcoin of a size that can be meant at all?

A unit taken for another (contracts for coins, satoshis, thousands) shows at once in the largest
market: the dollars of a venue's BTC perpetuals together lie between 1e8 and 1e11. Above, the venue
fails at once; below, when a minute has passed since the first of them. A venue that failed stays
suspect, all its open interest, until somebody has looked and says that it is right.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from tideline.domain.time import MINUTE

if TYPE_CHECKING:
    from tideline.collect.live.legs import Group
    from tideline.collect.live.opens import Amount

LEAST_USD, MOST_USD = 1e8, 1e11
SETTLE_US = MINUTE

Standing = Literal["waiting", "passed", "failed", "trusted"]


class ScaleGate:
    """Which venues passed."""

    def __init__(self, trusted: Iterable[str] = ()) -> None:
        self._standing: dict[str, Standing] = dict.fromkeys(trusted, "trusted")
        self._seen: dict[str, dict[str, float]] = {}
        self._since: dict[str, int] = {}
        self.found: dict[str, float] = {}

    def trust(self, venue: str) -> None:
        """Somebody looked: the venue's numbers are right."""
        self._standing[venue] = "trusted"

    def trusts(self, venue: str) -> bool:
        """May its open interest stand?"""
        return self._standing.get(venue) != "failed"

    def settled(self, venue: str) -> bool:
        """Has it passed, or is it trusted?"""
        return self._standing.get(venue, "waiting") in ("passed", "trusted")

    def standing(self) -> dict[str, Standing]:
        """How each venue stands, for the status."""
        return dict(self._standing)

    def concerns(self) -> dict[str, str]:
        """Of each venue that failed, in words."""
        return {
            venue: f"open interest held back: {self.found.get(venue, 0.0):.3g} USD in BTC "
            f"perpetuals is not between {LEAST_USD:.0e} and {MOST_USD:.0e}"
            for venue, standing in self._standing.items()
            if standing == "failed"
        }

    def take(self, group: Group, event: int, coins: Amount | None, dollars: Amount | None) -> bool:
        """May this open interest stand? Decides about the venue by its BTC perpetuals."""
        venue = group.venue
        standing = self._standing.get(venue, "waiting")
        if standing != "waiting":
            return standing != "failed"
        if group.asset != "BTC" or group.instrument.kind != "perpetual" or dollars is None:
            return True
        seen = self._seen.setdefault(venue, {})
        seen[group.symbol] = dollars.value
        total = self.found[venue] = sum(seen.values())
        since = self._since.setdefault(venue, event)
        if not total <= MOST_USD:
            self._standing[venue] = "failed"
        elif event - since >= SETTLE_US:
            self._standing[venue] = "passed" if total >= LEAST_USD else "failed"
        return self.trusts(venue)
