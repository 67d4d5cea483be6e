"""From records to a store and back: durable rows, features, raw before rows, the same log again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.collect.live.fake import FAKE, LIQUIDATIONS, LIST, OPEN, STREAM, T0, body
from tideline.collect.live.committer import Committer, in_thread, inline
from tideline.collect.live.record import Closed, Frame, Opened, Universe, Watch
from tideline.collect.raw.archive import Archive
from tideline.collect.raw.entries import Begun, Block
from tideline.collect.raw.reading import Reading
from tideline.collect.raw.reparse import reparse
from tideline.collect.status import Status
from tideline.domain.errors import BadInput, StoreError
from tideline.domain.time import HOUR, MINUTE, SECOND, ManualClock
from tideline.log import Log
from tideline.store import open_store
from tideline.store.transition_rows import judged_up_to, pulse_row, table_of

BTC = "BTCUSDT"


class Station:
    """A store, an archive and a committer at a clock."""

    def __init__(self, folder: Path, clock: ManualClock | None = None, **more) -> None:
        self.folder, self.clock = folder, clock or ManualClock(T0)
        self.log = Log.open_or_create(folder / "store", self.clock)
        self.writer = self.log.writer(background=False)
        self.archive = Archive(folder / "raw")
        self.sink = Committer(
            self.log,
            self.writer,
            [FAKE],
            self.archive,
            self.clock,
            trusted=["bybit"],
            offload=more.get("offload", inline),
        )

    def start(self, number: int) -> None:
        now = self.clock.at
        self.sink.take(Universe(now, "bybit", (BTC,)))
        raw = body(listings=[{"symbol": BTC}])
        self.sink.take(Frame(now, LIST, raw))
        self.sink.take(Opened(now, STREAM, number))
        self.sink.take(Watch(now, STREAM, number, (BTC,), OPEN, 1.0, 1.0))
        self.sink.take(Watch(now, STREAM, number, (BTC,), LIQUIDATIONS, 0.0, 0.0))

    def second(self, i: int, number: int) -> None:
        self.clock.advance(SECOND)
        at = self.clock.at
        rows = [(BTC, "mark_price", at - 3000, 50_000.0 + i % 13)]
        rows += [(BTC, "open_interest", at - 3000, 60_000.0 + (i * 7) % 31)]
        if i % 5 == 0:
            for k in range(2):
                key = f"{i}:{k}"
                rows += [
                    (BTC, name, at // 1000 * 1000 - 7000, 1.0 + k, key) for name in LIQUIDATIONS[:2]
                ]
        self.sink.take(Frame(at, STREAM, body(*rows), number))
        if i % 20 == 3:
            self.history(i)
        asyncio.run(self.sink.commit())

    def history(self, i: int) -> None:
        grid = self.clock.at // (5 * MINUTE)
        rows = [
            (
                BTC,
                "lsr_global_accounts",
                (grid - k) * 5 * MINUTE,
                1.0 + (grid - k) % 7 + (i == 23) * (k == 4),
            )
            for k in range(12)
        ]
        self.sink.take(Frame(self.clock.at, "fake.history", body(*rows)))

    def stop(self) -> None:
        asyncio.run(self.sink.close())
        self.writer.close()

    def crash(self) -> None:
        """Nothing more is written, and the next one finds what is on the disk."""
        self.writer.close()


def digest(log: Log) -> str:
    newest = max(leg.last_known for leg in log.legs())
    return log.digest(newest)


def whole(log: Log) -> list[dict]:
    return log.read("BTC", log.head()).to_pylist()


def test_rows_are_durable_and_give_live_features(tmp_path):
    station = Station(tmp_path)
    station.start(1)
    for i in range(70):
        station.second(i, 1)
    station.stop()
    with open_store(tmp_path / "store", station.clock) as store:
        oi = store.live("BTC", ["positioning.oi_usdtm_coin@1h", "positioning.oi_usdtm@1h"])
        assert oi["positioning.oi_usdtm_coin@1h"].to_list() == [60_000.0 + (69 * 7) % 31]
        assert oi["positioning.oi_usdtm@1h"].to_list() == [
            (60_000.0 + (69 * 7) % 31) * (50_000.0 + 69 % 13)
        ]
        short = store.live("BTC", ["liquidations.liq_long_vol@1m"])
        assert short["liquidations.liq_long_vol@1m"].to_list() == [12 * 3.0]
        assert store.log.source(1).name in (STREAM, LIST)
        assert store.log.verify().ok


def test_the_archive_gives_the_same_log_again(tmp_path):
    station = Station(tmp_path)
    station.start(1)
    for i in range(60):
        station.second(i, 1)
    station.sink.take(Closed(station.clock.at, STREAM, 1, "cut"))
    station.clock.advance(40 * SECOND)
    asyncio.run(station.sink.commit())
    station.sink.take(Opened(station.clock.at, STREAM, 2))
    for name, usual in ((OPEN, 1.0), (LIQUIDATIONS, 0.0)):
        station.sink.take(Watch(station.clock.at, STREAM, 2, (BTC,), name, usual, usual))
    for i in range(60, 90):
        station.second(i, 2)
    station.stop()
    clock = ManualClock(station.clock.at + HOUR)
    target = Log.create(tmp_path / "again", clock)
    done = reparse(tmp_path / "raw", target, [FAKE])
    assert (done.unsealed, done.damage, done.refused) == (0, [], [])
    assert done.rows == target.read("BTC", target.head()).num_rows
    assert {"gap.open_interest", "gap.liquidation", "alive.liquidation", "instrument"} <= {
        leg.field for leg in target.legs()
    }
    bases = {row["basis"] for row in whole(station.log)}
    assert bases == {"recorded", "assumed"}
    assert digest(target) == digest(station.log)
    assert list(target.sources()) == list(station.log.sources())


def test_with_a_mended_parser_the_change_shows(tmp_path, monkeypatch):
    from tests.collect.live import fake

    station = Station(tmp_path)
    station.start(1)
    for i in range(10):
        station.second(i, 1)
    station.stop()

    def mended(raw, note):
        parsed = fake.read(raw, note)
        parsed.observations = [
            seen._replace(value=seen.value / 2) if seen.field == "open_interest" else seen
            for seen in parsed.observations
        ]
        return parsed

    from dataclasses import replace

    from tideline.venues.declaration import Stateless

    stream = replace(FAKE.streams[0], reader=lambda: Stateless(mended))
    venue = replace(FAKE, streams=(stream,))
    target = Log.create(tmp_path / "again", ManualClock(station.clock.at + HOUR))
    reparse(tmp_path / "raw", target, [venue])
    coins = [
        [
            (row["event_time"], row["value"], row["known_time"])
            for row in whole(log)
            if row["field"] == "open_interest"
        ]
        for log in (station.log, target)
    ]
    assert [(t, v / 2, k) for t, v, k in coins[0]] == coins[1]
    assert len(coins[1]) == 10
    assert digest(target) != digest(station.log)


@pytest.mark.parametrize("away_s", [1, 14, 3600])
def test_a_restart_repeats_nothing_and_says_what_was_missed(tmp_path, away_s):
    station = Station(tmp_path)
    station.start(1)
    for i in range(30):
        station.second(i, 1)
    last = station.clock.at
    station.stop()
    backlog = list(Reading(tmp_path / "raw").frames(STREAM, T0, last))
    before = max(row["seq"] for row in whole(station.log))
    clock = ManualClock(last + away_s * SECOND)
    again = Station(tmp_path, clock)
    again.start(1)
    for frame in backlog[-10:]:
        again.sink.take(Frame(clock.at, STREAM, frame.body, 1))
    clock.advance(SECOND)
    asyncio.run(again.sink.commit())
    fresh = [row for row in whole(again.log) if row["seq"] > before]
    names = {row["field"] for row in fresh}
    assert not names & {"open_interest", "mark_price", *LIQUIDATIONS, "instrument"}
    gaps = {row["field"]: row for row in fresh if row["field"].startswith("gap.")}
    assert ("gap.open_interest" in gaps) == (away_s > 15)
    assert "gap.liquidation" in gaps
    assert gaps["gap.liquidation"]["value"] == float(clock.at - SECOND)
    again.second(1, 1)
    again.stop()
    target = Log.create(tmp_path / "again", ManualClock(clock.at + HOUR))
    reparse(tmp_path / "raw", target, [FAKE])
    assert digest(target) == digest(again.log)


def test_a_crash_between_rows_and_stamp_is_made_good_at_the_next_start(tmp_path):
    station = Station(tmp_path)
    station.start(1)
    for i in range(5):
        station.second(i, 1)
    station.crash()
    tail = Reading(tmp_path / "raw").tail()
    assert sum(isinstance(entry, Block) for entry in tail) == 1
    again = Station(tmp_path, ManualClock(station.clock.at + MINUTE))
    again.start(1)
    for i in range(5, 9):
        again.second(i, 1)
    again.stop()
    target = Log.create(tmp_path / "again", ManualClock(again.clock.at + HOUR))
    done = reparse(tmp_path / "raw", target, [FAKE])
    assert done.unsealed == 0
    assert digest(target) == digest(again.log)


def test_a_crash_between_archive_and_rows_loses_rows_but_nothing_raw(tmp_path, monkeypatch):
    station = Station(tmp_path)
    station.start(1)
    for i in range(5):
        station.second(i, 1)

    def torn(*_):
        raise StoreError("power is gone")

    monkeypatch.setattr(station.writer, "append", torn)
    with pytest.raises(StoreError):
        station.second(5, 1)
    station.crash()
    frames = list(Reading(tmp_path / "raw").frames(STREAM, T0, station.clock.at))
    assert len(frames) == 6
    again = Station(tmp_path, ManualClock(station.clock.at + MINUTE))
    again.start(1)
    for i in range(6, 9):
        again.second(i, 1)
    again.stop()
    target = Log.create(tmp_path / "again", ManualClock(again.clock.at + HOUR))
    done = reparse(tmp_path / "raw", target, [FAKE])
    assert done.unsealed == 1
    assert digest(target) == digest(again.log)


def test_the_very_last_block_is_taken_though_its_stamp_is_missing(tmp_path):
    station = Station(tmp_path)
    station.start(1)
    for i in range(5):
        station.second(i, 1)
    station.crash()
    target = Log.create(tmp_path / "again", ManualClock(station.clock.at + HOUR))
    done = reparse(tmp_path / "raw", target, [FAKE])
    assert done.unsealed == 1
    assert len(whole(target)) == len(whole(station.log))


def test_a_full_disk_is_tried_again_and_nothing_is_lost(tmp_path, monkeypatch):
    station = Station(tmp_path)
    station.start(1)
    station.second(0, 1)
    append, write = station.writer.append, station.archive.append
    monkeypatch.setattr(
        station.archive, "append", lambda *_: (_ for _ in ()).throw(OSError(28, "full"))
    )
    with pytest.raises(OSError, match="full"):
        station.second(1, 1)
    monkeypatch.setattr(station.archive, "append", write)
    monkeypatch.setattr(
        station.writer, "append", lambda *_: (_ for _ in ()).throw(StoreError("the disk is full"))
    )
    with pytest.raises(StoreError):
        station.second(2, 1)
    monkeypatch.setattr(station.writer, "append", append)
    station.second(3, 1)
    station.stop()
    marks = [row["event_time"] for row in whole(station.log) if row["field"] == "mark_price"]
    assert len(marks) == 4
    target = Log.create(tmp_path / "again", ManualClock(station.clock.at + HOUR))
    reparse(tmp_path / "raw", target, [FAKE])
    assert digest(target) == digest(station.log)


def test_a_batch_the_log_refuses_stays_in_the_archive_and_the_next_goes_in(tmp_path, monkeypatch):
    station = Station(tmp_path)
    station.start(1)
    seal = station.sink.intake.seal

    def spoiled(now, first):
        batch = seal(now, first)
        place = batch.table.column_names.index("field")
        batch.table = batch.table.set_column(place, "field", [["nonsense"] * batch.rows])
        return batch

    monkeypatch.setattr(station.sink.intake, "seal", spoiled)
    station.second(0, 1)
    monkeypatch.setattr(station.sink.intake, "seal", seal)
    station.second(1, 1)
    station.stop()
    assert len(station.sink.done.refused) == 1
    status = Status(T0, T0)
    station.sink.tell(status)
    assert status.refused == 1
    assert "nonsense" in status.refused_why
    assert len(list(Reading(tmp_path / "raw").frames(STREAM, T0, station.clock.at))) == 2
    fields = [row["field"] for row in whole(station.log)]
    assert fields.count("mark_price") == 1
    assert station.log.verify().ok


def test_back_filled_rows_the_log_refuses_stop_nothing(tmp_path, monkeypatch):
    station = Station(tmp_path)
    station.start(1)
    station.second(0, 1)
    grid = station.clock.at // (5 * MINUTE) * 5 * MINUTE
    rows = [(BTC, "lsr_global_accounts", grid - k * 5 * MINUTE, 1.5) for k in range(3)]
    past = Frame(station.clock.at, "fake.history", body(*rows), 0, {}, "backfill")

    def spoiled(*_):
        raise BadInput("field", "nonsense", "is no field")

    station.sink.take(past)
    with monkeypatch.context() as patched:
        patched.setattr("tideline.collect.live.committer.take_in", spoiled)
        station.second(1, 1)
        assert station.sink.done.refused == ["field: 'nonsense' is no field"]
    station.second(2, 1)
    station.stop()
    fields = [row["field"] for row in whole(station.log)]
    assert fields.count("mark_price") == 3


def test_in_a_thread_records_come_in_while_a_commit_is_under_way(tmp_path):
    station = Station(tmp_path, offload=in_thread)
    station.start(1)

    async def run():
        for i in range(30):
            station.clock.advance(SECOND)
            at = station.clock.at
            commit = asyncio.ensure_future(station.sink.commit())
            await asyncio.sleep(0)
            station.sink.take(Frame(at, STREAM, body((BTC, "mark_price", at, 1.0 + i)), 1))
            await commit
        commit = asyncio.ensure_future(station.sink.commit())
        await asyncio.sleep(0)
        commit.cancel()
        await station.sink.close()

    asyncio.run(run())
    station.writer.close()
    marks = [row["value"] for row in whole(station.log) if row["field"] == "mark_price"]
    assert marks == [1.0 + i for i in range(30)]


def test_it_is_full_when_the_frames_are_heavy(tmp_path, monkeypatch):
    monkeypatch.setattr("tideline.collect.live.committer.MOST_BYTES", 100)
    station = Station(tmp_path)
    assert not station.sink.full()
    station.sink.take(Frame(T0, STREAM, b"x" * 100, 1))
    assert station.sink.full()
    asyncio.run(station.sink.commit())
    assert not station.sink.full()
    station.stop()


def test_a_start_is_marked_in_the_archive(tmp_path):
    station = Station(tmp_path)
    station.start(1)
    station.second(0, 1)
    station.stop()
    entries = list(Reading(tmp_path / "raw").entries())
    assert entries[0] == Begun(T0, ("bybit",))
    assert isinstance(entries[1], Block)


def test_rows_that_were_not_received_go_in_behind_the_next_commit(tmp_path: Path) -> None:
    """And are no part of the archive: a log made of it again has the same rows but them."""
    station = Station(tmp_path)
    station.start(1)
    pulse = table_of([pulse_row(T0)])
    station.second(0, 1)
    station.sink.also(pulse)
    assert judged_up_to(station.log, int(station.log.head())) is None
    station.second(1, 1)
    assert judged_up_to(station.log, int(station.log.head())) == T0
    station.second(2, 1)
    station.stop()
    rows = sum(leg.rows for leg in station.log.legs() if leg.venue == "bybit")
    made = Log.create(tmp_path / "again", ManualClock(station.clock.at + HOUR))
    reparse(tmp_path / "raw", made, [FAKE])
    assert sum(leg.rows for leg in made.legs()) == rows
