"""JSON as venues write it: no white space."""

from __future__ import annotations

import msgspec


def compact(value: object) -> str:
    """One value as JSON text."""
    return msgspec.json.encode(value).decode()
