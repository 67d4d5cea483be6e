"""Printing a benchmark's table and keeping it in RESULTS.md, one section for each script."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.machine import describe

RESULTS = Path(__file__).resolve().parent / "RESULTS.md"
HEAD = "# Measured figures\n\nEach section is written by its script with `--write`.\n"


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; numbers to the right."""
    cells = [[str(cell) for cell in row] for row in rows]
    rule = ["---"] + ["---:"] * (len(head) - 1)
    return "\n".join("| " + " | ".join(line) + " |" for line in [list(head), rule, *cells])


def report(script: str, body: str, *, write: bool) -> None:
    """Print ``body``; with ``write`` it replaces the script's section of RESULTS.md.

    ``script`` is the path of the script under benchmarks/, which names the section.
    """
    command = " ".join(["python", f"benchmarks/{script}", *sys.argv[1:]])
    text = f"## {script}\n\n`{command}`\n\n{describe()}\n\n{body.strip()}\n"
    print(text)
    if write:
        _replace(script, text)


def _replace(script: str, text: str) -> None:
    old = RESULTS.read_text() if RESULTS.exists() else HEAD
    parts = re.split(r"(?m)^(?=## )", old)
    kept = [part.rstrip() for part in parts if not part.startswith(f"## {script}\n")]
    sections = sorted([*kept[1:], text.rstrip()])
    RESULTS.write_text("\n\n".join([kept[0], *sections]) + "\n")
