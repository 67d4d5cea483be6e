"""The stream as it is served: granian, real sockets, keys in a file (faults 59, 65, 67, 68)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pyarrow as pa
import pytest

from tests.log.rows import rows as table
from tideline.domain.time import WallClock
from tideline.log import Log
from tideline.log.writer import Writer
from tideline.serve.keys.ring import KeyRing

F = "positioning.oi_usdtm_coin@5m"
SUBSCRIBE = {"op": "subscribe", "id": "a", "assets": ["BTC"], "features": [F]}


def put(writer: Writer, value: float) -> None:
    """One open interest, now."""
    made = table([WallClock().now() - 1000], [value])
    blank = pa.nulls(1, pa.timestamp("us", "UTC"))
    writer.append(made.set_column(made.column_names.index("known_time"), "known_time", blank))


class Served:
    """A service in a process of its own, its writer here."""

    def __init__(self, place: Path, *more: str) -> None:
        self.store, self.keys = place / "store", place / "keys.sqlite"
        self.log = Log.create(self.store)
        self.writer = self.log.writer()
        put(self.writer, 100.0)
        self.ring = KeyRing(self.keys, WallClock())
        self.key = self.ring.create("anne", "quant")[0].text
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = ["serve", "--store", str(self.store), "--port", str(self.port), "--keys",
                   "--keys-file", str(self.keys), *more]  # fmt: skip
        self.child = subprocess.Popen(
            [sys.executable, "-m", "tideline.cli", *command],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1/stream"

    async def up(self) -> None:
        for _ in range(1_800):
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                return
            assert self.child.poll() is None
            await asyncio.sleep(0.05)
        raise AssertionError("it did not start")

    def close(self) -> None:
        self.child.send_signal(signal.SIGTERM)
        self.child.wait(timeout=30)
        self.ring.close()
        self.writer.close()
        self.log.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    made = Served(tmp_path)
    yield made
    made.close()


async def heard(ws: aiohttp.ClientWebSocketResponse, kind: str) -> dict:
    """The next message of a kind."""
    while True:
        message = await asyncio.wait_for(ws.receive(), 10)
        assert message.type == aiohttp.WSMsgType.TEXT, message
        found = json.loads(message.data)
        if found["type"] == kind:
            return found


def test_a_stream_from_its_key_to_its_end(served: Served):
    """Values after a commit, resume, a vanished client, a close that is answered, a revocation."""

    async def main():
        await served.up()
        header = {"Authorization": f"Bearer {served.key}"}
        async with aiohttp.ClientSession() as session:
            async with session.ws_connect(served.url, headers=header) as ws:
                assert (await heard(ws, "ready"))["plan"] == "quant"
                await ws.send_json(SUBSCRIBE)
                assert (await heard(ws, "values"))["values"][0]["value"] == 100.0
                await asyncio.to_thread(put, served.writer, 101.0)
                second = await heard(ws, "values")
                assert second["values"][0]["value"] == 101.0
            assert ws.close_code == 1000  # answered though the server had nothing to send

            raw_socket = await vanished(served)
            assert raw_socket is not None
            await asyncio.to_thread(put, served.writer, 102.0)
            async with session.ws_connect(served.url) as ws:
                await ws.send_json({"op": "auth", "key": served.key})
                seq = (await heard(ws, "ready"))["seq"]
                while seq <= second["seq"]:  # until the service has followed the commit
                    await asyncio.sleep(0.05)
                    await ws.send_json({"op": "ping"})
                    seq = (await heard(ws, "pong"))["seq"]
                await ws.send_json({**SUBSCRIBE, "since": second["seq"], "gaps": True})
                told = await heard(ws, "subscribed")
                assert told["missed"]["commits"] >= 1
                assert (await heard(ws, "values"))["values"][0]["value"] == 102.0
                served.ring.revoke(served.key[len("fk_live_") :][:8])
                closed = await asyncio.wait_for(ws.receive(), 5)
                assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, 4401)
            async with session.ws_connect(served.url, headers=header) as ws:
                closed = await asyncio.wait_for(ws.receive(), 5)
                assert closed.data == 4401
            origin = {"Origin": "https://evil.example"}
            async with session.ws_connect(served.url, headers=origin) as ws:
                assert (await asyncio.wait_for(ws.receive(), 5)).data == 4403

    asyncio.run(main())


async def vanished(served: Served) -> socket.socket:
    """A client that subscribes and is gone without a word, its socket reset."""
    raw = socket.create_connection(("127.0.0.1", served.port))
    raw.sendall(
        b"GET /v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n"
        b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Authorization: Bearer " + served.key.encode() + b"\r\n\r\n"
    )
    body = json.dumps(SUBSCRIBE).encode()
    raw.sendall(b"\x81" + bytes([0x80 | len(body)]) + bytes(4) + body)
    await asyncio.sleep(0.2)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    raw.close()
    return raw


def test_the_plans_streams_are_counted_over_all_workers_and_outlive_none(tmp_path: Path):
    """Fault 64: over both workers the plan's streams and no more; a worker that is killed frees its
    own."""
    served = Served(tmp_path, "--workers", "2")

    async def opened(session: aiohttp.ClientSession, header: dict[str, str]):
        ws = await session.ws_connect(served.url, headers=header)
        first = await asyncio.wait_for(ws.receive(), 10)
        return ws if first.type == aiohttp.WSMsgType.TEXT else first.data

    async def main():
        await served.up()
        key = served.ring.create("bob", "signal")[0].text
        header, plan = {"Authorization": f"Bearer {key}"}, 5
        async with aiohttp.ClientSession() as session:
            found = [await opened(session, header) for _ in range(2 * plan)]
            open_ones = [one for one in found if not isinstance(one, int)]
            assert len(open_ones) == plan
            assert {one for one in found if isinstance(one, int)} == {4429}
            closed = await killed(served, open_ones)
            assert closed
            await served.up()  # it may be that every worker was killed
            again = [await opened(session, header) for _ in range(plan)]
            fine = [one for one in again if not isinstance(one, int)]
            assert len(fine) == closed
            for one in (*open_ones, *fine):
                await one.close()

    try:
        asyncio.run(main())
    finally:
        served.close()


async def killed(served: Served, open_ones: list[aiohttp.ClientWebSocketResponse]) -> int:
    """Kill workers, one after another, until one had streams; how many it had."""
    children = Path(f"/proc/{served.child.pid}/task/{served.child.pid}/children")
    for worker in children.read_text().split():
        os.kill(int(worker), signal.SIGKILL)
        closed = 0
        for ws in open_ones:
            with contextlib.suppress(TimeoutError):
                gone = await asyncio.wait_for(ws.receive(), 0.3)
                closed += gone.type != aiohttp.WSMsgType.TEXT
        if closed:
            return closed
    return 0
