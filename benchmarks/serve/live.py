"""``features/live`` with five features and their evidence, against a constant of the same size.

The same server on one core answers both, through the same gate; wrk and the paced client run on
another core. Head and values change every second, as they do while a collector writes.

    python benchmarks/serve/live.py [--write]
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from benchmarks.results import report, table
from benchmarks.serve.server import ASKING_CORE, CONSTANT, LIVE, ask, running, store

ROUNDS, SECONDS, RATE = 5, 5, 500


def requests_per_second(port: int, target: str) -> float:
    command = ["wrk", "-t1", "-c32", f"-d{SECONDS}s", f"http://127.0.0.1:{port}{target}"]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    if "Non-2xx" in ran.stdout:
        raise SystemExit(ran.stdout)
    found = re.search(r"Requests/sec:\s+([0-9.]+)", ran.stdout)
    assert found is not None
    return float(found[1])


async def paced(port: int, target: str) -> list[float]:
    """Seconds from the moment a request was due to the end of its answer, at a fixed rate."""
    taken: list[float] = []
    url = f"http://127.0.0.1:{port}{target}"

    async def one(session: aiohttp.ClientSession, due: float) -> None:
        async with session.get(url) as answer:
            await answer.read()
            assert answer.status == 200
        taken.append(time.perf_counter() - due)

    async with aiohttp.ClientSession() as session:
        tasks, start = [], time.perf_counter() + 0.1
        for k in range(RATE * SECONDS):
            due = start + k / RATE
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.append(asyncio.create_task(one(session, due)))
        await asyncio.gather(*tasks)
    return taken


def _line(name: str, speed: list[float], tail: list[float]) -> tuple[str, str, str]:
    return name, f"{statistics.median(speed):,.0f}", f"{1e3 * statistics.median(tail):.2f}"


def main() -> None:
    if shutil.which("wrk") is None:
        raise SystemExit("skipped: wrk is not on the PATH (apt-get install wrk)")
    os.sched_setaffinity(0, {ASKING_CORE})
    with store() as path:
        with running(path, 1) as port:
            size = len(ask(port, LIVE))
        with running(path, size) as port:
            targets = {"live": LIVE, "constant": CONSTANT}
            for target in targets.values():  # warm
                requests_per_second(port, target)
            speed = {name: list[float]() for name in targets}
            tail = {name: list[float]() for name in targets}
            for _ in range(ROUNDS):
                for name, target in targets.items():
                    speed[name].append(requests_per_second(port, target))
                for name, target in targets.items():
                    tail[name].append(float(np.percentile(asyncio.run(paced(port, target)), 99)))
    ratios = [a / b for a, b in zip(speed["live"], speed["constant"], strict=True)]
    tails = [a / b for a, b in zip(tail["live"], tail["constant"], strict=True)]
    rows = [_line(name, speed[name], tail[name]) for name in targets]
    rows.append(("ratio (of one round, median)", f"{statistics.median(ratios):.2f}",
                 f"{statistics.median(tails):.2f}"))  # fmt: skip
    head = ("answer", "requests/s, 32 connections", f"p99 ms at {RATE}/s")
    text = f"{size:,} bytes each; 5 features with evidence; one core for the server.\n\n"
    report("serve/live.py", text + table(head, rows), write="--write" in sys.argv)


if __name__ == "__main__":
    main()
