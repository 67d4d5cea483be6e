"""MCP over HTTP: one request, one answer, no session kept; the key decides as everywhere else."""

from __future__ import annotations

from typing import Any

from litestar.types import Receive, Scope, Send
from mcp.server.mcpserver import Context
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

from tideline.serve.caller import Caller
from tideline.serve.gate import CALLER
from tideline.serve.mcp.questions import Questions
from tideline.serve.mcp.server import make_server

MOST_BODY = 262_144


class HttpTools:
    """The tools of a store behind ``/mcp``. The route's guard has let the caller in."""

    def __init__(self, questions: Questions) -> None:
        self._server = make_server(questions, _caller_of)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request: nothing is kept between two."""
        manager = StreamableHTTPSessionManager(
            self._server._lowlevel_server,  # the only door to it that is not a whole application
            json_response=True,
            stateless=True,
            max_request_body_size=MOST_BODY,
        )
        async with manager.run():
            await manager.handle_request(scope, receive, send)  # type: ignore[arg-type]


def _caller_of(context: Context[Any, Any]) -> Caller:
    request = context.request_context.request
    if request is None:
        raise RuntimeError("no request stands behind this call")
    found: Caller = request.scope[CALLER]
    return found
