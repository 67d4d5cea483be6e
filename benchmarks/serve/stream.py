"""A thousand stream clients: from the commit to the last of them, and what ten stuck ones change.

python benchmarks/serve/stream.py [--write] [--clients 1000] [--updates 20] [--rounds 5]

Three processes on this machine: the service (one worker, as ``tideline serve`` runs it), the
writer, which commits new values of every coin once a second, and the clients. Each client
subscribes to ten addresses of one coin, on change; ten more ask for all of them with evidence (200
values, about 100 kB an update) and, in the second run, never read. A message bears the known_time
of its commit; the clock of one machine gives the rest. ``to last`` is, for each commit, the time
until the last of the clients has it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

import aiohttp
import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from benchmarks.results import report, table

from tideline.domain.time import MINUTE, WallClock
from tideline.log import Log

TS = pa.timestamp("us", "UTC")
COINS = ("BTC", "ETH", "SOL", "XRP", "DOGE", "ADA", "AVAX", "LINK", "DOT", "LTC", "BCH", "UNI",
         "ATOM", "ETC", "FIL", "APT", "ARB", "OP", "NEAR", "INJ")  # fmt: skip
FIELDS = ("open_interest", "open_interest_usd", "mark_price", "index_price")
HISTORY = 180
ADDRESSES = (
    "positioning.oi_usdtm@1m", "positioning.oi_usdtm_coin@5m:delta", "price.ret@5m",
    "positioning.oi_usdtm_coin@15m:rate", "price.mark@1m", "price.ret@15m",
    "positioning.oi_change@5m", "positioning.oi_usdtm@1h:range", "funding.basis_usdtm@1m",
    "positioning.oi_usdtm_coin@1m:zscore[30]",
)  # fmt: skip
STUCK, WARM = 10, 5
HOME = Path(__file__).resolve().parents[2]
SERVER = """
import sys
from pathlib import Path
from tideline.serve.process import Serving, serve
serve(Serving(Path(sys.argv[1]), port=int(sys.argv[2])))
"""
WRITER = """
import sys, time
sys.path.insert(0, sys.argv[2])
from benchmarks.serve.stream import HISTORY, rows
from tideline.domain.time import WallClock
from tideline.log import Log
clock = WallClock()
with Log.open(sys.argv[1]) as log, log.writer() as writer:
    print("ready", flush=True)
    for line in sys.stdin:
        made = []
        for k in range(int(line)):
            began = time.monotonic()
            made.append(writer.append(rows(clock.now() - 1000, HISTORY + k)).known_time)
            time.sleep(max(0.0, 1.0 - (time.monotonic() - began)))
        print(*made, flush=True)
