"""Sweeps: spread over the cadence, top before tail, back within 5 s, nothing caught up."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest

from tests.collect.scripted import (
    ACME,
    ALL,
    EACH,
    START,
    Bench,
    FakeServer,
    bench,
    body,
    instrument,
    virtually,
)
from tideline.collect.asking.plan import plan_of
from tideline.collect.asking.poller import Poller
from tideline.collect.live.record import Frame, Watch
from tideline.domain.time import ManualClock
from tideline.venues.declaration import Bucket, Poll
from tideline.venues.transport import TransportError
from tideline.venues.wire import Reply, Request

SYMBOLS = ["AUSDT", "BUSDT", "CUSDT", "DUSDT", "EUSDT", "FUSDT"]


def run_poll(poll: Poll, server: FakeServer, seconds: float, **switches: float) -> Bench:
    async def main() -> Bench:
        found = bench(replace(ACME, polls=(poll,)), server)
        task = asyncio.create_task(Poller(poll, found.feeding).run())
        if switches:
            await asyncio.sleep(switches["down_at"])
            server.down = True
            await asyncio.sleep(switches["up_at"] - switches["down_at"])
            server.down = False
        await asyncio.sleep(seconds - server.at)
        task.cancel()
        return found

    return virtually(main(), server.clock)


def test_top_and_tail_keep_their_cadence_and_are_spread() -> None:
    server = FakeServer(ManualClock(START), symbols=SYMBOLS)
    run_poll(EACH, server, 601.0)
    counts = Counter(request.param("symbol") for _, request in server.asked)
    for symbol in SYMBOLS[:2]:
        assert counts[symbol] == pytest.approx(40, abs=1)
    for symbol in SYMBOLS[2:]:
        assert counts[symbol] == pytest.approx(10, abs=1)
    tail = [at for at, request in server.asked if request.param("symbol") in SYMBOLS[2:]]
    distances = [after - before for before, after in pairwise(tail)]
    assert min(distances) > 10.0  # four instruments in sixty seconds
    assert max(distances) < 20.0


def test_the_legs_are_told_once_with_their_cadence() -> None:
    server = FakeServer(ManualClock(START), symbols=SYMBOLS)
    found = run_poll(EACH, server, 300.0)
    watches = found.sink.of(Watch)
    assert [(w.instruments, w.cadence_s, w.connection) for w in watches] == [
        (tuple(SYMBOLS[:2]), 15.0, 0),
        (tuple(SYMBOLS[2:]), 60.0, 0),
    ]


def test_one_call_covers_all() -> None:
    server = FakeServer(ManualClock(START), symbols=SYMBOLS)
    found = run_poll(ALL, server, 300.0)
    assert len(server.asked) == pytest.approx(20, abs=1)
    frames = found.sink.of(Frame, "acme.tickers")
    assert len(frames) == len(server.asked)
    assert all(frame.at > START and frame.purpose == "live" for frame in frames)


@pytest.mark.parametrize("poll", [ALL, EACH], ids=["all", "each"])
def test_back_within_five_seconds_of_the_venues_return(poll: Poll) -> None:
    server = FakeServer(ManualClock(START), symbols=SYMBOLS)
    run_poll(poll, server, 1000.0, down_at=100.0, up_at=703.0)
    down = [at for at, _ in server.asked if 101.0 < at < 703.0]
    # One request at a time tries, no faster than the jitter allows, and never 4 s apart or more.
    assert 600 / 4 < len(down) < 600
    first = min(at for at, _ in server.asked if at >= 703.0)
    assert first - 703.0 < 5.0


def test_back_within_five_seconds_of_a_venue_that_did_not_even_refuse() -> None:
    server = FakeServer(ManualClock(START))
    inner = server.ask

    async def ask(host, request):  # type: ignore[no-untyped-def]
        if 100 < server.at < 400:
            server.asked.append((server.at, request))
            await asyncio.sleep(10)
            raise TransportError("timeout", "rest", "silence")
        return await inner(host, request)

    server.ask = ask  # type: ignore[method-assign]
    run_poll(ALL, server, 420.0)
    back = min(at for at, _ in server.asked if at >= 400.0)
    # Every fourth try may take the full ten seconds, for the sake of a venue that is slow.
    assert back - 400.0 < 10.0
    waits = [b - a for (a, _), (b, _) in pairwise(server.asked) if a > 130 and b < 400]
    assert sum(wait < 5.0 for wait in waits) > 0.7 * len(waits)


def test_no_burst_beyond_the_limit_when_a_venue_comes_back() -> None:
    """Requests that waited for the venue's return do not go out on tokens of long ago."""
    server = FakeServer(ManualClock(START), symbols=[f"A{n}USDT" for n in range(40)])
    many = replace(EACH, every_s=4.0, tail_every_s=4.0)
    tight = Bucket("calls", 30.0, 2.0)

    async def main() -> None:
        venue = replace(ACME, polls=(many,), buckets=(tight,))
        found = bench(venue, server)
        tasks = [asyncio.create_task(Poller(many, found.feeding).run()) for _ in range(3)]
        await asyncio.sleep(60)
        server.down = True
        await asyncio.sleep(60)
        server.down = False
        await asyncio.sleep(60)
        for task in tasks:
            task.cancel()

    virtually(main(), server.clock)
    times = [at for at, _ in server.asked]
    assert len(times) > 500
    assert max(sum(t <= at < t + 2.0 for at in times) for t in times) <= 30


