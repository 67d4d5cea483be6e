"""The OpenAPI document: from the types of the routes, with what the framework cannot know added."""

from __future__ import annotations

from typing import Any

from litestar import Litestar
from litestar._openapi.plugin import OpenAPIPlugin
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, License, SecurityScheme

from tideline.serve.media import ARROW, CSV
from tideline.serve.problems import MEDIA
from tideline.serve.shapes import encode

TABLES = ("/v1/features/historical", "/v1/features/series")
DOCUMENT = "tideline.document"
FAILURES = {
    "401": "No key, or not one that is valid now",
    "403": "Not in the plan; names the one that has it",
    "422": "A value that cannot be used, or a cost above the plan's limit",
    "429": "Over the rate; Retry-After says when",
}
_PROBLEM = {"$ref": "#/components/schemas/Problem"}
_DESCRIPTION = """A feature at T is a function of the observations known at T, and of nothing else.

Times are UTC: RFC 3339 with microseconds in answers; RFC 3339 with an offset or integer
milliseconds in requests. Numbers are finite; a null has a reason. Errors are problem+json."""


def openapi_config() -> OpenAPIConfig:
    """What the document says before any route does."""
    return OpenAPIConfig(
        title="tideline",
        version="1",
        description=_DESCRIPTION,
        license=License(name="Apache-2.0", identifier="Apache-2.0"),
        components=Components(
            security_schemes={"key": SecurityScheme(type="http", scheme="bearer")}
        ),
        security=[{"key": []}],
        use_handler_docstrings=False,
    )


def document_of(app: Litestar) -> bytes:
    """The document as JSON, worked out once an application."""
    if DOCUMENT not in app.state:
        app.state[DOCUMENT] = encode(describe(app))
    body: bytes = app.state[DOCUMENT]
    return body


def describe(app: Litestar) -> dict[str, Any]:
    """The document as data: problems and tables stand beside what the types give."""
    # the framework's own pages would come with its config: they load from another host
    plugin = app.plugins.get(OpenAPIPlugin)
    plugin._openapi_config = openapi_config()
    document: dict[str, Any] = plugin.provide_openapi().to_schema()
    document["openapi"] = "3.1.0"
    document.setdefault("components", {}).setdefault("schemas", {})["Problem"] = _problem_schema()
    for path, operations in document.get("paths", {}).items():
        for operation in operations.values():
            if not isinstance(operation, dict) or "responses" not in operation:
                continue
            responses = operation["responses"]
            responses.pop("400", None)
            for status, text in {"400": "Not readable", **FAILURES}.items():
                content = {MEDIA: {"schema": _PROBLEM}}
                responses.setdefault(status, {"description": text, "content": content})
            if path in TABLES:
                table = {"schema": {"type": "string", "format": "binary"}}
                responses["200"]["content"] |= {ARROW: table, CSV: {"schema": {"type": "string"}}}
                content = {MEDIA: {"schema": _PROBLEM}}
                responses["409"] = {
                    "description": "Above the head, which is named",
                    "content": content,
                }
                responses["406"] = {"description": "None of these media types", "content": content}
    return document


def _problem_schema() -> dict[str, Any]:
    field = {
        "type": "object",
        "properties": {
            name: {"type": "string"} for name in ("field", "value", "problem", "nearest")
        },
        "required": ["field"],
    }
    texts = ("type", "title", "detail", "id", "head", "plan", "unlocked_by")
    numbers = ("status", "cost", "limit")
    return {
        "type": "object",
        "title": "Problem",
        "description": "RFC 9457. `errors` names each bad field and the nearest valid value.",
        "properties": {
            **{name: {"type": "string"} for name in texts},
            **{name: {"type": "integer"} for name in numbers},
            "errors": {"type": "array", "items": field},
        },
        "required": ["type", "title", "status", "detail", "id"],
    }
