"""Following: every commit once, in order, from the journal and from the table."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.log.rows import DAY, T0, rows
from tideline.log import Log
from tideline.log.compaction import compact

CHILD = """
import sys
from tests.log.rows import T0, rows
from tideline.log import Log
from tideline.log.compaction import compact
with Log.open(sys.argv[1]).writer(background=False) as writer:
    sys.stdin.readline()
    for n in range(1, 61):
        writer.append(rows([T0 + n, T0 + 40 * 86_400_000_000 + n], [n, -n]))
        if n % 7 == 0:
            writer.flush()
        if n % 20 == 0:
            compact(writer)
"""


def test_a_follower_in_another_process_gets_every_commit_in_order(log: Log) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(log.path)], stdin=subprocess.PIPE, text=True
    )
    assert child.stdin is not None
    child.stdin.write("go\n")
    child.stdin.close()
    from tideline.domain.time import WallClock

    follower = Log.open(log.path, WallClock())
    seen = []
    for commit in follower.follow(0, poll_s=0.005, idle_s=30):
        seen.append(commit.seq)
        assert sorted(commit.table["value"].to_pylist()) == [-commit.seq, commit.seq]
        assert set(commit.table["seq"].to_pylist()) == {commit.seq}
        if commit.seq == 60:
            break
    assert seen == list(range(1, 61))
    assert child.wait(timeout=30) == 0
    assert follower.degraded == []


@pytest.mark.parametrize("after", [0, 1, 4, 9, 10])
def test_catching_up_crosses_from_the_table_into_the_journal(log: Log, after: int) -> None:
    with log.writer() as writer:
        for n in range(1, 11):
            events = [T0, T0 + 50 * DAY, T0 + 1]
            writer.append(rows(events, [n, n + 0.5, n + 0.7], asset=["BTC", "BTC", "ETH"]))
            if n in (3, 6):
                writer.flush()
        compact(writer)
        found = list(log.follow(after, idle_s=0))
    assert [commit.seq for commit in found] == list(range(after + 1, 11))
    for commit in found:
        assert commit.table["row"].to_pylist() == [0, 1, 2]
        assert commit.table["value"].to_pylist() == [commit.seq + x for x in (0, 0.5, 0.7)]
        assert commit.rows == 3
