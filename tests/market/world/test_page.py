"""The page of the simulated market says what worlds are drawn from."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tideline.market.world.parameters import MECHANISMS, PRIORS
from tideline.market.world.scenario import NAMED

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "simulated-market" / "index.md").read_text(encoding="utf-8")


def test_the_table_is_what_the_priors_print() -> None:
    command = [sys.executable, "scripts/world_page.py", "--check"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert len(PRIORS) >= 30


def test_every_mechanism_and_scenario_is_named() -> None:
    for name in (*MECHANISMS, *NAMED):
        assert f"`{name}`" in PAGE
