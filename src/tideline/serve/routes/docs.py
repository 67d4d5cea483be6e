"""``GET /docs`` and ``GET /openapi.json``: the interface described, from files that are shipped."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.params import PathParameter

from tideline.serve.document import document_of
from tideline.serve.media import JSON
from tideline.serve.refusals import NotThere

FILES: dict[str, str] = {
    "docs.html": "text/html; charset=utf-8",
    "docs.js": "text/javascript; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
}
"""All that is ever served from the folder: names that were not written down are not there."""
PLACE = Path(__file__).resolve().parent.parent / "web" / "docs"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@get("/openapi.json", include_in_schema=False)
async def openapi(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The OpenAPI 3.1 document."""
    return Response(document_of(request.app), media_type=JSON)


@get("/docs", include_in_schema=False)
async def docs() -> Response[bytes]:
    """The page."""
    return _file("docs.html")


@get("/docs/{name:str}", include_in_schema=False)
async def docs_file(
    name: Annotated[str, PathParameter(description="A file of the page", max_length=80)],
) -> Response[bytes]:
    """What the page loads."""
    if name not in FILES:
        raise NotThere("file")
    return _file(name)


def _file(name: str) -> Response[bytes]:
    body = (PLACE / name).read_bytes()
    return Response(body, media_type=FILES[name], headers={"content-security-policy": POLICY})
