"""Live asked of a demo that is being collected; afterwards the past is asked the same questions.

    market -> venues on loopback -> collector -> store <- service        processes of the demo
                                        |                    |
                                     recorder  --- live ---->|           while it is collected
                                     flush, compaction, a new service
                                     asker     -- historical ->          every stamp again

The market is lived in parts. Between two of them nobody collects for a while, so that each part
begins with a hole that is repaired from the venues' history; after the last recorded stamp there
is one more hole and its repair. Every value that was told live, with all that stands beside it,
is kept as text and compared with what historical tells at the same stamp.

    python -m tests.cli.demo.parity --assets 20 --days 10 --speed 400 --thin 25 --stamps 1001

Faster than a demo may run, frames have to be thinned: ``thin`` multiplies the intervals of all
pushes and polls, on the venues' side and in what the collector is told to expect of them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from tests.serve.test_parity import FEATURES, MORE
from tideline.cli.beside import served_beside
from tideline.cli.demo.past import BACKFILLED, import_history
from tideline.cli.demo.played import Demo
from tideline.cli.demo.servers import venues_of
from tideline.cli.demo.venue_process import VenueProcess
from tideline.cli.running import Job, run
from tideline.domain.scaled_time import ScaledClock
from tideline.domain.time import DAY, HOUR, MINUTE, SECOND, WallClock, format_time
from tideline.log import Log
from tideline.log.store_clock import clock_of, stop_clock, write_clock
from tideline.market.assets import default_assets
from tideline.market.cache import cache_home
from tideline.market.made import MadeMarket, obtain
from tideline.serve.process import Serving

if TYPE_CHECKING:
    from tideline.collect.live.committer import Committer
    from tideline.collect.supervisor import Collector
    from tideline.market.tape import Tape
    from tideline.venues.declaration import Stream, Venue

Say = Callable[[str], None]
EVERY_FEATURE = (*FEATURES, *MORE)
PATIENCE_S = 300.0
RETRIES, TOO_LONG = 10, 503
"""Of a question that took longer than the service allows, on a machine that is busy."""
SLACK_US = 56 * HOUR
"""For holes, and for what passes while processes start."""
ASSETS_ASKED, ROWS_ASKED = 5, 100
"""Assets of live and rows of historical at once: what a plan lets through with all evidence."""


@dataclass(frozen=True, slots=True)
class Played:
    """What is lived and asked.

    Attributes:
        start: where it is lived from, µs; all before it is history.
        stamps: rounds of questions to live, spread evenly over ``days``.
        parts: stretches of collecting, ``hole_us`` of nobody collecting between them.
        thin: see above; 1: as in the demo.
    """

    market: MadeMarket
    home: Path
    store: Path
    start: int
    days: float
    stamps: int
    parts: int = 2
    hole_us: int = 2 * HOUR
    speed: float = 60.0
    thin: float = 1.0
    features: Sequence[str] = EVERY_FEATURE


@dataclass(slots=True)
class Recorder:
    """What live told: packed answers, a few assets each; ``stamps`` counts the rounds."""

    url: str
    assets: Sequence[str]
    features: Sequence[str]
    kept: list[bytes] = field(default_factory=list)
    stamps: int = 0

    def ask(self) -> None:
        """Every asset live, now."""
        for low in range(0, len(self.assets), ASSETS_ASKED):
            names = self.assets[low : low + ASSETS_ASKED]
            asked = {"asset": ",".join(names), "features": ",".join(self.features)}
            for _ in range(RETRIES):
                answer = httpx.get(f"{self.url}/v1/features/live", params=asked, timeout=PATIENCE_S)
                if answer.status_code != TOO_LONG:
                    break
            assert answer.status_code == 200, answer.text[:500]
            self.kept.append(zlib.compress(answer.content, 1))
        self.stamps += 1

    def told(self, low: int, high: int) -> dict[str, dict[str, list[str]]]:
        """By asset and moment, every value of some answers, as text: so that −0 is not 0."""
        found: dict[str, dict[str, list[str]]] = {}
        for packed in self.kept[low:high]:
            for row in json.loads(zlib.decompress(packed))["rows"]:
                values = [json.dumps(value) for value in row["values"]]
                found.setdefault(row["asset"], {})[row["as_of"]] = values
        return found


@dataclass(slots=True)
class Found:
    """What came of it. ``numbers``: values that are no null; ``revised``: values behind which
    something had been restated; ``different``: the first of them, in words."""

    values: int = 0
    numbers: int = 0
    revised: int = 0
    differences: int = 0
    different: list[str] = field(default_factory=list)

    def count(self, where: str, before: str, after: str) -> None:
        self.values += 1
        value = json.loads(before)
        self.numbers += value["value"] is not None
        self.revised += value["revised"] > 0
        if before != after:
            self.differences += 1
            if len(self.different) < 20:
                self.different.append(f"{where}: {before} then {after}")


# --- living it -------------------------------------------------------------------------------


def record(played: Played, say: Say = print) -> Recorder:
    """Live through the market, part by part, asking live at every stamp."""
    tapes = obtain(played.market, played.home)
    demo = Demo(played.market, played.store, played.speed, None, False, played.home)
    import_history(demo, tapes, played.start, say)
    recorder = Recorder(f"http://127.0.0.1:{free_port()}", played.market.assets, played.features)
    step = round(played.days * DAY / played.stamps)
    at = played.start
    for part in range(played.parts + 1):
        last = played.stamps * (part + 1) // played.parts if part < played.parts else 0
        over = played.start + round((played.days * DAY + SLACK_US / 2) * (part + 1) / played.parts)
        _live(played, tapes, at, step, recorder, last, min(over, played.market.end - HOUR), say)
        with Log.open(played.store) as log:
            at = int(log.head()) + played.hole_us
    return recorder


def _live(
    played: Played,
    tapes: Sequence[Tape],
    start: int,
    step: int,
    recorder: Recorder,
    last: int,
    over: int,
    say: Say,
) -> None:
    """One part: until so many stamps are recorded or its time is over, µs (a machine too busy for
    the speed records fewer), or, with none left to record, for a while."""
    with VenueProcess(played.market, played.home, played.thin) as venues:
        venues.loaded()
        clock = ScaledClock.starting(start, played.speed)
        urls = venues.open(clock.anchor)
        write_clock(played.store, clock)
        job = _job(played, tapes, urls)
        port = int(recorder.url.rpartition(":")[2])
        done: list[Committer] = []

        async def beside(collector: Collector, committer: Committer) -> None:
            done.append(committer)
            while not committer.done.rows:
                await asyncio.sleep(played.speed * 0.05)
            await asyncio.to_thread(wait_for, recorder.url)
            if recorder.stamps >= last or clock.now() >= over:
                await asyncio.sleep(played.hole_us / SECOND)
                return
            due = int(clock.now())
            while recorder.stamps < last and clock.now() < over:
                await asyncio.sleep(max(0.0, (due - clock.now()) / SECOND))
                due = max(due + step, int(clock.now()))
                await asyncio.to_thread(recorder.ask)
                if recorder.stamps % 50 == 0:
                    count, rows = recorder.stamps, committer.done.rows
                    say(f"{format_time(clock.now())}: {count} stamps, {rows:,} rows")

        try:
            with served_beside(Serving(played.store, port=port), lambda _: None):
                run(job, beside=beside, clock=clock, say=lambda _: None)
        finally:
            stop_clock(played.store, int(clock.now()))
        for committer in done:
            rows, filled = committer.done.rows, committer.done.backfill.rows
            say(f"until {format_time(clock.now())}: {rows:,} rows, {filled:,} back-filled")


def _job(played: Played, tapes: Sequence[Tape], urls: dict[str, dict[str, str]]) -> Job:
    """As the demo collects, its feeds thinned, no readings judged and no frames archived."""
    return Job(
        store=played.store,
        venues=[thinned(venue, played.thin) for venue in venues_of(tapes)],
        assets=played.market.assets,
        backfill_days=BACKFILLED / DAY,
        raw_bytes=0,
        thin_us=round(max(1.0, played.speed / 8.0) * SECOND),
        urls=urls,
        simulated=True,
        commit_s=max(1.0, played.speed / 2.0),
        patience=max(1.0, played.speed),
    )


def thinned(venue: Venue, factor: float) -> Venue:
    """The same venue, everything of which is pushed and asked for so many times more seldom.

    History is asked for again as seldom as its page of newest rows allows.
    """
    return replace(
        venue,
        polls=tuple(
            replace(poll, every_s=poll.every_s * factor, tail_every_s=poll.tail_every_s * factor)
            for poll in venue.polls
        ),
        histories=tuple(
            replace(
                one,
                every_s=max(
                    one.every_s,
                    min(one.every_s * factor, 0.75 * one.tail_rows * one.period_us / SECOND),
                ),
            )
            for one in venue.histories
        ),
        streams=tuple(_thinned_stream(stream, factor) for stream in venue.streams),
    )


def _thinned_stream(stream: Stream, factor: float) -> Stream:
    inner = stream.topics
    return replace(
        stream,
        usual_s=stream.usual_s * factor,
        topics=lambda chosen: [
            replace(topic, usual_s=topic.usual_s * factor) for topic in inner(chosen)
        ],
    )


# --- asking the past -------------------------------------------------------------------------


def compare(played: Played, recorder: Recorder) -> Found:
    """Every stamp again, of a service that is asked for nothing else."""
    found = Found()
    with served(played.store, int(recorder.url.rpartition(":")[2])):
        each = -(-len(recorder.assets) // ASSETS_ASKED)
        for low in range(0, len(recorder.kept), ROWS_ASKED * each):
            for asset, rows in recorder.told(low, low + ROWS_ASKED * each).items():
                past = _historical(recorder, asset, list(rows))
                for (moment, live), then in zip(rows.items(), past, strict=True):
                    for feature, a, b in zip(recorder.features, live, then, strict=True):
                        found.count(f"{asset} {moment} {feature}", a, b)
    return found


def _historical(recorder: Recorder, asset: str, moments: Sequence[str]) -> list[list[str]]:
    body = {
        "rows": [{"asset": asset, "as_of": moment} for moment in moments],
        "features": list(recorder.features),
    }
    url = f"{recorder.url}/v1/features/historical"
    for _ in range(RETRIES):
        answer = httpx.post(url, json=body, timeout=PATIENCE_S)
        if answer.status_code != TOO_LONG:
            break
    assert answer.status_code == 200, answer.text[:500]
    rows = answer.json()["rows"]
    assert [(row["asset"], row["as_of"]) for row in rows] == [(asset, at) for at in moments]
    return [[json.dumps(value) for value in row["values"]] for row in rows]


@contextmanager
def served(store: Path, port: int) -> Iterator[None]:
    """A new service over a store that nobody writes any more."""
    with served_beside(Serving(store, port=port), lambda _: None):
        wait_for(f"http://127.0.0.1:{port}")
        yield


def settle(store: Path) -> None:
    """Flush, merge the files, delete those that were merged."""
    with Log.open(store, clock_of(store)) as log:
        log.compact(grace_us=0)


def wait_for(url: str) -> None:
    """Until a service answers there."""
    real = WallClock()
    until = real.monotonic() + PATIENCE_S
    while True:
        try:
            if httpx.get(f"{url}/v1/assets", timeout=5.0).status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert real.monotonic() < until, "the service did not start"
        real.sleep(0.1)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--assets", type=int, default=20)
    parser.add_argument("--days", type=float, default=10.0)
    parser.add_argument("--made", type=float, default=13.0, help="days of the made market")
    parser.add_argument("--speed", type=float, default=400.0)
    parser.add_argument("--thin", type=float, default=25.0)
    parser.add_argument("--stamps", type=int, default=1001)
    parser.add_argument("--parts", type=int, default=4)
    parser.add_argument("--scenario", default="mixed")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    real = WallClock()
    began = real.monotonic()
    coins = tuple(coin.asset for coin in default_assets(args.assets))
    market = MadeMarket(args.scenario, args.seed, coins, args.made)
    start = market.end - round(args.days * DAY) - SLACK_US
    with tempfile.TemporaryDirectory() as place:
        played = Played(
            market, cache_home(os.environ), Path(place) / "store", start // MINUTE * MINUTE,
            args.days, args.stamps, args.parts, speed=args.speed, thin=args.thin,
        )  # fmt: skip
        recorder = record(played, partial(print, flush=True))
        print(f"lived in {real.monotonic() - began:.0f} s", flush=True)
        settle(played.store)
        found = compare(played, recorder)
    print(
        f"{recorder.stamps:,} stamps over {args.days:g} days x "
        f"{len(coins)} assets x {len(recorder.features)} addresses = {found.values:,} values, "
        f"{found.numbers:,} of them numbers, {found.revised:,} over restated rows: "
        f"{found.differences:,} differences, in {real.monotonic() - began:.0f} s"
    )
    for line in found.different:
        print(line)
    raise SystemExit(found.differences > 0)


if __name__ == "__main__":
    main()
