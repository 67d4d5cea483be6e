"""Venue servers behind real sockets of this machine: one port for each host.

HTTP and WebSocket share the port. Faults that only a socket can have are made for real: a
connection that is reset, a body that unpacks into gigabytes, a peer that stops reading.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Iterable
from email.utils import format_datetime
from functools import cache
from types import TracebackType
from typing import Self

from aiohttp import WSMsgType, web

from tideline.domain.time import SECOND, Clock, WallClock, to_datetime
from tideline.market.venues.front import Broken, Front, Line
from tideline.venues.declaration import Host
from tideline.venues.wire import Reply, Request

BOMB_BYTES = 64 * 1024 * 1024
"""What the bomb unpacks into; on the line it is a thousandth of that."""

LOOK_S = 0.1
"""How often a connection looks for a script that was changed meanwhile."""


class Serving:
    """These hosts on loopback. Use as an async context manager.

    ``urls``: by venue and name of the host, its base URL.
    """

    def __init__(
        self,
        served: Iterable[tuple[Host, Front]],
        clock: Clock | None = None,
        address: str = "127.0.0.1",
    ) -> None:
        self._served = list(served)
        self._clock = clock or WallClock()
        self._address = address
        self._runners: list[web.AppRunner] = []
        self.urls: dict[str, dict[str, str]] = {}

    async def __aenter__(self) -> Self:
        for host, front in self._served:
            app = web.Application(client_max_size=1 << 20)
            app.router.add_route("*", "/{rest:.*}", _Door(host, front, self._clock).handle)
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
            await runner.setup()
            site = web.TCPSite(runner, self._address, 0)
            await site.start()
            self._runners.append(runner)
            port = runner.addresses[0][1]
            scheme = "ws" if host.url.startswith("ws") else "http"
            urls = self.urls.setdefault(front.name, {})
            urls[host.name] = f"{scheme}://{self._address}:{port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for runner in self._runners:
            await runner.cleanup()
        self._runners.clear()

    def table(self) -> str:
        """Venue, host and base URL, a line each."""
        lines = [
            f"{venue:<16}  {name:<12}  {url}"
            for venue, urls in self.urls.items()
            for name, url in urls.items()
        ]
        return "\n".join(lines)


class _Door:
    """One host's port."""

    def __init__(self, host: Host, front: Front, clock: Clock) -> None:
        self._host, self._front, self._clock = host, front, clock

    async def handle(self, incoming: web.Request) -> web.StreamResponse:
        if incoming.headers.get("Upgrade", "").lower() == "websocket":
            try:
                return await self._connection(incoming)
            except ConnectionResetError:  # the client left in the middle of a word
                return web.Response()
        params = tuple((name, str(value)) for name, value in incoming.query.items())
        body = await incoming.read()
        request = Request(self._host.name, incoming.path, params, incoming.method, body)
        answer = self._front.answer(request, self._clock.now())
        if isinstance(answer, Broken):
            return await _break(incoming, answer)
        return _response(answer, self._clock.now())

    async def _connection(self, incoming: web.Request) -> web.StreamResponse:
        line = self._front.open(self._host.name, incoming.raw_path, self._clock.now())
        if isinstance(line, Broken):
            return await _break(incoming, line)
        if isinstance(line, Reply):
            return _response(line, self._clock.now())
        ping = self._front.life.ping_s or None
        socket = web.WebSocketResponse(heartbeat=ping, compress=False, max_msg_size=1 << 20)
        await socket.prepare(incoming)
        changed = asyncio.Event()
        pusher = asyncio.create_task(self._push(incoming, socket, line, changed))
        try:
            await self._read(socket, line, changed)
        finally:
            pusher.cancel()
            line.left()
        return socket

    async def _read(
        self, socket: web.WebSocketResponse, line: Line, changed: asyncio.Event
    ) -> None:
        while True:
            # an unread socket answers no pings either: so does a dead peer look
            while line.deaf(self._clock.now()) and not socket.closed:
                await asyncio.sleep(LOOK_S)
            message = await socket.receive()
            if message.type is not WSMsgType.TEXT:
                return
            for frame in line.receive(message.data, self._clock.now()):
                await socket.send_str(frame)
            changed.set()

    async def _push(
        self,
        incoming: web.Request,
        socket: web.WebSocketResponse,
        line: Line,
        changed: asyncio.Event,
    ) -> None:
        pushed = self._clock.now()
        while not socket.closed:
            now = self._clock.now()
            ends = line.ends()
            if ends is not None and ends <= now:
                _abort(incoming)
                return
            due = line.next_due(pushed + 1)
            if due is not None and due <= now:
                pushed = now
                for frame in line.push(now):
                    await socket.send_str(frame)
                continue
            wait = LOOK_S if due is None else min(LOOK_S, (due - now) / SECOND)
            changed.clear()
            try:
                await asyncio.wait_for(changed.wait(), wait)
            except TimeoutError:
                continue


def _response(answer: Reply, now: int) -> web.Response:
    """The answer, dated by the venue's clock."""
    headers = {name.title(): value for name, value in answer.headers.items()}
    headers.setdefault("Content-Type", "application/json")
    headers.setdefault("Date", format_datetime(to_datetime(now), usegmt=True))
    return web.Response(status=answer.status, body=answer.body, headers=headers)


async def _break(incoming: web.Request, broken: Broken) -> web.StreamResponse:
    """Fail the way ``broken`` says, on a real socket."""
    if broken.kind == "silence":
        while incoming.transport is not None and not incoming.transport.is_closing():
            await asyncio.sleep(LOOK_S)
        raise web.HTTPServiceUnavailable
    if broken.kind == "too_large":
        return _gzip(_bomb())
    if broken.kind == "bad_encoding":
        return _gzip(_bomb(1024)[:-12])
    if broken.kind == "closed":
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(incoming)
        await response.write(b'{"code":"0","da')
        _abort(incoming)
        return response
    _abort(incoming)
    raise web.HTTPServiceUnavailable


def _gzip(body: bytes) -> web.Response:
    return web.Response(
        body=body, headers={"Content-Encoding": "gzip", "Content-Type": "application/json"}
    )


@cache
def _bomb(size: int = BOMB_BYTES) -> bytes:
    """Spaces, packed."""
    packer = zlib.compressobj(9, wbits=31)
    piece = b" " * min(size, 1 << 20)
    parts = [packer.compress(piece) for _ in range(size // len(piece))]
    return b"".join([*parts, packer.flush()])


def _abort(incoming: web.Request) -> None:
    if incoming.transport is not None:
        incoming.transport.abort()
