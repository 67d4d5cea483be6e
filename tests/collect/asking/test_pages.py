"""History: back-fill, repair, tails; edges and counts looked at; coverage across restarts."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.collect.scripted import (
    ACME,
    OI,
    ROWS,
    START,
    Bench,
    FakeServer,
    bench,
    body,
    grid,
    virtually,
)
from tideline.collect.asking.coverage import Coverage
from tideline.collect.asking.pages import Pages
from tideline.collect.live.record import Frame
from tideline.domain.time import DAY, HOUR, MINUTE, SECOND, ManualClock
from tideline.venues.declaration import History
from tideline.venues.wire import Reply, Request

PERIOD = 5 * MINUTE
VENUE = replace(ACME, histories=(ROWS,))


def run_rows(
    server: FakeServer,
    seconds: float,
    *,
    history: History = ROWS,
    path: Path | None = None,
    during: Callable[[Pages], None] | None = None,
    backfill_us: int = 2 * DAY,
) -> Bench:
    async def main() -> Bench:
        found = bench(replace(ACME, histories=(history,)), server)
        coverage = Coverage(path)
        pages = Pages(history, found.feeding, coverage, backfill_us)
        task = asyncio.create_task(pages.run())
        await asyncio.sleep(seconds / 2)
        if during is not None:
            during(pages)
        await asyncio.sleep(seconds / 2)
        task.cancel()
        coverage.save(coverage.snapshot())
        return found

    return virtually(main(), server.clock)


def expected(since: int, until: int) -> set[int]:
    return set(range(since // PERIOD * PERIOD + PERIOD, until + 1, PERIOD))


def times(found: Bench, symbol: str = "BTCUSDT") -> set[int]:
    return {at for name, at in found.sink.rows("acme.history") if name == symbol}


def test_the_past_comes_once_and_the_tails_go_on() -> None:
    server = FakeServer(ManualClock(START))
    found = run_rows(server, 3 * 3600)
    assert times(found) >= expected(START - 2 * DAY, START + 3 * HOUR - 10 * MINUTE)
    purposes = Counter(frame.purpose for frame in found.sink.of(Frame))
    assert purposes["backfill"] == 2 * -(-2 * 288 // 50)
    # Two instruments each ten minutes, for three hours.
    assert purposes["repair"] == pytest.approx(36, abs=3)
    assert found.status.feed("acme.history").incomplete == 0


def test_without_a_back_fill_the_tails_come_all_the_same() -> None:
    server = FakeServer(ManualClock(START))
    found = run_rows(server, 3600, backfill_us=0)
    assert times(found) >= expected(START - 11 * PERIOD, START + HOUR - 10 * MINUTE)
    assert min(times(found)) >= START - 12 * PERIOD


def test_every_tail_asks_for_twelve_rows_at_least() -> None:
    server = FakeServer(ManualClock(START))
    found = run_rows(server, 3600)
    tails = [frame for frame in found.sink.of(Frame) if frame.purpose == "repair"]
    assert tails
    for frame in tails:
        assert int(frame.params["end"]) - int(frame.params["start"]) == 12 * PERIOD


def test_a_restart_takes_up_where_it_was(tmp_path: Path) -> None:
    clock = ManualClock(START)
    path = tmp_path / "coverage.json"
    run_rows(FakeServer(clock), 600, path=path)
    clock.advance(5 * HOUR)
    stopped = clock.at
    again = FakeServer(clock)
    found = run_rows(again, 600, path=path)
    assert {frame.purpose for frame in found.sink.of(Frame)} == {"repair"}
    assert times(found) >= expected(stopped - 5 * HOUR - 10 * MINUTE, stopped)
    assert len(again.asked) < 12


def test_a_hurry_brings_what_was_missed_at_once() -> None:
    server = FakeServer(ManualClock(START))
    slow = replace(ROWS, every_s=7200.0)
    asked_at: list[float] = []

    def during(pages: Pages) -> None:
        asked_at.append(server.at)
        pages.hurry()

    run_rows(server, 3600, history=slow, during=during)
    soon = [at for at, _ in server.asked if asked_at[0] <= at < asked_at[0] + 5]
    assert len(soon) >= 2


def test_a_short_page_is_asked_for_the_rest() -> None:
    """The venue gives 42 of the rows asked for, the newest."""
    server = FakeServer(ManualClock(START))

    def short(request: Request) -> Reply | None:
        if request.path != "/rows":
            return None
        return Reply(200, body(rows=grid(request)[-42:]))

    server.answer = short
    found = run_rows(server, 600)
    assert times(found) >= expected(START - 2 * DAY, START)
    assert found.status.feed("acme.history").incomplete == 0


def test_a_hole_is_asked_for_once_more_then_counted() -> None:
    server = FakeServer(ManualClock(START))
    hole = START // PERIOD * PERIOD - 10 * HOUR

    def holed(request: Request) -> Reply | None:
        rows = [row for row in grid(request) if not hole <= row[2] < hole + HOUR]
        return Reply(200, body(rows=rows))

    server.answer = holed
    found = run_rows(server, 600)
    assert times(found) == {at for at in times(found) if not hole <= at < hole + HOUR}
    assert times(found) >= expected(START - 2 * DAY, START) - expected(hole - 1, hole + HOUR - 1)
    assert found.status.feed("acme.history").incomplete == 2  # one for each instrument


def test_before_the_first_row_nothing_is_missing() -> None:
    server = FakeServer(ManualClock(START))
    born = START - 12 * HOUR
    server.answer = lambda request: Reply(
        200, body(rows=[row for row in grid(request) if row[2] > born])
    )
    found = run_rows(server, 600)
    assert times(found) >= expected(born, START)
    assert found.status.feed("acme.history").incomplete == 0


def test_rows_published_late_are_not_missing() -> None:
    server = FakeServer(ManualClock(START))
    server.answer = lambda request: Reply(
        200, body(rows=[row for row in grid(request) if row[2] <= server.clock.at - 6 * MINUTE])
    )
    found = run_rows(server, 3 * 3600)
    assert found.status.feed("acme.history").incomplete == 0
    assert times(found) >= expected(START - 2 * DAY, START + 150 * MINUTE)


def test_a_refused_instrument_is_left_alone() -> None:
    server = FakeServer(ManualClock(START))
    server.answer = lambda request: (
        Reply(400, b"{}") if request.param("symbol") == "ETHUSDT" else None
    )
    found = run_rows(server, 1800)
    assert times(found) >= expected(START - 2 * DAY, START)
    refused = [at for at, request in server.asked if request.param("symbol") == "ETHUSDT"]
    assert 1 <= len(refused) <= 4


def test_failures_delay_but_lose_nothing() -> None:
    server = FakeServer(ManualClock(START))
    count = Counter[str]()

    def flaky(request: Request) -> Reply | None:
        count["all"] += 1
        return Reply(502, b"") if count["all"] % 3 else None

    server.answer = flaky
    found = run_rows(server, 3600)
    assert times(found) >= expected(START - 2 * DAY, START)


def test_only_the_latest_page() -> None:
    server = FakeServer(ManualClock(START))
    latest = replace(ROWS, depth_us=0)

    def newest(request: Request) -> Reply:
        now = server.clock.at // PERIOD * PERIOD
        rows = [[request.param("symbol"), OI, now - at * PERIOD, 1.0] for at in range(12)]
        return Reply(200, body(rows=rows))

    server.answer = newest
    found = run_rows(server, 3600, history=latest)
    assert len(server.asked) < 25
    assert times(found) >= expected(START - 1, START + 50 * MINUTE)


def test_settlements_have_no_grid() -> None:
    """Every eight hours, though the declared period is one: nothing is missing in between."""
    server = FakeServer(ManualClock(START))
    name = "funding_rate_settled"
    settled = replace(ROWS, fields=(name,), period_us=HOUR, rows=100)

    def rare(request: Request) -> Reply:
        rows = [
            [row[0], name, row[2], row[3]] for row in grid(request, HOUR) if row[2] // HOUR % 8 == 0
        ]
        return Reply(200, body(rows=rows))

    server.answer = rare
    found = run_rows(server, 24 * 3600, history=settled)
    assert found.status.feed("acme.history").incomplete == 0
    eight = 8 * HOUR
    first, last = (START - 2 * DAY) // eight + 1, (START + 23 * HOUR) // eight
    wanted = {at * eight for at in range(first, last + 1)}
    assert len(wanted) >= 8
    assert times(found) >= wanted


def test_rows_are_asked_for_by_their_span(tmp_path: Path) -> None:
    """No request is empty, turned round or in the future."""
    server = FakeServer(ManualClock(START))
    run_rows(server, 3600)
    for at, request in server.asked:
        start, end = int(request.param("start")), int(request.param("end"))
        assert start < end <= START + round(at * SECOND) + SECOND
