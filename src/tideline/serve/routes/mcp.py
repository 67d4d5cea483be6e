"""``POST /mcp``: the tools of an assistant. The key decides what they may ask."""

from __future__ import annotations

from litestar import post
from litestar.types import ASGIApp

from tideline.serve.given import Serving
from tideline.serve.refusals import NotThere


@post(
    "/mcp",
    summary="Tools of an assistant (Model Context Protocol, streamable HTTP, no sessions)",
    status_code=200,
    tags=["assistant"],
)
async def mcp(service: Serving) -> ASGIApp:
    """The same questions as the other calls, under the same plan.

    Raises:
        NotThere: the library of the protocol is not installed.
    """
    if service.pushing.tools is None:
        raise NotThere("call here: the tools need tideline[assistant]")
    app: ASGIApp = service.pushing.tools.handle
    return app
