"""Compiled kernels on disk are used again only while every kernel's source is what it was.

A kernel holds the code of the kernels it calls. Were one of those edited, or the package
upgraded, and only its own file compiled anew, its callers would go on answering as before.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import tideline

CHILD = """
import json
from numba.core import event

compiled = set()

class Heard(event.Listener):
    def on_start(self, event):
        function = event.data["dispatcher"].py_func
        compiled.add(f"{function.__module__}.{function.__name__}")

    def on_end(self, event):
        pass

event.register("numba:compile", Heard())
import tideline.features.engine as engine
print(json.dumps([engine.__file__, sorted(compiled)]))
"""


def compiled_by(package: Path) -> set[str]:
    """Which kernels a fresh process has to compile, with the package at that place."""
    environment = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"}
    environment["PYTHONPATH"] = str(package.parent)
    done = subprocess.run(
        [sys.executable, "-c", CHILD], env=environment, capture_output=True, text=True, check=True
    )
    place, names = json.loads(done.stdout)
    assert Path(place).is_relative_to(package)
    return {name for name in names if name.startswith("tideline.")}


@pytest.mark.slow
def test_a_change_in_one_kernel_recompiles_those_that_hold_it(tmp_path):
    package = tmp_path / "tideline"
    source = Path(tideline.__file__).parent
    shutil.copytree(source, package, ignore=shutil.ignore_patterns("__pycache__"))
    everything = compiled_by(package)
    assert len(everything) > 10
    assert compiled_by(package) == set()  # a later process starts at once
    lowest = package / "features" / "lookup.py"
    lowest.write_text(lowest.read_text() + "\n# changed\n")
    assert compiled_by(package) == everything
