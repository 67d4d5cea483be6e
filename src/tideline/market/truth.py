"""Who did what: the quantities behind the tape, which no feature can read.

Net longs opened always equal net shorts opened, so that nothing about intent can be told from net
counts; what tells flows apart is who was the AGGRESSOR of each trade, and what he opened or closed.
``lots[b, m, role, kind]`` counts the lots of book b in minute m (start + m minutes, + 1 minute].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tideline.market.tape import Ints

ROLES = ("directional", "hedger", "maker")
KINDS = (
    "taker_open_long",
    "taker_open_short",
    "taker_close_long",
    "taker_close_short",
    "forced_close_long",
    "forced_close_short",
    "adl_long",
    "adl_short",
    "passive_open_long",
    "passive_open_short",
    "passive_close_long",
    "passive_close_short",
)
CLASSES = {
    "new_longs": ("taker_open_long",),
    "new_shorts": ("taker_open_short",),
    "long_liquidation": ("taker_close_long", "forced_close_long"),
    "short_covering": ("taker_close_short", "forced_close_short"),
}
"""The aggressive kinds of directional traders that make up each class."""
MIXED = "mixed"
LEAST, AHEAD = 0.40, 1.5
"""A class is the true state with at least this share, and so many times the next."""


@dataclass(frozen=True)
class Truth:
    """``lots`` [B, M, ROLES, KINDS] of the books of a tape (spot included, all zero), by minute."""

    asset: str
    start: int
    lots: Ints
    coin: Ints
    """Coins in one lot of each book, [B]."""

    def aggressive(self, books: list[int] | None = None) -> Ints:
        """Coins of each class by minute, [M, 4] in the order of CLASSES: directional takers."""
        chosen = range(self.lots.shape[0]) if books is None else books
        total = np.zeros((self.lots.shape[1], len(CLASSES)))
        for column, kinds in enumerate(CLASSES.values()):
            for kind in kinds:
                for book in chosen:
                    lots = self.lots[book, :, 0, KINDS.index(kind)]
                    total[:, column] += lots * float(self.coin[book])
        return total


def true_states(aggressive: Ints, minutes: int) -> list[str]:
    """The true state of the window of ``minutes`` that ends with each minute.

    The class with the largest share of aggressive directional quantity, at least 40 % and 1.5 × the
    next, else ``mixed``. The first ``minutes − 1`` are ``mixed``, having no whole window.
    """
    names = list(CLASSES)
    sums = np.zeros((aggressive.shape[0] + 1, aggressive.shape[1]))
    np.cumsum(aggressive, axis=0, out=sums[1:])
    found = [MIXED] * aggressive.shape[0]
    for end in range(minutes, aggressive.shape[0] + 1):
        held = np.sort(window := sums[end] - sums[end - minutes])
        if held[-1] > 0 and held[-1] >= LEAST * held.sum() and held[-1] >= AHEAD * held[-2]:
            found[end - 1] = names[int(np.argmax(window))]
    return found
