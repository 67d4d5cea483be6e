"""Signed webhooks: HMAC-SHA256 over the time and the body, so that neither can be changed.

Tideline-Signature: t=1767225600,v1=5257a869e7…

The receiver computes the same over ``t + "." + body`` with the secret, compares in constant time,
refuses a ``t`` more than five minutes from its own clock (a replay) and keeps the ids it has seen.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

HEADER = "Tideline-Signature"
TOLERANCE_S = 300
_PREFIX = "whsec_"


def new_secret() -> str:
    """256 random bits, shown once to the owner."""
    return _PREFIX + secrets.token_urlsafe(32)


def sign(secret: str, body: bytes, at_s: int) -> str:
    """The header's value for ``body`` sent at ``at_s`` (seconds since 1970)."""
    return f"t={at_s},v1={_mac(secret, body, at_s)}"


def verify(
    secret: str, body: bytes, header: str, now_s: int, tolerance_s: int = TOLERANCE_S
) -> bool:
    """Was this sent by who knows the secret, and within ``tolerance_s`` of ``now_s``?"""
    parts = dict(part.partition("=")[::2] for part in header.split(","))
    stamp, given = parts.get("t", ""), parts.get("v1", "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        return False
    if abs(now_s - int(stamp)) > tolerance_s:
        return False
    return hmac.compare_digest(_mac(secret, body, int(stamp)).encode(), given.encode())


def _mac(secret: str, body: bytes, at_s: int) -> str:
    return hmac.new(secret.encode(), f"{at_s}.".encode() + body, hashlib.sha256).hexdigest()
