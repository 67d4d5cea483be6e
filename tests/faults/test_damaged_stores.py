"""Bytes that rot: whatever is flipped, cut or zeroed, a store opens, never gives a wrong row, and
names what is gone; repaired, it takes rows again."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests.faults.workload import ASSETS, commit_rows
from tests.log.rows import DAY, T0
from tideline.domain.errors import UnknownName
from tideline.domain.time import ManualClock
from tideline.log import ImportRecord, Log, Source
from tideline.log.compaction import compact

UNTOUCHED = {"writer.lock", "pins", "journal.sqlite-shm"}
LATER = T0 + 200 * DAY
Rows = Counter[tuple[object, ...]]


def _build(root: Path, keep_open: Path) -> None:
    """A store with flushed, compacted and unflushed commits; a copy taken while it is written."""
    clock = ManualClock(T0 + 100 * DAY)
    log = Log.create(root, clock)
    with log.writer(background=False) as writer:
        for n in range(1, 25):
            source = Source(source_id=n, kind="test", name=str(n))
            writer.append(commit_rows(n), [source], [ImportRecord(kind="t", name="n", sha256="")])
            clock.advance(1_000)
            if n % 5 == 0:
                writer.flush()
            if n == 15:
                compact(writer)
        shutil.copytree(root, keep_open)


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    place = tmp_path_factory.mktemp("damage")
    _build(place / "closed", place / "open")
    (place / "open" / "journal.sqlite-shm").unlink()
    return [place / "closed", place / "open"]


def _everything(log: Log) -> Rows:
    found: Rows = Counter()
    head = log.head()
    for asset in ASSETS:
        try:
            table = log.read(asset, head)
        except UnknownName:
            continue
        found.update(tuple(row.values()) for row in table.to_pylist())
    return found


def _damage(root: Path, rng: np.random.Generator) -> str:
    """Damage one random file; says how."""
    files = [p for p in sorted(root.rglob("*")) if p.is_file() and p.name not in UNTOUCHED]
    files = [path for path in files if path.stat().st_size]
    path = files[int(rng.integers(len(files)))]
    body = bytearray(path.read_bytes())
    how = ("flip", "zero", "noise", "cut", "gone")[int(rng.integers(5))]
    at = int(rng.integers(len(body)))
    span = slice(at, at + int(rng.integers(1, 600)))
    if how == "flip":
        body[at] ^= 1 << int(rng.integers(8))
    elif how == "zero":
        body[span] = bytes(len(body[span]))
    elif how == "noise":
        body[span] = rng.bytes(len(body[span]))
    elif how == "cut":
        del body[at:]
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(body)
    return f"{how} {path.relative_to(root)} at {at}"


def campaign(stores: list[Path], tmp_path: Path, seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    truths = [_everything(Log.open(store, ManualClock(LATER))) for store in stores]
    named = 0
    for number in range(count):
        which = number % len(stores)
        root = tmp_path / "damaged"
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(stores[which], root)
        how = _damage(root, rng)
        try:
            named += _check(root, truths[which], repair=number % 4 == 0)
        except Exception as error:
            raise AssertionError(f"seed {seed}, number {number}: {how}") from error
    assert named > count // 3  # the rest fell on bytes nobody reads any more


def _check(root: Path, truth: Rows, *, repair: bool) -> bool:
    """Is the damage named? Fails on a wrong, doubled or silently missing row."""
    clock = ManualClock(LATER)
    with Log.open(root, clock) as log:
        found = _everything(log)
        assert not found - truth, "rows that were never written"
        log.legs(), log.imports(), list(log.sources())
        report = log.verify()
        if found != truth:
            assert log.degraded, "rows are missing and the reader does not say so"
            assert not report.ok, "rows are missing and verify does not say so"
        if repair:
            report_after = log.repair()
            assert report_after.ok, report_after.findings
            kept = _everything(log)
            assert kept == found, "repair lost rows that could be read"
            assert not log.degraded
            with log.writer(background=False) as writer:
                writer.append(commit_rows(99))
                writer.flush()
            assert sum(_everything(log).values()) == sum(found.values()) + commit_rows(99).num_rows
            assert log.verify().ok
    return not report.ok


def test_a_hundred_damaged_stores(stores: list[Path], tmp_path: Path) -> None:
    campaign(stores, tmp_path, seed=2, count=100)


@pytest.mark.slow
def test_a_thousand_damaged_stores(stores: list[Path], tmp_path: Path) -> None:
    for seed in range(100, 110):
        campaign(stores, tmp_path, seed=seed, count=100)
