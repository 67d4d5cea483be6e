"""What a client may say, and what it is told. JSON texts; unknown fields are refused.

client   auth · subscribe · unsubscribe · ping
server   ready · subscribed · unsubscribed · pong · values · standing · reading · gap · skipped ·
         error
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

MOST_FRAME_BYTES = 16_384
Label = Annotated[str, Meta(min_length=1, max_length=64)]


class Auth(Struct, frozen=True, tag_field="op", tag="auth", forbid_unknown_fields=True):
    """The key, where it did not stand in the Authorization header. Never in the URL."""

    key: Annotated[str, Meta(max_length=200)]


class Subscribe(Struct, frozen=True, tag_field="op", tag="subscribe", forbid_unknown_fields=True):
    """What is to be sent. At least one of features, readings and gaps.

    Attributes:
        id: the client's own name for it.
        assets: each has a channel of its own.
        features: addresses, sent together.
        every_s: at every multiple of so many seconds; left out: whenever a number changes.
        evidence: whole values as in REST, not numbers alone.
        readings: readings on a window, ``R3@45m``, whose changes of state are told.
        gaps: tell gaps of the assets' feeds.
        since: the last sequence seen before a reconnect.
    """

    id: Label
    assets: Annotated[list[str], Meta(min_length=1, max_length=200)]
    features: Annotated[list[str], Meta(max_length=200)] = []
    every_s: Annotated[int, Meta(ge=1, le=3_600)] | None = None
    evidence: bool = False
    readings: Annotated[list[str], Meta(max_length=64)] = []
    gaps: bool = False
    since: Annotated[int, Meta(ge=0)] | None = None


class Unsubscribe(
    Struct, frozen=True, tag_field="op", tag="unsubscribe", forbid_unknown_fields=True
):
    """No more of what was subscribed under this name."""

    id: Label


class Ping(Struct, frozen=True, tag_field="op", tag="ping", forbid_unknown_fields=True):
    """Are you there?"""


Said = Auth | Subscribe | Unsubscribe | Ping
_decoder: msgspec.json.Decoder[Said] = msgspec.json.Decoder(Said)


def read(text: str | bytes) -> Said:
    """What the client said.

    Raises:
        msgspec.MsgspecError: no JSON, or none of the messages above; says where.
    """
    return _decoder.decode(text)


def told(kind: str, **facts: Any) -> str:
    """One message to a client."""
    return msgspec.json.encode({"type": kind, **facts}).decode()
