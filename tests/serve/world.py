"""A store that grows under a hand-moved clock, and a service over it that is asked in-process."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tests.planted import START, tables
from tideline.domain.time import DAY, MINUTE, ManualClock
from tideline.log import Log, Source
from tideline.serve.app import create_app
from tideline.serve.logs import JsonLogger
from tideline.serve.service import Options, Service, open_service
from tideline.store.simulation_mark import SIMULATED

HOST = "desk.test"


def simulated_rows(assets: Sequence[str] = ("BTC", "ETH"), days: float = 1.0) -> pa.Table:
    """The first days of the demo's rows, by event time; further coins are BTC under other names."""
    parts = []
    for at, name in enumerate(assets):
        base = name if name in ("BTC", "ETH") else "BTC"
        for table in tables(20_260_302 + at):
            table = table.filter(pc.equal(table["asset"], base))
            if table.num_rows:
                parts.append(_renamed(table, base, name))
    whole = pa.concat_tables(parts).unify_dictionaries()
    event = whole["event_time"].cast(pa.int64())
    whole = whole.filter(pc.less_equal(event, int(START + days * DAY)))
    order = np.argsort(whole["event_time"].cast(pa.int64()).to_numpy(), kind="stable")
    return whole.take(pa.array(order))


def planted_rows(asset: str, until: int) -> pa.Table:
    """One coin's rows of the planted pushes, by event time."""
    whole = pa.concat_tables(tables()).unify_dictionaries()
    event = whole["event_time"].cast(pa.int64())
    mine = pc.and_(pc.equal(whole["asset"], asset), pc.less_equal(event, until))
    whole = whole.filter(mine)
    order = np.argsort(whole["event_time"].cast(pa.int64()).to_numpy(), kind="stable")
    return whole.take(pa.array(order))


def _renamed(table: pa.Table, base: str, name: str) -> pa.Table:
    for column in ("asset", "instrument"):
        place = table.column_names.index(column)
        words = pc.replace_substring(table[column].cast(pa.string()), base, name)
        table = table.set_column(place, column, words.dictionary_encode())
    return table


class Growing:
    """Rows are written as they happen, each commit known when the clock says so."""

    def __init__(self, path: Path, rows: pa.Table, late_us: int = 2_000_000) -> None:
        self.clock = ManualClock(int(START))
        self.log = Log.create(path, self.clock)
        self.writer = self.log.writer(background=False)
        blank = pa.nulls(rows.num_rows, pa.timestamp("us", tz="UTC"))
        self._rows = rows.set_column(rows.column_names.index("known_time"), "known_time", blank)
        self._event = rows["event_time"].cast(pa.int64()).to_numpy()
        self._at, self._late, self._source = 0, late_us, 0

    def advance(self, us: int) -> None:
        """Move the clock and write what has happened until then."""
        self.clock.advance(us)
        end = int(np.searchsorted(self._event, self.clock.at - self._late, side="right"))
        if end == self._at:
            self.writer.tick()
            return
        part = self._rows.slice(self._at, end - self._at)
        sources = []
        if not self._source:
            self._source = self.writer.next_source()
            sources = [Source(source_id=self._source, kind=SIMULATED, name="test")]
        ids = pa.array(np.full(part.num_rows, self._source, np.int64))
        self.writer.append(part.append_column("source_id", ids), sources)
        self._at = end

    def live_until(self, moment: int) -> None:
        """Hour by hour up to a moment."""
        while self.clock.at < moment:
            self.advance(min(3_600_000_000, moment - self.clock.at))

    def restate(self, share: float, field: str = "open_interest", status: str = "ok") -> None:
        """Say again, otherwise, the newest value of a field: a word about the past."""
        done = self._rows.slice(0, self._at)
        mine = np.flatnonzero(pc.equal(done["field"].cast(pa.string()), field).to_numpy())[-1:]
        if not mine.size:
            return
        part = done.take(pa.array(mine))
        place = part.column_names.index("value")
        part = part.set_column(place, "value", pc.multiply(part["value"], 1.0 + share))
        part = part.set_column(
            part.column_names.index("status"), "status", pa.array([status]).dictionary_encode()
        )
        ids = pa.array(np.full(part.num_rows, self._source, np.int64))
        self.writer.append(part.append_column("source_id", ids))

    def close(self) -> None:
        self.writer.close()
        self.log.close()


class Desk:
    """A service that is asked without sockets, one request after another."""

    def __init__(self, service: Service, **given: Any) -> None:
        self.service = service
        self.app = create_app(service, **given)

    def ask(self, method: str, url: str, **given: Any) -> httpx.Response:
        headers = dict(given.pop("headers", {}))
        key = given.pop("key", None)
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"

        async def once() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as client:
                return await client.request(method, url, headers=headers, **given)

        return asyncio.run(once())

    def get(self, url: str, **given: Any) -> httpx.Response:
        return self.ask("GET", url, **given)

    def post(self, url: str, **given: Any) -> httpx.Response:
        return self.ask("POST", url, **given)


@contextmanager
def desk_over(
    store: Path, clock: Any, *, follow: bool = False, log: io.StringIO | None = None, **given: Any
) -> Iterator[Desk]:
    """A desk over a store; ``follow``: with the thread that follows the log."""
    options = replace(Options(store=store, hosts=(HOST,)), **given)
    logger = JsonLogger(clock, log if log is not None else io.StringIO())
    service = open_service(options, clock, logger)
    if follow:
        service.start()
    try:
        yield Desk(service)
    finally:
        service.stop()


def minutes(count: float) -> int:
    """µs of so many minutes."""
    return round(count * MINUTE)
