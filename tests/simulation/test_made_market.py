"""A made market, observed: the collector's rows against the tape, and against the rows in bulk."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.market.tapes import START, tape
from tests.simulation import judge
from tests.simulation.harness import World, collect
from tests.simulation.recording import Recording
from tideline.collect.attended import Wanted
from tideline.domain.time import HOUR, MINUTE, SECOND, ManualClock
from tideline.market.observation.lost_feeds import scripts_of
from tideline.market.observation.market import Observed
from tideline.market.observation.prior import ObservationPrior, Range
from tideline.market.observation.quality import Outage, Quality, Restatement, draw_quality
from tideline.market.observation.rows import observed_rows
from tideline.market.recorded import Recorded
from tideline.readings.reading import CANNOT_TELL
from tideline.store import open_store

BEGUN = START + 4 * HOUR
LASTS_S = 5400.0
STALE = ObservationPrior(outages_a_week=Range(1e-9, 1e-9), restated_a_week=Range(1e-9, 1e-9))
LOST = Outage("okx", "all", BEGUN + 30 * MINUTE, BEGUN + 45 * MINUTE)
MUTE = Outage("bybit", "push", BEGUN + 50 * MINUTE, BEGUN + 60 * MINUTE)
RESTATED = Restatement(
    "binance", "BTCUSDT", BEGUN + 5 * MINUTE, BEGUN + 20 * MINUTE, 40, BEGUN + 50 * MINUTE
)


class Ran:
    """One run of the whole collector on virtual time, with the log open."""

    def __init__(self, path: Path) -> None:
        self.tapes = [tape("BTC", seed=4, hours=6.0), tape("ETH", seed=4, hours=6.0)]
        drawn = [draw_quality(one, STALE) for one in self.tapes]
        self.qualities = [
            Quality(one.refresh, one.delay_s, one.delay_spread, (LOST, MUTE), restated)
            for one, restated in zip(drawn, ((RESTATED,), ()), strict=True)
        ]
        clock = ManualClock(BEGUN)
        market = Observed(Recorded(self.tapes), self.qualities, clock)
        names = tuple(dict.fromkeys(book.venue for book in self.tapes[0].books))
        self.world = World(market, clock, 5, every_s=20.0, names=names, bars_of=("BTC", "ETH"))
        for name, script in scripts_of(self.world.venues, (LOST, MUTE)).items():
            for fault in script.faults:
                self.world.scripts[name].add(fault.step)
        wanted = Wanted(assets=("BTC", "ETH"), commit_s=20.0, backfill_days=0.1)
        with Recording(self.world.venues, clock, path) as recording:
            self.recording = recording
            collector = collect(self.world, recording, recording.commit, wanted, LASTS_S)
            self.refused = recording.committer.done.refused
            self.failures = collector.status.commit_failures
            self.end = clock.at
            self.found = judge.judged(self.world, recording, (BEGUN, clock.at))
        with open_store(path / "store", clock) as store:
            self.readings = store.scan(store.head(), window="45m")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return Ran(tmp_path_factory.mktemp("made"))


def test_every_row_is_what_a_venue_said(run: Ran) -> None:
    assert run.found.rows > 10_000
    # the value that stood before the restatement was true when it was said
    wrong = [
        row
        for row in run.found.invented
        if (row.venue, row.symbol) != (RESTATED.venue, RESTATED.symbol)
        or not RESTATED.start < row.event <= RESTATED.end
    ]
    assert wrong[:5] == []
    assert (run.refused, run.failures) == ([], 0)


def test_a_restatement_reached_the_log(run: Ran) -> None:
    rows = run.found.kept["binance", "BTCUSDT", "open_interest"]
    grid = [BEGUN + minutes * MINUTE for minutes in (10, 15, 20)]
    for at in grid:
        values = sorted(value for event, value in rows if event == at)
        assert len(values) == 2
        assert values[1] - values[0] == pytest.approx(40 * 0.001)


def test_what_was_lost_is_a_gap_and_nothing_else_is(run: Ran) -> None:
    gaps = run.found.gaps
    near = 90 * SECOND
    for symbol in ("BTC-USDT-SWAP", "ETH-USDT-SWAP"):
        for field in ("gap.open_interest", "gap.liquidation"):
            spans = gaps["okx", symbol, field].items()
            assert any(abs(a - LOST.start) < near and abs(b - LOST.end) < near for a, b in spans)
    assert ("okx", "BTC-USDT-SWAP", "gap.volume") not in gaps  # bars are mended
    for symbol in ("BTCUSDT", "ETHUSDT"):
        spans = gaps["bybit", symbol, "gap.liquidation"].items()
        assert any(abs(a - MUTE.start) < near and abs(b - MUTE.end) < near for a, b in spans)
        assert ("bybit", symbol, "gap.open_interest") not in gaps  # polls went on
    lost = {venue for venue, _, field in gaps if field != "gap.liquidation"}
    assert lost == {"okx"}


@pytest.mark.parametrize("venue", ["binance", "bybit", "okx"])
def test_liquidations_are_those_of_the_bulk_rows(run: Ran, venue: str) -> None:
    """While the line was up, event by event."""
    down = {"okx": LOST, "bybit": MUTE}.get(venue)
    first, last = BEGUN + MINUTE, run.end - MINUTE
    checked = 0
    for one, quality in zip(run.tapes, run.qualities, strict=True):
        table = observed_rows(one, quality, start=BEGUN, end=run.end, venues=[venue])
        fields = table.column("field").cast("string").to_pylist()
        events = table.column("event_time").cast("int64").to_pylist()
        symbol = next(book.symbol for book in one.books if book.venue == venue)
        bulk: dict[str, set[tuple[int, float]]] = {}
        for field, event, value in zip(
            fields, events, table.column("value").to_pylist(), strict=True
        ):
            if field.startswith("liquidation"):
                bulk.setdefault(field, set()).add((event // 1000, round(value, 6)))
        for field, told in bulk.items():
            kept = run.found.kept.get((venue, symbol, field), set())
            for event, value in told:
                at = event * 1000
                if not first < at < last or (
                    down and down.start - MINUTE <= at <= down.end + 2 * MINUTE
                ):
                    continue
                near = [v for e, v in kept if e == event]
                assert any(abs(v - value) <= 1e-6 * max(1.0, value) for v in near), (field, event)
                checked += 1
    assert checked > 10


def test_the_scan_reads_it(run: Ran) -> None:
    assert {one.asset for one in run.readings} == {"BTC", "ETH"}
    assert CANNOT_TELL not in {one.name for one in run.readings}
