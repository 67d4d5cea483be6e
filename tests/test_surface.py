"""What `import tideline` gives, and how little it costs."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from time import perf_counter

import pytest

import tideline as tl
from tideline.store import Store, open_store

ROOT = Path(__file__).resolve().parent.parent
DOORS = ("historical", "live", "series", "scan", "scan_grid", "catalog", "head", "legs")


def test_what_the_package_gives() -> None:
    assert tl.__all__ == ["__version__", "open", "plot"]
    assert dir(tl) == tl.__all__
    assert tl.open is open_store
    assert callable(tl.plot.oi)
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert tl.__version__ == declared
    with pytest.raises(AttributeError, match="no attribute 'opne'"):
        tl.opne


def test_the_store_has_every_door_and_each_says_what_it_does() -> None:
    for door in DOORS:
        assert getattr(Store, door).__doc__, door


def fastest(*command: str) -> float:
    """The best of a few runs: what the command costs when nothing else is going on."""
    best = float("inf")
    for _ in range(7):
        began = perf_counter()
        subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
        best = min(best, perf_counter() - began)
    return best


@pytest.mark.parametrize(
    "code",
    ["import tideline", "from tideline.cli import main; main(['--help'])"],
    ids=["import", "help"],
)
def test_starting_costs_at_most_ten_times_an_empty_python(code: str) -> None:
    assert fastest("-c", code) <= 10 * fastest("-c", "pass")
