"""What the gate costs each request: the key, the plan, the buckets, and all of them together.

python benchmarks/serve/gate.py [--write]
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from benchmarks.results import report, table

from tideline.domain.time import WallClock
from tideline.serve.buckets import Buckets, rate_of
from tideline.serve.entitlement import require
from tideline.serve.gate import Gate
from tideline.serve.keys.ring import KeyRing
from tideline.serve.keys.usage import Usage

ADDRESSES = ("price.ret@1h", "positioning.oi_usdtm@1h:zscore", "funding.funding_avg@1h")
TIMES, ROUNDS = 2_000, 15


def microseconds(job: Callable[[], object]) -> float:
    """The best of a few rounds: what it costs when nothing else is going on."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(TIMES):
            job()
        best = min(best, time.perf_counter() - began)
    return 1e6 * best / TIMES


def main() -> None:
    clock = WallClock()
    with tempfile.TemporaryDirectory() as place:
        ring = KeyRing(Path(place) / "keys.sqlite", clock)
        for k in range(1000):
            ring.create(f"owner {k % 50}", "quant")
        key, _ = ring.create("desk", "quant")
        wrong = key.text[:-1] + ("A" if key.text[-1] != "A" else "B")
        caller = ring.caller(key.text)
        assert caller is not None and ring.caller(wrong) is None
        shared = Buckets(clock, Path(place) / "limits")
        gate = Gate(ring, shared, Usage(ring, clock))
        rate = rate_of(10**9)
        header = f"Bearer {key.text}"

        def whole() -> None:
            require(gate.admit(header).plan, addresses=ADDRESSES)

        lines = [
            ("a valid key", microseconds(lambda: ring.caller(key.text))),
            ("a wrong key of a known prefix", microseconds(lambda: ring.caller(wrong))),
            ("a token of key and owner, shared by workers",
             microseconds(lambda: shared.take(1, 1, 0, rate))),
            ("the plan, three addresses",
             microseconds(lambda: require(caller.plan, addresses=ADDRESSES))),
            ("header to entitlement", microseconds(whole)),
        ]  # fmt: skip
        gate.close()
    rows = [(name, f"{cost:.1f}") for name, cost in lines]
    text = "1,001 keys in the ring; a look-up is believed for a second.\n\n"
    report("serve/gate.py", text + table(("each request", "µs"), rows), write="--write" in sys.argv)


if __name__ == "__main__":
    main()
