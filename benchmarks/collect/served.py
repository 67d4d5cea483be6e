"""Frames of one feed, made by the venue's own server from the synthetic market.

The server is asked as a collector asks it: listings, universe, subscriptions topic by topic, as
many connections as the declaration wants. What it pushes is the mix of the market: deltas where
something changed, liquidations when somebody dies.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from tideline.collect.asking.universe import instruments_of
from tideline.collect.listening.topics import Topics
from tideline.collect.live.record import Frame, Opened, Record, Universe, Watch
from tideline.collect.live.registry import VenueRegistry
from tideline.domain.instrument import Instrument
from tideline.domain.time import SECOND, parse_time
from tideline.market.assets import default_assets
from tideline.market.synthetic import Synthetic
from tideline.market.venues.catalogue import SERVERS
from tideline.market.venues.server import Session, VenueServer
from tideline.venues.catalogue import venue as declared
from tideline.venues.declaration import Poll, Stream, Venue
from tideline.venues.hyperliquid.stream import Listener
from tideline.venues.parsed import Note
from tideline.venues.wire import Request

START = int(parse_time("2026-11-21T03:00:30Z"))
COINS, FOLLOWED = 300, 50
SEED = 20_261_121
WARM_US = SECOND
"""What comes within so much of the opening (first snapshots, acknowledgements) is not timed."""


@dataclass(slots=True)
class Served:
    """One feed's records, ``before`` (not timed) and ``frames``.

    ``instruments`` are those followed, as a reader is told them. ``seconds`` of the market are in
    ``frames``.
    """

    venue: Venue
    feed: str
    before: list[Record]
    frames: list[Frame] = field(default_factory=list)
    instruments: dict[str, Instrument] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """Of the market, from the first timed frame to the last."""
        return (self.frames[-1].at - self.frames[0].at) / SECOND

    @property
    def size(self) -> float:
        """Bytes of a frame on the mean."""
        return sum(len(frame.body) for frame in self.frames) / len(self.frames)


def market(coins: int = COINS) -> Synthetic:
    """The market that every case is served from."""
    return Synthetic(coins, SEED, START)


def pushed(
    of: Synthetic,
    name: str,
    stream: str,
    count: int,
    *,
    start: int = START,
    pace: float = 1.0,
    coins: int = FOLLOWED,
    channel: str = "",
) -> Served:
    """``count`` frames of a stream, opened at ``start``, for the first ``coins`` of the market.

    Push intervals are those of the venue times ``pace``. ``channel``: this one topic instead of
    the declared ones.
    """
    server = SERVERS[name](of)
    server.pace = pace  # type: ignore[attr-defined]
    venue, found = _begun(declared(name), server, start, coins)
    one = next(one for one in venue.streams if one.name == stream)
    followed = [each for each in found.instruments.values() if one.selects(each)]
    if channel:
        venue, one = _nameless(venue, one, server, channel)
        found.venue = venue
    sessions = _opened(one, followed, server, found, start)
    found.feed = stream
    _listen(sessions, found, count, start)
    return found


def asked(of: Synthetic, name: str, poll: str, count: int) -> Served:
    """``count`` answers to a poll, at its cadence."""
    server = SERVERS[name](of)
    venue, found = _begun(declared(name), server, START, FOLLOWED)
    one = next(one for one in venue.polls if one.name == poll)
    followed = [each for each in found.instruments.values() if one.selects(each)]
    symbols = tuple(each.symbol for each in followed)
    found.before.append(Watch(START, poll, 0, symbols, one.fields, one.every_s, one.every_s))
    found.feed = poll
    answers = count + 1
    for turn in range(answers):
        at = START + round(turn * one.every_s * SECOND)
        for frame in _answers(one, followed, server, at):
            (found.frames if turn else found.before).append(frame)
    return found


def _begun(venue: Venue, server: VenueServer, start: int, coins: int) -> tuple[Venue, Served]:
    """The listings, and who is followed."""
    before: list[Record] = []
    registry, listings = VenueRegistry(venue.name, {}), []
    for poll in venue.listings:
        for frame in _answers(poll, (), server, start):
            before.append(frame)
            listings += poll.read(frame.body, Note(start, {}, frame.params)).listings
    assets = [coin.asset for coin in default_assets(coins)]
    chosen = instruments_of(venue, listings, frozenset(assets), assets)
    symbols = tuple(one.symbol for one in chosen)
    registry.listed(listings)
    registry.follow(symbols)
    before.append(Universe(start, venue.name, symbols))
    return venue, Served(venue, "", before, instruments=dict(registry.followed))


def _answers(
    poll: Poll, instruments: Sequence[Instrument], server: VenueServer, at: int
) -> list[Frame]:
    frames = []
    for request in poll.ask(instruments):
        asked_for: Request | None = request
        while asked_for is not None:
            params = dict(asked_for.params)
            reply = server.answer(asked_for, at)
            while reply.status == 429:
                at += SECOND
                reply = server.answer(asked_for, at)
            if reply.status != 200:
                raise SystemExit(f"{poll.name}: {reply.status} {reply.body[:200]!r}")
            frames.append(Frame(at, poll.name, reply.body, 0, params))
            parsed = poll.read(reply.body, Note(at, {}, params))
            following = [one.text for one in parsed.controls if one.kind == "next"]
            asked_for = _page(asked_for, following[0]) if following else None
    return frames


def _page(request: Request, cursor: str) -> Request:
    params = tuple(pair for pair in request.params if pair[0] != "cursor")
    return replace(request, params=(*params, ("cursor", cursor)))


def _nameless(
    venue: Venue, stream: Stream, server: VenueServer, channel: str
) -> tuple[Venue, Stream]:
    """The stream of a channel without names, its reader told the order of the universe."""
    listings = venue.listings[0]
    (answer,) = _answers(listings, (), server, START)
    order = [
        one.instrument.symbol for one in listings.read(answer.body, Note(START, {}, {})).listings
    ]
    declared_topics = stream.topics

    def topics(instruments: Sequence[Instrument]) -> list[object]:
        one = declared_topics(instruments)[0]
        symbols = tuple(each.symbol for each in instruments)
        return [replace(one, name=channel, instruments=symbols)]

    reader = partial(Listener, {"": order})
    changed = replace(stream, topics=topics, reader=reader)  # type: ignore[arg-type]
    return replace(venue, streams=(changed,)), changed


def _opened(
    stream: Stream,
    instruments: Sequence[Instrument],
    server: VenueServer,
    found: Served,
    start: int,
) -> list[tuple[int, Session]]:
    """Connections with their topics asked for, and what was answered."""
    topics, size = stream.topics(instruments), stream.topics_per_connection
    sessions = []
    for number, first in enumerate(range(0, len(topics), size), 1):
        part = topics[first : first + size]
        names = [topic.name for topic in part]
        session = server.open(stream.host, stream.path(names), start)
        if session is None:
            raise SystemExit(f"{stream.name}: no connection")
        found.before.append(Opened(start, stream.name, number))
        for usual_s, fields, symbols in Topics(stream, part, 0.0, {}).legs():
            cadence_s = usual_s or stream.usual_s
            found.before.append(
                Watch(start, stream.name, number, symbols, fields, usual_s, cadence_s)
            )
        for _, _, text in stream.subscribe(names, 1):
            for said in session.receive(text, start):
                found.before.append(Frame(start, stream.name, said.encode(), number))
        sessions.append((number, session))
    return sessions


def _listen(sessions: Sequence[tuple[int, Session]], found: Served, count: int, start: int) -> None:
    heap = [
        (due, number, session)
        for number, session in sessions
        if (due := session.next_due(start + 1)) is not None
    ]
    heapq.heapify(heap)
    while heap and len(found.frames) < count:
        at, number, session = heapq.heappop(heap)
        into = found.frames if at >= start + WARM_US else found.before
        into.extend(Frame(at, found.feed, said.encode(), number) for said in session.push(at))
        due = session.next_due(at + 1)
        if due is not None:
            heapq.heappush(heap, (max(due, at + 1), number, session))
    del found.frames[count:]
