"""The head: what is stamped with it can be repeated for ever, whoever is writing or not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.log.rows import DAY, T0, rows
from tideline.domain.errors import StoreBusy
from tideline.domain.time import ManualClock, WallClock
from tideline.log import Log


def test_without_a_writer_the_head_is_the_clock_and_is_remembered(
    log: Log, clock: ManualClock
) -> None:
    first = log.head()
    assert first == clock.now()
    clock.advance(-DAY)
    assert log.head() == first
    with log.writer() as writer:
        assert writer.append(rows([T0])).known_time == first + 1


def test_with_a_writer_the_head_is_its_last_commit_or_tick(log: Log, clock: ManualClock) -> None:
    with log.writer() as writer:
        start = log.head()
        clock.advance(5_000)
        assert log.head() == start
        assert writer.tick() == log.head() == clock.now()
        commit = writer.append(rows([T0]))
        assert log.head() == commit.known_time
    clock.advance(7)
    assert log.head() == clock.now()


def test_ticks_take_no_sequence_number(log: Log, clock: ManualClock) -> None:
    with log.writer() as writer:
        for _ in range(3):
            clock.advance(1_000_000)
            writer.tick()
        assert writer.append(rows([T0])).seq == 1


def test_a_head_served_between_two_writers_is_never_undercut(log: Log, clock: ManualClock) -> None:
    with log.writer() as writer:
        writer.append(rows([T0], [1.0]))
    clock.advance(DAY)
    served = log.head()
    before = log.digest(served)
    clock.advance(-2 * DAY)
    with log.writer() as writer:
        assert writer.append(rows([T0], [2.0])).known_time > served
    assert log.digest(served) == before


def test_a_writer_that_ticks_by_itself_does(tmp_path: Path) -> None:
    log = Log.create(tmp_path / "store", WallClock())
    with log.writer() as writer:
        start = log.head()
        for _ in range(300):
            WallClock().sleep(0.01)
            if log.head() > start:
                break
        else:
            pytest.fail("no tick in three seconds")
        assert writer.background is not None and writer.background.trouble is None


def test_a_second_writer_is_refused_and_told_whom_it_would_disturb(tmp_path: Path) -> None:
    log = Log.create(tmp_path / "store")
    code = (
        "import sys\nfrom tideline.log import Log\n"
        "w = Log.open(sys.argv[1]).writer()\nprint('ready', flush=True)\nsys.stdin.read()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(log.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None and child.stdin is not None
    assert child.stdout.readline() == "ready\n"
    with pytest.raises(StoreBusy) as busy:
        log.writer()
    assert busy.value.pid == child.pid
    assert busy.value.started is not None and busy.value.started.endswith("Z")
    assert str(child.pid) in str(busy.value)
    child.kill()
    child.wait()
    child.stdin.close()
    child.stdout.close()
    with log.writer(background=False) as writer:
        assert writer.append(rows([T0])).seq == 1


def test_a_refused_writer_does_not_disturb_the_first(log: Log) -> None:
    with log.writer() as writer:
        for _ in range(3):
            with pytest.raises(StoreBusy):
                log.writer()
        assert writer.append(rows([T0])).seq == 1
    with log.writer() as writer:
        assert writer.append(rows([T0])).seq == 2
