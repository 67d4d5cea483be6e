"""Where the time of a batch goes, the dearest question a plan allows, and how fast one is refused.

In one process, without sockets: what is timed is everything from the bytes of the request to the
bytes of the answer, in seconds of the processor, since the machine is shared. ``kernel`` is the
compiled sweep over the moments with the plans of its addresses, ``legs`` reading rows from the
store and sorting them into legs, which the first question of a stretch has to do and those after it
find done; the rest is the request, the checks and the encoding.

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
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from benchmarks.results import report, table
from benchmarks.serve.server import FEATURES, store

from tideline.domain.time import MINUTE, WallClock
from tideline.serve import batch
from tideline.serve.app import create_app
from tideline.serve.cost import Ask, cost_of
from tideline.serve.held_rows import HeldRows
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
        sweep = batch.evaluate_legs
        parts = [(AssetRows, "table"), (AssetRows, "legs_of"), (HeldRows, "load"),
                 (HeldRows, "take_in")]  # fmt: skip
        kept = [getattr(where, name) for where, name in parts]
        batch.evaluate_legs = self._timed(sweep, "kernel")
        for (where, name), function in zip(parts, kept, strict=True):
            setattr(where, name, self._timed(function, "legs"))
        try:
            yield
        finally:
            batch.evaluate_legs = sweep
            for (where, name), function in zip(parts, kept, strict=True):
                setattr(where, name, function)

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


class Answer(NamedTuple):
    """What came, and the seconds it took."""

    seconds: float
    status: int
    body: bytes


async def post(app: Any, content: bytes, query: str, accept: str) -> Answer:
    """One request, spoken to the application itself: no client's work is in the figures."""
    headers = [(b"host", b"benchmark"), (b"content-type", b"application/json"),
               (b"content-length", str(len(content)).encode()),
               (b"accept", accept.encode())]  # fmt: skip
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST",
        "scheme": "http", "path": URL, "raw_path": URL.encode(), "root_path": "",
        "query_string": query.removeprefix("?").encode(), "headers": headers, "state": {},
        "client": ("127.0.0.1", 1), "server": ("benchmark", 80),
    }  # fmt: skip
    waiting = [{"type": "http.request", "body": content, "more_body": False}]
    status, pieces, ended = 0, [], asyncio.Event()

    async def receive() -> dict[str, Any]:
        if waiting:
            return waiting.pop()
        await ended.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status
        status = message.get("status", status)
        pieces.append(message.get("body", b""))
        if message["type"] == "http.response.body" and not message.get("more_body"):
            ended.set()

    began = time.process_time()
    await app(scope, receive, send)
    return Answer(time.process_time() - began, status, b"".join(pieces))


async def shares(app: Any, service: Service) -> list[tuple[str, ...]]:
    """Ten thousand rows of five features, three ways of answering."""
    content = body(service.head, ROWS, FEATURES)
    lines = []
    for name, query, accept in (
        ("Arrow, bare", "?evidence=false", ARROW),
        ("JSON, bare", "?evidence=false", "application/json"),
        ("Arrow, with evidence", "", ARROW),
    ):
        for again in (False, True):
            taken = []
            for _ in range(ROUNDS + 1):
                if not again:
                    service.kept.forget()
                seen = Shares()
                with seen.watched():
                    answer = await post(app, content, query, accept)
                assert answer.status == 200, answer.body
                whole = answer.seconds
                taken.append((1e3 * whole, seen.kernel / whole, seen.legs / whole))
            ms, kernel, legs = (statistics.median(x) for x in zip(*taken[1:], strict=True))
            both = statistics.median([b + c for _, b, c in taken[1:]])
            shown = f"{name}, {'again' if again else 'first'}"
            lines.append((shown, f"{ms:.0f}", f"{kernel:.0%}", f"{legs:.0%}", f"{both:.0%}"))
    return lines


async def dearest(app: Any, service: Service) -> list[tuple[str, ...]]:
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
        service.kept.forget()
        answer = await post(app, content, query, accept)
        assert answer.status == 200, answer.body
        lines.append((name, f"{rows:,}", f"{answer.seconds:.2f}", f"{_peak_mb() - before:.0f}"))
    return lines


async def refusals(app: Any, service: Service) -> list[tuple[str, ...]]:
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
            answer = await post(app, content, "?evidence=false", ARROW)
            assert answer.status == 422 and json.loads(answer.body)["cost"], answer.body
            took.append(answer.seconds)
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
    first = table(
        ("10,000 rows × 5 features", "CPU ms", "kernel", "legs", "kernel and legs"),
        await shares(app, service),
    )
    second = table(
        ("the dearest question allowed", "rows", "CPU s", "peak MB more"),
        await dearest(app, service),
    )
    third = table(("refused", "bytes sent", "CPU ms"), await refusals(app, service))
    service.stop()
    return "\n\n".join((first, second, third))


def main() -> None:
    with store() as path:
        text = asyncio.run(measure(path))
    report("serve/historical.py", text, write="--write" in sys.argv)


if __name__ == "__main__":
    main()
