"""Whatever went wrong, as ``application/problem+json``: facts, an id, never a stack trace."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException

from tideline.domain.errors import (
    BadAddress,
    BadInput,
    BeforeHorizon,
    FutureAsOf,
    StoreError,
    TidelineError,
    UnknownName,
)
from tideline.serve.identity import request_id
from tideline.serve.logs import Logger
from tideline.serve.refusals import (
    NotAcceptable,
    NotEntitled,
    NotThere,
    TooExpensive,
    TooLong,
    TooMany,
    Unauthorised,
    WrongHost,
)

MEDIA = "application/problem+json"
MOST_SHOWN = 200


class FieldProblem(msgspec.Struct, omit_defaults=True):
    """One bad field: where it stands, what it was, what would have been right."""

    field: str
    value: str | None = None
    problem: str | None = None
    nearest: str | None = None


class Problem(msgspec.Struct, omit_defaults=True):
    """What is answered instead of an answer."""

    type: str
    title: str
    status: int
    detail: str
    id: str
    errors: list[FieldProblem] = []
    head: str | None = None
    cost: int | None = None
    limit: int | None = None
    plan: str | None = None
    unlocked_by: str | None = None


class _Kind(NamedTuple):
    status: int
    name: str
    title: str


_KINDS: tuple[tuple[type[Exception], _Kind], ...] = (
    (FutureAsOf, _Kind(409, "above-the-head", "The moment is above the head")),
    (BeforeHorizon, _Kind(422, "before-the-horizon", "Retention removed what it needs")),
    (BadAddress, _Kind(422, "bad-address", "Not a feature address")),
    (UnknownName, _Kind(422, "unknown-name", "A name that does not exist here")),
    (BadInput, _Kind(422, "bad-input", "A value that cannot be used")),
    (Unauthorised, _Kind(401, "unauthorised", "A valid key is needed")),
    (NotEntitled, _Kind(403, "not-entitled", "The plan does not include it")),
    (TooMany, _Kind(429, "too-many", "Over the limit")),
    (TooExpensive, _Kind(422, "too-expensive", "The question costs too much")),
    (TooLong, _Kind(503, "too-long", "The answer took too long")),
    (NotThere, _Kind(404, "not-there", "There is no such thing")),
    (NotAcceptable, _Kind(406, "not-acceptable", "None of these media types")),
    (WrongHost, _Kind(421, "wrong-host", "Not a host of this service")),
    (StoreError, _Kind(503, "store", "The store cannot answer now")),
)
_INTERNAL = _Kind(500, "internal", "Something went wrong here")
_TITLES = {
    400: "The request cannot be read",
    404: "There is no such thing",
    405: "Not with this method",
    413: "The body is too large",
    415: "A body of another kind is needed",
    431: "The headers are too large",
}


def problem_of(error: Exception, identity: str) -> Problem:
    """The problem that tells an error; an error nobody foresaw tells nothing but its id."""
    if isinstance(error, HTTPException):
        return _framework(error, identity)
    kind = next((kind for cls, kind in _KINDS if isinstance(error, cls)), _INTERNAL)
    known = isinstance(error, TidelineError) and kind is not _INTERNAL
    problem = Problem(
        f"urn:tideline:problem:{kind.name}",
        kind.title,
        kind.status,
        _short(str(error)) if known else "the log has the particulars under this id",
        identity,
    )
    if isinstance(error, BadInput):
        problem.errors = [
            FieldProblem(error.field, _cut(error.value), _cut(error.problem), _cut(error.nearest))
        ]
    for name in ("head", "cost", "limit", "plan", "unlocked_by"):
        setattr(problem, name, getattr(error, name, None))
    return problem


def respond(request: Request[Any, Any, Any], error: Exception, log: Logger) -> Response[bytes]:
    """The answer to a request that failed."""
    if isinstance(error, RecursionError):
        error = BadInput("body", "…", "is nested too deeply")
    problem = problem_of(error, request_id(request.scope))
    if problem.status >= 500:
        log.failure("failed", error, id=problem.id, status=problem.status)
    headers = {}
    if isinstance(error, TooMany):
        headers["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, TooLong):
        headers["Retry-After"] = "1"
    if problem.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="tideline"'
    if problem.status == 405 and isinstance(error, HTTPException):
        headers.update(error.headers or {})
    return Response(encode(problem), status_code=problem.status, media_type=MEDIA, headers=headers)


def encode(problem: Problem) -> bytes:
    """As JSON."""
    return msgspec.json.encode(problem)


def _framework(error: HTTPException, identity: str) -> Problem:
    """Refusals of the framework: unreadable bodies, unknown paths, wrong types of parameters."""
    status = error.status_code if 400 <= error.status_code < 500 else 500
    title = _TITLES.get(status, _INTERNAL.title if status == 500 else "The request was refused")
    detail = title if status in (404, 405, 500) else _cut(error.detail)
    problem = Problem(f"urn:tideline:problem:http-{status}", title, status, detail or "", identity)
    for item in error.extra if isinstance(error.extra, list) else []:
        if isinstance(item, dict):
            field = str(item.get("key") or item.get("source") or "request")
            problem.errors.append(FieldProblem(_cut(field) or "", None, _cut(item.get("message"))))
    return problem


def _cut(value: object) -> str | None:
    return None if value is None else _short(str(value))


def _short(text: str) -> str:
    """Text of bounded length; what was sent is given back as JSON text and nothing else."""
    return text if len(text) <= MOST_SHOWN else text[:MOST_SHOWN] + "…"
