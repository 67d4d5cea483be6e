"""The id that the log, the header of the answer and a problem document share."""

from __future__ import annotations

import re
import secrets
from collections.abc import MutableMapping
from typing import Any

ID = "tideline.id"
"""Where in the ASGI scope it stands."""
_GIVEN = re.compile(rb"[A-Za-z0-9_-]{8,64}")


def name_request(scope: MutableMapping[str, Any]) -> str:
    """Give the request its id: the caller's own X-Request-Id where that is plain, else a new one."""
    found = next(
        (
            value.decode()
            for name, value in scope["headers"]
            if name == b"x-request-id" and _GIVEN.fullmatch(value)
        ),
        None,
    )
    scope[ID] = found or secrets.token_hex(8)
    return str(scope[ID])


def request_id(scope: MutableMapping[str, Any]) -> str:
    """The id given before."""
    return str(scope.get(ID, ""))
