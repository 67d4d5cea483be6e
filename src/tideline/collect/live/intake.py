"""The live intake: records in, rows out. No clock, no network, no disk; bounded memory.

    Frame ──▶ reader ──▶ observations ──▶ lane (feed, leg, counting) ──▶ rows of the next commit
                  │            └─ histories: new, restated, repeated, or older than the log (offers)
                  └─ listings ──▶ facts of instruments, breaks
    Watch, Opened, Closed, Dropped, data itself ──▶ life ──▶ gaps and heartbeats

The same records and the same moments of sealing give the same rows, whoever feeds them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tideline.collect.live.feeds import Feed, feeds_of
from tideline.collect.live.holes import Holes
from tideline.collect.live.labels import Labels
from tideline.collect.live.lanes import Lanes
from tideline.collect.live.legs import EVENT_KIND, MARK_KIND, OPEN_KIND, PLAIN_KIND, Group, Lane
from tideline.collect.live.life import Life
from tideline.collect.live.liquidated import Liquidated
from tideline.collect.live.memory import NEVER
from tideline.collect.live.opens import Open, Opens
from tideline.collect.live.origins import Origins
from tideline.collect.live.past import Offers, PastRow, ends_by_feed, same, sorted_out
from tideline.collect.live.primed import NOTHING as NOTHING_PRIMED
from tideline.collect.live.primed import Primed
from tideline.collect.live.record import (
    Closed,
    Dropped,
    Frame,
    Opened,
    Record,
    Universe,
    Watch,
)
from tideline.collect.live.registry import FACTS, Change, VenueRegistry
from tideline.collect.live.rows import Batch, Rows
from tideline.collect.live.scale import ScaleGate
from tideline.collect.live.tally import FeedTally, Tally
from tideline.collect.sink import NOTHING, Taken
from tideline.domain.errors import WireError
from tideline.domain.fields import BY_NAME
from tideline.domain.time import HOUR, MINUTE
from tideline.venues.declaration import Reader, Venue
from tideline.venues.parsed import STALE_LISTING, Note, Parsed

MOST_ROWS = 400_000
"""Rows that may wait for a commit."""

AHEAD_US = 5 * MINUTE
"""A venue's time further ahead of ours than this is not believed."""

_CRASHES = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