"""


def rows(event: int, k: int, known: int | None = None) -> pa.Table:
    """New values of every coin and field, at one moment."""
    n = len(COINS) * len(FIELDS)
    coins = [coin for coin in COINS for _ in FIELDS]
    values = [(100.0 + place) * (1.0 + 0.01 * ((k * 7 + place) % 13)) for place in range(n)]
    return pa.table(
        {
            "asset": coins,
            "venue": ["binance"] * n,
            "instrument": [f"{coin}USDT" for coin in coins],
            "field": list(FIELDS) * len(COINS),
            "event_time": pa.array([event] * n, pa.int64()).cast(TS),
            "known_time": pa.array([known] * n, pa.int64()).cast(TS),
            "value": values,
            "basis": ["recorded"] * n,
            "status": ["ok"] * n,
            "cadence_s": [1.0] * n,
            "source_id": pa.array([0] * n, pa.int64()),
        }
    )


def fill(path: Path) -> None:
    """Three hours of minutes of every coin."""
    now = WallClock().now()
    with Log.create(path) as log, log.writer() as writer:
        events = [now - (HISTORY - k) * MINUTE for k in range(HISTORY)]
        writer.append(pa.concat_tables([rows(e, k, e + 1000) for k, e in enumerate(events)]))
        writer.flush()


class Watched:
    """When each client had each commit."""

    def __init__(self) -> None:
        self.late: dict[int, list[float]] = defaultdict(list)  # µs of the commit -> ms
        self.skipped = 0
        self.cpu_ms = 0.0

    async def client(self, session: aiohttp.ClientSession, url: str, coin: str) -> None:
        async with session.ws_connect(url, compress=0) as ws:
            await ws.receive()
            await ws.send_str(subscribe("a", [coin], evidence=False))
            async for message in ws:
                now = time.time_ns() // 1000  # noqa: TID251 - the clock that the log stamps with
                found = json.loads(message.data)
                if found["type"] == "values":
                    stamp = np.datetime64(found["as_of"][:-1], "us").astype(np.int64)
                    self.late[int(stamp)].append((now - int(stamp)) / 1000.0)
                elif found["type"] == "skipped":
                    self.skipped += found["count"]


def subscribe(name: str, coins: list[str], *, evidence: bool) -> str:
    """The frame that subscribes."""
    return json.dumps({"op": "subscribe", "id": name, "assets": coins,
                       "features": list(ADDRESSES), "evidence": evidence})  # fmt: skip


async def greedy(
    port: int, *, reads: bool
) -> tuple[asyncio.StreamWriter, asyncio.Task[int] | None]:
    """A client that asks for everything, with evidence, and then reads it all or nothing."""
    raw = socket.socket()
    if not reads:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.setblocking(False)
    await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=raw, limit=1024)
    key = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    key += "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    writer.write(f"GET /v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n{key}\r\n".encode())
    body = subscribe("s", list(COINS), evidence=True).encode()
    writer.write(b"\x81\xfe" + len(body).to_bytes(2, "big") + b"\x00" * 4 + body)
    await writer.drain()
    return writer, asyncio.create_task(swallow(reader)) if reads else None


async def swallow(reader: asyncio.StreamReader) -> int:
    """Read and throw away."""
    count = 0
    while chunk := await reader.read(1 << 20):
        count += len(chunk)
    return count


async def measure(port: int, server: int, writer: subprocess.Popen[str], args: argparse.Namespace,
                  reads: bool) -> tuple[Watched, list[float]]:  # fmt: skip
    """One run: the clients come, the warm-up, then the updates that count."""
    watched, url = Watched(), f"http://127.0.0.1:{port}/v1/stream"
    async with AsyncExitStack() as stack:
        connector = aiohttp.TCPConnector(limit=0)
        session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        dead = [await greedy(port, reads=reads) for _ in range(STUCK)]
        tasks = []
        for k in range(args.clients):
            tasks.append(asyncio.create_task(watched.client(session, url, COINS[k % len(COINS)])))
            if k % 50 == 49:
                await asyncio.sleep(0.2)
        await asyncio.sleep(3.0)
        for count in (WARM, args.updates):
            watched.late.clear()
            watched.skipped = 0
            before = cpu_s(server)
            assert writer.stdin is not None
            writer.stdin.write(f"{count}\n")
            writer.stdin.flush()
            told = await asyncio.to_thread(writer.stdout.readline)  # type: ignore[union-attr]
            await asyncio.sleep(1.5)
            watched.cpu_ms = 1000.0 * (cpu_s(server) - before) / count
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for one, _ in dead:
            one.close()
    made = set(map(int, told.split()))  # the ticks of an idle writer bring no new values
    watched.late = {stamp: late for stamp, late in watched.late.items() if stamp in made}
    whole = [late for late in watched.late.values() if len(late) == args.clients]
    return watched, [max(late) for late in whole]


def cpu_s(pid: int) -> float:
    """Seconds of a core that a process and its children have used so far."""
    spent, ticks = 0.0, os.sysconf("SC_CLK_TCK")
    waiting = [pid]
    while waiting:
        place = Path("/proc") / str(waiting.pop())
        fields = (place / "stat").read_text().rpartition(")")[2].split()
        spent += (int(fields[11]) + int(fields[12])) / ticks
        found = (place / "task" / place.name / "children").read_text().split()
        waiting += [int(child) for child in found]
    return spent


class Figures(NamedTuple):
    """Of one run, in ms."""

    messages: int
    skipped: int
    p50: float
    p99: float
    last_p50: float
    last_p99: float
    cpu: float


def figures(watched: Watched, last: list[float]) -> Figures:
    """Every message, and for each update that reached all of them the last client."""
    every = np.array([ms for late in watched.late.values() for ms in late])
    p50, p99 = np.percentile(every, [50, 99])
    to_last = np.percentile(last, [50, 99])
    return Figures(len(every), watched.skipped, float(p50), float(p99), float(to_last[0]),
                   float(to_last[1]), watched.cpu_ms)  # fmt: skip


def line(name: str, runs: list[Figures]) -> list[str]:
    """Counts summed, times as medians over the runs."""
    counts = [f"{sum(column):,}" for column in list(zip(*runs, strict=True))[:2]]
    return [name, *counts, *(f"{np.median(c):.0f}" for c in list(zip(*runs, strict=True))[2:])]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--clients", type=int, default=1_000)
    parser.add_argument("--updates", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 8_192), hard), hard))
    with tempfile.TemporaryDirectory() as place:
        store = Path(place) / "store"
        fill(store)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = subprocess.Popen([sys.executable, "-c", SERVER, str(store), str(port)],
                                  stderr=subprocess.DEVNULL)  # fmt: skip
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(store), str(HOME)], text=True,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
        try:
            assert writer.stdout is not None
            writer.stdout.readline()
            wait_for(port)
            runs = []
            for _ in range(args.rounds):
                for reads in (True, False):
                    measured = asyncio.run(measure(port, server.pid, writer, args, reads))
                    runs.append(figures(*measured))
        finally:
            for child in (writer, server):
                child.terminate()
                child.wait()
    read, dead = runs[::2], runs[1::2]
    lines = [line(f"{STUCK} more read", read), line(f"{STUCK} more are stuck", dead)]
    head = ("clients", "messages", "skipped", "p50 ms", "p99 ms", "to last p50 ms",
            "to last p99 ms", "service CPU ms a second")  # fmt: skip
    ratio = np.median([b.p99 / a.p99 for a, b in zip(read, dead, strict=True)])
    load = f"{os.getloadavg()[2]:.1f} on {os.cpu_count()} cores"
    body = (
        f"{args.clients:,} clients × {len(ADDRESSES)} addresses over {len(COINS)} coins, one "
        f"commit a second with new values of all of them; {args.rounds} rounds of {args.updates} "
        f"updates, medians over rounds.\n\n{table(head, lines)}\n\n"
        f"p99 of the others with {STUCK} stuck clients: {ratio:.2f} times (median of the rounds). "
        f"Load of the machine over the last quarter of an hour, other work included: {load}."
    )
    report("serve/stream.py", body, write=args.write)


def wait_for(port: int) -> None:
    """Until the service answers."""
    for _ in range(600):
        try:
            with socket.create_connection(("127.0.0.1", port), 1):
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the service did not start")


if __name__ == "__main__":
    main()
