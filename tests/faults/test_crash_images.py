"""Power cuts at every moment of a writer's life, replayed from its system calls."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest

from tests.faults import trace
from tests.faults.images import MODES, Disk
from tests.faults.oracle import check_store
from tests.faults.workload import PLANTED

WHY = trace.missing()
pytestmark = pytest.mark.skipif(WHY is not None, reason=str(WHY))


def campaign(tmp_path: Path, *, seed: int, commits: int, images: int, planted: str = "") -> int:
    """Check about ``images`` images of one recorded life; returns how many."""
    print(f"seed {seed}")
    root = tmp_path / "store"
    ops = trace.record(root, tmp_path / "trace", seed, commits, planted)
    rng = np.random.default_rng(seed)
    cuts = [at for at, op in enumerate(ops) if op.kind != "say"]
    chosen: dict[int, list[str]] = {}
    for number in range(images):
        at = cuts[int(rng.integers(len(cuts)))] if images < len(cuts) * len(MODES) else None
        at = cuts[number // len(MODES) % len(cuts)] if at is None else at
        chosen.setdefault(at, []).append(MODES[number % len(MODES)])
    place = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else tmp_path))
    try:
        done = _check_images(ops, str(root), chosen, place, rng, f"seed {seed}")
    finally:
        shutil.rmtree(place, ignore_errors=True)
    assert done == images
    return done


def _check_images(
    ops: list[trace.Op],
    root: str,
    chosen: dict[int, list[str]],
    place: Path,
    rng: np.random.Generator,
    name: str,
) -> int:
    disk, acked, opened, done = Disk(root), 0, False, 0
    for at, op in enumerate(ops):
        if op.kind == "say":
            opened = True
            acked = int(op.data.split()[1]) if op.data.startswith(b"ACK") else acked
        disk.apply(op)
        for mode in chosen.get(at, ()):
            shutil.rmtree(place / "image", ignore_errors=True)
            disk.image(place / "image", mode, rng)
            try:
                check_store(place / "image", acked, opened=opened, write=done % 8 == 0)
            except Exception as error:
                raise AssertionError(f"{name}, op {at} {op.kind} {op.path}, {mode}") from error
            done += 1
    return done


def test_a_thousand_power_cuts(tmp_path: Path) -> None:
    campaign(tmp_path, seed=1, commits=24, images=1_000)


@pytest.mark.parametrize("planted", ["unsynced journal", "unsynced names"])
def test_the_images_would_show_a_missing_fsync(tmp_path: Path, planted: str) -> None:
    with pytest.raises(AssertionError, match="seed 5"):
        campaign(tmp_path, seed=5, commits=6, images=300, planted=planted)


@pytest.mark.slow
@pytest.mark.parametrize("planted", PLANTED)
def test_the_images_would_show_any_planted_fault(tmp_path: Path, planted: str) -> None:
    with pytest.raises(AssertionError, match="seed 5"):
        campaign(tmp_path, seed=5, commits=24, images=3_000, planted=planted)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 200))
def test_a_hundred_thousand_power_cuts(tmp_path: Path, seed: int) -> None:
    campaign(tmp_path, seed=seed, commits=24, images=1_000)
