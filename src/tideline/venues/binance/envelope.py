"""Binance's answers: bare JSON when all is well, ``{"code": -1121, "msg": …}`` when not.

Reference: https://developers.binance.com/docs/derivatives/usds-margined-futures/general-info and
…/error-code. Samples: ``tests/payloads/binance/``.
"""

from __future__ import annotations

import re
from typing import Any

from tideline.domain.errors import BadWire, VenueRefusal, WireError
from tideline.domain.instrument import Instrument
from tideline.venues.parsed import Note
from tideline.venues.status import moment_s, retry_after_s
from tideline.venues.strict import decode, text
from tideline.venues.wire import OK, Reply, Verdict

PERPETUAL = "PERPETUAL"
CONTRACT_TYPES = {
    "PERPETUAL": "perpetual",
    "PERPETUAL DELIVERING": "perpetual",
    "TRADIFI_PERPETUAL": "perpetual",
    "CURRENT_MONTH": "future",
    "NEXT_MONTH": "future",
    "CURRENT_QUARTER": "future",
    "NEXT_QUARTER": "future",
    "CURRENT_QUARTER DELIVERING": "future",
    "NEXT_QUARTER DELIVERING": "future",
}
"""The venue's words for what a contract is, and the kind of instrument each one is."""


def body(raw: bytes) -> Any:
    """The JSON of an answer.

    Raises:
        VenueRefusal: it is the venue's error.
        NotStrict: it is no strict JSON.
    """
    value = decode(raw)
    if type(value) is dict and "code" in value and "msg" in value:
        raise VenueRefusal(value["code"], value["msg"])
    return value


def spoken_of(row: dict[str, Any], note: Note) -> Instrument | str:
    """The instrument of a row, or why it is none of ours.

    COIN-M statistics name ``pair`` and ``contractType``: the perpetual of a pair is PAIR_PERP.
    Which dated contract was the current quarter at that time the row does not say. A row that
    names nothing (takerlongshortRatio) is of the symbol that was asked for.

    Raises:
        BadWire: neither the row nor the request names anybody.
    """
    if "pair" in row and "symbol" not in row:
        pair = text(row["pair"], "pair")
        told = row.get("contractType", note.params.get("contractType", PERPETUAL))
        kind = text(told, "contractType")
        if kind != PERPETUAL:
            if kind not in CONTRACT_TYPES:
                raise BadWire(named("contractType", kind), kind, "is a word we do not know")
            return "dated contract without a symbol"
        symbol = f"{pair}_PERP"
    elif "symbol" in row:
        symbol = text(row["symbol"], "symbol")
    else:
        symbol = text(note.params.get("symbol"), "symbol")
    return note.instruments.get(symbol) or "unknown instrument"


def named(where: str, word: object) -> str:
    """A place with the word that stands there, if it looks like a word: for counts of bad rows."""
    return f"{where} {word}" if type(word) is str and _WORD.fullmatch(word) else where


_WORD = re.compile(r"[A-Z][A-Z_ ]{0,31}", re.ASCII)

# --- verdicts --------------------------------------------------------------------------------

MINUTE_S = 60.0
LEAST_BAN_S = 120.0
MOST_BAN_S = 3 * 86_400.0
FIREWALL_S = 300.0
ABROAD_S = 3600.0

_BANNED_UNTIL = re.compile(rb"banned until (\d{13})")
_BUSY = {-1000, -1001, -1004, -1006, -1007, -1008, -1016}
"""The venue's own trouble: the same question may be asked again."""


def verdict(reply: Reply) -> Verdict:
    """What a reply means.

    418 is a ban of two minutes to three days (Retry-After, or the moment in the text); 429 and
    -1003 ask to wait; 403 is the firewall, 451 a country that is not served.
    """
    why = f"HTTP {reply.status}"
    if reply.status == 418:
        told = _retry_after(reply) or _until(reply) or LEAST_BAN_S
        return Verdict("ban", min(max(told, 1.0), MOST_BAN_S), why)
    if reply.status == 429:
        return Verdict("slow_down", _retry_after(reply) or MINUTE_S, why)
    if reply.status == 403:
        return Verdict("ban", _retry_after(reply) or FIREWALL_S, f"{why}: firewall")
    if reply.status == 451:
        return Verdict("ban", ABROAD_S, f"{why}: not served in this place")
    start = reply.body.lstrip()[:1]
    if start not in (b"{", b"["):
        return Verdict("broken", 0.0, f"{why}: no JSON")
    if start == b"[" or b'"code"' not in reply.body[:200]:
        return OK if reply.status == 200 else _of_status(reply.status, why)
    return _of_error(reply, why)


def _of_error(reply: Reply, why: str) -> Verdict:
    """As the error in the body says, if there is one."""
    try:
        value = decode(reply.body)
    except WireError as error:
        return Verdict("broken", 0.0, str(error))
    code = value.get("code") if type(value) is dict else None
    if type(code) is not int or "msg" not in value:
        return OK if reply.status == 200 else _of_status(reply.status, why)
    said = f"{code} {value['msg']}"[:160]
    if code == -1003:
        if _BANNED_UNTIL.search(reply.body):
            return Verdict("ban", _retry_after(reply) or _until(reply) or LEAST_BAN_S, said)
        return Verdict("slow_down", _retry_after(reply) or MINUTE_S, said)
    if code in _BUSY or reply.status >= 500:
        return Verdict("broken", 0.0, said)
    return Verdict("refused", 0.0, said)


def _of_status(status: int, why: str) -> Verdict:
    return Verdict("refused" if 400 <= status < 500 else "broken", 0.0, why)


def _retry_after(reply: Reply) -> float:
    return retry_after_s(reply, MOST_BAN_S)


def _until(reply: Reply) -> float:
    """Seconds to the moment named in the text, by the venue's own Date header; 0 if not said."""
    found, now = _BANNED_UNTIL.search(reply.body), moment_s(reply.headers.get("date", ""))
    if not found or now is None:
        return 0.0
    return min(max(int(found[1]) / 1000 - now, 0.0), MOST_BAN_S)
