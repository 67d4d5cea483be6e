"""Bans: nothing goes out until they end, also after a restart; repetitions last longer."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.collect.scripted import (
    ACME,
    EACH,
    START,
    STREAM,
    FakeServer,
    bench,
    virtually,
)
from tideline.collect.asking.bans import Bans
from tideline.collect.asking.door import Door
from tideline.collect.asking.poller import Poller
from tideline.domain.time import DAY, HOUR, SECOND, ManualClock
from tideline.venues.wire import Reply, Request, Verdict

BANNED = Reply(418, b"{}", {"retry-after": "120"})


def door_of(server: FakeServer, path: Path | None) -> Door:
    bans = Bans(path, server.clock)
    return Door(
        replace(ACME, streams=(STREAM,)), server, bans, server.clock, np.random.default_rng(1)
    )


def test_no_request_during_a_ban_nor_after_a_restart(tmp_path: Path) -> None:
    clock = ManualClock(START)
    server = FakeServer(clock, answer=lambda _: BANNED)
    path = tmp_path / "bans.json"

    async def first() -> None:
        door = door_of(server, path)
        # Twenty at once: those under way when the ban comes may have been sent, none after.
        tasks = [
            asyncio.create_task(door.ask(Request("rest", "/tickers"), EACH.charges))
            for _ in range(20)
        ]
        await asyncio.sleep(60)
        for task in tasks:
            task.cancel()

    virtually(first(), clock)
    sent = len(server.asked)
    assert sent >= 1
    assert all(at < 0.1 for at, _ in server.asked)
    server.answer = lambda _: None

    async def second() -> float:
        door = door_of(server, path)
        await door.ask(Request("rest", "/tickers"), EACH.charges)
        return server.asked[-1][0]

    assert virtually(second(), clock) == pytest.approx(120.0, abs=0.2)
    assert len(server.asked) == sent + 1


def test_no_connect_during_a_ban_of_the_handshake(tmp_path: Path) -> None:
    clock = ManualClock(START)
    server = FakeServer(clock, handshake=lambda: Reply(403, b""))

    async def main() -> None:
        door = door_of(server, tmp_path / "bans.json")
        for _ in range(3):
            with pytest.raises(Exception, match="handshake"):
                await door.connect("ws", "/ws", STREAM.charges)

    virtually(main(), clock)
    # Ten minutes, then longer: 0, 600, 600 + 1200 seconds later.
    assert server.connects == pytest.approx([0.0, 600.0, 1800.0], abs=0.2)


def test_other_families_are_not_touched() -> None:
    clock = ManualClock(START)

    async def main() -> None:
        bans = Bans(None, clock)
        bans.punish("acme", Verdict("ban", 100.0, "x"))
        assert bans.left_s("acme") == pytest.approx(100.0)
        assert bans.left_s("acme.ws") == 0.0
        assert bans.until("acme.ws") is None

    virtually(main(), clock)


def test_several_replies_of_one_ban_are_one_strike_and_repetitions_double() -> None:
    clock = ManualClock(START)

    async def main() -> list[float]:
        bans, waits = Bans(None, clock), []
        for _ in range(7):
            for _ in range(5):
                bans.punish("acme", Verdict("ban", 600.0, "again"))
            waits.append(bans.left_s("acme"))
            await bans.wait("acme")
        await asyncio.sleep(25 * 3600)
        bans.punish("acme", Verdict("ban", 600.0, "long after"))
        waits.append(bans.left_s("acme"))
        return waits

    found = virtually(main(), clock)
    assert found == pytest.approx([600, 1200, 2400, 4800, 9600, 19200, 21600, 600], abs=0.01)


def test_what_the_venue_says_is_kept_however_long() -> None:
    async def main() -> float:
        bans = Bans(None, ManualClock(START))
        bans.punish("acme", Verdict("ban", 3 * 86_400.0, "three days"))
        return bans.left_s("acme")

    assert virtually(main(), ManualClock(START)) == pytest.approx(3 * 86_400.0)


def test_a_retry_after_is_heeded_whatever_the_verdict_says() -> None:
    clock = ManualClock(START)
    server = FakeServer(clock)
    limited = Reply(429, b"{}", {"retry-after": "45"})
    server.answer = lambda _: limited if server.at < 1 else None
    venue = replace(ACME, verdict=lambda r: Verdict("slow_down" if r.status == 429 else "ok"))

    async def main() -> None:
        bans = Bans(None, clock)
        door = Door(venue, server, bans, clock, np.random.default_rng(1))
        for _ in range(2):
            await door.ask(Request("rest", "/tickers"), EACH.charges)

    virtually(main(), clock)
    assert [round(at, 1) for at, _ in server.asked] == [0.0, 45.0]


def test_a_pause_does_not_shorten_a_ban() -> None:
    async def main() -> float:
        bans = Bans(None, clock)
        bans.punish("acme", Verdict("ban", 600.0))
        bans.punish("acme", Verdict("slow_down", 1.0))
        return bans.left_s("acme")

    clock = ManualClock(START)
    assert virtually(main(), clock) == pytest.approx(600.0)


class Jumping(ManualClock):
    """Its wall is ``ahead`` of its own count."""

    ahead = 0

    def now(self) -> int:  # type: ignore[override]
        return self.at + self.ahead


def test_a_clock_set_forward_does_not_end_a_ban_and_one_set_back_does_not_stretch_it(
    tmp_path: Path,
) -> None:
    clock = Jumping(START)
    path = tmp_path / "bans.json"

    async def forward() -> float:
        bans = Bans(path, clock)
        bans.punish("acme", Verdict("ban", 600.0))
        clock.ahead = DAY
        await bans.wait("acme")
        return (clock.at - START) / SECOND

    assert virtually(forward(), clock) == pytest.approx(600.0)

    async def back() -> float:
        clock.ahead = 0
        Bans(path, clock).punish("other", Verdict("ban", 600.0))
        clock.ahead = -5 * HOUR
        return Bans(path, clock).left_s("other")

    assert virtually(back(), clock) == pytest.approx(600.0)


def test_a_full_disk_does_not_lose_the_ban(tmp_path: Path) -> None:
    clock = ManualClock(START)
    folder = tmp_path / "gone"

    async def main() -> None:
        bans = Bans(folder / "bans.json", clock)
        folder.write_text("a file in the way")
        bans.punish("acme", Verdict("ban", 600.0))
        assert bans.left_s("acme") == pytest.approx(600.0)
        folder.unlink()
        await asyncio.sleep(1)
        waiting = asyncio.create_task(bans.wait("acme"))
        await asyncio.sleep(61)
        waiting.cancel()
        assert Bans(folder / "bans.json", clock).left_s("acme") == pytest.approx(538.0, abs=1)

    virtually(main(), clock)


def test_a_poll_in_a_ban_waits_and_goes_on() -> None:
    clock = ManualClock(START)
    server = FakeServer(clock, symbols=["AUSDT", "BUSDT", "CUSDT"])
    venue = replace(ACME, polls=(EACH,))

    def answer(_: Request) -> Reply | None:
        return BANNED if 100 <= server.at < 101 else None

    server.answer = answer
    asked: list[float] = []

    async def main() -> None:
        found = bench(venue, server)
        task = asyncio.create_task(Poller(EACH, found.feeding).run())
        await asyncio.sleep(90)
        # Make sure that something is asked while the venue is in the mood for bans.
        while server.at < 100:
            await asyncio.sleep(0.01)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                while True:
                    await found.feeding.bring("acme.oi", Request("rest", "/oi"), EACH.charges)
        await asyncio.sleep(300)
        task.cancel()
        asked.extend(at for at, _ in server.asked)
        assert found.status.feed("acme.oi").errors["ban"] >= 1
        assert found.status.feed("acme.oi").gaps_open == {}

    virtually(main(), clock)
    ban = next(at for at in asked if at >= 100)
    assert [at for at in asked if ban + 0.1 < at < ban + 119.9] == []
    assert [at for at in asked if ban + 120 <= at < ban + 140] != []
