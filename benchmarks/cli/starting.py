"""What starting costs: the package and the command's help, next to an empty Python.

python benchmarks/cli/starting.py [--write]
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from benchmarks.results import report, table

ROUNDS = 15
CODES = {
    "an empty Python": "pass",
    "import tideline": "import tideline",
    "tideline --help": "from tideline.cli import main; main(['--help'])",
}


def main() -> None:
    """Every command in turn, round after round; of each its fastest."""
    best = dict.fromkeys(CODES, float("inf"))
    for _ in range(ROUNDS):
        for name, code in CODES.items():
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
            best[name] = min(best[name], time.perf_counter() - began)
    empty = best["an empty Python"]
    lines = [(name, f"{took * 1e3:.0f}", f"{took / empty:.1f}") for name, took in best.items()]
    body = table(("start", "ms", "times an empty Python"), lines)
    note = f"The fastest of {ROUNDS} starts each, in turn."
    report("cli/starting.py", f"{body}\n\n{note}", write="--write" in sys.argv)


if __name__ == "__main__":
    main()
