"""A whole collector against a venue server behind real sockets of this machine."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from tideline.collect.attended import Wanted
from tideline.collect.live.intake import LiveIntake
from tideline.collect.live.record import Closed, Frame, Opened, Record, Universe
from tideline.collect.sink import Taken
from tideline.collect.supervisor import Collector
from tideline.collect.transport import WebTransport
from tideline.domain.time import SECOND, WallClock
from tideline.market.synthetic import Synthetic
from tideline.market.venues.bybit import BybitServer
from tideline.market.venues.front import Front
from tideline.market.venues.serving import Serving
from tideline.venues.catalogue import venue

BYBIT = venue("bybit")


class Kept(LiveIntake):
    """The live intake, with its records kept."""

    def take(self, record: Record) -> Taken:
        self.__dict__.setdefault("records", []).append(record)
        return super().take(record)


def test_a_collector_over_real_sockets() -> None:
    clock = WallClock()
    start = clock.now() // SECOND * SECOND
    market = Synthetic(2, 7, start)
    sink = Kept([BYBIT])
    rows: list[int] = []

    async def commit() -> None:
        rows.append(sink.seal(clock.now()).rows)

    def seen(feed: str) -> int:
        return sum(
            isinstance(record, Frame) and record.feed == feed
            for record in sink.__dict__.get("records", [])
        )

    async def main() -> Collector:
        front = Front(BybitServer(market))
        async with (
            Serving([(host, front) for host in BYBIT.hosts], clock) as serving,
            WebTransport(serving.urls["bybit"]) as transport,
        ):
            wanted = Wanted(top=2, commit_s=0.2, backfill_days=0.01)
            collector = Collector(
                [BYBIT], lambda _: transport, sink, commit, clock, np.random.default_rng(1), wanted
            )
            task = asyncio.create_task(collector.run())
            feeds = ("bybit.linear.tickers", "bybit.linear.stream", "bybit.linear.klines")
            async with asyncio.timeout(60):
                while min(seen(feed) for feed in feeds) < 1 and not task.done():
                    await asyncio.sleep(0.1)
                # The venue goes away for a moment: the connections come back by themselves.
                for line in list(front.lines):
                    line.left()
                while sum(isinstance(r, Opened) for r in sink.records) < 2:  # type: ignore[attr-defined]
                    await asyncio.sleep(0.1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return collector

    collector = asyncio.run(main())
    status = collector.status.venues["bybit"]
    assert status.skew_us is not None
    assert abs(status.skew_us) < 5 * SECOND
    assert sum(rows) > 0
    assert [feed.crash for feed in status.feeds.values() if feed.crash] == []
    assert all(not feed.errors for feed in status.feeds.values())
    records = sink.records  # type: ignore[attr-defined]
    assert any(isinstance(record, Universe) for record in records)
    opened = {r.connection for r in records if isinstance(r, Opened)}
    assert opened == {r.connection for r in records if isinstance(r, Closed)}
