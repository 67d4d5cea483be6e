"""Every call of the file layer fails once: nothing acknowledged is lost, and work goes on."""

from __future__ import annotations

import contextlib
import errno
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.broken_files import CODES, BrokenFiles
from tests.faults.oracle import check_rows
from tests.faults.trace import missing
from tests.faults.workload import commit_rows
from tests.log.rows import DAY, T0, rows
from tideline.domain.errors import StoreError, TidelineError
from tideline.domain.time import ManualClock
from tideline.log import DiskFiles, Log
from tideline.log.compaction import compact, vacuum

FAR = 10_000
LATER = T0 + 200 * DAY


def _life(root: Path, files: BrokenFiles, acked: list[int]) -> None:
    """Append, flush, compact and collect; what is acknowledged is noted."""
    log = Log.open(root, ManualClock(T0 + 100 * DAY), files)
    with log.writer(background=False) as writer:
        for _ in range(4):
            acked.append(writer.append(commit_rows(writer.state.last_seq + 1)).seq)
            writer.flush()
        compact(writer)
        vacuum(writer, grace_us=-1)
        acked.append(writer.append(commit_rows(writer.state.last_seq + 1)).seq)


def _calls(tmp_path: Path) -> int:
    root = tmp_path / "count"
    Log.create(root, ManualClock(T0 + 100 * DAY))
    files = BrokenFiles(FAR, errno.EIO)
    _life(root, files, [])
    return len(files.calls)


def _fail_each(tmp_path: Path, step: int) -> None:
    count = _calls(tmp_path)
    assert count > 40
    for nth in range(1, count + 1, step):
        root = tmp_path / f"n{nth}"
        Log.create(root, ManualClock(T0 + 100 * DAY))
        acked: list[int] = [0]
        files = BrokenFiles(nth, CODES[nth % len(CODES)], short=nth % 2 == 0)
        with contextlib.suppress(OSError, TidelineError):
            _life(root, files, acked)
        clock = ManualClock(LATER)
        with Log.open(root, clock) as log:
            last = check_rows(log, acked[-1], clock)
            with log.writer(background=False) as writer:
                assert writer.append(commit_rows(last + 1)).seq == last + 1
                writer.flush()
                compact(writer)
                vacuum(writer, grace_us=-1)
            check_rows(log, last + 1, clock)
            report = log.verify()
            assert report.findings == (), (nth, files.calls[nth - 1], report.findings)


def test_every_fifth_call_fails_once(tmp_path: Path) -> None:
    _fail_each(tmp_path, 5)


@pytest.mark.slow
def test_each_call_fails_once(tmp_path: Path) -> None:
    _fail_each(tmp_path, 1)


def test_a_full_disk_stops_a_flush_and_nothing_else(log_root: Path) -> None:
    clock = ManualClock(LATER)
    files = BrokenFiles(FAR, errno.ENOSPC)
    log = Log.open(log_root, clock, files)
    with log.writer(background=False) as writer:
        writer.append(commit_rows(1))
        files.nth = len(files.calls) + 2
        with pytest.raises(OSError, match="No space left"):
            writer.flush()
        writer.append(commit_rows(2))
        assert check_rows(log, 2, clock) == 2
        writer.flush()
        assert writer.state.flushed == 2
    assert check_rows(log, 2, clock) == 2
    assert log.verify().findings == ()


def test_a_device_without_room_is_an_error() -> None:
    with pytest.raises(OSError, match="No space left"):
        DiskFiles().write_at(Path("/dev/full"), 0, b"x", sync=True)


@pytest.fixture
def log_root(tmp_path: Path) -> Path:
    Log.create(tmp_path / "store", ManualClock(T0 + 100 * DAY))
    return tmp_path / "store"


LIMITED = """
import resource, signal, sys
from tests.faults.workload import commit_rows, say
from tideline.domain.errors import StoreError
from tideline.log import Log
log = Log.open(sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with log.writer(background=False) as writer:
    writer.append(commit_rows(1))
    say("ACK 1")
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
    try:
        for n in range(2, 400):
            writer.append(commit_rows(n))
            say(f"ACK {n}")
    except StoreError as error:
        say("REFUSED")
        try:
            writer.append(commit_rows(n))
        except StoreError:
            say("STILL REFUSED")
"""


def test_a_file_size_limit_refuses_and_loses_nothing(log_root: Path) -> None:
    command = [sys.executable, "-c", LIMITED, str(log_root), str(200_000)]
    out = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    lines = out.splitlines()
    assert lines[-2:] == ["REFUSED", "STILL REFUSED"]
    acked = int(lines[-3].split()[1])
    clock = ManualClock(2 * LATER - T0)
    with Log.open(log_root) as log:
        assert check_rows(log, acked, clock) == acked
        with log.writer(background=False) as writer:
            writer.append(commit_rows(acked + 1))
        assert log.verify().findings == ()


INJECTED = """
import sys
from tests.faults.workload import commit_rows, say
from tideline.domain.errors import StoreError
from tideline.log import Log
log = Log.open(sys.argv[1])
with log.writer(background=False) as writer:
    for n in range(1, 40):
        try:
            assert writer.append(commit_rows(n)).seq == n
        except StoreError as error:
            say(f"REFUSED {error}")
            break
        say(f"ACK {n}")
"""


@pytest.mark.skipif(missing() is not None, reason=str(missing()))
@pytest.mark.parametrize(
    ("call", "code", "nth"),
    [("fdatasync", "EIO", 6), ("fdatasync", "EIO", 11), ("pwrite64", "ENOSPC", 60)],
)
def test_the_disk_fails_under_sqlite(log_root: Path, call: str, code: str, nth: int) -> None:
    inject = ["strace", "-f", "-o", "/dev/null", "-e", f"trace={call}"]
    inject += ["-e", f"inject={call}:error={code}:when={nth}+"]
    command = [*inject, sys.executable, "-c", INJECTED, str(log_root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    lines = done.stdout.splitlines()
    assert any(line.startswith("REFUSED") for line in lines), done.stderr
    acked = max((int(line.split()[1]) for line in lines if line.startswith("ACK")), default=0)
    with Log.open(log_root) as log:
        last = check_rows(log, acked, ManualClock(LATER))
        with log.writer(background=False) as writer:
            assert writer.append(commit_rows(last + 1)).seq == last + 1
        assert log.verify().findings == ()


def test_a_writer_whose_fsync_failed_acknowledges_nothing_more(log_root: Path) -> None:
    log = Log.open(log_root, ManualClock(LATER))
    with log.writer(background=False) as writer:
        writer._fail("planted")
        for work in (lambda: writer.append(rows([T0])), writer.tick):
            with pytest.raises(StoreError, match="the writer stopped"):
                work()