class LiveIntake:
    """Takes every record of a collector in order; ``seal`` gives the rows of one commit.

    ``thin_us``: of what a stream pushes for one leg within so long only the newest becomes a row;
    0 keeps every value. Everything is read and judged either way.
    """

    def __init__(
        self,
        venues: Sequence[Venue],
        primed: Primed = NOTHING_PRIMED,
        *,
        trusted: Iterable[str] = (),
        thin_us: int = 0,
    ) -> None:
        self._thin_us = thin_us
        self.tally = Tally()
        self.gate = ScaleGate(trusted)
        self.labels = Labels()
        self._feeds = feeds_of(venues)
        self._readers: dict[tuple[str, int], Reader] = {}
        facts: dict[str, dict[str, str]] = {}
        for (venue, symbol), text in primed.facts.items():
            facts.setdefault(venue, {})[symbol] = text
        self._registries = {
            venue.name: VenueRegistry(venue.name, facts.get(venue.name, {})) for venue in venues
        }
        self._rows = Rows()
        self._offers = Offers()
        self._origins = Origins()
        self._hour = NEVER
        self._lanes = Lanes(primed, self._origins)
        self._life = Life(self._make, self._lanes.heard)
        self._lanes.life = self._life
        self._opens = Opens(
            lambda: self._rows, self._lanes.twin, self._is_new, self._make, self.gate, self.tally
        )
        self._liquidated = Liquidated()
        self._holes: dict[tuple[Group, str], Holes] = {}

    def take(self, record: Record) -> Taken:
        """Read one record. Never raises for what a venue sent."""
        if type(record) is Frame:
            return self._frame(record)
        if type(record) is Watch:
            self._watch(record)
        elif type(record) is Opened:
            self._opened(record)
        elif type(record) is Closed:
            self._life.closed(record.at, record.feed, record.connection, record.replaced)
            self._readers.pop((record.feed, record.connection), None)
        elif type(record) is Dropped:
            self.tally.feed(record.feed).leave_out("queue full", record.count)
            self._life.dropped(record.feed, record.connection, record.since, record.at)
        elif type(record) is Universe:
            self._universe(record)
        return NOTHING

    def full(self) -> bool:
        """Are there as many rows as should wait for one commit?"""
        return len(self._rows) >= MOST_ROWS

    def seal(self, now: int, first_source: int = 1) -> Batch:
        """Everything that came by ``now`` as one batch; its new sources begin at that id."""
        self._life.look(now)
        rows, self._rows = self._rows, Rows()
        fresh = self._origins.number(first_source) if len(rows) else []
        table = rows.table(self._thin_us) if len(rows) else None
        count = table.num_rows if table is not None else 0
        self.tally.thinned += len(rows) - count
        batch = Batch(table, count, fresh, self._offers.drain())
        hour, self._hour = self._hour, now // HOUR
        if self._hour != hour != NEVER:
            self._origins.roll()
            self._lanes.roll(self._feeds.values())
        return batch

    def refused(self, batch: Batch) -> None:
        """The log would not have that batch: its sources are offered again with the next."""
        self._origins.again(batch.origins)

    def concerns(self) -> dict[str, str]:
        """What to say of venues whose open interest is held back, in words."""
        found = self.gate.concerns()
        for venue, text in self.labels.concerns().items():
            found[venue] = f"{found[venue]}; {text}" if venue in found else text
        return found

    def open_gaps(self) -> list[tuple[str, str, str, int]]:
        """The gaps that are open: venue, instrument, gap leg, start."""
        return [
            (group.venue, group.symbol, field, start)
            for group, field, start in self._life.open_gaps()
        ]

    def _frame(self, record: Frame) -> Taken:
        feed = self._feeds.get(record.feed)
        if feed is None:
            self.tally.feed(record.feed).error("UnknownFeed")
            return Taken(None, "UnknownFeed")
        tally = self.tally.feed(record.feed)
        tally.frames += 1
        registry = self._registries[feed.venue]
        note = Note(record.at, registry.followed, record.params)
        try:
            parsed = self._read(feed, record, note)
        except WireError as error:
            kind = type(error).__name__
            tally.error(kind)
            return Taken(None, kind)
        except _CRASHES as error:
            kind = f"Crash:{type(error).__name__}"
            tally.error(kind)
            return Taken(None, kind)
        before, suspects = len(self._rows), tally.suspects
        if parsed.ignored:
            for why, count in parsed.ignored.items():
                tally.leave_out(why, count)
        if parsed.listings:
            self._changes(registry.listed(parsed.listings), record, feed)
        if record.connection and parsed.brings(record.at + AHEAD_US):
            connection = self._life.connection(feed.name, record.connection)
            if connection is not None:
                self._life.data(connection, record.at)
        if parsed.observations:
            tally.observations += len(parsed.observations)
            if feed.kind == "history":
                self._past(feed, record, parsed, tally)
            else:
                self._present(feed, record, parsed, tally)
        doubts = tally.suspects - suspects + parsed.ignored.get(STALE_LISTING, 0)
        return Taken(parsed, "", len(self._rows) - before, doubts)

    def _read(self, feed: Feed, record: Frame, note: Note) -> Parsed:
        if feed.read is not None:
            return feed.read(record.body, note)
        key = (feed.name, record.connection)
        reader = self._readers.get(key)
        if reader is None:
            assert feed.reader is not None
            reader = self._readers[key] = feed.reader()
        return reader.read(record.body, note)

    def _present(self, feed: Feed, record: Frame, parsed: Parsed, tally: FeedTally) -> None:
        """Observations of a stream or a poll."""
        at, latest = record.at, record.at + AHEAD_US
        known, rows, opens = feed.lanes, self._rows, list[Open]()
        add_lane, add_event, add_value = rows.lane.append, rows.event.append, rows.value.append
        for symbol, field, event, value, raw, counted, key in parsed.observations:
            lane = known.get((symbol, field))
            if lane is None or (lane.counted is not counted and lane.counted != counted):
                lane = self._lane(feed, record, symbol, field, counted, raw)
                if lane is None:
                    continue
            if event > latest:
                tally.leave_out("ahead of our clock")
                continue
            pulse = lane.pulse
            if pulse is not None:
                if at - pulse.last > pulse.limit:
                    self._life.heard(pulse, at)
                pulse.last = at
            kind = lane.kind
            if kind == EVENT_KIND:
                self._event(lane, event, value, key, tally)
                continue
            leg = lane.leg
            recent = leg.recent
            if event > recent.last and event > leg.past.last:
                recent.events.append(event)
                recent.values.append(value)
                recent.last = event
                if len(recent.events) > recent.most:
                    recent.trim()
                if leg.first is None:
                    leg.first = event
                new = True
            else:
                new = self._is_new(lane, event, value)
            if kind == OPEN_KIND:
                opens.append((lane, event, value, new))
                self.labels.live(leg, event, value)
            if kind == OPEN_KIND or not new:
                continue
            if not lane.low <= value <= lane.high:
                rows.suspect.append(len(rows.event))
                tally.suspects += 1
            elif kind == MARK_KIND:
                lane.group.marks.put(event, value)
            add_lane(lane)
            add_event(event)
            add_value(value)
            tally.rows += 1
        if opens:
            self._opens.take(opens, tally)

    def _past(self, feed: Feed, record: Frame, parsed: Parsed, tally: FeedTally) -> None:
        """Observations of a history."""
        found: list[PastRow] = []
        for symbol, field, event, value, raw, counted, _ in parsed.observations:
            lane = feed.lanes.get((symbol, field))
            if lane is None or lane.counted != counted:
                lane = self._lane(feed, record, symbol, field, counted, raw)
                if lane is None:
                    continue
            if event > record.at + AHEAD_US:
                tally.leave_out("ahead of our clock")
                continue
            if lane.pulse is not None:
                if record.at - lane.pulse.last > lane.pulse.limit:
                    self._life.heard(lane.pulse, record.at)
                lane.pulse.last = record.at
            found.append(PastRow(lane, event, value))

        def offer(row: PastRow) -> None:
            if feed.name in self.labels.shifts and row.lane.kind == OPEN_KIND:
                tally.leave_out("times in doubt")
            elif row.lane.origin is not None:
                self._offers.add(row, row.lane.origin)

        recorded = sorted_out(found, record.purpose, tally, offer)
        held = [row for row in recorded if row.lane.kind == OPEN_KIND]
        for row in recorded:
            if row.lane.kind in (PLAIN_KIND, MARK_KIND):
                ok = row.lane.low <= row.value <= row.lane.high
                tally.suspects += not ok
                tally.rows += 1
                self._rows.add(row.lane, row.event, row.value, ok=ok)
        if self.labels.doubts(feed, held):
            self._opens.doubt(held, tally)
        else:
            opens = [(row.lane, row.event, row.value, True) for row in held]
            self._opens.take(opens, tally, past=True)
        self._bars(recorded, feed)

    def _bars(self, recorded: Sequence[PastRow], feed: Feed) -> None:
        for (group, name), ends in ends_by_feed(recorded).items():
            key = (group, name)
            holes = self._holes.get(key)
            if holes is None:
                begun = self._lanes.last_bar(group, name, before=min(ends))
                holes = self._holes[key] = Holes(begun, self._lanes.told_holes(group, name))
            for start, end in holes.bars(ends, feed.period_us):
                self._make(group, f"gap.{name}", start, end)

    def _event(self, lane: Lane, event: int, value: float, key: str, tally: FeedTally) -> None:
        """A liquidation: each once, each at a time of its own."""
        when = self._liquidated.when(lane.leg, event, value, key)
        if when is None:
            tally.duplicates += 1
            return
        if when < self._lanes.up_since(lane):
            tally.leave_out("before the feed was heard")
            return
        self._liquidated.keep(lane.leg, when, value)
        ok = lane.low <= value <= lane.high
        tally.suspects += not ok
        tally.rows += 1
        self._rows.add(lane, when, value, ok=ok)

    def _is_new(self, lane: Lane, event: int, value: float, past: bool = False) -> bool:
        """Remember a row; False when it repeats what stands or is too old to be told apart.

        ``past``: it belongs to the rows of a history.
        """
        leg = lane.leg
        memory = leg.past if past else leg.recent
        standing = leg.standing(event)
        if standing is not None and same(standing, value):
            if lane.feed is not None:
                self.tally.feed(lane.feed.name).duplicates += 1
            return False
        if standing is None and event <= memory.floor:
            if lane.feed is not None:
                self.tally.feed(lane.feed.name).leave_out("older than what is remembered")
            return False
        if standing is not None:
            if leg.past.get(event) is not None:
                leg.past.put(event, value)
            if lane.feed is not None:
                self.tally.feed(lane.feed.name).restated += 1
        memory.put(event, value)
        leg.put_late(event)
        return True

    def _lane(
        self, feed: Feed, record: Frame, symbol: str, field: str, counted: object, raw: str
    ) -> Lane | None:
        """The lane for a field of a followed instrument, made anew; None when it is none."""
        instrument = self._registries[feed.venue].followed.get(symbol)
        if instrument is None or field not in BY_NAME:
            self.tally.feed(feed.name).leave_out("not followed")
            return None
        return self._lanes.begin(feed, record, instrument, field, counted, raw)

    def _make(self, group: Group, field: str, event: int, value: float) -> None:
        """A row of the intake's own."""
        self._rows.add(self._lanes.made(group, field), event, value)
        self.tally.make(field.partition(".")[0])

    def _opened(self, record: Opened) -> None:
        feed = self._feeds.get(record.feed)
        if feed is None or feed.reader is None:
            return
        self._readers[record.feed, record.connection] = feed.reader()
        self._life.opened(record.feed, record.connection, feed.usual_s)

    def _watch(self, record: Watch) -> None:
        feed = self._feeds.get(record.feed)
        if feed is None:
            return
        followed = self._registries[feed.venue].followed
        for symbol in record.instruments:
            instrument = followed.get(symbol)
            if instrument is not None:
                self._lanes.watch(feed, record, instrument)

    def _universe(self, record: Universe) -> None:
        registry = self._registries.get(record.venue)
        if registry is None:
            return
        changes, gone = registry.follow(record.symbols)
        for symbol in gone:
            self._lanes.forget(record.venue, symbol, self._feeds.values())
        self._changes(changes, record, None)

    def _changes(
        self, changes: Sequence[Change], record: Frame | Universe, feed: Feed | None
    ) -> None:
        """Facts that are new, and the breaks that follow from them."""
        for change in changes:
            group = self._lanes.group(change.instrument)
            lane = self._lanes.fact(group, FACTS, record, feed, change.text)
            self._rows.add(lane, record.at, 1.0, text=change.text)
            self.tally.make("facts")
            if change.relisted:
                for name in ("open_interest", "open_interest_usd"):
                    if name in group.legs:
                        self._make(group, f"break.{name}", record.at, 1.0)
                for vigil in group.vigils.values():
                    vigil.restart()
