"""The label test: do the rows of a history say what was heard live at the times they bear?

A venue may begin to label its rows by the start of a period instead of its end (an archive of
Binance did so on 2026-06-25): every number stays right and stands a period off, which no look at
the numbers shows. So the open interest that was heard live on both sides of each grid time is kept,
interpolated to it, and every new row of a history casts a vote:

    the row at t is    nearest to what was heard live at    vote
                       t                                    0, the labels are right
                       t - one period                       +1, labels too late
                       t + one period                       -1, labels too early

Nearest means three times nearer than the other; else there is no vote, as where nothing moved.
When 10 of a feed's last 12 votes say the same shift, the feed is in doubt: its open interest is
kept as suspect until 10 of 12 say 0 again. Rows older than what was heard live cannot be tested.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tideline.collect.live.memory import GRID_US

if TYPE_CHECKING:
    from tideline.collect.live.feeds import Feed
    from tideline.collect.live.legs import Leg
    from tideline.collect.live.past import PastRow

VOTES = 12
ENOUGH = 10
NEARER = 3.0
APART_US = GRID_US // 2
"""Two live values further apart than this tell nothing about the time between them."""
KEPT = 64
"""Grid times remembered for each leg."""


class Heard:
    """What was heard live of one leg at the times of the grid."""

    __slots__ = ("_event", "_value", "at")

    def __init__(self) -> None:
        self._event, self._value = -APART_US, 0.0
        self.at: dict[int, float] = {}

    def take(self, event: int, value: float) -> None:
        """One live value. They come in order but for a few, which are passed over."""
        before, old = self._event, self._value
        if event <= before:
            return
        self._event, self._value = event, value
        edge = event // GRID_US * GRID_US
        if edge == event or (before < edge and event - before <= APART_US):
            part = (edge - before) / (event - before)
            self.at[edge] = value if edge == event else old + part * (value - old)
            if len(self.at) > KEPT:
                del self.at[next(iter(self.at))]


class Labels:
    """Which histories can be believed to be of the times they say."""

    def __init__(self) -> None:
        self._heard: dict[Leg, Heard] = {}
        self._votes: dict[str, deque[int]] = {}
        self._venues: dict[str, str] = {}
        self.shifts: dict[str, int] = {}
        """Feeds in doubt: by how many periods their labels are late (negative: early)."""

    def live(self, leg: Leg, event: int, value: float) -> None:
        """Open interest as a stream or a poll says it."""
        heard = self._heard.get(leg)
        if heard is None:
            heard = self._heard[leg] = Heard()
        heard.take(event, value)

    def doubts(self, feed: Feed, rows: Iterable[PastRow]) -> bool:
        """Let new rows of open interest vote; are the labels of their feed in doubt?"""
        votes = self._votes.setdefault(feed.name, deque(maxlen=VOTES))
        for row in rows:
            heard = self._heard.get(row.lane.leg)
            vote = None if heard is None else _vote(heard.at, row, feed.period_us)
            if vote is not None:
                votes.append(vote)
        for shift in (-1, 0, 1):
            if votes.count(shift) >= ENOUGH:
                self._found(feed, shift)
        return feed.name in self.shifts

    def concerns(self) -> dict[str, str]:
        """Of each venue with a feed in doubt, in words."""
        found: dict[str, list[str]] = {}
        for name, shift in sorted(self.shifts.items()):
            said = "later" if shift > 0 else "earlier"
            found.setdefault(self._venues[name], []).append(
                f"open interest of {name} held back: its times are one period {said} than what "
                "was heard live"
            )
        return {venue: "; ".join(texts) for venue, texts in found.items()}

    def _found(self, feed: Feed, shift: int) -> None:
        if shift:
            self.shifts[feed.name] = shift
            self._venues[feed.name] = feed.venue
        else:
            self.shifts.pop(feed.name, None)


def _vote(heard: dict[int, float], row: PastRow, period: int) -> int | None:
    """Where the row belongs: 0, a period earlier (1) or later (-1). None: who knows."""
    own = heard.get(row.event)
    if own is None:
        return None
    off = abs(row.value - own)
    others = {
        shift: abs(row.value - value)
        for shift in (1, -1)
        if (value := heard.get(row.event - shift * period)) is not None
    }
    if not others:
        return None
    nearest = min(others, key=lambda shift: others[shift])
    if NEARER * others[nearest] < off:
        return nearest
    return 0 if NEARER * off < others[nearest] else None
