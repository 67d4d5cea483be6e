"""Work that many ask for at once."""

from __future__ import annotations

import asyncio

import pytest

from tideline.serve.flights import Flights


def test_many_who_ask_at_once_are_answered_by_one_piece_of_work() -> None:
    started: list[str] = []

    async def main() -> None:
        flights = Flights()

        async def work(key: str) -> str:
            started.append(key)
            await asyncio.sleep(0.01)
            return key.upper()

        asked = [flights.once(key, lambda key=key: work(key)) for key in "aabab"]
        assert await asyncio.gather(*asked) == list("AABAB")
        assert await flights.once("a", lambda: work("a")) == "A"

    asyncio.run(main())
    assert started == ["a", "b", "a"]


def test_a_failure_is_everybodys_and_is_not_kept() -> None:
    async def main() -> None:
        flights = Flights()
        calls = 0

        async def broken() -> None:
            nonlocal calls
            calls += 1
            await asyncio.sleep(0)
            raise ValueError("no")

        asked = [flights.once("a", broken) for _ in range(3)]
        results = await asyncio.gather(*asked, return_exceptions=True)
        assert [str(result) for result in results] == ["no"] * 3
        assert calls == 1
        with pytest.raises(ValueError, match="no"):
            await flights.once("a", broken)
        assert calls == 2

    asyncio.run(main())


def test_one_who_leaves_stops_nobody() -> None:
    async def main() -> None:
        flights = Flights()

        async def work() -> int:
            await asyncio.sleep(0.02)
            return 7

        leaving = asyncio.create_task(flights.once("a", work))
        staying = asyncio.create_task(flights.once("a", work))
        await asyncio.sleep(0)
        leaving.cancel()
        assert await staying == 7
        with pytest.raises(asyncio.CancelledError):
            await leaving

    asyncio.run(main())
