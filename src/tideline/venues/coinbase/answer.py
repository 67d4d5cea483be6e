"""JSON-RPC of the gateway (Deribit engine): the envelope of every answer and of every frame.

Samples ``tests/payloads/deribit/*.json``; reference: the gateway's market data pages::

    {"jsonrpc": "2.0", "id": 1, "result": …, "usIn": µs, "usOut": µs, "usDiff": µs, "testnet": …}
    {"jsonrpc": "2.0", "id": 1, "error": {"code": 10028, "message": "too_many_requests"}}
"""

from __future__ import annotations

from typing import Any

from tideline.domain.errors import BadWire, VenueRefusal, WireError
from tideline.domain.time import EARLIEST, LATEST
from tideline.venues.coinbase.retired import refuse_other_channels
from tideline.venues.parsed import Parsed
from tideline.venues.status import looks_like_json, of_status
from tideline.venues.strict import decode, need, record
from tideline.venues.wire import Reply, Verdict

TOO_MANY = 10028
"""Over the credits: the request is refused, and over WebSocket the connection is cut."""

_REFUSED = range(-32799, -32599)
_REFUSED_CODES = frozenset({10001, 10002, 10004, 11029, 11050, 13020, 13777})


def envelope(raw: bytes) -> dict[str, Any]:
    """The object of one answer or frame.

    Raises:
        WireError: it is no JSON-RPC 2.0.
    """
    body = decode(raw)
    refuse_other_channels(body)
    found = record(body, "frame")
    if need(found, "jsonrpc") != "2.0":
        raise BadWire("jsonrpc", found["jsonrpc"], "is not 2.0")
    return found


def result(raw: bytes) -> tuple[Any, Parsed]:
    """The result of an answer, and a Parsed that knows the venue's clock.

    Raises:
        VenueRefusal: the answer is an error.
        WireError: it is none.
    """
    body = envelope(raw)
    code, why = failure(body)
    if code:
        raise VenueRefusal(code, why)
    return need(body, "result"), Parsed(server_time=clock(body))


def failure(body: dict[str, Any]) -> tuple[int, str]:
    """Code and words of the error an answer carries; (0, "") when it is none.

    Raises:
        BadWire: an error without a number.
    """
    error = body.get("error")
    if error is None:
        return 0, ""
    told = record(error, "error")
    code = need(told, "code")
    if type(code) is not int or code == 0:
        raise BadWire("code", code, "is no number of an error")
    return code, str(told.get("message", ""))[:200]


def clock(body: dict[str, Any]) -> int | None:
    """``usOut``, the venue's clock when it answered; None where it is not said or not credible."""
    at = body.get("usOut")
    return at if type(at) is int and EARLIEST <= at < LATEST else None


def verdict(reply: Reply) -> Verdict:
    """What an answer means: 10028 asks for less, wrong names and parameters stay wrong."""
    if not looks_like_json(reply.body) or reply.status >= 500:
        return of_status(reply)
    try:
        code, words = failure(envelope(reply.body))
    except WireError as error:
        return Verdict("broken", 0.0, str(error)) if reply.status == 200 else of_status(reply)
    why = f"{code} {words}"
    if code == TOO_MANY:
        return Verdict("slow_down", 1.0, why)
    if code in _REFUSED or code in _REFUSED_CODES:
        return Verdict("refused", 0.0, why)
    return Verdict("broken", 0.0, why) if code else of_status(reply)
