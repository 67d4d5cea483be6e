"""How a key looks: ``fk_live_`` + 8 characters to find it by + 43 characters of secret.

The secret is 256 bits from the system's source, so it needs no slow hash: SHA-256 is kept, and
compared in constant time.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import NamedTuple

MARK = "fk_live_"
PREFIX_CHARS = 8
_SHAPE = re.compile(r"fk_live_([0-9a-f]{8})([A-Za-z0-9_-]{43})")


class Key(NamedTuple):
    """A key in the open: shown once, never kept."""

    prefix: str
    secret: str

    @property
    def text(self) -> str:
        return f"{MARK}{self.prefix}{self.secret}"


def new_key() -> Key:
    """256 random bits and a random name."""
    return Key(secrets.token_hex(PREFIX_CHARS // 2), secrets.token_urlsafe(32))


def read_key(text: str) -> Key | None:
    """The parts of a key, None if it does not look like one."""
    found = _SHAPE.fullmatch(text)
    return Key(found[1], found[2]) if found else None


def digest_of(key: Key) -> bytes:
    """What is kept of it."""
    return hashlib.sha256(key.text.encode()).digest()


def scrubbed(text: str) -> str:
    """The same text with every key in it cut down to its prefix: for logs."""
    return _SHAPE.sub(lambda found: f"{MARK}{found[1]}…", text)
