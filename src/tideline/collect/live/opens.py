"""Open interest: coins and dollars of one instant belong together.

1. A frame gives the coins, the dollars, or both. What is missing is made with the mark price that
   stood at that instant, not older than max(60 s, 3 cadences): dollars = coins x mark; coins =
   dollars / mark only of inverse contracts of which this feed never says the coins.
2. The coins are judged (the dollars where there are none); both share the status.
3. What is not in event order is judged against its neighbour in memory alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from tideline.collect.live.legs import COINS, MARK, NOTIONAL, Group, Lane, Leg
from tideline.collect.live.past import PastRow
from tideline.collect.live.rows import Rows
from tideline.collect.live.scale import ScaleGate
from tideline.collect.live.tally import FeedTally, Tally
from tideline.collect.live.vigil import NAN, Freed, Shot, Vigil
from tideline.collect.suspicion import BAR_FIT, Traded
from tideline.domain.time import MINUTE

PAIR_AGE_US = MINUTE
STANDS_US = 30 * MINUTE


class Amount(NamedTuple):
    """One side of a pair: where it goes, and whether this frame gave it."""

    lane: Lane
    value: float
    new: bool
    given: bool


class Release(NamedTuple):
    """What a suspect row was, so that its release can be written."""

    coins: Amount | None
    dollars: Amount | None


Open = tuple[Lane, int, float, bool]
"""lane, event_time, value, and whether the row is new (not a duplicate)"""

Twin = Callable[[Lane, str], Lane]
"""The lane of the other field, derived from that lane's."""

IsNew = Callable[[Lane, int, float, bool], bool]
Emit = Callable[[Group, str, int, float], None]


class Opens:
    """Takes what one frame said of open interest and writes the rows."""

    def __init__(
        self,
        rows: Callable[[], Rows],
        twin: Twin,
        is_new: IsNew,
        emit: Emit,
        gate: ScaleGate,
        tally: Tally,
    ) -> None:
        self._rows, self._twin, self._is_new, self._emit = rows, twin, is_new, emit
        self._gate, self._tally = gate, tally

    def take(self, found: Sequence[Open], tally: FeedTally, *, past: bool = False) -> None:
        """The open interest of one frame, its marks known already. ``past``: of a history."""
        if len(found) == 2 and self._both(found[0], found[1]):
            tally.rows += 2
            return
        pairs: dict[tuple[Group, int], list[Amount | None]] = {}
        for lane, event, value, new in found:
            pair = pairs.setdefault((lane.group, event), [None, None])
            pair[lane.leg.field != COINS] = Amount(lane, value, new, True)
        for (group, event), (coins, dollars) in pairs.items():
            if coins is not None and coins.lane.feed is not None:
                group.native_coins.add(coins.lane.feed.name)
            self._pair(group, event, coins, dollars, tally, past)

    def doubt(self, rows: Sequence[PastRow], tally: FeedTally) -> None:
        """Rows of a history whose times are not believed: kept as suspect, and judge nothing."""
        for lane, event, value in rows:
            lane.leg.doubt(event, False)
            tally.suspects += 1
            tally.rows += 1
            self._rows().add(lane, event, value, ok=False)

    def _both(self, first: Open, second: Open) -> bool:
        """The usual case: coins and dollars of one new instant, and nothing remarkable."""
        lane, event, value, new = first
        other, same_event, dollars, also_new = second
        group = lane.group
        volume = group.legs.get("volume_coin")
        if not (
            new
            and also_new
            and event == same_event
            and other.group is group
            and lane.leg.field == COINS
            and other.leg.field == NOTIONAL
            and 0.0 < dollars <= other.high
            and self._gate.settled(group.venue)
        ):
            return False
        mark = group.marks.at(event, STANDS_US)
        shot = Shot(event, value, lane.cadence_s, NAN if mark is None else mark[0], dollars)
        if not group.vigils[COINS].calm(shot, volume.bar_us if volume is not None else 0):
            return False
        assert lane.feed is not None
        group.native_coins.add(lane.feed.name)
        rows = self._rows()
        rows.add(lane, event, value)
        rows.add(other, event, dollars)
        return True

    def _pair(
        self,
        group: Group,
        event: int,
        coins: Amount | None,
        dollars: Amount | None,
        tally: FeedTally,
        past: bool,
    ) -> None:
        given = coins or dollars
        assert given is not None
        mark, age = _mark(group, event)
        if mark is not None and age <= max(PAIR_AGE_US, 3 * given.lane.cadence_us):
            if dollars is None and coins is not None and coins.new:
                dollars = self._derive(coins.lane, NOTIONAL, event, coins.value * mark, past)
            elif (
                coins is None and dollars is not None and dollars.new and _lacks_coins(dollars.lane)
            ):
                coins = self._derive(dollars.lane, COINS, event, dollars.value / mark, past)
        if not any(one is not None and one.new for one in (coins, dollars)):
            return
        main = coins if coins is not None else dollars
        assert main is not None
        ok = self._judge(group, event, main, coins, dollars, mark)
        for one in (coins, dollars):
            if one is not None and one.new:
                sound = ok and one.lane.low <= one.value <= one.lane.high
                tally.suspects += not sound
                doubted = not sound or bool(one.lane.leg.doubted)
                if doubted:
                    one.lane.leg.doubt(event, sound)
                tally.rows += 1
                self._rows().add(one.lane, event, one.value, ok=sound, settles=doubted)
        if main.new:
            self._follow(group, event, main)

    def _derive(self, lane: Lane, field: str, event: int, value: float, past: bool) -> Amount:
        twin = self._twin(lane, field)
        new = self._is_new(twin, event, value, past)
        self._tally.make("derived twins", int(new))
        return Amount(twin, value, new, False)

    def _judge(
        self,
        group: Group,
        event: int,
        main: Amount,
        coins: Amount | None,
        dollars: Amount | None,
        mark: float | None,
    ) -> bool:
        vigil = group.vigils[main.lane.leg.field]
        trusted = self._gate.take(group, event, coins, dollars)
        if not main.new:
            return trusted and not vigil.waits(event)
        notional = dollars.value if coins is not None and dollars and dollars.given else NAN
        shot = Shot(event, main.value, main.lane.cadence_s, NAN if mark is None else mark, notional)
        if event >= vigil.newest:
            traded = _traded(group, main.lane.leg, vigil, event)
            return vigil.judge(shot, traded, Release(coins, dollars)) and trusted
        before = main.lane.leg.before(event)
        return trusted and vigil.alone(
            shot, Shot(before[0], before[1], main.lane.cadence_s) if before else None
        )

    def _follow(self, group: Group, event: int, main: Amount) -> None:
        vigil = group.vigils[main.lane.leg.field]
        if not vigil.waiting or event < vigil.newest:
            return
        traded = _traded(group, main.lane.leg, vigil, event)
        for freed in vigil.follow(event, main.value, group.explained, traded):
            if self._gate.trusts(group.venue):
                self._release(group, freed)

    def _release(self, group: Group, freed: Freed) -> None:
        tag = freed.tag
        assert isinstance(tag, Release)
        for one in (tag.coins, tag.dollars):
            if one is None or not one.lane.low <= one.value <= one.lane.high:
                continue
            self._rows().add(one.lane, freed.shot.event, one.value, settles=True)
            one.lane.leg.doubt(freed.shot.event, True)
            self._tally.make("releases")
            if freed.break_from is not None:
                ratio = _ratio(one, freed.shot, freed.break_from)
                self._emit(group, f"break.{one.lane.leg.field}", freed.shot.event, ratio)
                self._tally.make("breaks")


