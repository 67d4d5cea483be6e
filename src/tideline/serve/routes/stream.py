"""``WS /v1/stream``: subscribe to features, readings and gaps."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from litestar import WebSocket, websocket

from tideline.serve.given import Serving
from tideline.serve.stream.session import FOREIGN, Session


@websocket("/v1/stream")
async def stream(socket: WebSocket[Any, Any, Any], service: Serving) -> None:
    """One connection; see :mod:`tideline.serve.stream.session`."""
    await socket.accept()
    if not own_origin(socket.headers.get("origin"), service.options.hosts):
        await socket.close(FOREIGN, "not from this origin")
        return
    session = Session(
        service.gate,
        service.pushing.streams,
        service.clock,
        socket.receive,  # type: ignore[arg-type]
        socket.send,  # type: ignore[arg-type]
    )
    with service.metrics.streams.track_inprogress():
        await session.run(socket.headers.get("authorization"))


def own_origin(origin: str | None, hosts: tuple[str, ...]) -> bool:
    """A page of another site must not read a stream with its visitor's address and no key."""
    if origin is None or "*" in hosts:
        return True
    try:
        host = urlsplit(origin).hostname or ""
    except ValueError:
        return False
    return host in hosts or f"[{host}]" in hosts
