"""The evaluator beside a writer on virtual time: what it writes is what a replay works out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tests.planted import PLANTED, tables
from tideline.collect.archives.rows import export_rows
from tideline.domain.fields import MARKET
from tideline.domain.time import DAY, HOUR, MINUTE, SECOND, ManualClock
from tideline.domain.venue import OWN
from tideline.features.arrays import FAR
from tideline.log import Log
from tideline.log.schema import TIMESTAMP, int_times
from tideline.readings.catalogue import RULES
from tideline.readings.rule import Rule
from tideline.readings.transitions import Transition
from tideline.store.judging import Judging, replay
from tideline.store.transition_rows import CADENCE_US, skipped_in, transitions_in

PUSH = next(one for one in PLANTED if one.asset == "BTC")
BEGIN = int(PUSH.start) - 5 * MINUTE
FEW: tuple[Rule, ...] = tuple(
    rule for rule in RULES
    if rule.key in ("R1.state", "R3.kind", "R3.building", "R3.sharp", "R4.pace", "R7.settlement")
)  # fmt: skip


@pytest.fixture(scope="module")
def rows() -> pa.Table:
    whole = pa.concat_tables(tables()).unify_dictionaries()
    return whole.take(pc.sort_indices(whole["known_time"]))


def filled(path: Path, rows: pa.Table, clock: ManualClock) -> Log:
    """A store that holds all that was known before BEGIN."""
    log = Log.create(path, clock)
    known = int_times(rows["known_time"])
    with log.writer(background=False) as writer:
        writer.append(rows.filter(pa.array(known < BEGIN)))
        writer.flush()
    return log


def batches(rows: pa.Table, end: int) -> Iterator[tuple[int, pa.Table]]:
    """What becomes known afterwards, as it comes: (moment, rows without a known_time)."""
    known = int_times(rows["known_time"])
    for moment in np.unique(known[(known >= BEGIN) & (known < end)]).tolist():
        part = rows.filter(pa.array(known == moment))
        yield moment, part.drop_columns(["known_time"])


def live(
    log: Log, rows: pa.Table, clock: ManualClock, end: int, restart_at: int = 0,
    stall: tuple[int, int] = (0, 0), rules: tuple[Rule, ...] = FEW,
    windows: tuple[str, ...] = ("45m",), assets: tuple[str, ...] = ("BTC",),
    filling: Sequence[tuple[int, pa.Table]] = (),
) -> int:  # fmt: skip
    """Let the market write and the evaluator judge, second by second; instants judged.

    ``filling``: (moment, rows with the known_time they are given) that are imported meanwhile.
    """
    older = list(filling)
    coming = iter(batches(rows, end))
    due = next(coming, None)
    total, flushed = 0, clock.at
    with log.writer(background=False) as writer:

        def fresh() -> Judging:
            return Judging(log, writer.append, rules=rules, windows=windows, assets=assets)

        judging = fresh()
        while clock.at < end:
            clock.advance(2 * SECOND + 137)
            while due is not None and due[0] <= clock.at:
                writer.append(due[1])
                due = next(coming, None)
            while older and older[0][0] <= clock.at:
                writer.append(older.pop(0)[1])
            writer.tick()
            if clock.at - flushed > HOUR:  # a journal of a whole day is no store of ours
                flushed = clock.at
                writer.flush()
            if stall[0] <= clock.at < stall[1]:
                continue
            total += judging.step()
            if restart_at and clock.at >= restart_at:
                judging, restart_at = fresh(), 0
    return total


def written(log: Log, asset: str = "BTC") -> list[Transition]:
    return [told.transition for told in transitions_in(log, asset, int(log.head()), BEGIN)]


def test_a_replay_gives_what_was_written_bit_for_bit(tmp_path: Path, rows: pa.Table) -> None:
    clock = ManualClock(BEGIN)
    end = int(PUSH.end) + 2 * MINUTE
    with filled(tmp_path / "store", rows, clock) as log:
        live(log, rows, clock, end, restart_at=int(PUSH.start) + 3 * MINUTE)
        found = written(log)
        assert {PUSH.state} <= {one.name for one in found if one.rule == "R1.state"}
        assert found == replay(log, BEGIN + CADENCE_US, end, rules=FEW, windows=("45m",),
                               assets=["BTC"])  # fmt: skip
        assert all(one.as_of % CADENCE_US == 0 for one in found)
        for told in transitions_in(log, "BTC", int(log.head()), BEGIN):
            assert told.transition.as_of < told.known_time <= told.transition.as_of + 10 * SECOND


def test_late_and_restated_rows_are_judged_when_they_are_known(
    tmp_path: Path, rows: pa.Table
) -> None:
    """A tenth comes up to ten minutes late, behind newer rows; a tenth comes twice."""
    rng = np.random.default_rng(3)
    known = int_times(rows["known_time"]).copy()
    late = (known >= BEGIN) & (rng.random(known.size) < 0.1)
    known[late] += rng.integers(1, 600, int(late.sum())) * SECOND
    again = np.flatnonzero((known >= BEGIN) & (rng.random(known.size) < 0.1))
    twice = rows.take(pa.array(again)).set_column(
        rows.column_names.index("value"), "value", pc.multiply(rows["value"].take(again), 1.001)
    )
    at = pa.array(np.concatenate([known, known[again] + MINUTE])).view(TIMESTAMP)
    whole = pa.concat_tables([rows, twice]).unify_dictionaries()
    whole = whole.set_column(whole.column_names.index("known_time"), "known_time", at)
    shuffled = whole.take(pc.sort_indices(whole["known_time"]))
    clock, end = ManualClock(BEGIN), int(PUSH.start) + 12 * MINUTE
    with filled(tmp_path / "store", shuffled, clock) as log:
        live(log, shuffled, clock, end, windows=("15m", "45m"))
        found = written(log)
        assert len(found) > 3
        assert found == replay(
            log, BEGIN + CADENCE_US, end, rules=FEW, windows=("15m", "45m"), assets=["BTC"]
        )


def assumed(rows: pa.Table) -> pa.Table:
    """Rows as an import brings them: their known_time is modelled."""
    words = pa.array(["assumed"] * rows.num_rows)
    return rows.set_column(rows.column_names.index("basis"), "basis", words)


def test_what_is_filled_in_meanwhile_is_known_from_then_on(
    tmp_path: Path, rows: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The past comes in pieces, the newest first, while instants are judged; and one in ten live
    rows comes minutes late with the modelled known_time at which it could have been there."""
    rng = np.random.default_rng(11)
    event, known = int_times(rows["event_time"]), int_times(rows["known_time"])
    cuts = [(HOUR, 6 * HOUR, 2), (6 * HOUR, 3 * DAY, 6), (3 * DAY, 400 * DAY, 11)]
    past = [
        (BEGIN + at * MINUTE, assumed(rows.filter(pa.array(
            (known < BEGIN) & (event >= BEGIN - far) & (event < BEGIN - near)))))
        for near, far, at in cuts
    ]  # fmt: skip
    end = int(PUSH.start) + 14 * MINUTE
    late = (known >= BEGIN) & (known < end - 5 * MINUTE) & (rng.random(known.size) < 0.1)
    held = rows.filter(pa.array(np.where(known < BEGIN, event >= BEGIN - HOUR, ~late)))
    missed = assumed(rows.filter(pa.array(late)))
    filling = sorted(
        [*past, *((at, missed.filter(pa.array(int_times(missed["known_time"]) < at)))
                  for at in range(BEGIN + 4 * MINUTE, end, 4 * MINUTE))],
        key=lambda item: item[0],
    )  # fmt: skip
    clock = ManualClock(BEGIN)
    rules = tuple(rule for rule in RULES if rule.key[:2] in ("R1", "R2", "R3", "R7"))
    windows = ("15m", "45m", "4h")
    with filled(tmp_path / "store", held, clock) as log:
        live(log, held, clock, end, rules=rules, windows=windows, filling=filling)
        found = written(log)
        asked = partial(replay, log, BEGIN + CADENCE_US, end, rules=rules, windows=windows,
                        assets=["BTC"])  # fmt: skip
        assert len(found) > 8
        assert found == asked()
        assert found == asked(lived=False)
        assert log.verify().ok
        monkeypatch.setattr("tideline.store.rows.lived_from", lambda legs: FAR)
        assert found != asked(lived=False)  # by modelled times the past would be another


