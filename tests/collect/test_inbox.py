"""The bounded queue: what is dropped is counted and said, answers wait, words always get in."""

from __future__ import annotations

import asyncio

import pytest

from tests.collect.scripted import START, ListSink, body, virtually
from tideline.collect.inbox import Inbox
from tideline.collect.live.record import Closed, Dropped, Frame, Opened, Record
from tideline.collect.sink import Taken
from tideline.collect.status import VenueStatus
from tideline.domain.time import ManualClock


def frame(at: int, connection: int = 1, size: int = 0) -> Frame:
    return Frame(START + at, "acme.stream", body(rows=[], pad="x" * size), connection)


def ignore(_: Record, __: Taken) -> None:
    return


def test_full_means_dropped_counted_and_said_once_per_connection() -> None:
    clock, status, sink = ManualClock(START), VenueStatus(), ListSink()

    async def main() -> None:
        inbox = Inbox(10, clock, status)
        for at in range(25):
            assert inbox.offer(frame(at, at % 2), ignore) == (at < 10)
        inbox.tell(Opened(START + 25, "acme.stream", 3))
        clock.advance(100)
        inbox.finish(sink)

    virtually(main(), clock)
    dropped = sink.of(Dropped)
    assert [(d.connection, d.since, d.count, d.at) for d in dropped] == [
        (0, START + 10, 8, START + 100),
        (1, START + 11, 7, START + 100),
    ]
    assert status.feed("acme.stream").dropped == 15
    assert len(sink.of(Frame)) == 10
    assert len(sink.of(Opened)) == 1
    assert status.queue == 0


def test_a_connection_that_drops_drops_all_until_there_is_room() -> None:
    """No frame slips in between two dropped ones: the Dropped record names one closed span."""
    clock, sink = ManualClock(START), ListSink()

    async def main() -> None:
        inbox = Inbox(20, clock, VenueStatus())
        for at in range(22):
            inbox.offer(frame(at), ignore)
        inbox._hand_over(sink, 1)
        assert not inbox.offer(frame(22), ignore)  # one place is free, but not a tenth
        inbox._hand_over(sink, 1)
        assert inbox.offer(frame(23), ignore)
        inbox.finish(sink)

    virtually(main(), clock)
    kinds = [(type(r).__name__, r.at - START) for r in sink.records]
    assert kinds[-2:] == [("Dropped", 0), ("Frame", 23)]
    assert sink.of(Dropped)[0].count == 3


def test_bytes_count_too() -> None:
    async def main() -> None:
        inbox = Inbox(1000, ManualClock(START), VenueStatus(), most_bytes=10_000)
        taken = [inbox.offer(frame(at, size=3000), ignore) for at in range(5)]
        assert taken == [True, True, True, True, False]

    virtually(main(), ManualClock(START))


def test_an_answer_waits_for_room_and_for_its_reading() -> None:
    clock, sink = ManualClock(START), ListSink(is_full=True)

    async def main() -> None:
        inbox = Inbox(5, clock, VenueStatus())
        drain = asyncio.create_task(inbox.drain(sink))
        for at in range(5):
            inbox.offer(frame(at), ignore)
        giving = asyncio.create_task(inbox.give(frame(9, 0)))
        await asyncio.sleep(5)
        assert not giving.done()
        sink.is_full = False
        taken = await giving
        assert taken.parsed is not None
        drain.cancel()

    virtually(main(), clock)
    assert [record.at - START for record in sink.records] == [0, 1, 2, 3, 4, 9]


def test_a_sink_that_fails_leaves_nobody_waiting() -> None:
    class Broken(ListSink):
        def take(self, record: Record) -> Taken:
            raise RuntimeError("broken")

    async def main() -> None:
        inbox = Inbox(5, ManualClock(START), VenueStatus())
        drain = asyncio.create_task(inbox.drain(Broken()))
        taken = await inbox.give(frame(1, 0))
        assert taken.error == "crash"
        with pytest.raises(RuntimeError, match="broken"):
            await drain

    virtually(main(), ManualClock(START))


def test_errors_and_what_was_ignored_are_counted() -> None:
    status, sink = VenueStatus(), ListSink()

    async def main() -> None:
        inbox = Inbox(50, ManualClock(START), status)
        for raw in (b"<html>", body(bad="x"), body(other=1), body(rows=[["A", "f", 1, 2.0]])):
            inbox.offer(Frame(START, "acme.stream", raw, 1), ignore)
        inbox.tell(Closed(START, "acme.stream", 1, "x"))
        inbox.finish(sink)

    virtually(main(), ManualClock(START))
    feed = status.feed("acme.stream")
    assert (feed.frames, feed.rows) == (4, 1)
    assert feed.errors == {"NotStrict": 1, "BadWire": 1}
    assert feed.ignored == {"other product": 1}
