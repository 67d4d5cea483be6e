"""More than the queue holds: what fits is recorded, what does not is a gap, and nothing else is.

The oracle knows every frame that was offered and whether it was let in. Rows and gaps of the log
are compared with it one by one.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tests.collect.live import fake
from tests.collect.scripted import OI, START, ListSink, virtually
from tests.collect.test_supervisor import FULL, WANTED, Run, collect
from tideline.collect import inbox as inboxes
from tideline.collect.inbox import Inbox
from tideline.collect.live import committer as committing
from tideline.collect.live.committer import Committer
from tideline.collect.live.intake import LiveIntake
from tideline.collect.live.record import Closed, Dropped, Frame, Opened, Record, Universe, Watch
from tideline.collect.raw.archive import Archive
from tideline.collect.sink import Taken
from tideline.collect.status import VenueStatus
from tideline.domain.time import SECOND, ManualClock
from tideline.log import Log

LINES = {1: ("BTCUSDT", "ETHUSDT"), 2: ("SOLUSDT",)}
FIELDS = ("mark_price", "index_price", "liquidation_long_coin")
GAPS = ("gap.mark_price", "gap.index_price", "gap.liquidation")
MOST, MOST_BYTES, SINK_BYTES = 60, 6_500, 12_000
TURN = 4
LARGEST = 600

Row = tuple[str, str, int, float]


@dataclass
class Offer:
    """A frame as the venue sent it."""

    at: int
    connection: int
    row: Row
    taken: bool


@dataclass
class Bench:
    """An inbox that drains into a committer, and what the oracle knows."""

    clock: ManualClock
    log: Log
    committer: Committer
    inbox: Inbox
    rng: np.random.Generator
    status: VenueStatus
    offers: list[Offer] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    words: int = 0
    given: int = 0
    taken: int = 0
    uncommitted: int = 0

    def take(self, record: Record) -> Taken:
        if isinstance(record, Dropped):
            self.dropped.append(record)
        if isinstance(record, Frame):
            self.taken += len(record.body)
            self.uncommitted += len(record.body)
            assert self.uncommitted <= SINK_BYTES + TURN * LARGEST
        return self.committer.take(record)

    def full(self) -> bool:
        return self.committer.full()

    def tell(self, record: Record) -> None:
        self.words += 1
        self.inbox.tell(record)

    def offer(self, connection: int) -> None:
        """One mark price at a moment of its own; now and then a long frame."""
        self.clock.advance(1 + int(self.rng.integers(2_000)))
        at, number = self.clock.at, len(self.offers)
        symbol = str(self.rng.choice(LINES[connection]))
        row = (symbol, "mark_price", at - 7, 100.0 + number)
        pad = "x" * int(self.rng.integers(400) if self.rng.random() < 0.2 else 0)
        body = fake.body(row, pad=pad)
        assert len(body) <= LARGEST
        taken = self.inbox.offer(Frame(at, fake.STREAM, body, connection), ignore)
        self.offers.append(Offer(at, connection, row, taken))
        self.given += len(body) if taken else 0
        self.look()

    def look(self) -> None:
        """Bounded by construction, whatever is offered."""
        assert self.given - self.taken < MOST_BYTES + LARGEST
        assert self.status.queue <= MOST + self.words + len(LINES)

    async def commit(self) -> None:
        await self.committer.commit()
        self.uncommitted = 0

    def rows(self) -> list[Row]:
        found = []
        for asset in self.log.assets():
            table = self.log.read(asset, self.log.head())
            events = table.column("event_time").cast(pa.int64()).to_pylist()
            names = [table.column(name).to_pylist() for name in ("instrument", "field")]
            values = table.column("value").to_pylist()
            found += list(zip(*names, events, values, strict=True))
        return found


def ignore(_: Record, __: Taken) -> None:
    return


async def play(bench: Bench, burst: tuple[int, int], quiet: tuple[int, int]) -> None:
    """Calm, a burst while no commit gets through, calm again, three times over."""
    at = bench.clock.at
    bench.tell(Universe(at, "bybit", tuple(sum(LINES.values(), ()))))
    for number, symbols in LINES.items():
        bench.tell(Opened(at, fake.STREAM, number))
        bench.tell(Watch(at, fake.STREAM, number, symbols, FIELDS[:2], 60.0, 1.0))
        bench.tell(Watch(at, fake.STREAM, number, symbols, FIELDS[2:], 0.0, 0.0))
    draining = asyncio.create_task(bench.inbox.drain(bench))
    for _ in range(3):
        for _ in range(int(bench.rng.integers(*quiet))):
            bench.offer(int(bench.rng.integers(1, 3)))
            await asyncio.sleep(0.01)
            await bench.commit()
        for _ in range(int(bench.rng.integers(*burst))):
            bench.offer(1 if bench.rng.random() < 0.8 else 2)
            if bench.rng.random() < 0.2:
                await asyncio.sleep(0)  # one turn of the queue
        await bench.commit()
        await asyncio.sleep(0.2)
    draining.cancel()
    assert bench.inbox.finish(bench)
    await bench.committer.close()


def run(
    path: Path, seed: int, burst: tuple[int, int], monkeypatch: pytest.MonkeyPatch, quiet=(5, 20)
) -> Bench:
    monkeypatch.setattr(committing, "MOST_BYTES", SINK_BYTES)
    monkeypatch.setattr(inboxes, "TURN", TURN)
    clock, status = ManualClock(START), VenueStatus()
    log = Log.create(path / "store", clock)
    with log.writer(background=False) as writer:
        committer = Committer(log, writer, [fake.FAKE], Archive(path / "raw"), clock)
        rng = np.random.default_rng(seed)
        inbox = Inbox(MOST, clock, status, MOST_BYTES)
        bench = Bench(clock, log, committer, inbox, rng, status)
        virtually(play(bench, burst, quiet), clock)
    return bench


def split(rows: list[Row]) -> tuple[list[Row], list[Row]]:
    """Gaps, and what was observed; the intake's own heartbeats and facts belong to neither."""
    gaps = [row for row in rows if row[1].startswith("gap.")]
    own = ("gap.", "alive.", "instrument")
    return gaps, [row for row in rows if not row[1].startswith(own)]


