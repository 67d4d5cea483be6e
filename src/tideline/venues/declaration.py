"""What a venue is to a collector: hosts, limits, what to ask, what to listen to, what it lacks.

A declaration is data and pure functions. ``Poll``, ``History`` and ``Stream`` are the three ways
in; their ``name`` ("binance.um.open_interest") is the name of the feed everywhere: plan, status,
sources.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from tideline.domain.instrument import Instrument
from tideline.venues.parsed import Note, Parsed
from tideline.venues.wire import Reply, Request, Verdict

Read = Callable[[bytes, Note], Parsed]
"""A pure parser. Raises WireError and nothing else."""


class Reader(Protocol):
    """A parser with the memory of one connection (merged deltas). Fresh for each connection."""

    def read(self, frame: bytes, note: Note) -> Parsed:
        """Raises WireError and nothing else."""
        ...


class Stateless:
    """A reader without memory."""

    def __init__(self, read: Read) -> None:
        self.read = read


@dataclass(frozen=True, slots=True)
class Host:
    """One address. ``url`` is https:// or wss://; ``family`` shares bans and penalties."""

    name: str
    url: str
    family: str


@dataclass(frozen=True, slots=True)
class Bucket:
    """One of the venue's limits: ``units`` per ``per_s`` seconds, of which we use ``share``.

    ``header`` names a reply header (lower case) in which the venue says what is used up.
    """

    name: str
    units: float
    per_s: float
    share: float = 0.8
    header: str = ""


class Charge(NamedTuple):
    """What one request costs of one bucket."""

    bucket: str
    units: float = 1.0


def always(_: Instrument) -> bool:
    """Every instrument of the venue."""
    return True


@dataclass(frozen=True, slots=True)
class Poll:
    """A REST snapshot asked again and again.

    Attributes:
        every_s: cadence for the first ``top`` instruments by open interest, and of the rows.
        tail_every_s: cadence of the others; equal when one call covers all.
        ask: the requests of one sweep over these instruments.
        selects: the instruments it can speak of.
        covers_all: one sweep costs the same for one instrument and for all.
    """

    name: str
    host: str
    fields: tuple[str, ...]
    every_s: float
    charges: tuple[Charge, ...]
    ask: Callable[[Sequence[Instrument]], Sequence[Request]]
    read: Read
    selects: Callable[[Instrument], bool] = always
    tail_every_s: float = 0.0
    top: int = 100
    covers_all: bool = True


@dataclass(frozen=True, slots=True)
class History:
    """REST rows on a grid: what repairs gaps, fills in the past, and brings what is never pushed.

    Attributes:
        period_us: distance of two rows (for settled funding the shortest interval).
        rows: rows in one page.
        depth_us: how far back the venue goes; 0: only the latest page, no time range.
        every_s: how often the latest ``tail_rows`` are asked for again, per instrument.
        ask: the request for the rows with event_time in (start, end], µs.
    """

    name: str
    host: str
    fields: tuple[str, ...]
    period_us: int
    rows: int
    depth_us: int
    every_s: float
    charges: tuple[Charge, ...]
    ask: Callable[[Instrument, int, int], Request]
    read: Read
    selects: Callable[[Instrument], bool] = always
    tail_rows: int = 12


@dataclass(frozen=True, slots=True)
class Topic:
    """One subscription: the venue's word for it, whom it speaks of, and how often it should speak.

    ``usual_s`` is the longest usual silence per instrument; 0 for feeds of events (liquidations)
    and for feeds that speak only on change: their life is that of the connection.
    """

    name: str
    fields: tuple[str, ...]
    instruments: tuple[str, ...]
    usual_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Keepalive:
    """What to send, and how often, so that the venue keeps the connection. Empty: nothing."""

    text: str = ""
    every_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Stream:
    """A kind of WebSocket connection.

    Attributes:
        path: path and query for these topic names (some venues subscribe by the address).
        topics: the subscriptions that follow these instruments.
        subscribe: the messages that ask for these topic names, numbered from the given id; empty
            when the address already does. One entry a message: (id, topic names, text).
        usual_s: longest usual silence of a whole connection that carries any topic.
        lifetime_s: the venue cuts connections after this long; 0: never.
        speaks: message rate the venue accepts, per second.
    """

    name: str
    host: str
    fields: tuple[str, ...]
    path: Callable[[Sequence[str]], str]
    topics: Callable[[Sequence[Instrument]], Sequence[Topic]]
    subscribe: Callable[[Sequence[str], int], Sequence[tuple[str, tuple[str, ...], str]]]
    reader: Callable[[], Reader]
    usual_s: float
    selects: Callable[[Instrument], bool] = always
    keepalive: Keepalive = Keepalive()
    lifetime_s: float = 0.0
    topics_per_connection: int = 200
    speaks: float = 5.0
    charges: tuple[Charge, ...] = ()


@dataclass(frozen=True, slots=True)
class Venue:
    """One venue, whole. ``not_offered`` says of each field it cannot give why."""

    name: str
    hosts: tuple[Host, ...]
    buckets: tuple[Bucket, ...]
    listings: tuple[Poll, ...]
    polls: tuple[Poll, ...]
    histories: tuple[History, ...]
    streams: tuple[Stream, ...]
    verdict: Callable[[Reply], Verdict]
    not_offered: Mapping[str, str] = field(default_factory=dict)

    def host(self, name: str) -> Host:
        """The host of that name."""
        return next(host for host in self.hosts if host.name == name)

    def offered(self) -> tuple[str, ...]:
        """Every field that some feed of it gives, by name."""
        given = [poll.fields for poll in self.polls]
        given += [history.fields for history in self.histories]
        given += [stream.fields for stream in self.streams]
        return tuple(sorted({name for fields in given for name in fields}))
