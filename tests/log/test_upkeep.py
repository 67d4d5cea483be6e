"""Flush, compaction, vacuum, backup and retention."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from tests.log.rows import DAY, T0, pairs, rows
from tideline.domain.errors import BadInput, BeforeHorizon, StoreDamaged, StoreTooNew
from tideline.domain.time import ManualClock, WallClock
from tideline.log import FlushPolicy, Log
from tideline.log.compaction import GRACE_US, compact, vacuum


def _fill(log: Log, commits: int, *, flush_every: int = 2) -> int:
    with log.writer(background=False) as writer:
        for n in range(commits):
            events = [T0 + n * 6 * DAY, T0 + n * 6 * DAY + 1]
            writer.append(rows(events, [n, n + 0.5], asset=["BTC", "ETH"]))
            if n % flush_every == 0:
                writer.flush()
        return writer.state.head


def _files(log: Log) -> set[str]:
    return {
        str(path.relative_to(log.layout.table)) for path in log.layout.table.glob("a*/*/*.parquet")
    }


def test_old_files_wait_for_the_last_reader(log: Log, clock: ManualClock) -> None:
    _fill(log, 8)
    before = _files(log)
    view = log.viewer.view()
    with log.writer() as writer:
        writer.flush()
        assert compact(writer) > 0
        vacuum(writer)
        assert before < _files(log)
        for part in view.parts:
            assert log.parts.read(part) is not None
        clock.advance(GRACE_US + 1)
        vacuum(writer)
        assert not before & _files(log)
        assert {part.path for part in writer.parts()} == _files(log)


def test_orphans_of_a_crash_are_collected(log: Log) -> None:
    _fill(log, 4)
    stray = next(log.layout.table.glob("asset=BTC/*")) / f"1-2-{'0' * 32}.parquet"
    stray.write_bytes(b"half")
    with log.writer() as writer:
        vacuum(writer)
    assert not stray.exists()
    assert log.verify().ok


def test_nothing_is_deleted_while_a_backup_holds_the_store(log: Log) -> None:
    from tideline.log.lock import pinned

    _fill(log, 8)
    with log.writer() as writer, pinned(log.layout, alone=False):
        compact(writer)
        assert vacuum(writer, grace_us=-1) == 0
    with log.writer() as writer:
        assert vacuum(writer, grace_us=-1) > 0


def test_the_tables_own_log_is_trimmed_behind_a_checkpoint(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tideline.log.table.CHECKPOINT_EVERY", 4)
    head = _fill(log, 12, flush_every=1)
    before = log.digest(head)
    log.clock = WallClock()
    with log.writer(background=False) as writer:
        vacuum(writer, grace_us=-1_000_000)
    entries = sorted(path.name for path in log.layout.delta_log.glob("*.json"))
    assert len(entries) <= 5
    assert log.verify().findings == () and log.digest(head) == before


def test_a_writer_flushes_and_compacts_by_itself(tmp_path: Path) -> None:
    log = Log.create(tmp_path / "store", WallClock())
    policy = FlushPolicy(rows=1, commits=1, age_s=0, compact_above=2)
    with log.writer(policy=policy) as writer:
        for n in range(6_000):
            if n < 200:
                writer.append(rows([T0 + n], [n]))
            WallClock().sleep(0.01)
            if n >= 200 and writer.state.flushed == 200:
                break
        assert writer.state.flushed == 200
        assert writer.background is not None and writer.background.trouble is None
    assert len(pairs(log.read("BTC", log.head()))) == 200


def test_a_backup_taken_while_writing_answers_alike_elsewhere(
    log: Log, clock: ManualClock, tmp_path: Path
) -> None:
    head = _fill(log, 6)
    with log.writer() as writer:
        stop = threading.Event()

        def write() -> None:
            n = 0
            while not stop.is_set() and n < 500:
                n += 1
                writer.append(rows([T0 + n], [n]))
                if n % 5 == 0:
                    writer.flush()
                if n % 20 == 0:
                    compact(writer)
                    vacuum(writer, grace_us=-1)

        thread = threading.Thread(target=write)
        thread.start()
        try:
            assert Log.open(log.path, clock).backup(tmp_path / "copy") > 0
        finally:
            stop.set()
            thread.join()
    restored = Log.restore(tmp_path / "copy", tmp_path / "restored", clock)
    assert restored.digest(head) == log.digest(head)
    assert restored.verify().findings == ()
    with restored.writer() as writer:
        writer.append(rows([T0 + 3]))
    with pytest.raises(BadInput, match="target"):
        log.backup(tmp_path / "copy")


def test_a_damaged_file_is_not_backed_up_as_if_it_were_whole(log: Log, tmp_path: Path) -> None:
    _fill(log, 4)
    victim = next(log.layout.table.glob("a*/*/*.parquet"))
    victim.write_bytes(victim.read_bytes()[:-9])
    with pytest.raises(StoreDamaged):
        log.backup(tmp_path / "copy")
    assert not (tmp_path / "copy" / "store.json").exists()


def test_retention_is_logged_refuses_and_changes_nothing_later(
    log: Log, clock: ManualClock
) -> None:
    with log.writer() as writer:
        for n in range(10):
            events = [T0 + n * 9 * DAY]
            writer.append(rows(events, [n], known=[T0 + n * 9 * DAY + 1], basis="assumed"))
        writer.append(rows([T0], [0.0], known=T0, field="instrument", text="{}"))
        writer.append(rows([T0], [1.0], known=T0, field="break.open_interest", asset="ETH"))
    horizon = T0 + 80 * DAY
    kept = log.read("BTC", log.head(), event_from=T0 + 59 * DAY)
    done = log.retain(horizon, look_back_us=20 * DAY)
    assert done.rows == 7 and done.horizon == horizon
    assert log.retentions() == [done] and log.horizon() == horizon
    assert log.read("BTC", log.head(), event_from=T0 + 59 * DAY).equals(kept)
    assert set(log.read("BTC", log.head())["field"].to_pylist()) == {"instrument", "open_interest"}
    assert log.assets() == ["BTC", "ETH"]
    assert log.legs("BTC")[1].rows == 3
    with pytest.raises(BeforeHorizon):
        log.read("BTC", horizon - 1)
    assert log.verify().findings == ()
    with pytest.raises(BadInput, match="horizon"):
        log.retain(T0)
    with pytest.raises(BadInput, match="head"):
        log.retain(log.head() + DAY)
    clock.advance(1)
    assert len(pairs(log.read("BTC", horizon))) == 3


def test_a_store_of_a_later_version_is_refused(log: Log) -> None:
    from tideline.log.layout import Identity

    later = Identity(2, 1)
    import msgspec

    body = msgspec.json.encode(Identity(2, 1, check=later.checksum()))
    log.layout.identity.write_bytes(body)
    with pytest.raises(StoreTooNew):
        Log.open(log.path)


def test_creating_over_something_is_refused(log: Log, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="already"):
        Log.create(log.path)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letters.txt").write_text("dear")
    with pytest.raises(BadInput, match=r"letters\.txt"):
        Log.create(tmp_path / "home")
    (tmp_path / "file").write_text("x")
    with pytest.raises(BadInput, match="file"):
        Log.create(tmp_path / "file")


def test_a_store_without_its_store_json_is_not_created_over(log: Log, tmp_path: Path) -> None:
    with log.writer() as writer:
        writer.append(rows([T0]))
    log.layout.identity.unlink()
    log.layout.acked.unlink()
    with pytest.raises(StoreDamaged, match=r"store\.json is missing"):
        Log.create(log.path)


def test_an_interrupted_creation_is_begun_again(log: Log, clock: ManualClock) -> None:
    log.layout.identity.unlink()
    again = Log.open_or_create(log.path, clock)
    with again.writer() as writer:
        assert writer.append(rows([T0])).seq == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_store_can_be_read(log: Log, clock: ManualClock) -> None:
    head = _fill(log, 4)
    log.close()
    for path in (log.path, *log.path.iterdir()):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        assert Log.open(log.path, clock).head() == head
    finally:
        log.path.chmod(0o755)