@pytest.mark.parametrize("seed", range(4))
def test_a_burst_that_fits_is_recorded_whole(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = run(tmp_path, seed, (MOST // 4, MOST // 3), monkeypatch)
    assert all(one.taken for one in bench.offers)
    gaps, observed = split(bench.rows())
    assert sorted(observed) == sorted(one.row for one in bench.offers)
    assert gaps == []
    assert bench.dropped == []


@pytest.mark.parametrize("seed", range(12))
def test_beyond_the_queue_every_frame_is_a_row_or_in_a_gap(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = run(tmp_path, seed, (4 * MOST, 8 * MOST), monkeypatch)
    gone = [one for one in bench.offers if not one.taken]
    assert len(gone) > MOST
    gaps, observed = split(bench.rows())
    # nothing lost of what was let in, nothing there that was not sent
    assert sorted(observed) == sorted(one.row for one in bench.offers if one.taken)
    # each spell of dropping is one closed span of its connection, counted exactly
    assert sum(one.count for one in bench.dropped) == len(gone)
    for spell in bench.dropped:
        during = [
            one
            for one in bench.offers
            if one.connection == spell.connection and spell.since <= one.at <= spell.at
        ]
        assert during[0].at == spell.since
        assert len(during) == spell.count
        assert not any(one.taken for one in during)
    # a gap for each leg of the connection, with the spell's edges, and none besides
    assert sorted(gaps) == sorted(
        (symbol, leg, spell.since, float(spell.at))
        for spell in bench.dropped
        for symbol in LINES[spell.connection]
        for leg in GAPS
    )
    assert bench.status.feed(fake.STREAM).dropped == len(gone)


def test_a_connection_that_ended_meanwhile_has_its_gap_all_the_same() -> None:
    """Its last frames were dropped, and the word of its end overtook that of the loss."""
    clock, status = ManualClock(START), VenueStatus()
    intake = LiveIntake([fake.FAKE], trusted=["bybit"])

    class Sink(ListSink):
        def take(self, record: Record) -> Taken:
            self.records.append(record)
            return intake.take(record)

    sink = Sink()

    async def main() -> None:
        inbox = Inbox(10, clock, status)
        inbox.tell(Universe(clock.at, "bybit", LINES[1]))
        inbox.tell(Opened(clock.at, fake.STREAM, 1))
        inbox.tell(Watch(clock.at, fake.STREAM, 1, LINES[1], FIELDS[:2], 60.0, 1.0))
        for number in range(20):
            clock.advance(1000)
            row = ("BTCUSDT", "mark_price", clock.at, 1.0 + number)
            inbox.offer(Frame(clock.at, fake.STREAM, fake.body(row), 1), ignore)
        clock.advance(1000)
        inbox.tell(Closed(clock.at, fake.STREAM, 1, "lost"))
        clock.advance(1000)
        inbox.finish(sink)

    virtually(main(), clock)
    kinds = [type(one) for one in sink.records]
    assert kinds.index(Closed) < kinds.index(Dropped)
    table = intake.seal(clock.at).table
    events = table.column("event_time").cast(pa.int64()).to_pylist()
    named = zip(*(table.column(name).to_pylist() for name in ("instrument", "field")), strict=True)
    found = {
        (*name, event, value)
        for name, event, value in zip(named, events, table.column("value").to_pylist(), strict=True)
        if name[1].startswith("gap.")
    }
    # 3 words and 7 frames fill the queue
    assert found == {
        (symbol, leg, START + 8_000, float(START + 22_000))
        for symbol in LINES[1]
        for leg in GAPS[:2]
    }


def test_fifty_times_the_rate_while_the_disk_hangs() -> None:
    """The collector whole: what its server pushed is a row or lies in a span that was dropped."""
    intake = LiveIntake([FULL])
    queue = 0

    class Hanging(ListSink):
        def take(self, record: Record) -> Taken:
            self.records.append(record)
            return intake.take(record)

    sink = Hanging()

    async def during(ran: Run) -> None:
        nonlocal queue
        server = ran.servers["acme"]
        await asyncio.sleep(60)
        server.every_s, sink.is_full = 0.02, True
        for _ in range(100):
            await asyncio.sleep(0.1)
            queue = max(queue, ran.collector.status.venues["acme"].queue)
        server.every_s, sink.is_full = 1.0, False
        await asyncio.sleep(60)

    ran = collect((FULL,), 150, sink=sink, during=during, wanted=replace(WANTED, queue=100))
    spells = sink.of(Dropped)
    assert len(spells) == 1
    assert spells[0].count == ran.collector.status.venues["acme"].feed("acme.stream").dropped
    assert 390 <= spells[0].count <= 410
    assert queue == 100
    since, until = spells[0].since, spells[0].at
    assert START + 60 * SECOND < since < until <= START + 71 * SECOND
    table = intake.seal(ran.collector.clock.now()).table
    columns = ["instrument", "field", "value"]
    rows = list(
        zip(
            *(table.column(name).to_pylist() for name in columns),
            table.column("event_time").cast(pa.int64()).to_pylist(),
            strict=True,
        )
    )
    recorded = {(name, event) for name, what, _, event in rows if what == OI}
    made = {(symbol, event) for symbol, event in ran.servers["acme"].made}
    lost = made - recorded
    assert len(lost) >= spells[0].count
    heard = {one for one in lost if one[1] < START + 149 * SECOND}
    assert all(since - 40_000 <= event <= until for _, event in heard)
    gaps = {(name, event, end) for name, what, end, event in rows if what == f"gap.{OI}"}
    assert gaps == {(name, since, float(until)) for name in ("BTCUSDT", "ETHUSDT")}
