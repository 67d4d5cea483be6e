"""One subscription to ``/v1/stream``: what is said, what is heard, and when to come again.

connect --subscribe, since--> messages … --cut--> wait --subscribe, since the last seen--> …

The sequence of every message is kept, so after a cut the newest values, what stands of the
readings, what of them changed and every gap in between are told. What the service refuses ends it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

import aiohttp

from tideline.client.calls import Refused

STREAM = "/v1/stream"
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
HEARTBEAT_S = 20.0
REFUSED = {1008: 400, 1009: 413, 4401: 401, 4403: 403, 4429: 429}
"""Codes of a close that will come again, and the status they stand for."""
QUIET = ("ready", "pong", "unsubscribed")

Message = dict[str, Any]
"""As the interface has it; ``type`` says what it is."""


class Wanted(TypedDict, total=False):
    """What a stream tells; at least one of features, readings and gaps.

    ``features``: addresses; ``readings``: ``R3@45m``; ``every_s``: at every multiple of so many
    seconds instead of on change; ``evidence``: whole values instead of bare numbers; ``gaps``:
    also gaps of the feeds; ``since``: from after this sequence on.
    """

    features: Sequence[str]
    readings: Sequence[str]
    gaps: bool
    every_s: int
    evidence: bool
    since: int


@dataclass
class Feed:
    """Both sides of one subscription, without sockets.

    ``seq`` is the newest sequence seen; None before the first.
    """

    url: str
    headers: dict[str, str]
    assets: Sequence[str]
    wanted: Wanted
    timeout_s: float
    seq: int | None = field(init=False)
    _pause_s: float = FIRST_PAUSE_S

    def __post_init__(self) -> None:
        self.seq = self.wanted.get("since")

    def hello(self) -> str:
        """What is said first."""
        asked = {name: value for name, value in self.wanted.items() if name != "since"}
        since = {} if self.seq is None else {"since": self.seq}
        return json.dumps(
            {"op": "subscribe", "id": "client", "assets": list(self.assets), **asked, **since}
        )

    def heard(self, text: str) -> Message | None:
        """A message for the caller; None for what is only between the two sides.

        Raises:
            Refused: the subscription cannot be; says why.
        """
        message: Message = json.loads(text)
        if message["type"] == "error":
            raise Refused(422, message, None)
        if message["type"] in QUIET:
            return None  # its sequence was not told of yet
        if "seq" in message:
            self.seq = max(self.seq or 0, message["seq"])
            self._pause_s = FIRST_PAUSE_S
        return message

    def cut(self, code: int | None, reason: str = "") -> float:
        """Seconds to wait before coming again.

        Raises:
            Refused: coming again would change nothing.
        """
        if code in REFUSED:
            problem = {"detail": reason or f"the stream was closed with {code}", "code": code}
            raise Refused(REFUSED[code], problem, None)
        pause_s, self._pause_s = self._pause_s, min(2 * self._pause_s, LONGEST_PAUSE_S)
        return pause_s


async def follow(feed: Feed, heartbeat_s: float | None = HEARTBEAT_S) -> AsyncIterator[Message]:
    """The messages of a subscription, over as many connections as it takes.

    Raises:
        Refused: a key, an address, a reading or a plan says no.
    """
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=feed.timeout_s)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        while True:
            code, reason = None, ""
            try:
                async with session.ws_connect(
                    feed.url, headers=feed.headers, heartbeat=heartbeat_s, max_msg_size=0
                ) as socket:
                    await socket.send_str(feed.hello())
                    while (frame := await socket.receive()).type == aiohttp.WSMsgType.TEXT:
                        message = feed.heard(frame.data)
                        if message is not None:
                            yield message
                    code, reason = socket.close_code, str(frame.extra or "")
            except aiohttp.WSServerHandshakeError as error:
                raise Refused(error.status, {"detail": error.message}, None) from None
            except (aiohttp.ClientError, OSError, TimeoutError):
                pass  # not there for now
            await asyncio.sleep(feed.cut(code, reason))


def follow_blocking(feed: Feed) -> Iterator[Message]:
    """The same for a program without a loop: it waits in ``next``.

    Between two calls nothing is read: who takes longer than some seconds over a message is a slow
    reader to the service.
    """
    loop = asyncio.new_event_loop()
    messages = follow(feed, heartbeat_s=None)
    try:
        while True:
            yield loop.run_until_complete(anext(messages))
    finally:
        loop.run_until_complete(messages.aclose())  # type: ignore[attr-defined]
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
