"""A small venue of our own for the collector's tests: its declaration, its servers, a sink.

Bodies and frames are JSON: {"list": [symbols]}, {"rows": [[symbol, field, event_time, value]]},
{"ack": [topics]}, {"refused": [topics]}, {"pong": 1}, {"answer": text}, {"restart": 1},
{"next": cursor}, {"time": µs}.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np

from tideline.collect.asking.bans import Bans
from tideline.collect.asking.door import Door
from tideline.collect.asking.feeding import Feeding
from tideline.collect.asking.plan import plan_of
from tideline.collect.inbox import Inbox
from tideline.collect.live.record import Frame, Record
from tideline.collect.sink import Taken
from tideline.collect.status import VenueStatus
from tideline.domain.errors import BadWire, WireError
from tideline.domain.instrument import Instrument
from tideline.domain.time import DAY, MINUTE, SECOND, ManualClock
from tideline.market.virtual_time import run
from tideline.venues.declaration import (
    Bucket,
    Charge,
    History,
    Host,
    Keepalive,
    Poll,
    Stateless,
    Stream,
    Topic,
    Venue,
)
from tideline.venues.parsed import Control, Listing, Note, Observation, Parsed
from tideline.venues.strict import decode, record
from tideline.venues.transport import TransportError
from tideline.venues.wire import OK, Reply, Request, Verdict

START = 1_790_000_000 * SECOND
Result = TypeVar("Result")


def instrument(symbol: str, venue: str = "acme") -> Instrument:
    asset = symbol.removesuffix("USDT")
    return Instrument(venue, symbol, asset, "USDT", "USDT", "perpetual", True)


def read(body: bytes, note: Note) -> Parsed:
    said = record(decode(body), "frame")
    parsed = Parsed(server_time=said.get("time"))
    if "bad" in said:
        raise BadWire("bad", said["bad"], "is bad")
    for symbol in said.get("list", []):
        parsed.listings.append(Listing(instrument(symbol, said.get("venue", "acme")), "trading"))
    for symbol, name, event_time, value in said.get("rows", []):
        parsed.observations.append(Observation(symbol, name, event_time, value, str(value)))
    if "other" in said:
        parsed.ignore("other product")
    if "orphan" in said:
        parsed.ignore("delta before snapshot")
    if "ack" in said:
        parsed.controls.append(Control("ack", tuple(said["ack"])))
    if "refused" in said:
        parsed.controls.append(Control("refused", tuple(said["refused"])))
    if "pong" in said:
        parsed.controls.append(Control("pong"))
    if "answer" in said:
        parsed.controls.append(Control("answer", text=said["answer"]))
    if "restart" in said:
        parsed.controls.append(Control("restart"))
    if "next" in said:
        parsed.controls.append(Control("next", text=said["next"]))
    return parsed


def verdict(reply: Reply) -> Verdict:
    if reply.status == 418:
        return Verdict("ban", float(reply.headers.get("retry-after", "0")), "418")
    if reply.status == 403:
        return Verdict("ban", 600.0, "403")
    if reply.status == 429:
        return Verdict("slow_down", float(reply.headers.get("retry-after", "0")), "429")
    if reply.status == 400:
        return Verdict("refused", 0.0, "400")
    if reply.status >= 500 or not reply.body.startswith(b"{"):
        return Verdict("broken", 0.0, str(reply.status))
    return OK


def _subscribe(names: Sequence[str], first: int) -> list[tuple[str, tuple[str, ...], str]]:
    parts = [tuple(names[at : at + 2]) for at in range(0, len(names), 2)]
    return [
        (str(first + at), part, json.dumps({"subscribe": part, "id": first + at}))
        for at, part in enumerate(parts)
    ]


ONE = (Charge("calls"),)
OI = "open_interest"

STREAM = Stream(
    name="acme.stream",
    host="ws",
    fields=(OI,),
    path=lambda names: "/ws",
    topics=lambda chosen: [Topic(f"t.{one.symbol}", (OI,), (one.symbol,), 2.0) for one in chosen],
    subscribe=_subscribe,
    reader=lambda: Stateless(read),
    usual_s=2.0,
    keepalive=Keepalive("ping", 20.0),
    topics_per_connection=4,
    charges=(Charge("connects"),),
)
ALL = Poll(
    "acme.tickers",
    "rest",
    (OI,),
    15.0,
    ONE,
    lambda _: [Request("rest", "/tickers")],
    read,
)
EACH = Poll(
    "acme.oi",
    "rest",
    (OI,),
    15.0,
    ONE,
    lambda chosen: [Request("rest", "/oi", (("symbol", one.symbol),)) for one in chosen],
    read,
    tail_every_s=60.0,
    top=2,
    covers_all=False,
)
ROWS = History(
    "acme.history",
    "rest",
    (OI,),
    5 * MINUTE,
    50,
    30 * DAY,
    600.0,
    ONE,
    lambda one, start, end: Request(
        "rest", "/rows", (("symbol", one.symbol), ("start", str(start)), ("end", str(end)))
    ),
    read,
)
LISTINGS = Poll(
    "acme.listings", "rest", (), 3600.0, ONE, lambda _: [Request("rest", "/list")], read
)

ACME = Venue(
    "acme",
    (Host("rest", "https://acme.example", "acme"), Host("ws", "wss://acme.example", "acme.ws")),
    (Bucket("calls", 1200.0, 60.0), Bucket("connects", 300.0, 300.0)),
    (LISTINGS,),
    (ALL,),
    (),
    (),
    verdict,
)


def named(venue: Venue, name: str) -> Venue:
    """The same venue under another name, with feeds and families of its own."""

    def renamed(feeds: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(replace(f, name=f.name.replace(venue.name, name)) for f in feeds)

    return replace(
        venue,
        name=name,
        hosts=tuple(replace(host, family=host.family + name) for host in venue.hosts),
        listings=renamed(venue.listings),
        polls=renamed(venue.polls),
        histories=renamed(venue.histories),
        streams=renamed(venue.streams),
    )


def body(**said: Any) -> bytes:
    return json.dumps(said).encode()


class FakeSocket:
    """The venue's end pushes into ``frames``; None ends it."""

    def __init__(self, server: FakeServer) -> None:
        self.server = server
        self.frames: asyncio.Queue[bytes | TransportError | None] = asyncio.Queue()
        self.sent: list[str] = []
        self.topics: list[str] = []
        self.closed = False
        self.tasks: list[asyncio.Task[None]] = []

    async def send(self, text: str) -> None:
        if self.closed:
            raise TransportError("closed", "ws", "closed")
        self.sent.append(text)
        self.server.heard(self, text)

    async def receive(self) -> bytes | None:
        frame = await self.frames.get()
        if isinstance(frame, TransportError):
            raise frame
        return frame

    async def close(self) -> None:
        self.closed = True
        self.frames.put_nowait(None)

    def push(self, frame: bytes) -> None:
        if not self.closed:
            self.frames.put_nowait(frame)


