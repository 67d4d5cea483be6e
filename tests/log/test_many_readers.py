"""Several reader processes while one writes, flushes, compacts and collects."""

from __future__ import annotations

import subprocess
import sys

from tests.log.rows import DAY, T0, rows
from tideline.domain.time import WallClock
from tideline.log import Log
from tideline.log.compaction import compact, vacuum

READER = """
import sys
import pyarrow as pa
from tests.log.rows import pairs
from tideline.domain.errors import UnknownName
from tideline.log import Log
log = Log.open(sys.argv[1])
asked, seen, reads = [], 0, 0
print("ready", flush=True)
while seen < int(sys.argv[2]):
    head = log.head()
    try:
        table = log.read("BTC", head)
    except UnknownName:
        continue
    counts = {}
    for seq in table["seq"].to_pylist():
        counts[seq] = counts.get(seq, 0) + 1
    assert sorted(counts) == list(range(1, len(counts) + 1)), counts.keys()
    if not counts:
        continue  # the head was taken before the first commit
    assert set(counts.values()) == {3}, "half a commit"
    assert len(counts) >= seen, "a commit went away"
    assert not asked or head >= asked[-1][0], "the head went back"
    seen, reads = len(counts), reads + 1
    if reads % 5 == 0:
        asked.append((head, log.digest(head)))
for head, digest in asked:
    assert log.digest(head) == digest, "an answer changed"
assert not log.degraded, log.degraded
print("fine", reads, flush=True)
"""
COMMITS = 150


def test_readers_see_whole_commits_and_lasting_answers(log: Log) -> None:
    log = Log.open(log.path, WallClock())
    children = [
        subprocess.Popen(
            [sys.executable, "-c", READER, str(log.path), str(COMMITS)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for child in children:
        assert child.stdout is not None and child.stdout.readline() == "ready\n"
    with log.writer(background=False) as writer:
        for n in range(COMMITS):
            writer.append(rows([T0 + n, T0 + 40 * DAY + n, T0 + 80 * DAY + n], [n] * 3))
            if n % 6 == 0:
                writer.flush()
            if n % 30 == 0:
                compact(writer)
                vacuum(writer, grace_us=200_000)
    for child in children:
        assert child.stdout is not None
        assert child.stdout.read().startswith("fine")
        assert child.wait(timeout=60) == 0
        child.stdout.close()


def test_a_file_that_goes_between_view_and_read_costs_a_second_look(log: Log) -> None:
    with log.writer() as writer:
        for n in range(4):
            writer.append(rows([T0 + n], [n]))
            writer.flush()
    head = log.head()
    expected = log.read("BTC", head)
    real, taken = log.viewer.view, []

    def stale(*args: object) -> object:
        view = real(*args)  # type: ignore[arg-type]
        if not taken:
            taken.append(view)
            other = Log.open(log.path, log.clock)
            other.compact(grace_us=-1)
        return view

    log.viewer.view = stale  # type: ignore[method-assign]
    assert log.read("BTC", head).equals(expected)
    assert log.degraded == []
