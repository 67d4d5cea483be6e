"""The state of what is recorded: groups, their legs, and the lanes by which rows reach them.

Group   one (venue, instrument): marks, quarantine
  Leg     one field of it: what was seen last, since when it is recorded
    Lane    one feed of it with one way of counting: everything that is the same in all its rows
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tideline.collect.intake import explained
from tideline.collect.live.memory import Marks, Memory
from tideline.collect.live.vigil import Vigil
from tideline.collect.suspicion import ABSURD
from tideline.domain.fields import BY_NAME
from tideline.domain.instrument import Instrument
from tideline.venues.parsed import Counted

if TYPE_CHECKING:
    from tideline.collect.live.feeds import Feed
    from tideline.collect.live.life import Pulse
    from tideline.collect.live.origins import Origin

COINS, NOTIONAL, MARK = "open_interest", "open_interest_usd", "mark_price"

PLAIN_KIND, MARK_KIND, OPEN_KIND, EVENT_KIND = range(4)

RECENT = 256
EVENTS = 1024
PAST = 600

_NOTHING = (-(2**62), 0.0)
_TINY = 5e-324
_RATE: Final = 1.0
_SIGNED: Final = frozenset({"funding_rate_quoted", "funding_rate_settled"})
_ZERO: Final = frozenset({"taker_ratio_bar", "circulating_supply"})


def bounds(field: str) -> tuple[float, float]:
    """The least and the greatest value that can be meant; everything else is suspect."""
    if field in _SIGNED:
        return -_RATE, _RATE
    known = BY_NAME.get(field)
    if field in _ZERO or known is None or known.kind == "flow":
        return 0.0, ABSURD
    return _TINY, ABSURD


class Leg:
    """One field of a group.

    Attributes:
        recent: rows of streams and polls; ``past``: rows of histories.
        first: the first recorded event_time, None while nothing is recorded.
        keys: what told liquidations apart, newest last.
        primed: liquidations found in the log at start: (ms, value) -> how many.
        bar_us: length of its bars, 0 where it has none.
        doubted: the events whose value is suspect, newest last.
    """

    __slots__ = (
        "bar_us",
        "doubted",
        "field",
        "first",
        "group",
        "keys",
        "past",
        "primed",
        "recent",
    )

    def __init__(self, group: Group, field: str) -> None:
        self.group, self.field = group, field
        known = BY_NAME.get(field)
        event = known is not None and known.feed == "liquidation"
        self.past = Memory(PAST)
        self.recent = Memory(EVENTS) if event else Memory(RECENT, self.past)
        self.first: int | None = None
        self.keys: dict[str, None] = {}
        self.primed: dict[tuple[int, float], int] = {}
        self.bar_us = 0
        self.doubted: dict[int, None] = {}

    @property
    def name(self) -> tuple[str, str, str, str]:
        """(asset, venue, instrument, field)"""
        group = self.group
        return (group.asset, group.venue, group.symbol, self.field)

    def standing(self, event: int) -> float | None:
        """The latest value of that event, None when it is not remembered."""
        found = self.past.get(event) if len(self.past) else None
        return self.recent.get(event) if found is None else found

    def before(self, event: int) -> tuple[int, float] | None:
        """The newest remembered row earlier than ``event`` that is not in doubt."""
        while True:
            found, other = self.recent.before(event), self.past.before(event)
            newest = max(one or _NOTHING for one in (found, other))
            if newest is _NOTHING or newest[0] not in self.doubted:
                return None if newest is _NOTHING else newest
            event = newest[0]

    def doubt(self, event: int, sound: bool) -> None:
        """Keep in mind whether the value of that event is suspect."""
        if sound:
            self.doubted.pop(event, None)
            return
        self.doubted[event] = None
        if len(self.doubted) > PAST:
            del self.doubted[next(iter(self.doubted))]

    def put_late(self, event: int) -> None:
        """A recorded row of that event came: recorded rows begin there at the latest."""
        if self.first is None or event < self.first:
            self.first = event


class Group:
    """One instrument of one venue. ``native_coins``: the feeds that say its coins themselves."""

    __slots__ = (
        "asset",
        "explained",
        "instrument",
        "legs",
        "marks",
        "native_coins",
        "symbol",
        "venue",
        "vigils",
    )

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.asset, self.venue = instrument.asset, instrument.venue
        self.symbol = instrument.symbol
        self.legs: dict[str, Leg] = {}
        self.marks = Marks()
        self.vigils = {COINS: Vigil(), NOTIONAL: Vigil()}
        self.native_coins: set[str] = set()
        self.explained = explained(instrument)

    def leg(self, field: str) -> Leg:
        """The leg of that field, begun when it is new."""
        found = self.legs.get(field)
        if found is None:
            found = self.legs[field] = Leg(self, field)
        return found


class Lane:
    """Where rows of one (feed, leg, way of counting) go, and what they have in common."""

    __slots__ = (
        "cadence_s",
        "cadence_us",
        "counted",
        "feed",
        "group",
        "high",
        "kind",
        "leg",
        "low",
        "number",
        "origin",
        "pulse",
    )

    def __init__(self, leg: Leg, feed: Feed | None, counted: Counted, number: int) -> None:
        self.leg, self.group, self.feed, self.counted = leg, leg.group, feed, counted
        self.number = number
        self.low, self.high = bounds(leg.field)
        self.cadence_s = 0.0
        self.cadence_us = 0
        self.pulse: Pulse | None = None
        self.origin: Origin | None = None
        self.kind = kind_of(leg.field)


def kind_of(field: str) -> int:
    """How rows of that field are taken."""
    if field == MARK:
        return MARK_KIND
    if field in (COINS, NOTIONAL):
        return OPEN_KIND
    known = BY_NAME.get(field)
    if known is not None and known.feed == "liquidation" and known.kind == "flow":
        return EVENT_KIND
    return PLAIN_KIND