@dataclass
class FakeServer:
    """A Transport whose answers are functions of the moment, with switches for every fault."""

    clock: ManualClock
    symbols: list[str] = field(default_factory=lambda: ["BTCUSDT", "ETHUSDT"])
    down: bool = False
    mute: bool = False
    no_acks: set[str] = field(default_factory=set)
    refuses: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    every_s: float = 1.0
    answer: Callable[[Request], Reply | None] = lambda _: None
    handshake: Callable[[], Reply | None] = lambda: None
    venue: str = "acme"
    asked: list[tuple[float, Request]] = field(default_factory=list)
    connects: list[float] = field(default_factory=list)
    sockets: list[FakeSocket] = field(default_factory=list)
    made: list[tuple[str, int]] = field(default_factory=list)

    @property
    def at(self) -> float:
        """Seconds since the start."""
        return (self.clock.at - START) / SECOND

    @property
    def open(self) -> list[FakeSocket]:
        return [socket for socket in self.sockets if not socket.closed]

    async def ask(self, host: Host, request: Request) -> Reply:
        self.asked.append((self.at, request))
        await asyncio.sleep(0.02)
        if self.down:
            raise TransportError("connect", host.name, "down")
        found = self.answer(request)
        return found if found is not None else Reply(200, self.usual(request))

    def usual(self, request: Request) -> bytes:
        now = self.clock.at
        if request.path == "/list":
            return body(list=self.symbols, venue=self.venue)
        if request.path == "/rows":
            return body(rows=grid(request))
        symbol = request.param("symbol")
        chosen = [symbol] if symbol else self.symbols
        return body(rows=[[one, OI, now, 5.0] for one in chosen], time=now)

    async def connect(self, host: Host, target: str) -> FakeSocket:
        self.connects.append(self.at)
        await asyncio.sleep(0.02)
        if self.down:
            raise TransportError("connect", host.name, "down")
        refused = self.handshake()
        if refused is not None:
            raise TransportError("refused", host.name, "handshake", refused)
        socket = FakeSocket(self)
        self.sockets.append(socket)
        socket.tasks.append(asyncio.create_task(self.feed(socket)))
        return socket

    def heard(self, socket: FakeSocket, text: str) -> None:
        if text == "ping":
            socket.push(body(pong=1))
            return
        if text.startswith("{"):
            topics = json.loads(text)["subscribe"]
            if self.refuses & set(topics):
                socket.push(body(refused=topics))
                return
            given = [topic for topic in topics if topic not in self.no_acks]
            socket.topics += [topic for topic in given if topic not in socket.topics]
            if given:
                socket.push(body(ack=given))

    async def feed(self, socket: FakeSocket) -> None:
        """Every second, at the same moments on every socket, one row of each topic."""
        while not socket.closed:
            us = round(self.every_s * SECOND)
            await asyncio.sleep((us - self.clock.at % us) / SECOND)
            event = self.clock.at // us * us
            rows = [
                [topic[2:], OI, event, 5.0] for topic in socket.topics if topic not in self.silent
            ]
            if rows and not self.mute and not socket.closed:
                self.made += [(row[0], event) for row in rows]
                socket.push(body(rows=rows))

    def cut(self) -> None:
        """Every open socket breaks."""
        for socket in self.open:
            socket.closed = True
            socket.frames.put_nowait(None)


