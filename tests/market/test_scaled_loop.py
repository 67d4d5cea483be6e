"""Real sockets and threads on scaled time."""

from __future__ import annotations

import asyncio

from tideline.domain.scaled_time import ScaledClock
from tideline.domain.time import SECOND, WallClock, parse_time
from tideline.market.scaled_loop import run_scaled

START = int(parse_time("2026-03-02T00:00:00Z"))


def test_sleeps_are_divided_by_the_speed() -> None:
    clock, real = ScaledClock.starting(START, 200.0), WallClock()
    began = real.monotonic()

    async def main() -> list[str]:
        loop = asyncio.get_running_loop()
        said: list[str] = []
        loop.call_later(30.0, said.append, "late")
        loop.call_later(10.0, said.append, "early")
        before = loop.time()
        await asyncio.sleep(60.0)
        assert loop.time() - before >= 60.0
        return said

    assert run_scaled(main(), clock) == ["early", "late"]
    assert clock.now() >= START + 60 * SECOND
    assert real.monotonic() - began < 30.0


def test_sockets_and_threads_wake_the_loop() -> None:
    clock = ScaledClock.starting(START, 20.0)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.readline()).upper())
        writer.close()

    async def main() -> bytes:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.to_thread(WallClock().sleep, 0.01)
        writer.write(b"hello\n")
        try:
            return await asyncio.wait_for(reader.read(), 120.0)
        finally:
            writer.close()
            server.close()

    assert run_scaled(main(), clock) == b"HELLO\n"


def test_a_timeout_is_one_of_virtual_seconds() -> None:
    clock = ScaledClock.starting(START, 100.0)

    async def main() -> bool:
        try:
            await asyncio.wait_for(asyncio.Event().wait(), 20.0)
        except TimeoutError:
            return True
        return False

    before = clock.now()
    assert run_scaled(main(), clock)
    assert clock.now() - before >= 20 * SECOND
