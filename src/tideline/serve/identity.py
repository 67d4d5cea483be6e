"""The id that the log, the header of the answer and a problem document share."""

from __future__ import annotations

import re
import secrets
from typing import Any, cast

from litestar.types import Scope

ID = "tideline.id"
"""Where in the ASGI scope it stands."""
_GIVEN = re.compile(rb"[A-Za-z0-9_-]{8,64}")


def name_request(scope: Scope) -> str:
    """Give the request its id: a plain X-Request-Id that came with it, or a new one."""
    found = next(
        (
            value.decode()
            for name, value in scope["headers"]
            if name == b"x-request-id" and _GIVEN.fullmatch(value)
        ),
        None,
    )
    identity = found or secrets.token_hex(8)
    cast(dict[str, Any], scope)[ID] = identity
    return identity


def request_id(scope: Scope) -> str:
    """The id given before."""
    return str(scope.get(ID, ""))
