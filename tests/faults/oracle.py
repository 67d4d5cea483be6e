"""What must hold after any crash: every acknowledged commit once and whole, no half of any."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.faults.workload import ASSETS, commit_rows, expected
from tests.log.rows import DAY, T0
from tideline.domain.errors import NoStore, UnknownName
from tideline.domain.time import Clock, ManualClock
from tideline.log import Log


def check_store(root: Path, acked: int, *, opened: bool, write: bool) -> None:
    """Open what a crash left and compare with what was acknowledged."""
    clock = ManualClock(T0 + 200 * DAY)
    try:
        log = Log.open(root, clock)
    except NoStore:
        assert not opened, "a store that was opened is gone"
        log = Log.create(root, clock)
    with log:
        seen = check_rows(log, acked, clock)
        if write:
            with log.writer(background=False) as writer:
                assert writer.state.last_seq == seen
                writer.flush()
                assert writer.append(commit_rows(seen + 1)).seq == seen + 1
            assert check_rows(log, seen + 1, clock) == seen + 1
            report = log.verify()
            assert report.ok and not report.findings, report.findings


def check_rows(log: Log, acked: int, clock: Clock) -> int:
    """Every commit 1..n whole and once, n >= acked and at most one more; returns n."""
    found: dict[int, Counter[str]] = {}
    values: dict[tuple[int, str], list[float]] = {}
    head = log.head()
    for asset in ASSETS:
        try:
            table = log.read(asset, head)
        except UnknownName:
            continue
        for seq, value in zip(table["seq"].to_pylist(), table["value"].to_pylist(), strict=True):
            found.setdefault(seq, Counter())[asset] += 1
            values.setdefault((seq, asset), []).append(value)
    assert not log.degraded, log.degraded
    last = max(found, default=0)
    assert sorted(found) == list(range(1, last + 1)), "a commit in the middle is gone"
    assert acked <= last <= acked + 1, f"acknowledged {acked}, found {last}"
    for seq in found:
        for asset, wanted in expected(seq).items():
            assert sorted(values.get((seq, asset), [])) == wanted, f"commit {seq} is not whole"
    return last