def test_a_slow_venue_is_reached_after_a_failure() -> None:
    server = FakeServer(ManualClock(START))
    inner = server.ask

    async def ask(host, request):  # type: ignore[no-untyped-def]
        if server.at < 50:
            raise TransportError("connect", "rest", "down")
        await asyncio.sleep(6)
        return await inner(host, request)

    server.ask = ask  # type: ignore[method-assign]
    found = run_poll(ALL, server, 300.0)
    assert found.status.feed("acme.tickers").rows > 10


def test_a_refused_request_is_not_repeated_before_its_turn() -> None:
    server = FakeServer(ManualClock(START), answer=lambda _: Reply(400, b"{}"))
    found = run_poll(ALL, server, 151.0)
    assert len(server.asked) == pytest.approx(10, abs=1)
    assert found.status.feed("acme.tickers").errors["refused"] == len(server.asked)


def test_what_is_not_asked_any_more_is_not_missing() -> None:
    def answer(request: Request) -> Reply | None:
        return Reply(400, b"{}") if request.param("symbol") in ("AUSDT", "FUSDT") else None

    server = FakeServer(ManualClock(START), symbols=SYMBOLS, answer=answer)
    venue = replace(ACME, polls=(EACH,))

    async def main() -> tuple[list[str], list[str]]:
        found = bench(venue, server)
        task = asyncio.create_task(Poller(EACH, found.feeding).run())
        await asyncio.sleep(100)
        before = sorted(found.status.feed("acme.oi").gaps_open)
        found.feeding.plan = plan_of(venue, [instrument(one) for one in SYMBOLS[:2]])
        await asyncio.sleep(100)
        task.cancel()
        return before, sorted(found.status.feed("acme.oi").gaps_open)

    before, after = virtually(main(), server.clock)
    assert before == ["tail 3", "top 0"]
    assert after == ["top 0"]


@pytest.mark.parametrize(
    "reply",
    [Reply(200, b"<html>"), Reply(200, b""), Reply(200, b'{"rows": ['), Reply(502, b"{}")],
    ids=["html", "empty", "cut", "502"],
)
def test_rubbish_is_kept_counted_and_asked_again(reply: Reply) -> None:
    server = FakeServer(ManualClock(START))
    server.answer = lambda _: reply if server.at < 20 else None
    found = run_poll(ALL, server, 100.0)
    feed = found.status.feed("acme.tickers")
    assert sum(feed.errors.values()) >= 3
    assert feed.rows > 0
    assert feed.gaps_open == {}
    bodies = [frame.body for frame in found.sink.of(Frame, "acme.tickers")]
    assert (reply.body in bodies) == bool(reply.body)
    assert feed.crash == ""


def test_sweeps_that_could_not_start_are_skipped_and_counted() -> None:
    server = FakeServer(ManualClock(START), symbols=SYMBOLS)
    banned = Reply(418, b"{}", {"retry-after": "600"})
    server.answer = lambda _: banned if server.at < 5 else None
    found = run_poll(EACH, server, 700.0)
    feed = found.status.feed("acme.oi")
    assert feed.missed > 30
    # What waited is not sent in a burst of forty sweeps.
    assert len([at for at, _ in server.asked if 600 <= at < 610]) < 40


def test_pages_follow_the_cursor_and_end() -> None:
    server = FakeServer(ManualClock(START))

    def paged(request: Request) -> Reply:
        page = int(request.param("cursor") or 0)
        more = {"next": str(page + 1)} if page < 3 else {}
        return Reply(200, body(rows=[], **more))

    server.answer = paged
    run_poll(ALL, server, 4.0)
    assert [request.param("cursor") for _, request in server.asked] == ["", "1", "2", "3"]

    endless = FakeServer(ManualClock(START), answer=lambda _: Reply(200, body(next="again")))
    found = run_poll(ALL, endless, 14.0)
    assert found.status.feed("acme.tickers").errors == {"endless pages": 1}
    assert len(endless.asked) == 50
