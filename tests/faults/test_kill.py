"""SIGKILL at a random moment, again and again on one store: nothing acknowledged is ever lost."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.faults.oracle import check_rows
from tideline.domain.time import WallClock
from tideline.log import Log


def campaign(root: Path, seed: int, kills: int) -> None:
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    acked = 0
    for number in range(kills):
        command = [sys.executable, "-m", "tests.faults.workload", str(root), str(seed + number)]
        child = subprocess.Popen([*command, "0", "forever"], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        assert child.stdout.readline() == "OPEN\n"
        time.sleep(float(rng.uniform(0.0, 0.6)))
        child.kill()
        for line in child.stdout:
            if line.startswith("ACK") and line.endswith("\n"):
                acked = int(line.split()[1])
        child.wait()
        child.stdout.close()
        with Log.open(root) as log:
            acked = check_rows(log, acked, WallClock())
    with Log.open(root) as log:
        with log.writer(background=False):
            pass
        assert log.verify().findings == ()
    assert acked > kills, "the children hardly wrote"


def test_a_dozen_kills(tmp_path: Path) -> None:
    campaign(tmp_path / "store", 3, 12)


@pytest.mark.slow
def test_a_thousand_kills(tmp_path: Path) -> None:
    for at in range(40):
        campaign(tmp_path / f"store{at}", 1_000 + 25 * at, 25)
