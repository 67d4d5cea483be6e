"""The simulated market as a maker of worlds: mixed ones, each of one asset, at real quality."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tideline.domain.time import DAY
from tideline.market.made import START
from tideline.market.observation.prior import PRIOR
from tideline.market.observation.rows import observed_rows
from tideline.market.world import make_world
from tideline.market.world.parameters import MECHANISMS, PRIORS
from tideline.research.scoring.worlds import AssetDays

ASSETS = ("BTC", "ETH", "SOL", "XRP", "DOGE", "BNB")
"""A world has one of them, by its seed."""
SCENARIO = "mixed"
"""Weeks of regimes; the named scenarios are illustrations."""


@dataclass(frozen=True)
class MadeWorlds:
    """Worlds of the order-matching market; ``every_s`` seconds between polls of stocks."""

    every_s: float = 60.0
    name: str = f"the simulated market, {SCENARIO} worlds"

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """What can be switched off."""
        return MECHANISMS

    def described(self) -> Mapping[str, Any]:
        """The priors of the population and of the observation, and how worlds are chosen."""
        return {
            "scenario": SCENARIO,
            "assets": list(ASSETS),
            "every_s": self.every_s,
            "priors": {p.name: [p.low, p.high, p.log] for p in PRIORS},
            "observation": PRIOR._asdict(),
        }

    def make(
        self, seed: int, days: int, burn_in_days: int, without: frozenset[str] = frozenset()
    ) -> list[AssetDays]:
        """One asset, observed by a collector on binance, bybit and okx."""
        asset = ASSETS[seed % len(ASSETS)]
        whole = float(days + burn_in_days)
        ((tape, truth),) = make_world(SCENARIO, seed, [asset], whole, start=START, off=without)
        rows = observed_rows(tape, every_s=self.every_s)
        start = tape.start + burn_in_days * DAY
        world = f"{SCENARIO} {seed}"
        venues = tuple("" if book.spot else book.venue for book in tape.books)
        return [AssetDays(world, seed, asset, rows, truth, start, start + days * DAY, venues)]
