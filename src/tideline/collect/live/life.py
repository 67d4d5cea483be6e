"""Who is heard and who is silent: connections, pulses, and the gaps and heartbeats they give.

    Connection   one socket; its life is its last frame with data (pings and words do not count)
      Pulse        what one Watch says of one instrument: these fields of this feed are expected
        Expected     one gap leg of a group (``gap.open_interest``, ``gap.liquidation``)

1. A pulse with a usual silence lives by its own data: silent after max(15 s, 3 x usual_s). One
   without (events, feeds that speak only on change) lives by its connection, which is mute after
   max(15 s, 3 x the usual silence of such a connection).
2. A stock is in a gap when every pulse that expects it is silent; the gap begins at the last data
   of any of them, grows once a minute, and ends at the first data of one. Where anything live
   brings it, histories do not count: what they say later is no sign of life now.
3. Events miss nothing only while connected: their gap begins with the last data of a connection
   that closes without another in its place, however short, and ends with the next one's first data.
4. A field that has never come is in a gap only if nothing has come of its instrument at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from tideline.collect.live.memory import NEVER
from tideline.domain.fields import BY_NAME
from tideline.domain.time import MINUTE, SECOND

if TYPE_CHECKING:
    from tideline.collect.live.legs import Group

SHORTEST_US = 15 * SECOND
USUALS = 3
GROW_US = MINUTE
BEAT_US = MINUTE
BEAT = "alive.liquidation"
MOST_GONE = 256
"""Closed connections whose legs are remembered, for frames of theirs that were dropped."""

Emit = Callable[["Group", str, int, float], None]
"""group, field, event_time, value"""

Held = Callable[["Group", str], int]
"""When the log last heard of a gap leg of a group (NEVER: not at all)."""


def limit_us(usual_s: float) -> int:
    """The silence beyond which something is wrong."""
    return max(SHORTEST_US, round(USUALS * usual_s * SECOND))


def gap_field(field: str) -> str:
    """The gap leg of a field: flows share that of their feed."""
    known = BY_NAME.get(field)
    return f"gap.{known.feed}" if known is not None and known.feed else f"gap.{field}"


class Connection:
    """One socket of a stream. ``last`` is its last data; ``quiet`` until data comes (again)."""

    __slots__ = ("last", "limit", "pulses", "quiet")

    def __init__(self, limit: int) -> None:
        self.last = NEVER
        self.limit = limit
        self.quiet = True
        self.pulses: dict[Pulse, None] = {}


class Expected:
    """One gap leg.

    ``start`` is that of the open gap (NEVER: none), ``written`` its last end, ``least`` the moment
    before which it cannot end.
    """

    __slots__ = ("beat", "field", "group", "judges", "least", "pulses", "seen", "start", "written")

    def __init__(self, group: Group, field: str) -> None:
        self.group, self.field = group, field
        self.pulses: list[Pulse] = []
        self.judges: list[Pulse] = []
        self.start = NEVER
        self.least = NEVER
        self.written = NEVER
        self.beat = NEVER
        self.seen = False

    def add(self, pulse: Pulse) -> None:
        """One more that expects it; histories judge only where there is nothing live."""
        self.pulses.append(pulse)
        live = [one for one in self.pulses if not one.history]
        self.judges = live or self.pulses

    @property
    def events(self) -> bool:
        """Does every moment count, so that the shortest absence is a gap?"""
        return self.field == "gap.liquidation"


class Pulse:
    """What a Watch expects of one instrument. ``limit`` is -1 while a gap of it is open."""

    __slots__ = (
        "connections",
        "ever",
        "expected",
        "history",
        "last",
        "limit",
        "own",
        "silence",
        "since",
    )

    def __init__(self, since: int, last: int, silence: int, own: bool, history: bool) -> None:
        self.since, self.last, self.silence, self.own = since, last, silence, own
        self.history = history
        self.limit = silence
        self.ever = last != NEVER
        self.expected: list[Expected] = []
        self.connections: dict[Connection, None] = {}

    def life(self) -> int:
        """The last moment at which it is known to have been heard, or since when it is awaited."""
        found = max(self.last, self.since) if not self.ever else self.last
        if not self.own:
            for connection in self.connections:
                found = max(found, connection.last)
        return found

    def silent(self, now: int) -> bool:
        """Is it silent at ``now``?"""
        return now - self.life() > self.silence

    def cut(self) -> bool:
        """Does it hang on connections, and none of them has brought data?"""
        return not self.own and all(one.quiet for one in self.connections)


class Life:
    """Every connection, pulse and gap."""

    def __init__(self, emit: Emit, held: Held) -> None:
        self._emit, self._held = emit, held
        self._connections: dict[tuple[str, int], Connection] = {}
        self._pulses: dict[tuple[str, Group, tuple[str, ...]], Pulse] = {}
        self._expected: dict[tuple[Group, str], Expected] = {}
        self._events: dict[Expected, None] = {}
        self._open: dict[Expected, None] = {}
        self._gone: dict[tuple[str, int], tuple[Pulse, ...]] = {}

    def opened(self, feed: str, number: int, usual_s: float) -> None:
        """A connection stands."""
        self._connections[feed, number] = Connection(limit_us(usual_s))

    def connection(self, feed: str, number: int) -> Connection | None:
        """The connection of that number, None when it is not open."""
        return self._connections.get((feed, number))

    def watch(
        self,
        at: int,
        feed: str,
        number: int,
        group: Group,
        fields: tuple[str, ...],
        usual_s: float,
        *,
        history: bool = False,
    ) -> Pulse | None:
        """From ``at`` on these fields are expected. None: nothing can be said of their silence."""
        connection = self._connections.get((feed, number))
        if usual_s <= 0 and connection is None:
            return None
        pulse = self._pulses.get((feed, group, fields))
        silence = limit_us(usual_s) if usual_s > 0 or connection is None else connection.limit
        begun = pulse is None
        if pulse is None:
            pulse = self._begin(at, feed, group, fields, silence, usual_s > 0, history)
        pulse.silence = silence
        pulse.limit = silence if pulse.limit >= 0 else -1
        if connection is not None:
            pulse.connections[connection] = None
            connection.pulses[pulse] = None
            connection.quiet = True
            if begun:
                self._missed_at_start(pulse)
        return pulse

    def data(self, connection: Connection, at: int) -> None:
        """A frame with data: nearly always the connection was heard a moment ago."""
        if connection.quiet or at - connection.last > connection.limit:
            self._heard_again(connection, at)
        connection.last = at

    def heard(self, pulse: Pulse, at: int) -> None:
        """Data of a pulse that lives by its own, after more than its limit."""
        for expected in pulse.expected:
            if pulse not in expected.judges:
                continue
            if expected.start != NEVER:
                self._close(expected, at)
            elif _all_silent(expected, at) and _counts(expected, pulse):
                self._gap(expected, max(one.life() for one in expected.judges), at)
        pulse.ever = True

    def closed(self, at: int, feed: str, number: int, replaced: bool) -> None:
        """A connection is over."""
        connection = self._connections.pop((feed, number), None)
        if connection is None:
            return
        self._gone[feed, number] = tuple(connection.pulses)
        if len(self._gone) > MOST_GONE:
            del self._gone[next(iter(self._gone))]
        for pulse in connection.pulses:
            pulse.last = max(pulse.last, connection.last)
            pulse.ever = pulse.ever or connection.last != NEVER
            pulse.connections.pop(connection, None)
            if replaced or pulse.own:
                continue
            for expected in pulse.expected:
                if expected.events and expected.start == NEVER and _all_cut(expected):
                    self._open_gap(expected, at)

    def dropped(self, feed: str, number: int, since: int, at: int) -> None:
        """Frames between ``since`` and ``at`` were thrown away: whose they were nobody knows."""
        connection = self._connections.get((feed, number))
        if connection is not None:
            pulses: Iterable[Pulse] = connection.pulses
        elif (feed, number) in self._gone:
            pulses = self._gone[feed, number]
        else:
            pulses = [one for (name, _, _), one in self._pulses.items() if name == feed]
        for expected in {one: None for pulse in pulses for one in pulse.expected}:
            if expected.start == NEVER or since < expected.start:
                self._gap(expected, since, at)
            if expected.start != NEVER:
                # replies had to wait while this was thrown away: the next may be older than it
                expected.least = max(expected.least, at)

    def seen(self, group: Group, field: str) -> None:
        """A field has come for once."""
        expected = self._expected.get((group, gap_field(field)))
        if expected is not None:
            expected.seen = True

    def look(self, now: int) -> None:
        """Open the gaps that have become one by ``now``, let the open ones grow, beat."""
        for expected in list(self._open):
            if now - expected.written >= GROW_US:
                self._gap(expected, expected.start, now)
        for pulse in self._silent(now):
            for expected in pulse.expected:
                if (
                    expected.start == NEVER
                    and pulse in expected.judges
                    and _counts(expected, pulse)
                    and _all_silent(expected, now)
                ):
                    self._open_gap(expected, now)
        for expected in self._events:
            if expected.start == NEVER:
                self._beat(expected)

    def forget(self, group: Group) -> dict[str, int]:
        """The group is followed no longer: when each of its gap legs was last heard of."""
        for key in [key for key in self._pulses if key[1] is group]:
            for connection in self._pulses[key].connections:
                connection.pulses.pop(self._pulses[key], None)
        heard: dict[str, int] = {}
        for name in [name for name in self._expected if name[0] is group]:
            expected = self._expected.pop(name)
            last = max(pulse.life() for pulse in expected.judges)
            heard[expected.field] = expected.start if expected.start != NEVER else last
            self._open.pop(expected, None)
            self._events.pop(expected, None)
        for key in [key for key in self._pulses if key[1] is group]:
            del self._pulses[key]
        return heard

    def open_gaps(self) -> list[tuple[Group, str, int]]:
        """The gaps that are open: group, leg, start."""
        return [(one.group, one.field, one.start) for one in self._open]

    def _begin(
        self,
        at: int,
        feed: str,
        group: Group,
        fields: tuple[str, ...],
        silence: int,
        own: bool,
        history: bool,
    ) -> Pulse:
        names = list(dict.fromkeys(gap_field(name) for name in fields))
        held = max((self._held(group, name) for name in names), default=NEVER)
        pulse = self._pulses[feed, group, fields] = Pulse(at, held, silence, own, history)
        for name in names:
            expected = self._expected.get((group, name))
            if expected is None:
                expected = self._expected[group, name] = Expected(group, name)
                expected.seen = self._held(group, name) != NEVER
                if expected.events:
                    self._events[expected] = None
            expected.add(pulse)
            pulse.expected.append(expected)
            if expected.start != NEVER:
                pulse.limit = -1
        return pulse

    def _missed_at_start(self, pulse: Pulse) -> None:
        """Events that the log knows of from before: what happened since was not heard."""
        for expected in pulse.expected:
            known = self._held(expected.group, expected.field) != NEVER
            if expected.events and expected.start == NEVER and known and _all_cut(expected):
                self._open_gap(expected, pulse.since)

    def _heard_again(self, connection: Connection, at: int) -> None:
        connection.quiet = False
        for pulse in connection.pulses:
            if pulse.own:
                continue
            for expected in pulse.expected:
                if expected.start != NEVER:
                    self._close(expected, at)
                elif _counts(expected, pulse) and _all_silent(expected, at):
                    self._gap(expected, max(one.life() for one in expected.judges), at)
            pulse.last, pulse.ever = at, True

    def _silent(self, now: int) -> Iterator[Pulse]:
        return (pulse for pulse in self._pulses.values() if pulse.silent(now))

    def _open_gap(self, expected: Expected, now: int) -> None:
        start = max(pulse.life() for pulse in expected.judges)
        if start >= now:
            start = now - 1
        expected.start = start
        self._open[expected] = None
        for pulse in expected.pulses:
            pulse.limit = -1
        self._gap(expected, start, now)

    def _close(self, expected: Expected, at: int) -> None:
        start, expected.start, expected.beat = expected.start, NEVER, NEVER
        at, expected.least = max(at, expected.least), NEVER
        self._open.pop(expected, None)
        for pulse in expected.pulses:
            if all(one.start == NEVER for one in pulse.expected):
                pulse.limit = pulse.silence
        self._gap(expected, start, max(at, start + 1))

    def _gap(self, expected: Expected, start: int, end: int) -> None:
        expected.written = end
        self._emit(expected.group, expected.field, start, float(end))

    def _beat(self, expected: Expected) -> None:
        lives = [
            one.last for pulse in expected.pulses for one in pulse.connections if not one.quiet
        ]
        life = max(lives, default=NEVER)
        if life - expected.beat >= BEAT_US:
            expected.beat = life
            self._emit(expected.group, BEAT, life, 1.0)


def _all_silent(expected: Expected, now: int) -> bool:
    return all(pulse.silent(now) for pulse in expected.judges)


def _all_cut(expected: Expected) -> bool:
    return all(pulse.cut() for pulse in expected.pulses)


def _counts(expected: Expected, pulse: Pulse) -> bool:
    return expected.events or expected.seen or not pulse.ever