def _lacks_coins(lane: Lane) -> bool:
    """Does this feed speak of an inverse contract in dollars alone?"""
    group, feed = lane.group, lane.feed
    return not group.instrument.linear and feed is not None and feed.name not in group.native_coins


def _mark(group: Group, event: int) -> tuple[float | None, int]:
    """The mark that stands at ``event``, and its age."""
    found = group.marks.at(event, STANDS_US)
    if found is not None:
        return found
    leg = group.legs.get(MARK)
    if leg is not None and len(leg.past):
        exact = leg.past.get(event)
        if exact is not None:
            return exact, 0
        before = leg.past.before(event)
        if before is not None and event - before[0] <= STANDS_US:
            return before[1], event - before[0]
    return None, 0


def _traded(group: Group, leg: Leg, vigil: Vigil, event: int) -> Traded | None:
    """Traded and liquidated coins, where bars may cover the span since the last snapshot."""
    volume = group.legs.get("volume_coin")
    if volume is None or not volume.bar_us or leg.field != COINS:
        return None
    bars = volume.past if len(volume.past) else volume.recent
    if not vigil.waiting:
        since = vigil.standing(event)
        if since is None or bars.last <= since or event - since < (1 - BAR_FIT) * volume.bar_us:
            return None
    died = [group.legs.get(f"liquidation_{side}_coin") for side in ("long", "short")]
    when = np.concatenate([np.array(one.recent.events, np.int64) for one in died if one] or [_NONE])
    lost = np.concatenate([np.array(one.recent.values) for one in died if one] or [_NO_VALUES])
    order = np.argsort(when, kind="stable")
    end = np.array(bars.events, np.int64)
    length = np.full(len(end), volume.bar_us, np.int64)
    return Traded(end, length, np.array(bars.values), when[order], lost[order])


_NONE = np.empty(0, np.int64)
_NO_VALUES = np.empty(0)


def _ratio(one: Amount, shot: Shot, before: Shot) -> float:
    """New over old of the released side."""
    ratio = shot.value / before.value
    if one.lane.leg.field == NOTIONAL and one.value != shot.value:
        old = before.notional if before.notional > 0 else before.value * before.mark
        ratio = one.value / old if old > 0 else ratio
    return ratio
