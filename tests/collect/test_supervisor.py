"""The whole collector on virtual time: venues apart, everything sealed, restarts, disks, clocks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.collect.scripted import (
    ACME,
    ALL,
    EACH,
    OI,
    ROWS,
    START,
    STREAM,
    FakeServer,
    ListSink,
    body,
    named,
    virtually,
)
from tests.collect.test_skew import Wall
from tideline.collect.attended import Wanted
from tideline.collect.live.record import Closed, Frame, Opened, Record, Universe, Watch
from tideline.collect.sink import Taken
from tideline.collect.status import read_status
from tideline.collect.supervisor import Collector
from tideline.domain.time import DAY, HOUR, MINUTE, SECOND, ManualClock
from tideline.venues.declaration import Venue
from tideline.venues.wire import Reply, Request

FULL = replace(ACME, polls=(ALL, EACH), histories=(ROWS,), streams=(STREAM,))
EMCA = named(FULL, "emca")
WANTED = Wanted(assets=("BTC", "ETH"), backfill_days=1.0)


@dataclass
class Run:
    """A collector on fake servers, one per venue."""

    collector: Collector
    sink: ListSink
    servers: dict[str, FakeServer]


def collect(
    venues: tuple[Venue, ...],
    seconds: float,
    *,
    clock: ManualClock | None = None,
    wanted: Wanted = WANTED,
    sink: ListSink | None = None,
    commit: Callable[[], Awaitable[None]] | None = None,
    during: Callable[[Run], Awaitable[None]] | None = None,
    prepare: Callable[[dict[str, FakeServer]], None] = lambda _: None,
    seed: int = 5,
) -> Run:
    """Run for that long, then cancel, as SIGTERM does."""
    clock = clock or ManualClock(START)
    sink = sink or ListSink()
    servers = {one.name: FakeServer(clock, venue=one.name) for one in venues}
    prepare(servers)
    collector = Collector(
        venues,
        lambda venue: servers[venue.name],
        sink,
        commit or sink.commit,
        clock,
        np.random.default_rng(seed),
        wanted,
    )
    ran = Run(collector, sink, servers)

    async def main() -> None:
        until = asyncio.get_running_loop().time() + seconds
        task = asyncio.create_task(collector.run())
        if during is not None:
            await during(ran)
        await asyncio.sleep(until - asyncio.get_running_loop().time())
        assert not task.done()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    virtually(main(), clock)
    return ran


def test_everything_is_asked_heard_and_sealed() -> None:
    ran = collect((FULL, EMCA), 600)
    assert ran.sink.sealed == len(ran.sink.records)
    for venue in ("acme", "emca"):
        first = next(r for r in ran.sink.of(Universe) if r.venue == venue)
        assert first.symbols == ("BTCUSDT", "ETHUSDT")
        for feed in ("listings", "tickers", "oi", "history", "stream"):
            assert ran.sink.of(Frame, f"{venue}.{feed}"), feed
        status = ran.collector.status.venues[venue]
        assert status.followed == 2
        assert status.skew_us == pytest.approx(10_000, abs=200)
        assert all(not feed.crash for feed in status.feeds.values())
        assert {w.feed for w in ran.sink.of(Watch)} >= {f"{venue}.tickers", f"{venue}.stream"}
    assert ran.collector.status.commits >= 598
    assert ran.sink.of(Closed)[-1].why == "stopped"


def test_a_universe_comes_before_what_it_is_needed_for() -> None:
    ran = collect((FULL,), 60)
    kinds = [type(record) for record in ran.sink.records]
    listing = next(
        at
        for at, record in enumerate(ran.sink.records)
        if isinstance(record, Frame) and record.feed == "acme.listings"
    )
    universe = kinds.index(Universe)
    assert listing < universe < kinds.index(Watch)
    assert all(
        at < universe or record.feed != "acme.listings"
        for at, record in enumerate(ran.sink.records)
        if isinstance(record, Frame)
    )


def test_the_times_of_one_venue_do_not_run_back() -> None:
    ran = collect((FULL,), 900)
    times = [record.at for record in ran.sink.records]
    assert times == sorted(times)


def test_one_venues_failure_stops_no_other() -> None:
    def prepare(servers: dict[str, FakeServer]) -> None:
        async def broken(*_: object) -> Reply:
            raise ZeroDivisionError("a bug")

        servers["acme"].ask = broken  # type: ignore[method-assign]

    ran = collect((FULL, EMCA), 600, prepare=prepare)
    assert ran.sink.of(Frame, "acme.tickers") == []
    assert len(ran.sink.of(Frame, "emca.tickers")) == pytest.approx(40, abs=1)
    status = ran.collector.status
    assert status.venues["acme"].restarts > 10
    assert status.venues["acme"].crash == "ZeroDivisionError: a bug"
    assert status.venues["emca"].restarts == 0


def test_a_feed_that_crashes_is_started_again_and_counted() -> None:
    def ask(chosen: object) -> list[Request]:
        crashes.append(1)
        if len(crashes) % 5 == 0:
            raise KeyError("now and then")
        return [Request("rest", "/tickers")]

    crashes: list[int] = []
    venue = replace(FULL, polls=(replace(ALL, ask=ask), EACH))
    ran = collect((venue,), 600)
    feed = ran.collector.status.venues["acme"].feeds["acme.tickers"]
    assert feed.restarts >= 5
    assert feed.crash == "KeyError: 'now and then'"
    assert len(ran.sink.of(Frame, "acme.tickers")) > 25
    assert ran.collector.status.venues["acme"].restarts == 0


def test_a_venue_that_is_down_at_the_start_joins_when_it_is_back() -> None:
    def prepare(servers: dict[str, FakeServer]) -> None:
        servers["acme"].down = True

    async def during(ran: Run) -> None:
        await asyncio.sleep(300)
        assert ran.sink.of(Frame, "emca.tickers")
        ran.servers["acme"].down = False

    ran = collect((FULL, EMCA), 400, prepare=prepare, during=during)
    first = ran.sink.of(Frame, "acme.listings")[0]
    assert (first.at - START) / SECOND < 305
    assert ran.sink.of(Opened, "acme.stream")


def test_a_ban_of_one_venue_is_kept_across_restarts_and_leaves_the_other_alone(
    tmp_path: Path,
) -> None:
    clock = ManualClock(START)
    wanted = replace(WANTED, directory=tmp_path)

    def prepare(servers: dict[str, FakeServer]) -> None:
        server = servers["acme"]
        server.answer = lambda _: Reply(403, b"") if server.at > 60 else None

    first = collect((FULL, EMCA), 100, clock=clock, wanted=wanted, prepare=prepare)
    asked = [at for at, _ in first.servers["acme"].asked]
    banned_at = max(asked)
    status = read_status(tmp_path)
    assert status is not None
    assert status.stopped
    until = status.venues["acme"].banned_until["acme"]
    assert (until - START) / SECOND == pytest.approx(banned_at + 600, abs=1)

    second = collect((FULL, EMCA), 800, clock=clock, wanted=wanted)
    again = [at for at, _ in second.servers["acme"].asked]
    assert min(again) >= banned_at + 599.9
    assert min(again) < banned_at + 605
    assert min(at for at, _ in second.servers["emca"].asked) < 101
    # What the ban made us miss is looked for.
    repaired = [f for f in second.sink.of(Frame, "acme.history") if f.purpose == "repair"]
    assert repaired


def test_nothing_is_asked_and_no_connection_opened_while_a_ban_holds() -> None:
    both = replace(FULL, hosts=tuple(replace(host, family="one") for host in FULL.hosts))

    async def during(ran: Run) -> None:
        await asyncio.sleep(100)
        server = ran.servers["acme"]
        server.answer = lambda _: Reply(418, b"", {"retry-after": "200"})
        await asyncio.sleep(20)
        server.answer = lambda _: None
        server.cut()

    ran = collect((both,), 500, during=during)
    server = ran.servers["acme"]
    ban = next(at for at, _ in server.asked if at >= 100)
    assert [at for at, _ in server.asked if ban + 0.05 < at < ban + 199.9] == []
    assert [at for at in server.connects if ban + 0.05 < at < ban + 199.9] == []
    assert [at for at, _ in server.asked if ban + 200 <= at < ban + 206]
    assert [at for at in server.connects if ban + 200 <= at < ban + 206]


def test_new_and_delisted_names_are_noticed_within_the_hour() -> None:
    async def during(ran: Run) -> None:
        await asyncio.sleep(600)
        ran.servers["acme"].symbols = ["BTCUSDT", "SOLUSDT"]

    wanted = replace(WANTED, assets=("BTC", "ETH", "SOL"))
    ran = collect((FULL,), 2 * 3600, wanted=wanted, during=during)
    universes = ran.sink.of(Universe)
    assert [one.symbols for one in universes] == [("BTCUSDT", "ETHUSDT"), ("BTCUSDT", "SOLUSDT")]
    assert universes[1].at - START <= 3600 * 1.06 * SECOND
    later = [w for w in ran.sink.of(Watch) if w.at >= universes[1].at]
    assert {symbol for w in later for symbol in w.instruments} == {"BTCUSDT", "SOLUSDT"}
    after = {
        symbol
        for frame in ran.sink.of(Frame, "acme.oi")
        if frame.at > universes[1].at + 60 * SECOND
        for symbol in [frame.params["symbol"]]
    }
    assert after == {"BTCUSDT", "SOLUSDT"}
    assert ran.collector.status.venues["acme"].feeds["acme.stream"].reconnects == 0


def test_a_venue_that_lists_nothing_for_once_is_followed_all_the_same() -> None:
    async def during(run: Run) -> None:
        server = run.servers["acme"]
        await asyncio.sleep(300)
        server.symbols, listed = [], server.symbols
        await asyncio.sleep(4000)
        server.symbols = [*listed, "SOLUSDT"]

    wanted = replace(WANTED, assets=("BTC", "ETH", "SOL"))
    found = collect((FULL,), 9000.0, wanted=wanted, during=during)
    universes = [record.symbols for record in found.sink.of(Universe)]
    assert universes == [("BTCUSDT", "ETHUSDT"), ("BTCUSDT", "ETHUSDT", "SOLUSDT")]
    status = found.collector.status.venues["acme"]
    assert status.feed("acme.listings").errors == {"lists nothing": 1}
    assert status.followed == 3


def test_the_top_by_open_interest_over_all_venues() -> None:
    oi = {
        "acme": {"AUSDT": 10.0, "BUSDT": 50.0, "CUSDT": 1.0},
        "emca": {"AUSDT": 60.0, "BUSDT": 1.0, "DUSDT": 55.0},
    }

    def prepare(servers: dict[str, FakeServer]) -> None:
        for name, server in servers.items():
            server.symbols = list(oi[name])
            values = oi[name]

            def answer(request: Request, values: dict[str, float] = values) -> Reply | None:
                if request.path != "/tickers":
                    return None
                rows = [[s, "open_interest_usd", 1, usd] for s, usd in values.items()]
                return Reply(200, body(rows=rows))

            server.answer = answer

    wanted = replace(WANTED, assets=(), top=2)
    ran = collect((FULL, EMCA), 100, wanted=wanted, prepare=prepare)
    followed = {one.venue: one.symbols for one in ran.sink.of(Universe)}
    # A: 70, D: 55, B: 51, C: 1.
    assert followed == {"acme": ("AUSDT",), "emca": ("AUSDT", "DUSDT")}


def test_the_ranking_does_not_wait_for_ever() -> None:
    def prepare(servers: dict[str, FakeServer]) -> None:
        servers["emca"].down = True
        servers["acme"].answer = lambda request: (
            Reply(200, body(rows=[["BTCUSDT", "open_interest_usd", 1, 5.0]]))
            if request.path == "/tickers"
            else None
        )

    ran = collect((FULL, EMCA), 100, wanted=replace(WANTED, assets=(), top=2), prepare=prepare)
    first = ran.sink.of(Universe)[0]
    assert (first.venue, first.symbols) == ("acme", ("BTCUSDT",))
    assert first.at - START < 25 * SECOND


def test_commits_that_fail_are_counted_and_tried_again() -> None:
    sink = ListSink()
    clock = ManualClock(START)

    async def commit() -> None:
        if 100 < (clock.at - START) / SECOND < 200:
            raise OSError(28, "No space left on device")
        await sink.commit()

    ran = collect((FULL,), 300, clock=clock, sink=sink, commit=commit)
    assert ran.collector.status.commit_failures == pytest.approx(99, abs=2)
    assert ran.collector.status.commit_error == ""
    assert sink.sealed == len(sink.records)


def test_a_sink_that_stays_full_does_not_hinder_the_end() -> None:
    class Full(ListSink):
        async def commit(self) -> None:
            raise OSError(28, "No space left on device")

    sink = Full()

    async def during(_: Run) -> None:
        await asyncio.sleep(50)
        sink.is_full = True

    ran = collect((FULL,), 100, sink=sink, during=during)
    assert ran.collector.status.commit_error.startswith("OSError")
    assert ran.collector.status.stopped


def test_a_full_sink_gets_everything_at_the_end() -> None:
    class Small(ListSink):
        """Holds ten records before a commit."""

        def full(self) -> bool:
            return len(self.records) - self.sealed >= 10

    sink = Small()
    ran = collect((FULL, EMCA), 60.5, sink=sink, wanted=replace(WANTED, commit_s=5.0))
    assert sink.sealed == len(sink.records)
    assert ran.collector.status.venues["acme"].queue == 0


def test_history_goes_on_after_a_kill_without_loss(tmp_path: Path) -> None:
    """The coverage on disk never claims what was not committed."""
    clock = ManualClock(START)
    wanted = replace(WANTED, directory=tmp_path)

    class Forgetful(ListSink):
        """Loses what was not committed; commits stop working at some moment."""

        works_until = START + 200 * SECOND

        async def commit(self) -> None:
            if clock.at > self.works_until:
                raise OSError(28, "No space left on device")
            await super().commit()

    first = Forgetful()
    collect((FULL,), 1800, clock=clock, wanted=wanted, sink=first)
    del first.records[first.sealed :]
    clock.advance(2 * HOUR)
    second = ListSink()
    collect((FULL,), 1800, clock=clock, wanted=wanted, sink=second)
    period = 5 * MINUTE
    have = {at for sink in (first, second) for s, at in sink.rows("acme.history") if s == "BTCUSDT"}
    last = (clock.at - 15 * MINUTE) // period * period
    assert have >= set(range((START - DAY) // period * period + period, last, period))
    assert {f.purpose for f in second.of(Frame, "acme.history")} == {"repair"}


def test_a_wall_clock_that_jumps_stamps_nothing() -> None:
    wall = Wall(START)
    commits: list[int] = []
    sink = ListSink()

    async def commit() -> None:
        commits.append(wall.now())
        await sink.commit()

    async def during(ran: Run) -> None:
        await asyncio.sleep(100)
        wall.ahead = DAY
        await asyncio.sleep(50)
        assert ran.collector.status.clock_in_doubt
        wall.ahead = 0

    ran = collect((FULL,), 200, clock=wall, sink=sink, commit=commit, during=during)
    assert ran.collector.status.clock_steps == 1
    assert not ran.collector.status.clock_in_doubt
    assert max(commits) < START + 201 * SECOND
    assert max(record.at for record in sink.records) < START + 201 * SECOND
    assert sink.sealed == len(sink.records)
    gap = max(b - a for a, b in pairwise(commits))
    assert gap > 48 * SECOND


def test_a_poison_message_stops_nothing() -> None:
    class Poisoned(ListSink):
        def take(self, record: Record) -> Taken:
            if isinstance(record, Frame) and b"poison" in record.body:
                raise RuntimeError("poison")
            return super().take(record)

    async def during(ran: Run) -> None:
        await asyncio.sleep(60)
        ran.servers["acme"].open[0].push(body(poison=1))

    ran = collect((FULL,), 300, sink=Poisoned(), during=during)
    status = ran.collector.status.venues["acme"]
    assert status.feeds["queue"].restarts == 1
    late = [f for f in ran.sink.of(Frame, "acme.stream") if f.at > START + 100 * SECOND]
    assert len(late) > 190


def test_the_status_file_tells_another_process(tmp_path: Path) -> None:
    async def during(_: Run) -> None:
        await asyncio.sleep(100)
        status = read_status(tmp_path)
        assert status is not None
        assert not status.stopped
        assert status.at - START == pytest.approx(99 * SECOND, abs=2 * SECOND)
        feed = status.venues["acme"].feeds["acme.stream"]
        assert feed.connections == 1
        assert feed.rows > 100
        assert status.venues["acme"].feeds["acme.tickers"].cadence_s == 15.0

    assert read_status(tmp_path) is None
    collect((FULL,), 110, wanted=replace(WANTED, directory=tmp_path), during=during)
    (tmp_path / "status.json").write_text("{")
    assert read_status(tmp_path) is None


def test_the_same_seed_gives_the_same_records() -> None:
    def once(seed: int) -> list[Record]:
        async def during(ran: Run) -> None:
            await asyncio.sleep(200)
            ran.servers["acme"].down = True
            ran.servers["emca"].cut()
            await asyncio.sleep(60)
            ran.servers["acme"].down = False

        return collect((FULL, EMCA), 900, during=during, seed=seed).sink.records

    assert once(1) == once(1)
    assert once(1) != once(2)


def test_nothing_is_left_open_when_it_ends() -> None:
    ran = collect((FULL, EMCA), 120)
    opened = {(r.feed, r.connection) for r in ran.sink.of(Opened)}
    closed = {(r.feed, r.connection) for r in ran.sink.of(Closed)}
    assert opened == closed
    assert all(not server.open for server in ran.servers.values())
    assert OI in {name for w in ran.sink.of(Watch) for name in w.fields}


@pytest.mark.parametrize(("once", "looks"), [(True, 4), (False, 7)])
def test_listings_are_looked_at_when_numbers_contradict_them_and_not_for_ever(
    once: bool, looks: int
) -> None:
    class Doubting(ListSink):
        doubted = 0

        def take(self, record: Record) -> Taken:
            taken = super().take(record)
            if not isinstance(record, Frame) or record.at < START + 20 * MINUTE:
                return taken
            doubts = int(not once or not self.doubted)
            self.doubted += doubts
            return taken._replace(doubts=doubts)

    ran = collect((FULL,), 2.5 * 3600, sink=Doubting())
    listed = [one.at - START for one in ran.sink.of(Frame, "acme.listings")]
    assert len(listed) == looks
    # at once; then, for as long as nothing has changed, twice as late each time
    assert 20 * MINUTE < listed[1] < 21 * MINUTE
    if not once:
        apart = [round((b - a) / MINUTE) for a, b in pairwise(listed[1:])]
        assert apart == [10, 20, 30, 30, 30]


def test_a_product_that_lists_nothing_stops_no_other_one() -> None:
    """A listing that is refused at the start is asked again each minute; the rest goes on."""
    (listings,) = FULL.listings
    other = replace(listings, name="acme.other", ask=lambda _: [Request("rest", "/nowhere")])

    def refuse(servers: dict[str, FakeServer]) -> None:
        servers["acme"].answer = lambda request: (
            Reply(404, b"not found") if request.path == "/nowhere" else None
        )

    ran = collect((replace(FULL, listings=(other, listings)),), 400.0, prepare=refuse)
    assert [one.symbols for one in ran.sink.of(Universe)] == [("BTCUSDT", "ETHUSDT")]
    assert ran.sink.of(Frame, "acme.oi")
    errors = ran.collector.status.venues["acme"].feed("acme.other").errors
    assert 4 <= sum(errors.values()) <= 8
