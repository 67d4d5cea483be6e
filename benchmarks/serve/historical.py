"""Where the time of a batch goes, the dearest question a plan allows, and how fast one is refused.

In one process, without sockets: what is timed is everything from the bytes of the request to the
bytes of the answer, in seconds of the processor, since the machine is shared. ``kernel`` is the
sweep over the moments, ``legs`` reading rows from the store and sorting them into legs; the rest is
the request, the checks and the encoding.

    python benchmarks/serve/historical.py [--write]
"""

from __future__ import annotations

import asyncio
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from benchmarks.results import report, table
from benchmarks.serve.server import FEATURES, store

from tideline.domain.time import MINUTE, WallClock
from tideline.serve import batch
from tideline.serve.app import create_app
from tideline.serve.cost import Ask, cost_of
from tideline.serve.service import Options, Service, open_service
from tideline.serve.shapes import MOST_ROWS
from tideline.settings import PLANS
from tideline.store.rows import AssetRows

ROWS, ROUNDS = 10_000, 7
URL = "/v1/features/historical"
ARROW = "application/vnd.apache.arrow.stream"


class Shares:
    """Seconds spent in the parts of one answer."""

    def __init__(self) -> None:
        self.kernel = self.legs = 0.0

    @contextmanager
    def watched(self) -> Iterator[None]:
        kept = batch.evaluate_legs, AssetRows.table, AssetRows.legs_of
        batch.evaluate_legs = self._timed(kept[0], "kernel")
        AssetRows.table = self._timed(kept[1], "legs")  # type: ignore[method-assign]
        AssetRows.legs_of = self._timed(kept[2], "legs")  # type: ignore[method-assign]
        try:
            yield
        finally:
            batch.evaluate_legs = kept[0]
            AssetRows.table, AssetRows.legs_of = kept[1:]  # type: ignore[method-assign]

    def _timed(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        def timed(*given: Any, **named: Any) -> Any:
            began = time.process_time()
            found = function(*given, **named)
            setattr(self, name, getattr(self, name) + time.process_time() - began)
            return found

        return timed


def body(head: int, rows: int, features: tuple[str, ...] | list[str], step: int = MINUTE) -> bytes:
    asked = [{"asset": "BTC", "as_of": (head - k * step) // 1000} for k in range(rows)]
    return json.dumps({"rows": asked, "features": list(features)}).encode()


async def post(client: httpx.AsyncClient, content: bytes, query: str, accept: str) -> Any:
    began = time.process_time()
    headers = {"content-type": "application/json", "accept": accept}
    answer = await client.post(URL + query, content=content, headers=headers)
    return time.process_time() - began, answer


async def shares(client: httpx.AsyncClient, service: Service) -> list[tuple[str, ...]]:
    """Ten thousand rows of five features, three ways of answering."""
    content = body(service.head, ROWS, FEATURES)
    lines = []
    for name, query, accept in (
        ("Arrow, bare", "?evidence=false", ARROW),
        ("JSON, bare", "?evidence=false", "application/json"),
        ("Arrow, with evidence", "", ARROW),
    ):
        took, kernel, legs = [], [], []
        for _ in range(ROUNDS + 1):
            seen = Shares()
            with seen.watched():
                whole, answer = await post(client, content, query, accept)
            assert answer.status_code == 200, answer.text
            took.append(whole)
            kernel.append(seen.kernel / whole)
            legs.append(seen.legs / whole)
        parts = [f"{statistics.median(x[1:]):.0%}" for x in (kernel, legs)]
        both = statistics.median([a + b for a, b in zip(kernel[1:], legs[1:], strict=True)])
        lines.append((name, f"{1e3 * statistics.median(took[1:]):.0f}", *parts, f"{both:.0%}"))
    return lines


async def dearest(client: httpx.AsyncClient, service: Service) -> list[tuple[str, ...]]:
    """The largest batch of each kind whose estimate the largest plan still allows."""
    lines = []
    for name, features, query, accept in (
        ("5 features, bare", list(FEATURES), "?evidence=false", ARROW),
        ("5 features, told in JSON", list(FEATURES), "", "application/json"),
        ("flows of a day, z-scored", ["flow.cvd@24h:zscore[100]"], "?evidence=false", ARROW),
        ("realised volatility, z-scored", ["price.rv@1h:zscore[100]"], "?evidence=false", ARROW),
        ("extremes", ["price.ret@24h:max", "flow.cvd@24h:range"], "", ARROW),
        ("deep baselines", ["positioning.oi_usdtm@1h:pctrank[1000]"], "", ARROW),
    ):
        rows = _most(service, features, told=accept == "application/json" and not query,
                     columns=not query)  # fmt: skip
        content = body(service.head, rows, features, MINUTE // 2)
        before = _peak_mb()
        took, answer = await post(client, content, query, accept)
        assert answer.status_code == 200, answer.text
        lines.append((name, f"{rows:,}", f"{took:.2f}", f"{_peak_mb() - before:.0f}"))
    return lines


async def refusals(client: httpx.AsyncClient, service: Service) -> list[tuple[str, ...]]:
    """How long it takes to be told that it costs too much."""
    dear = [f"flow.cvd@24h:zscore[{n}]" for n in range(800, 1000)]
    lines = []
    for name, rows, features in (
        ("1,000 rows × 200 features", 1_000, dear),
        ("10,000 rows × 20 features", 10_000, dear[:20]),
        ("10,000 rows × 200 features", 10_000, dear),
    ):
        content, took = body(service.head, rows, features, 1000), []
        for _ in range(ROUNDS):
            seconds, answer = await post(client, content, "?evidence=false", ARROW)
            assert answer.status_code == 422 and answer.json()["cost"], answer.text
            took.append(seconds)
        lines.append((name, f"{len(content):,}", f"{1e3 * statistics.median(took):.0f}"))
    return lines


def _most(service: Service, features: list[str], *, told: bool, columns: bool) -> int:
    """The most rows whose cost is within the limit."""
    log, head = service.store.log, service.head

    def cost(rows: int) -> int:
        asks = [Ask("BTC", rows, head - rows * MINUTE, head)]
        return cost_of(log, asks, features, columns=columns, told=told).total

    low, high = 1, MOST_ROWS
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if cost(middle) <= PLANS[-1].cost_limit else (low, middle - 1)
    return low


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def measure(path: Path) -> str:
    service = open_service(Options(path, hosts=("benchmark",), timeout_s=600.0), WallClock())
    app = create_app(service)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://benchmark", timeout=600
    ) as client:
        first = table(
            ("10,000 rows × 5 features", "CPU ms", "kernel", "legs", "kernel and legs"),
            await shares(client, service),
        )
        second = table(
            ("the dearest question allowed", "rows", "CPU s", "peak MB more"),
            await dearest(client, service),
        )
        third = table(("refused", "bytes sent", "CPU ms"), await refusals(client, service))
    service.stop()
    return "\n\n".join((first, second, third))


def main() -> None:
    with store() as path:
        text = asyncio.run(measure(path))
    report("serve/historical.py", text, write="--write" in sys.argv)


if __name__ == "__main__":
    main()
