"""The envelope of every OKX answer, ``{"code":"0","msg":"","data":[…]}``, and what its codes mean.

Codes: OKX v5 documentation, "Error Code", REST general (50xxx) and order/instrument (51xxx).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tideline.domain.errors import BadWire, VenueRefusal, WireError
from tideline.domain.instrument import Instrument
from tideline.venues.followed import of_row
from tideline.venues.parsed import Note, Parsed
from tideline.venues.rows import each as each_row
from tideline.venues.status import retry_after_s
from tideline.venues.strict import decode, need, record, rows, text
from tideline.venues.wire import OK, Reply, Verdict

_CODE = re.compile(rb'^\s*\{\s*"code"\s*:\s*"(\d{1,6})"')
_SLOW = frozenset({"50011", "50040"})  # too many requests; too frequent operations
_BROKEN = frozenset({"50001", "50004", "50013", "50026"})  # down, timed out, busy, system error
WINDOW_S = 2.0
"""Every REST limit of OKX is counted in windows of two seconds."""
BAN_S = 600.0
"""After a 403 from the edge; OKX does not say how long it lasts."""


def data(raw: bytes) -> list[Any]:
    """The rows of an answer.

    Raises:
        WireError: no strict JSON, no envelope, or (VenueRefusal) an error of the venue.
    """
    body = record(decode(raw), "answer")
    code = text(need(body, "code"), "code")
    if code != "0":
        raise VenueRefusal(code, body.get("msg", ""))
    return rows(need(body, "data"), "data")


def each(
    found: list[Any], note: Note, parsed: Parsed, take: Callable[[Any, Instrument], None]
) -> None:
    """``take`` every row of an instrument that is followed; a bad row loses itself alone."""

    def read(row: dict[str, Any]) -> None:
        instrument = of_row(row, "instId", note, parsed)
        if instrument is not None:
            take(row, instrument)

    each_row(parsed, found, read)


def asked(note: Note) -> Instrument | None:
    """The instrument whose rows were asked for, None when it is not followed.

    Raises:
        BadWire: the request named none.
    """
    symbol = note.params.get("instId")
    if not symbol:
        raise BadWire("instId", dict(note.params), "is missing among the request's parameters")
    return note.instruments.get(symbol)


def verdict(reply: Reply) -> Verdict:
    """What an answer of OKX means for what may be asked next."""
    code = _code_of(reply.body)
    if reply.status == 429 or code in _SLOW:
        return Verdict("slow_down", retry_after_s(reply) or WINDOW_S, f"code {code or 429}")
    if reply.status in (403, 451):
        return Verdict("ban", retry_after_s(reply) or BAN_S, f"HTTP {reply.status}")
    if reply.status >= 500 or not code or code in _BROKEN:
        return Verdict("broken", 0.0, f"HTTP {reply.status}, code {code or 'none'}")
    if code == "0":
        return OK if reply.status == 200 else Verdict("broken", 0.0, f"HTTP {reply.status}")
    if code.startswith(("50", "51")):
        return Verdict("refused", 0.0, f"code {code}")
    return Verdict("broken", 0.0, f"code {code}")


def _code_of(body: bytes) -> str:
    """The code of an answer, empty when it is none; large answers are not read whole for it."""
    if found := _CODE.match(body[:64]):
        return found[1].decode()
    try:
        code = record(decode(body), "answer").get("code")
    except WireError:
        return ""
    return code if isinstance(code, str) and code.isascii() and code.isdigit() else ""
