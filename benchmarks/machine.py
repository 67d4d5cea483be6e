"""The machine and the versions a figure was measured with: no names of hosts, no paths."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

LIBRARIES = ("numpy", "numba", "pyarrow", "polars", "duckdb", "deltalake")


def describe() -> str:
    """One paragraph: processor, cores, memory, system, Python and libraries."""
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    found = [f"{name} {_version(name)}" for name in LIBRARIES]
    return (
        f"{_processor()}, {os.cpu_count()} cores, {pages * size / 2**30:.0f} GiB RAM, "
        f"{platform.system()} {platform.machine()}; Python {sys.version.split()[0]}, "
        f"{', '.join(found)}"
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown processor"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


if __name__ == "__main__":
    print(describe())
