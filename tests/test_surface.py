"""What `import tideline` gives, and how little it costs."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

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


TELL = "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr)); "
MOST_MODULES = 200


@pytest.mark.parametrize(
    ("code", "foreign"),
    [
        ("import tideline", set()),
        ("from tideline.cli import main; main(['--help'])", {"click"}),
    ],
    ids=["import", "help"],
)
def test_starting_loads_next_to_nothing(code: str, foreign: set[str]) -> None:
    """What is loaded is what starting costs: no numbers, no tables, no server."""
    command = [sys.executable, "-c", TELL + code]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    loaded = ran.stderr.split()
    installed = {name.replace("-", "_") for name in packages_distributions()}
    tops = {name.partition(".")[0] for name in loaded}
    assert (tops & installed) - {"tideline"} == foreign
    assert len(loaded) <= MOST_MODULES
