"""Groups, legs and lanes as they come up: primed from the log, watched, with their sources."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from tideline.collect.live.feeds import Feed
from tideline.collect.live.legs import COINS, EVENT_KIND, NOTIONAL, Group, Lane, Leg
from tideline.collect.live.life import Life, Pulse
from tideline.collect.live.liquidated import MILLI
from tideline.collect.live.memory import NEVER
from tideline.collect.live.origins import Origins
from tideline.collect.live.primed import Primed, PrimedLeg
from tideline.collect.live.record import Frame, Universe, Watch
from tideline.collect.live.vigil import Shot
from tideline.domain.fields import BY_NAME
from tideline.domain.instrument import Instrument
from tideline.domain.time import SECOND
from tideline.venues.parsed import PLAIN, Counted

DERIVED = {COINS: "open_interest_usd / mark_price", NOTIONAL: "open_interest x mark_price"}
BARS = ("taker", "volume")


class Lanes:
    """Finds and makes what rows belong to."""

    life: Life

    def __init__(self, primed: Primed, origins: Origins) -> None:
        self._primed, self._origins = primed, origins
        self._heard = dict(primed.heard)
        self._groups: dict[tuple[str, str], Group] = {}
        self._made: dict[tuple[Group, str], Lane] = {}
        self._facts: dict[Group, Lane] = {}
        self._watched: dict[tuple[str, str, str], tuple[Pulse | None, float]] = {}
        self._up: dict[Group, int] = {}
        self._count = 0

    def group(self, instrument: Instrument) -> Group:
        """The group of an instrument, begun when it is new."""
        key = (instrument.venue, instrument.symbol)
        found = self._groups.get(key)
        if found is None:
            found = self._groups[key] = Group(instrument)
        found.instrument = instrument
        return found

    def begin(
        self, feed: Feed, record: Frame, instrument: Instrument, field: str, how: object, raw: str
    ) -> Lane:
        """A new lane of a feed; its source is begun with this frame."""
        counted = cast(Counted, how)
        group = self.group(instrument)
        leg = self.leg(group, field)
        lane = self._new(leg, feed, counted)
        pulse, cadence_s = self._watched.get(
            (feed.name, instrument.symbol, field), (None, feed.cadence_s)
        )
        if lane.kind == EVENT_KIND:
            cadence_s = 0.0
        elif feed.kind == "history" or cadence_s <= 0:
            cadence_s = feed.cadence_s
        lane.pulse = pulse if pulse is not None and pulse.own else None
        lane.cadence_s, lane.cadence_us = cadence_s, round(cadence_s * SECOND)
        known = BY_NAME[field]
        if known.kind == "flow" and known.feed in BARS:
            leg.bar_us = feed.period_us or lane.cadence_us
        lane.origin = self._origins.get(feed.name, counted, record.at, record.body, raw)
        self.life.seen(group, field)
        feed.lanes[instrument.symbol, field] = lane
        return lane

    def twin(self, lane: Lane, field: str) -> Lane:
        """The lane of the other side of a pair, derived from this one."""
        feed = lane.feed
        assert feed is not None
        key = (lane.group.symbol, field)
        found = feed.derived.get(key)
        if found is None or found.counted[:4] != lane.counted[:4]:
            counted = lane.counted._replace(derived=DERIVED[field])
            found = feed.derived[key] = self._new(self.leg(lane.group, field), feed, counted)
            found.cadence_s, found.cadence_us = lane.cadence_s, lane.cadence_us
            assert lane.origin is not None
            found.origin = self._origins.beside(lane.origin, counted)
            self.life.seen(lane.group, field)
        return found

    def made(self, group: Group, field: str) -> Lane:
        """The lane of rows that the intake makes by itself; they have no source."""
        found = self._made.get((group, field))
        if found is None:
            found = self._made[group, field] = self._new(Leg(group, field), None, PLAIN)
        return found

    def fact(
        self, group: Group, field: str, record: Frame | Universe, feed: Feed | None, text: str
    ) -> Lane:
        """The lane of an instrument's facts, from the frame that lists it."""
        lane = self._new(Leg(group, field), feed, PLAIN)
        if feed is not None and isinstance(record, Frame):
            lane.origin = self._origins.get(feed.name, PLAIN, record.at, record.body, text)
        return lane

    def leg(self, group: Group, field: str) -> Leg:
        """The leg of a group, begun from what the log holds of it."""
        found = group.legs.get(field)
        if found is None:
            found = group.leg(field)
            held = self._primed.legs.get((group.venue, group.symbol, field))
            if held is not None:
                _prime(found, held)
        return found

    def watch(self, feed: Feed, record: Watch, instrument: Instrument) -> None:
        """A Watch speaks of this instrument."""
        group = self.group(instrument)
        fields = tuple(name for name in record.fields if name in BY_NAME)
        if feed.kind == "history":
            fields = tuple(name for name in fields if not _is_bar(name))  # see holes
        pulse = None
        if fields:
            pulse = self.life.watch(
                record.at,
                feed.name,
                record.connection,
                group,
                fields,
                record.usual_s,
                history=feed.kind == "history",
            )
        if any(BY_NAME[name].feed == "liquidation" for name in fields):
            self._up.setdefault(group, min(record.at, self._first_heard(group)))
        for name in record.fields:
            self._watched[feed.name, instrument.symbol, name] = (pulse, record.cadence_s)
            feed.lanes.pop((instrument.symbol, name), None)
            feed.derived.pop((instrument.symbol, name), None)

    def up_since(self, lane: Lane) -> int:
        """Since when liquidations of that group are heard; NEVER when nobody said."""
        return self._up.get(lane.group, NEVER)

    def heard(self, group: Group, gap: str) -> int:
        """When the log last heard of a gap leg before this intake began."""
        return self._heard.get((group.venue, group.symbol, gap), NEVER)

    def last_bar(self, group: Group, name: str, *, before: int) -> int:
        """The newest bar of a feed that the log had, if it is before these."""
        held = [
            leg.last_event
            for (venue, symbol, field), leg in self._primed.legs.items()
            if (venue, symbol) == (group.venue, group.symbol)
            and _is_bar(field)
            and BY_NAME[field].feed == name
            and leg.first_recorded is not None
        ]
        newest = max(held, default=NEVER)
        return newest if newest < before else NEVER

    def told_holes(self, group: Group, name: str) -> dict[int, int]:
        """Missing bars of a feed that the log already speaks of."""
        return self._primed.holes.get((group.venue, group.symbol, f"gap.{name}"), {})

    def forget(self, venue: str, symbol: str, feeds: Iterable[Feed]) -> None:
        """An instrument is followed no longer; what is known of it stays, should it come back."""
        names = set()
        for feed in feeds:
            if feed.venue == venue:
                names.add(feed.name)
                for lanes in (feed.lanes, feed.derived):
                    for key in [key for key in lanes if key[0] == symbol]:
                        del lanes[key]
        for named in [key for key in self._watched if key[1] == symbol and key[0] in names]:
            del self._watched[named]
        group = self._groups.get((venue, symbol))
        if group is not None:
            for gap, last in self.life.forget(group).items():
                self._heard[venue, symbol, gap] = last

    def roll(self, feeds: Iterable[Feed]) -> None:
        """A new hour: lanes are made anew, with new sources."""
        for feed in feeds:
            feed.lanes.clear()
            feed.derived.clear()

    def _new(self, leg: Leg, feed: Feed | None, counted: Counted) -> Lane:
        self._count += 1
        return Lane(leg, feed, counted, self._count)

    def _first_heard(self, group: Group) -> int:
        """The first row or heartbeat of the liquidation feed in the log."""
        held = self._primed.legs
        first = [
            leg.first_event
            for name, known in BY_NAME.items()
            if known.feed == "liquidation"
            and (leg := held.get((group.venue, group.symbol, name))) is not None
        ]
        return min(first, default=2**62)


def _is_bar(field: str) -> bool:
    known = BY_NAME.get(field)
    return known is not None and known.kind == "flow" and known.feed in BARS


def _prime(leg: Leg, held: PrimedLeg) -> None:
    """Give a leg the end of what the log holds."""
    leg.first = held.first_recorded
    event_leg = BY_NAME[leg.field].feed == "liquidation"
    for event, value in held.rows:
        leg.recent.put(event, value)
        if event_leg:
            twin = (event // MILLI, value)
            leg.primed[twin] = leg.primed.get(twin, 0) + 1
    if not event_leg:
        for event, value in held.grid:
            leg.past.put(event, value)
    leg.recent.floor = max(leg.recent.floor, held.floor)
    leg.past.floor = max(leg.past.floor, held.grid_floor)
    if leg.field in leg.group.vigils and held.last_ok is not None:
        event, value, cadence_s = held.last_ok
        leg.group.vigils[leg.field].begin(Shot(event, value, cadence_s), held.first_event)
    if leg.field == "mark_price" and held.rows:
        for event, value in held.rows[-10:]:
            leg.group.marks.put(event, value)
