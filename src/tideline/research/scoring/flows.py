"""What directional takers did over the trailing window, in coins: what claims are held against.

Sums over the minutes of a window of the true quantities (:mod:`tideline.market.truth`). The four
classes of R1 are one way to look at them; the families of :mod:`.families` are others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tideline.domain.time import MINUTE
from tideline.features.groups import FULL_LIQUIDATIONS
from tideline.market.truth import CLASSES, KINDS, Truth
from tideline.research.scoring.observed import Floats, Ints

SIDES = ("long", "short")
DIRECTIONAL = 0
"""The role of those whose intent is asked about; hedgers and makers have none."""


@dataclass(frozen=True)
class Flows:
    """Coins over (T − w, T] at each of N moments of the grid.

    Attributes:
        taken: [N, 4] by directional takers, in the order of CLASSES, on all books.
        before, after: [N, 4] the same over the window before and the one after; NaN where truth
            does not reach so far.
        venues: [V, N, 4] ``taken`` on each venue by itself.
        forced: [N, 2] of the closing counted in ``taken``, what was force-closed: longs, shorts.
        full_forced: [N, 2] on venues whose liquidation feed is complete: all that was force-closed
            or deleveraged, whoever held it.
        full_closed: [N, 2] on the same: all that was closed, by takers and makers alike.
    """

    taken: Floats
    before: Floats
    after: Floats
    venues: Floats
    forced: Floats
    full_forced: Floats
    full_closed: Floats

    @property
    def forced_share(self) -> Floats:
        """[N, 2] forced part of the takers' closing of longs and of shorts; NaN where none."""
        closed = self.taken[:, [list(CLASSES).index(name) for name in _CLOSING]]
        return _share(self.forced, closed)

    @property
    def full_share(self) -> Floats:
        """[N, 2] forced part of all closing of longs and of shorts where the feed is complete."""
        return _share(self.full_forced, self.full_closed)


_CLOSING = ("long_liquidation", "short_covering")


def flows_of(
    truth: Truth, venues: Sequence[str], window_us: int, start: int, end: int, step: int
) -> Flows:
    """The flows at start + step … end.

    Args:
        venues: of each book of the truth; an empty name is spot.
    """
    ends = (np.arange(start + step, end + 1, step) - truth.start) // MINUTE
    w = window_us // MINUTE
    names = sorted({name for name in venues if name})
    books = range(len(venues))
    full = [b for b in books if venues[b] in FULL_LIQUIDATIONS]

    def summed(by_minute: Floats, at: Ints = ends) -> Floats:
        return _windows(by_minute, at, w)

    taken = truth.aggressive()
    alone = [truth.aggressive([b for b in books if venues[b] == name]) for name in names]
    return Flows(
        taken=summed(taken),
        before=summed(taken, ends - w),
        after=summed(taken, ends + w),
        venues=np.stack([summed(each) for each in alone]),
        forced=summed(_coins(truth, books, ("forced_close_{}",), DIRECTIONAL)),
        full_forced=summed(_coins(truth, full, ("forced_close_{}", "adl_{}"))),
        full_closed=summed(
            _coins(truth, full, ("forced_close_{}", "adl_{}", "taker_close_{}", "passive_close_{}"))
        ),
    )


def _coins(
    truth: Truth, books: Sequence[int], kinds: Sequence[str], role: int | None = None
) -> Floats:
    """[M, 2] coins by minute of these kinds, of longs and of shorts; of one role or of all."""
    total = np.zeros((truth.lots.shape[1], len(SIDES)))
    for column, side in enumerate(SIDES):
        for kind in kinds:
            place = KINDS.index(kind.format(side))
            for book in books:
                lots = truth.lots[book, :, :, place]
                counted = lots.sum(axis=1) if role is None else lots[:, role]
                total[:, column] += counted * float(truth.coin[book])
    return total


def _windows(by_minute: Floats, ends: Ints, minutes: int) -> Floats:
    """[N, k] sums over the ``minutes`` up to each end; NaN where a minute is not there."""
    sums = np.zeros((by_minute.shape[0] + 1, by_minute.shape[1]))
    np.cumsum(by_minute, axis=0, out=sums[1:])
    known = (ends - minutes >= 0) & (ends <= by_minute.shape[0])
    found = np.full((ends.size, by_minute.shape[1]), np.nan)
    found[known] = sums[ends[known]] - sums[ends[known] - minutes]
    return found


def _share(part: Floats, whole: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(whole > 0, part / whole, np.nan)
