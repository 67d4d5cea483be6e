"""What a maker of worlds has to give the scorer.

The simulated market is one such maker; tests have a small one of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa

from tideline.market.truth import Truth


@dataclass(frozen=True)
class AssetDays:
    """Whole days of one asset of one world: what could be seen, and what happened.

    Attributes:
        world: its name on the card.
        rows: rows as observed at real quality, in the log's offered columns.
        truth: who did what, by minute; covers (start − w, end].
        start: µs; scored moments are start + step, start + 2·step … end.
        end: µs; start plus whole days.
        venues: of each book of the truth; an empty name is spot.
    """

    world: str
    seed: int
    asset: str
    rows: pa.Table
    truth: Truth
    start: int
    end: int
    venues: tuple[str, ...]


class Worlds(Protocol):
    """A maker of worlds. It is handed to other processes, so it holds plain values only."""

    @property
    def name(self) -> str:
        """Which market, in a few words."""
        ...

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """What can be switched off, by name."""
        ...

    def described(self) -> Mapping[str, Any]:
        """Every prior and setting the worlds are drawn from, as plain JSON values."""
        ...

    def make(
        self, seed: int, days: int, burn_in_days: int, without: frozenset[str] = frozenset()
    ) -> list[AssetDays]:
        """The assets of the world of that seed: ``days`` scored days after ``burn_in_days``.

        ``without`` names mechanisms that are switched off; all else is as with them.
        """
        ...
