"""Around every request: trusted hosts, sizes, a request id, counters, headers of the answer.

It wraps the whole application, so it also sees what no route answers. X-Forwarded-* is never read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from tideline.domain.time import Clock
from tideline.serve.identity import name_request
from tideline.serve.problems import MEDIA, encode, problem_of
from tideline.serve.refusals import WrongHost

MOST_HEADERS = 100
MOST_HEADER_BYTES = 16_384
MOST_TARGET_BYTES = 16_384
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?", re.IGNORECASE)
_SAFE = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
)

Counted = Callable[[str, str, int, float], None]
"""(method, route, status, seconds): told of every answer."""


class Envelope:
    """ASGI around ASGI."""

    def __init__(
        self, app: ASGIApp, hosts: Collection[str], clock: Clock, counted: Counted
    ) -> None:
        self._app, self._clock, self._counted = app, clock, counted
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = str(scope["type"])
        if kind not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        identity = name_request(scope)
        if not self._trusted(scope):
            await _refuse(scope, receive, send, WrongHost(), identity)
        elif _oversized(scope):
            await _refuse(scope, receive, send, HTTPException(status_code=431), identity)
        elif kind == "websocket":
            await self._app(scope, receive, send)
        else:
            await self._http(scope, receive, send, identity)

    async def _http(self, scope: Scope, receive: Receive, send: Send, identity: str) -> None:
        began = self._clock.monotonic()
        status = 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [(name.lower(), value) for name, value in message["headers"]]
                given = {name for name, _ in headers}
                headers += [pair for pair in _SAFE if pair[0] not in given]
                headers.append((b"x-request-id", identity.encode()))
                message["headers"] = headers
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            route = str(scope.get("path_template") or "unknown")
            taken = self._clock.monotonic() - began
            self._counted(scope["method"], route, status, taken)  # type: ignore[typeddict-item]

    def _trusted(self, scope: Scope) -> bool:
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1:
            return not hosts and "*" in self._hosts
        if "*" in self._hosts:
            return True
        found = _HOST.fullmatch(hosts[0].decode("latin-1"))
        return found is not None and found[1].lower() in self._hosts


def _oversized(scope: Scope) -> bool:
    headers = scope["headers"]
    total = sum(len(name) + len(value) for name, value in headers)
    target = len(scope.get("raw_path") or b"") + len(scope.get("query_string") or b"")
    return (
        len(list(headers)) > MOST_HEADERS or total > MOST_HEADER_BYTES or target > MOST_TARGET_BYTES
    )


async def _refuse(
    scope: Scope, receive: Receive, send: Send, error: Exception, identity: str
) -> None:
    """Before any route: the same problem document, written by hand."""
    if str(scope["type"]) == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": "refused"})
        return
    problem = problem_of(error, identity)
    body = encode(problem)
    headers = [
        (b"content-type", MEDIA.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"x-request-id", identity.encode()),
        *_SAFE,
    ]
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
