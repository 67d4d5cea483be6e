"""Connections: nothing lost in a rotation, mutes noticed, subscriptions reconciled."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from itertools import count, pairwise

import numpy as np
import pytest

from tests.collect.scripted import (
    ACME,
    OI,
    START,
    STREAM,
    Bench,
    FakeServer,
    bench,
    body,
    instrument,
    virtually,
)
from tideline.collect.listening.line import Ground
from tideline.collect.listening.lines import Lines
from tideline.collect.live.record import Closed, Dropped, Frame, Opened, Watch
from tideline.domain.time import SECOND, ManualClock
from tideline.venues.declaration import Keepalive, Stream, Topic
from tideline.venues.wire import Reply


@dataclass
class Ran:
    """What a run left behind."""

    bench: Bench
    lines: Lines
    back: list[float]

    @property
    def status(self):  # type: ignore[no-untyped-def]
        return self.bench.status.feed("acme.stream")

    def of(self, kind: type) -> list:  # type: ignore[type-arg]
        return self.bench.sink.of(kind)

    def rows(self) -> set[tuple[str, int]]:
        return set(self.bench.sink.rows("acme.stream"))


def run_lines(
    server: FakeServer,
    seconds: float,
    *,
    stream: Stream = STREAM,
    during: Callable[[Ran], Awaitable[None]] | None = None,
    queue: int = 10_000,
    seed: int = 1,
) -> Ran:
    async def main() -> Ran:
        found = bench(replace(ACME, streams=(stream,)), server, queue=queue)
        feeding, back = found.feeding, []  # type: ignore[var-annotated]
        lines = Lines(
            Ground(
                stream,
                feeding.door,
                feeding.inbox,
                server.clock,
                found.status.feed(stream.name),
                np.random.default_rng(seed),
                count(1),
                back=lambda: back.append(server.at),
            )
        )
        ran = Ran(found, lines, back)
        lines.follow([instrument(symbol) for symbol in server.symbols])
        task = asyncio.create_task(lines.run())
        if during is not None:
            await during(ran)
        await asyncio.sleep(seconds - server.at)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await lines.stop("stopped")
        feeding.inbox.finish(found.sink)
        return ran

    return virtually(main(), server.clock)


def missing(ran: Ran, since: int, until: int) -> set[tuple[str, int]]:
    """What the venue said in that span and nobody heard."""
    return {(s, at) for s, at in ran.bench.server.made if since <= at <= until} - ran.rows()


def every_second(server: FakeServer, since: int, until: int) -> set[tuple[str, int]]:
    return {
        (symbol, START + at * SECOND) for symbol in server.symbols for at in range(since, until)
    }


def test_what_is_subscribed_arrives_and_is_said() -> None:
    server = FakeServer(ManualClock(START), symbols=[f"A{n}USDT" for n in range(6)])
    ran = run_lines(server, 60)
    assert ran.rows() >= every_second(server, 5, 59)
    opened, closed = ran.of(Opened), ran.of(Closed)
    assert [one.connection for one in opened] == [1, 2]  # four topics on each
    assert [(one.connection, one.why, one.replaced) for one in closed] == [
        (1, "stopped", False),
        (2, "stopped", False),
    ]
    watched = [(w.connection, w.instruments, w.fields, w.usual_s) for w in ran.of(Watch)]
    assert watched == [
        (1, ("A0USDT", "A1USDT", "A2USDT", "A3USDT"), (OI,), 2.0),
        (2, ("A4USDT", "A5USDT"), (OI,), 2.0),
    ]
    records = ran.bench.sink.records
    for number in (1, 2):
        kinds = [type(r) for r in records if getattr(r, "connection", 0) == number]
        assert kinds[0] is Opened
        assert kinds[1] is Watch
        assert kinds[-1] is Closed
    assert ran.status.connections == 0


def test_messages_go_no_faster_than_the_venue_accepts() -> None:
    server = FakeServer(ManualClock(START), symbols=[f"A{n}USDT" for n in range(40)])
    slow = replace(STREAM, speaks=2.0, topics_per_connection=100)
    heard: list[float] = []
    inner = server.heard

    def heard_at(socket, text):  # type: ignore[no-untyped-def]
        heard.append(server.at)
        inner(socket, text)

    server.heard = heard_at  # type: ignore[method-assign]
    run_lines(server, 30, stream=slow)
    assert len(heard) >= 20
    assert min(b - a for a, b in pairwise(heard)) >= 0.499


@pytest.mark.parametrize("noise", ["nothing", "pongs", "acks"])
def test_mute_from_the_first_is_noticed_within_fifteen_seconds(noise: str) -> None:
    server = FakeServer(ManualClock(START), mute=True)
    stream = replace(STREAM, keepalive=Keepalive("ping", 2.0 if noise == "pongs" else 0.0))

    async def during(_: Ran) -> None:
        if noise == "acks":
            for _ in range(50):
                await asyncio.sleep(0.5)
                for socket in server.open:
                    socket.push(body(ack=["t.BTCUSDT"]))

    ran = run_lines(server, 40, stream=stream, during=during)
    first = ran.of(Closed)[0]
    assert first.why.startswith("mute")
    assert (first.at - START) / SECOND <= 15.2
    assert len(server.connects) >= 2


def test_mute_later_is_noticed_and_life_comes_back() -> None:
    server = FakeServer(ManualClock(START))

    async def during(_: Ran) -> None:
        await asyncio.sleep(100)
        server.mute = True
        await asyncio.sleep(30)
        server.mute = False

    ran = run_lines(server, 200, during=during)
    mute = next(one for one in ran.of(Closed) if one.why.startswith("mute"))
    assert 110 < (mute.at - START) / SECOND <= 116.2
    assert not mute.replaced
    assert ran.rows() >= every_second(server, 5, 100) | every_second(server, 150, 199)
    assert ran.back  # what was missed is looked for
    assert ran.status.gaps_open == {}


def test_rare_events_are_not_mute_while_pongs_come_and_are_when_they_do_not() -> None:
    server = FakeServer(ManualClock(START), mute=True)
    rare = replace(
        STREAM,
        usual_s=0.0,
        topics=lambda chosen: [Topic(f"t.{one.symbol}", (OI,), (one.symbol,)) for one in chosen],
    )
    deaf: list[float] = []
    inner = server.heard

    def heard(socket, text):  # type: ignore[no-untyped-def]
        if server.at < 500 or text != "ping":
            inner(socket, text)

    server.heard = heard  # type: ignore[method-assign]

    async def during(_: Ran) -> None:
        await asyncio.sleep(500)
        deaf.append(len(server.connects))

    ran = run_lines(server, 600, stream=rare, during=during)
    assert deaf == [1]
    first = ran.of(Closed)[0]
    assert 480 + 60 <= (first.at - START) / SECOND <= 500 + 60.5


def test_a_rotation_loses_nothing() -> None:
    server = FakeServer(ManualClock(START))
    ran = run_lines(server, 1000, stream=replace(STREAM, lifetime_s=100.0))
    assert ran.status.rotations >= 9
    assert ran.status.reconnects == 0
    assert ran.rows() >= every_second(server, 5, 999)
    closed = ran.of(Closed)
    assert all(one.replaced for one in closed[:-1])
    assert not closed[-1].replaced
    for one in closed[:-1]:
        opened = next(o for o in ran.of(Opened) if o.connection == one.connection + 1)
        assert opened.at < one.at - SECOND  # both stood for a while
        life = next(o for o in ran.of(Opened) if o.connection == one.connection)
        assert one.at - life.at < 100 * SECOND


def test_a_notice_of_restart_rotates_first() -> None:
    server = FakeServer(ManualClock(START))

    async def during(_: Ran) -> None:
        await asyncio.sleep(50)
        notified = server.open[0]
        notified.push(body(restart=1))
        await asyncio.sleep(10)
        assert notified.closed

    ran = run_lines(server, 100, during=during)
    assert ran.rows() >= every_second(server, 5, 99)
    assert [one.replaced for one in ran.of(Closed)] == [True, False]


def test_the_old_connection_stays_when_the_new_one_brings_nothing() -> None:
    server = FakeServer(ManualClock(START))
    inner = server.feed

    async def feed(socket):  # type: ignore[no-untyped-def]
        if len(server.sockets) == 2:
            return
        await inner(socket)

    server.feed = feed  # type: ignore[method-assign]

    async def during(_: Ran) -> None:
        await asyncio.sleep(50)
        server.open[0].push(body(restart=1))

    ran = run_lines(server, 100, during=during)
    assert ran.rows() >= every_second(server, 5, 99)
    assert next((one.connection, one.replaced) for one in ran.of(Closed)) == (2, True)
    assert ran.status.reconnects == 0


def test_topics_that_are_not_confirmed_are_asked_again_and_reported() -> None:
    server = FakeServer(ManualClock(START), no_acks={"t.ETHUSDT"})
    ran = run_lines(server, 14)
    sent = [json.loads(text)["subscribe"] for text in server.sockets[0].sent if text[0] == "{"]
    assert sent == [["t.BTCUSDT", "t.ETHUSDT"], ["t.ETHUSDT"]]
    assert ran.status.unacked == ("t.ETHUSDT",)
    assert ran.rows() >= {("BTCUSDT", START + at * SECOND) for at in range(3, 13)}


def test_what_is_confirmed_the_second_time_is_not_reported() -> None:
    server = FakeServer(ManualClock(START), no_acks={"t.ETHUSDT"})

    async def during(_: Ran) -> None:
        await asyncio.sleep(3)
        server.no_acks.clear()

    ran = run_lines(server, 30, during=during)
    assert ran.status.unacked == ()
    assert ran.rows() >= every_second(server, 8, 29)


def test_one_refused_topic_does_not_take_its_message_with_it() -> None:
    server = FakeServer(ManualClock(START), refuses={"t.ETHUSDT"})
    ran = run_lines(server, 30)
    assert ran.status.refused == ("t.ETHUSDT",)
    assert ran.status.unacked == ()
    assert ran.rows() >= {("BTCUSDT", START + at * SECOND) for at in range(3, 29)}
    sent = [json.loads(text)["subscribe"] for text in server.sockets[0].sent if text[0] == "{"]
    assert sent == [["t.BTCUSDT", "t.ETHUSDT"], ["t.BTCUSDT"], ["t.ETHUSDT"]]


def test_one_silent_topic_is_asked_for_again_then_gets_another_connection() -> None:
    server = FakeServer(ManualClock(START))

    async def during(_: Ran) -> None:
        await asyncio.sleep(50)
        server.silent.add("t.ETHUSDT")

    ran = run_lines(server, 100, during=during)
    again = [json.loads(text)["subscribe"] for text in server.sockets[0].sent if text[0] == "{"]
    assert again == [["t.BTCUSDT", "t.ETHUSDT"], ["t.ETHUSDT"]]
    assert len(server.connects) == 2
    assert ran.of(Closed)[0].why.startswith("silent: t.ETHUSDT")
    assert ran.of(Closed)[0].replaced
    # The other instrument missed nothing by it.
    assert ran.rows() >= {("BTCUSDT", START + at * SECOND) for at in range(3, 99)}
    assert "t.ETHUSDT ETHUSDT" in ran.status.stale


def test_an_instrument_that_does_not_trade_does_not_shake_the_others_for_ever() -> None:
    server = FakeServer(ManualClock(START), silent={"t.ETHUSDT"})
    ran = run_lines(server, 4 * 3600)
    assert 3 <= len(server.connects) <= 10
    assert ran.rows() >= {("BTCUSDT", START + at * SECOND) for at in range(3, 4 * 3600 - 1)}


def test_a_question_is_answered() -> None:
    server = FakeServer(ManualClock(START))

    async def during(_: Ran) -> None:
        await asyncio.sleep(5)
        server.open[0].push(body(answer='{"subscribe": [], "id": 9}'))

    run_lines(server, 10, during=during)
    assert server.sockets[0].sent[-1] == '{"subscribe": [], "id": 9}'


def test_a_cut_line_comes_back_and_the_gap_is_said() -> None:
    server = FakeServer(ManualClock(START))

    async def during(_: Ran) -> None:
        await asyncio.sleep(100)
        server.cut()

    ran = run_lines(server, 200, during=during)
    first = ran.of(Closed)[0]
    assert (first.why, first.replaced) == ("closed by the venue", False)
    assert ran.of(Opened)[1].at - first.at < 2 * SECOND
    assert ran.status.reconnects == 1


def test_back_within_five_seconds_and_no_storm_while_down() -> None:
    server = FakeServer(ManualClock(START))

    async def during(_: Ran) -> None:
        await asyncio.sleep(100)
        server.down = True
        server.cut()
        await asyncio.sleep(600)
        server.down = False

    ran = run_lines(server, 800, during=during)
    tries = [at for at in server.connects if 100 < at < 700]
    assert 600 / 4 < len(tries) < 600
    assert ran.of(Opened)[-1].at - START < 705 * SECOND
    waits = np.diff(tries)
    assert waits.max() <= 4.1
    assert np.std(waits) > 0.3  # jitter


def test_back_within_five_seconds_of_a_venue_that_did_not_even_refuse() -> None:
    server = FakeServer(ManualClock(START))
    inner = server.connect

    async def connect(host, target):  # type: ignore[no-untyped-def]
        if 100 < server.at < 400:
            server.connects.append(server.at)
            await asyncio.sleep(60)
        return await inner(host, target)

    server.connect = connect  # type: ignore[method-assign]

    async def during(_: Ran) -> None:
        await asyncio.sleep(101)
        server.cut()

    ran = run_lines(server, 420, during=during)
    assert ran.of(Opened)[-1].at - START < 405 * SECOND
    assert ran.status.errors["timeout"] > 60


def test_lines_do_not_come_back_in_step() -> None:
    server = FakeServer(ManualClock(START), symbols=[f"A{n}USDT" for n in range(80)])

    async def during(_: Ran) -> None:
        await asyncio.sleep(60)
        server.down = True
        server.cut()
        await asyncio.sleep(30)
        server.down = False

    run_lines(server, 120, during=during)
    back = sorted(at for at in server.connects if at >= 90)[:20]
    assert len(back) == 20
    assert len({round(at, 2) for at in back}) >= 18
    assert back[-1] < 95


def test_a_venue_that_throws_out_is_left_alone_up_to_thirty_seconds() -> None:
    server = FakeServer(ManualClock(START))
    inner = server.feed

    async def thrown_out(socket):  # type: ignore[no-untyped-def]
        await asyncio.sleep(1.0)
        socket.frames.put_nowait(None)

    server.feed = thrown_out  # type: ignore[method-assign]

    async def during(_: Ran) -> None:
        await asyncio.sleep(1800)
        server.feed = inner  # type: ignore[method-assign]
        await asyncio.sleep(100)
        server.cut()

    ran = run_lines(server, 2100, during=during)
    waits = np.diff([at for at in server.connects if at < 1800])
    assert waits[5:].max() > 20
    assert waits.max() <= 31.5
    assert waits[5:].mean() == pytest.approx(16, abs=4)
    # After 100 healthy seconds the memory is gone.
    after = [at for at in server.connects if at > 1905] or [server.connects[-1]]
    assert min(after) - 1900 < 40
    assert ran.status.connections == 0


def test_a_refused_handshake_waits_and_a_ban_is_kept() -> None:
    server = FakeServer(ManualClock(START), handshake=lambda: Reply(403, b""))
    run_lines(server, 1000)
    assert server.connects[:2] == pytest.approx([0.0, 600.0], abs=31)
    assert len(server.connects) == 2


def test_a_full_queue_drops_counts_and_says_so() -> None:
    server = FakeServer(ManualClock(START), every_s=0.1)

    async def during(ran: Ran) -> None:
        await asyncio.sleep(10)
        ran.bench.sink.is_full = True
        await asyncio.sleep(20)
        ran.bench.sink.is_full = False

    ran = run_lines(server, 60, queue=50, during=during)
    dropped = ran.of(Dropped)
    assert len(dropped) == 1
    assert dropped[0].connection == 1
    assert ran.status.dropped == dropped[0].count
    assert dropped[0].count == pytest.approx(150, abs=5)
    assert 14 <= (dropped[0].since - START) / SECOND <= 16
    assert 29.9 <= (dropped[0].at - START) / SECOND <= 30.3
    # Nothing of the dropped span came after all, everything else did.
    frames = [frame.at for frame in ran.of(Frame)]
    assert not [at for at in frames if dropped[0].since <= at <= dropped[0].at - SECOND // 4]
    ours = [frame for frame in ran.of(Frame) if frame.connection == 1]
    assert ours[-1].at > dropped[0].at + 2 * SECOND
    # It was we who did not listen; a new connection brings what changes refer to.
    assert ran.status.reconnects == 0
    assert [(one.connection, one.replaced) for one in ran.of(Closed)] == [(1, True), (2, False)]
    assert not missing(ran, dropped[0].at, START + 59 * SECOND)


@pytest.mark.parametrize("rows", [False, True], ids=["alone", "among data"])
def test_changes_without_their_beginning_ask_for_another_connection(rows: bool) -> None:
    server = FakeServer(ManualClock(START), silent=set() if rows else {"t.BTCUSDT", "t.ETHUSDT"})

    async def during(_: Ran) -> None:
        first = server.sockets[0] if server.sockets else None
        for _ in range(300):
            await asyncio.sleep(1)
            first = first or server.sockets[0]
            first.push(body(orphan=1))

    ran = run_lines(server, 400, during=during)
    closed = ran.of(Closed)[0]
    if rows:
        assert closed.why == "changes without their beginning"
        assert closed.replaced
        assert 60 <= (closed.at - START) / SECOND <= 65
        assert ran.status.rotations == 1
        assert ran.rows() >= every_second(server, 5, 399)
    else:
        assert closed.why.startswith("mute")
        assert (closed.at - START) / SECOND <= 15.2


def test_new_listings_join_and_delisted_ones_leave_without_loss() -> None:
    server = FakeServer(ManualClock(START), symbols=["AUSDT", "BUSDT", "CUSDT"])

    async def during(ran: Ran) -> None:
        await asyncio.sleep(50)
        ran.lines.follow([instrument(one) for one in ("AUSDT", "CUSDT", "DUSDT", "EUSDT", "FUSDT")])

    ran = run_lines(server, 100, during=during)
    for symbol in ("AUSDT", "CUSDT"):
        assert ran.rows() >= {(symbol, START + at * SECOND) for at in range(3, 99)}
    for symbol in ("DUSDT", "EUSDT", "FUSDT"):
        assert ran.rows() >= {(symbol, START + at * SECOND) for at in range(58, 99)}
    assert ("BUSDT", START + 70 * SECOND) not in ran.rows()
    assert ran.status.reconnects == 0
    assert len({w.connection for w in ran.of(Watch)}) == 3


def test_a_line_with_nothing_left_to_follow_is_not_missing() -> None:
    server = FakeServer(ManualClock(START), symbols=["AUSDT"])

    async def during(ran: Ran) -> None:
        await asyncio.sleep(30)
        server.down = True
        server.cut()
        await asyncio.sleep(10)
        assert list(ran.status.gaps_open) == ["line 1"]
        ran.lines.follow([])

    ran = run_lines(server, 60, during=during)
    assert ran.status.gaps_open == {}


def test_a_topic_for_all_takes_new_instruments_without_a_new_connection() -> None:
    server = FakeServer(ManualClock(START), symbols=["AUSDT", "BUSDT"])

    def topics(chosen: Sequence) -> list[Topic]:  # type: ignore[type-arg]
        return [Topic("t.AUSDT", (OI,), tuple(one.symbol for one in chosen), 0.0)]

    async def during(ran: Ran) -> None:
        await asyncio.sleep(5)
        ran.lines.follow([instrument("AUSDT"), instrument("CUSDT")])

    ran = run_lines(server, 20, stream=replace(STREAM, topics=topics), during=during)
    assert len(server.connects) == 1
    assert [w.instruments for w in ran.of(Watch)] == [("AUSDT", "BUSDT"), ("AUSDT", "CUSDT")]


def test_a_stream_that_subscribes_by_its_address_needs_no_acks() -> None:
    server = FakeServer(ManualClock(START))
    inner = server.feed

    async def feed(socket):  # type: ignore[no-untyped-def]
        socket.topics = ["t.BTCUSDT", "t.ETHUSDT"]
        await inner(socket)

    server.feed = feed  # type: ignore[method-assign]
    stream = replace(STREAM, subscribe=lambda names, first: [], lifetime_s=60.0)
    ran = run_lines(server, 200, stream=stream)
    assert ran.status.unacked == ()
    assert ran.status.rotations >= 3
    assert ran.rows() >= every_second(server, 3, 199)


def test_the_same_seed_gives_the_same_records() -> None:
    def once() -> list[object]:
        server = FakeServer(ManualClock(START), symbols=[f"A{n}USDT" for n in range(9)])

        async def during(_: Ran) -> None:
            await asyncio.sleep(100)
            server.cut()

        return run_lines(server, 300, stream=replace(STREAM, lifetime_s=90.0), during=during).of(
            object
        )

    assert once() == once()
