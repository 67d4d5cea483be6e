"""Small answers whole, large ones as a stream."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from litestar import Response
from litestar.response import Stream

WHOLE_BYTES = 262_144
"""Up to here an answer goes out in one piece, with its length."""


def sent(pieces: Iterator[bytes], media: str, headers: dict[str, str]) -> Response[bytes] | Stream:
    """An answer from its pieces; whatever can fail has been done before the first of them."""
    first: list[bytes] = []
    size = 0
    for piece in pieces:
        first.append(piece)
        size += len(piece)
        if size > WHOLE_BYTES:
            rest = chain(first, pieces)
            return Stream(rest, media_type=media, headers=headers)
    return Response(b"".join(first), media_type=media, headers=headers)
