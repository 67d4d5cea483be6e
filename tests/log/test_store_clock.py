"""The clock of a store: its own where it has one, in every process, and standing after the run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tideline.domain.errors import StoreDamaged
from tideline.domain.scaled_time import ScaledClock
from tideline.domain.time import HOUR, SECOND, WallClock, parse_time
from tideline.log import Log
from tideline.log.store_clock import FILE, clock_of, is_made, stop_clock, write_clock

START = int(parse_time("2026-03-02T00:00:00Z"))


def test_a_store_without_one_goes_by_the_machine(tmp_path: Path) -> None:
    assert isinstance(clock_of(tmp_path), WallClock)
    assert isinstance(clock_of(tmp_path / "nothing"), WallClock)
    assert not is_made(tmp_path)


def test_every_process_reads_the_same_time(tmp_path: Path) -> None:
    clock = ScaledClock.starting(START, 1000.0)
    write_clock(tmp_path, clock)
    text = (
        f"from tideline.log.store_clock import clock_of; print(clock_of({str(tmp_path)!r}).now())"
    )
    before = clock.now()
    told = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert before < int(told.stdout) <= clock.now()
    assert is_made(tmp_path)


def test_the_head_of_a_made_store_is_in_its_own_time(tmp_path: Path) -> None:
    clock = ScaledClock.starting(START, 100.0)
    with Log.create(tmp_path / "store", clock):
        write_clock(tmp_path / "store", clock)
    with Log.open(tmp_path / "store") as log:
        first = log.head()
        assert START < first < START + HOUR
        assert log.head() > first
    stop_clock(tmp_path / "store", START + 2 * HOUR)
    with Log.open(tmp_path / "store") as log:
        assert log.head() == log.head() == START + 2 * HOUR


def test_time_stands_once_its_process_is_gone(tmp_path: Path) -> None:
    text = (
        "from tideline.domain.scaled_time import ScaledClock\n"
        "from tideline.log.store_clock import write_clock\n"
        f"write_clock({str(tmp_path)!r}, ScaledClock.starting({START}, 1000.0))"
    )
    subprocess.run([sys.executable, "-c", text], check=True)
    assert clock_of(tmp_path).now() == clock_of(tmp_path).now() == START
    facts = json.loads((tmp_path / FILE).read_text())
    assert facts["simulated"] is True
    other = facts | {"pid": 1, "boot": "another start of the machine"}
    (tmp_path / FILE).write_text(json.dumps(other))
    assert clock_of(tmp_path).now() == START


def test_a_writer_of_a_made_store_ticks_by_itself(tmp_path: Path) -> None:
    clock = ScaledClock.starting(START, 50.0)
    real = WallClock()
    with Log.create(tmp_path / "store", clock) as log:
        write_clock(tmp_path / "store", clock)
        with log.writer():
            until = real.monotonic() + 10.0
            with Log.open(tmp_path / "store") as reader:
                while reader.head() < START + 20 * SECOND and real.monotonic() < until:
                    real.sleep(0.05)
                assert START + 20 * SECOND <= reader.head() <= clock.now()


@pytest.mark.parametrize("text", ["", "[]", '{"virtual_us": "x"}', '{"speed": -3}'])
def test_a_clock_that_cannot_be_read_is_damage(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(StoreDamaged, match="no clock"):
        clock_of(tmp_path)
