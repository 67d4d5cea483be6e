"""The envelope of every Bitget answer, and what a reply means for what may be asked next.

Reference: https://www.bitget.com/api-doc/uta/intro. Samples ``tests/payloads/bitget/v*.json``::

    {"code": "00000", "msg": "success", "requestTime": ms, "data": […] or {…}}
"""

from __future__ import annotations

from typing import Any, NamedTuple

from tideline.domain.errors import VenueRefusal, WireError
from tideline.venues.strict import decode, millis, need, record, rows
from tideline.venues.wire import OK, Reply, Verdict

SUCCESS = "00000"
SLOW_S = 5.0
BAN_S = 300.0
"""403: an address that went on asking is shut out; it is said to be let in again after minutes."""

_SLOW_DOWN = {"429", "30007"}
_BROKEN = {"40010", "40015", "40725", "40808", "45001", "50001"}


class Answer(NamedTuple):
    """The inside of a good envelope. ``time`` is the venue's clock, µs UTC."""

    data: Any
    time: int

    def rows(self, *names: str) -> list[Any]:
        """The rows: the data itself, or its member of the first of these names."""
        if not names:
            return rows(self.data, "data")
        data = record(self.data, "data")
        named = next((name for name in names if name in data), names[0])
        return rows(need(data, named), named)


def answer(raw: bytes) -> Answer:
    """The inside of an answer.

    Raises:
        VenueRefusal: the code is not 00000.
        WireError: it is no envelope.
    """
    body = record(decode(raw), "body")
    code = need(body, "code")
    if code != SUCCESS:
        raise VenueRefusal(code, body.get("msg", ""))
    return Answer(need(body, "data"), millis(need(body, "requestTime"), "requestTime"))


def verdict(reply: Reply) -> Verdict:
    """What a reply means: 429 is too many requests, other codes a wrong question."""
    if reply.status == 429:
        return Verdict("slow_down", SLOW_S, "HTTP 429")
    if reply.status == 403:
        return Verdict("ban", BAN_S, reply.body[:120].decode("utf-8", "replace"))
    if reply.status not in (200, 400):
        return Verdict("broken", 0.0, f"HTTP {reply.status}")
    if reply.status == 200 and reply.body.startswith(b'{"code":"00000",'):
        return OK
    try:
        body = record(decode(reply.body), "body")
        code = need(body, "code")
    except WireError as error:
        return Verdict("broken", 0.0, str(error))
    why = f"{code} {body.get('msg', '')}"[:120]
    if code == SUCCESS:
        return OK if reply.status == 200 else Verdict("broken", 0.0, f"HTTP {reply.status}")
    if str(code) in _SLOW_DOWN:
        return Verdict("slow_down", SLOW_S, why)
    return Verdict("broken" if str(code) in _BROKEN else "refused", 0.0, why)