def test_every_instant_is_judged_or_told_as_skipped(tmp_path: Path, rows: pa.Table) -> None:
    clock = ManualClock(BEGIN)
    end = BEGIN + 12 * MINUTE
    stall = (BEGIN + 3 * MINUTE, BEGIN + 7 * MINUTE)
    with filled(tmp_path / "store", rows, clock) as log:
        judged = live(log, rows, clock, end, stall=stall)
        head = int(log.head())
        ((first, after),) = skipped_in(log, head)
        assert stall[0] - 5 * SECOND <= first <= stall[0] + 5 * SECOND
        assert stall[1] - 5 * SECOND <= after <= stall[1] + 5 * SECOND
        instants = (head - BEGIN) // CADENCE_US
        assert abs(judged + (after - first) // CADENCE_US - instants) <= 1
        found = written(log)
        assert found == replay(log, BEGIN + 1, head, rules=FEW, windows=("45m",), assets=["BTC"])


def test_what_stopped_goes_on_where_it_was_and_tells_the_time_between(
    tmp_path: Path, rows: pa.Table
) -> None:
    clock = ManualClock(BEGIN)
    middle = int(PUSH.start) + 8 * MINUTE
    end = middle + 7 * MINUTE
    with filled(tmp_path / "store", rows, clock) as log:
        live(log, rows, clock, middle)
        standing = {(one.rule, one.window): one.name for one in written(log)}
        clock.advance(5 * MINUTE)
        live(log, rows, clock, end)
        ((first, after),) = skipped_in(log, int(log.head()))
        assert first <= middle + MINUTE
        assert after >= middle + 4 * MINUTE
        again = [one for one in written(log) if one.as_of > middle and one.change == "entered"]
        assert all(one.name != standing.get((one.rule, one.window)) for one in again)


def test_judgements_are_no_asset_of_their_own(tmp_path: Path, rows: pa.Table) -> None:
    from tideline.store import Store

    clock = ManualClock(BEGIN)
    with filled(tmp_path / "store", rows, clock) as log:
        live(log, rows, clock, BEGIN + 3 * MINUTE)
        store = Store(log)
        assert MARKET in log.assets()
        assert {one.asset for one in store.scan()} == {"BTC", "ETH"}
        assert store.value("BTC", "positioning.oi_usdtm@1h")["value"] is not None
        assert log.verify().ok
        exported = export_rows(log, tmp_path / "rows.parquet")
        own = sum(leg.rows for leg in log.legs() if leg.venue == OWN)
        assert 0 < own == sum(leg.rows for leg in log.legs()) - exported
        assert set(pl.read_parquet(tmp_path / "rows.parquet")["venue"]) == {
            "binance", "bybit", "okx"}  # fmt: skip


@pytest.mark.slow
def test_a_whole_day_of_all_rules_and_windows(tmp_path: Path, rows: pa.Table) -> None:
    clock = ManualClock(BEGIN)
    end = BEGIN + 24 * HOUR
    both = ("BTC", "ETH")
    windows = ("15m", "45m", "4h")
    with filled(tmp_path / "store", rows, clock) as log:
        live(log, rows, clock, end, restart_at=BEGIN + 5 * HOUR, rules=RULES,
             windows=windows, assets=both)  # fmt: skip
        found = sorted(written(log) + written(log, "ETH"), key=lambda one: (one.as_of, one.asset))
        assert len(found) > 20
        assert found == replay(log, BEGIN + CADENCE_US, end, windows=windows, assets=both)