def grid(request: Request, period: int = 5 * MINUTE) -> list[list[Any]]:
    start, end = int(request.param("start")), int(request.param("end"))
    first = start // period * period + period
    return [[request.param("symbol"), OI, at, 7.0] for at in range(first, end + 1, period)]


@dataclass
class ListSink:
    """Keeps every record and reads every frame."""

    records: list[Record] = field(default_factory=list)
    sealed: int = 0
    is_full: bool = False

    def take(self, record: Record) -> Taken:
        self.records.append(record)
        if not isinstance(record, Frame):
            return Taken()
        try:
            parsed = read(record.body, Note(record.at, {}, record.params))
        except WireError as error:
            return Taken(error=type(error).__name__)
        return Taken(parsed, rows=len(parsed.observations))

    def full(self) -> bool:
        return self.is_full

    async def commit(self) -> None:
        self.sealed = len(self.records)

    def of(self, kind: type[Any], feed: str = "") -> list[Any]:
        return [r for r in self.records if isinstance(r, kind) and (not feed or r.feed == feed)]

    def rows(self, feed: str) -> list[tuple[str, int]]:
        found: list[tuple[str, int]] = []
        for frame in self.of(Frame, feed):
            found += [(row[0], row[2]) for row in json.loads(frame.body).get("rows", [])]
        return found


def virtually(main: Coroutine[Any, Any, Result], clock: ManualClock) -> Result:
    return run(main, clock)


@dataclass
class Bench:
    """One venue's feeding on a fake server, with its inbox drained."""

    clock: ManualClock
    server: FakeServer
    sink: ListSink
    feeding: Feeding
    status: VenueStatus
    drain: asyncio.Task[None]

    @property
    def bans(self) -> Bans:
        return self.feeding.door.bans


def bench(venue: Venue, server: FakeServer, *, queue: int = 10_000, seed: int = 1) -> Bench:
    """To be called on the loop."""
    clock, sink, status = server.clock, ListSink(), VenueStatus()
    rng = np.random.default_rng(seed)
    inbox = Inbox(queue, clock, status)
    door = Door(venue, server, Bans(None, clock), clock, rng)
    plan = plan_of(venue, [instrument(symbol) for symbol in server.symbols])
    feeding = Feeding(door, inbox, status, clock, rng, plan)
    return Bench(clock, server, sink, feeding, status, asyncio.create_task(inbox.drain(sink)))
