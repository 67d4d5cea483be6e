"""What verify and readers say of damage: the exact range, and nothing more."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.log.rows import DAY, T0, pairs, rows
from tideline.domain.errors import StoreDamaged
from tideline.domain.time import ManualClock
from tideline.log import Log


def _with_unflushed(log: Log, commits: int = 6) -> int:
    with log.writer() as writer:
        for n in range(1, commits + 1):
            writer.append(rows([T0 + n * DAY], [n]))
            if n == 3:
                writer.flush()
        return writer.state.head


def _edit(log: Log, statement: str, *values: object) -> None:
    log.close()
    db = sqlite3.connect(log.layout.journal)
    with db:
        db.execute(statement, values)
    db.close()


def test_a_sound_store_has_no_findings(log: Log) -> None:
    _with_unflushed(log)
    report = log.verify()
    assert report.ok and report.findings == ()
    assert (report.commits, report.rows, report.files) == (6, 6, 1)


def test_a_rotten_batch_is_named_and_the_rest_is_served(log: Log) -> None:
    head = _with_unflushed(log)
    _edit(log, "UPDATE batches SET body = zeroblob(length(body)) WHERE seq = 5")
    assert [value for _, value in pairs(log.read("BTC", head))] == [1, 2, 3, 4, 6]
    assert [finding.range for finding in log.degraded] == ["seq 5"]
    assert [finding.range for finding in log.verify().findings] == ["seq 5"]
    report = log.repair()
    assert report.ok and [finding.kind for finding in report.findings] == ["recorded loss"]
    assert next(log.layout.damaged.iterdir()).name == "batch-5"
    assert [value for _, value in pairs(log.read("BTC", head))] == [1, 2, 3, 4, 6]
    assert log.degraded == []


def test_a_vanished_commit_is_named(log: Log) -> None:
    head = _with_unflushed(log)
    _edit(log, "DELETE FROM commits WHERE seq = 4")
    assert len(pairs(log.read("BTC", head))) == 5
    assert "seq 4" in {finding.range for finding in log.degraded}
    assert "seq 4" in {finding.range for finding in log.verify().findings}


def test_a_lost_tail_is_noticed_and_its_numbers_are_not_used_again(
    log: Log, clock: ManualClock, tmp_path: Path
) -> None:
    with log.writer() as writer:
        writer.append(rows([T0], [1.0]))
        shutil.copy(log.layout.journal, tmp_path / "then")
        wal = log.layout.journal.with_name("journal.sqlite-wal")
        shutil.copy(wal, tmp_path / "then-wal")
        for n in (2, 3, 4):
            writer.append(rows([T0 + n], [n]))
    log.close()
    shutil.copy(tmp_path / "then", log.layout.journal)
    shutil.copy(tmp_path / "then-wal", wal)
    log = Log.open(log.path, clock)
    assert pairs(log.read("BTC", log.head())) == [(T0, 1.0)]
    assert [finding.range for finding in log.degraded] == ["seq 2..4"]
    with log.writer() as writer:
        assert writer.append(rows([T0 + 9], [9.0])).seq == 5
    (finding,) = log.verify().findings
    assert (finding.kind, finding.range) == ("recorded loss", "seq 2..4")
    assert [path.name for path in log.layout.damaged.iterdir()] == ["journal-wal-after-1"]
    assert [commit.seq for commit in log.follow(0, idle_s=0)] == [1, 5]


def test_a_file_swapped_for_another_is_noticed(log: Log) -> None:
    with log.writer() as writer:
        for n in range(2):
            writer.append(rows([T0 + n], [n]))
            writer.flush()
    one, two = sorted(log.layout.table.glob("asset=BTC/*/*.parquet"))
    shutil.copy(one, two)
    assert pairs(log.read("BTC", log.head())) == [(T0, 0.0)]
    (finding,) = log.degraded
    assert finding.where.endswith(two.name) and "BTC seq 2..2" in finding.range


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("UPDATE legs SET body = replace(body, '\"rows\":6', '\"rows\":7')", "damaged record"),
        ("DELETE FROM legs", "damaged record"),
        ("UPDATE commits SET known_time = 5 WHERE seq = 2", "disorder"),
        ("UPDATE commits SET rows = 2 WHERE seq = 2", "lost rows"),
        ("DELETE FROM commits WHERE seq = 2", "damaged record"),
        ("DELETE FROM parts", "damaged journal"),
        ("UPDATE state SET body = replace(body, '6', '5')", "damaged journal"),
    ],
)
def test_every_invariant_is_looked_at(log: Log, statement: str, kind: str) -> None:
    head = _with_unflushed(log)
    _edit(log, statement)
    report = log.verify()
    assert kind in {finding.kind for finding in report.findings}
    assert len(pairs(log.read("BTC", head))) == 6
    assert log.assets() == ["BTC"]
    assert log.repair().ok
    assert len(pairs(log.read("BTC", head))) == 6


def test_without_its_table_log_a_store_still_answers_and_can_be_mended(log: Log) -> None:
    head = _with_unflushed(log)
    shutil.rmtree(log.layout.delta_log)
    assert len(pairs(log.read("BTC", head))) == 6
    assert {finding.kind for finding in log.verify().findings} == {"damaged table log"}
    assert log.repair().findings == ()
    from deltalake import DeltaTable

    assert DeltaTable(str(log.layout.table)).transaction_version("journal") == 6


def test_without_its_journal_a_store_still_answers_and_can_be_mended(log: Log) -> None:
    _with_unflushed(log)
    log.close()
    log.layout.journal.write_bytes(b"not a database at all" * 500)
    assert [value for _, value in pairs(log.read("BTC", log.head()))] == [1, 2, 3]
    assert [leg.rows for leg in log.legs()] == [3]
    with pytest.raises(StoreDamaged):
        log.writer()
    assert log.repair().ok
    with log.writer() as writer:
        assert writer.append(rows([T0 + 50], [50.0])).seq == 7
    assert len(pairs(log.read("BTC", log.head()))) == 4
