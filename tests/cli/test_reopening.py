"""A disk that fails once stops the writer, not the collector: the store is opened again."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
import time
from pathlib import Path

import pytest

from tideline.cli.running import Job, run
from tideline.log import Log, journal
from tideline.venues.catalogue import venue


def test_collecting_goes_on_after_a_failed_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    store, calls, failed_at = tmp_path / "store", [0], list[int]()
    put_state = journal.put_state

    def failing(db: sqlite3.Connection, state: journal.State) -> None:
        calls[0] += 1
        if calls[0] > 4 and not failed_at:
            failed_at.append(state.last_seq)
            raise sqlite3.OperationalError("disk I/O error")
        put_state(db, state)

    def stop_when_it_went_on() -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            time.sleep(0.5)
            if not failed_at:
                continue
            with Log.open(store) as log:
                if log.viewer.state().last_seq > failed_at[0] + 3:
                    break
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(journal, "put_state", failing)
    watcher = threading.Thread(target=stop_when_it_went_on)
    watcher.start()
    run(Job(store, (venue("bybit"),), ("BTC",), backfill_days=0.05, simulated=True))
    watcher.join()
    said = capfd.readouterr()
    assert "opened again" in said.err
    assert "stopped:" in said.out
    with Log.open(store) as log:
        assert log.viewer.state().last_seq > failed_at[0] + 3
        assert log.verify().ok
