"""The envelope of every Bybit v5 answer, and what a reply means for what may be asked next.

Reference: venues "Bybit v5"; samples ``tests/payloads/bybit/rest_*.json``::

    {"retCode": 0, "retMsg": "OK", "result": {…, "list": […]}, "retExtInfo": {}, "time": ms}
"""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import unquote

from tideline.domain.errors import VenueRefusal, WireError
from tideline.venues.parsed import Control
from tideline.venues.strict import decode, millis, need, record, rows, text
from tideline.venues.wire import OK, Reply, Verdict

BAN_S = 600.0
"""403 "access too frequent": the address is shut out; the documentation asks for ten minutes."""

_SLOW_DOWN = {10006: 1.0, 10018: 1.0, 10429: 1.0}
_BANNED = {10009}
_BROKEN = {10000, 10016, 10019}
_REFUSED = {10001, 10017, 10024, 10029, 110023}


class Answer(NamedTuple):
    """The inside of a good envelope. ``time`` is the venue's clock, µs UTC."""

    result: dict[str, Any]
    rows: list[Any]
    time: int


def answer(raw: bytes) -> Answer:
    """The inside of an answer.

    Raises:
        VenueRefusal: retCode is not 0.
        WireError: it is no envelope.
    """
    body = record(decode(raw), "body")
    code = need(body, "retCode")
    if type(code) is not int or code != 0:
        raise VenueRefusal(code, body.get("retMsg", ""))
    result = record(need(body, "result"), "result")
    return Answer(result, rows(need(result, "list"), "list"), millis(need(body, "time"), "time"))


def following(found: Answer) -> list[Control]:
    """Whether a page follows. (Rows on a grid are asked for by windows and need no cursor.)"""
    cursor = found.result.get("nextPageCursor") or ""
    if not cursor or not found.rows:
        return []
    # It comes percent-encoded; the next request encodes it again.
    return [Control("next", text=unquote(text(cursor, "nextPageCursor")))]


def verdict(reply: Reply) -> Verdict:
    """What a reply means: 403 is a ban, 10006 too many requests, 10001 a wrong question."""
    if reply.status == 403:
        return Verdict("ban", BAN_S, reply.body[:120].decode("utf-8", "replace"))
    if reply.status == 429:
        return Verdict("slow_down", 1.0, "HTTP 429")
    if reply.status != 200:
        return Verdict("broken", 0.0, f"HTTP {reply.status}")
    if reply.body.startswith(b'{"retCode":0,'):
        return OK
    try:
        body = record(decode(reply.body), "body")
        code = need(body, "retCode")
    except WireError as error:
        return Verdict("broken", 0.0, str(error))
    return _of_code(code, f"{code} {body.get('retMsg', '')}"[:120])


def _of_code(code: object, why: str) -> Verdict:
    if type(code) is not int:
        return Verdict("broken", 0.0, why)
    if code == 0:
        return OK
    if code in _BANNED:
        return Verdict("ban", BAN_S, why)
    if code in _SLOW_DOWN:
        return Verdict("slow_down", _SLOW_DOWN[code], why)
    return Verdict("refused" if code in _REFUSED else "broken", 0.0, why)
