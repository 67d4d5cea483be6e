"""What the status line of an answer says, whoever the venue: the part all verdicts share."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime

from tideline.venues.wire import OK, Reply, Verdict

MOST_WAIT_S = 3600.0
EDGE_S = 300.0
"""After a 403 or 451 page of the edge before the venue, which does not say how long it lasts."""


def of_status(reply: Reply) -> Verdict:
    """``ok`` for a 200 that looks like JSON; what is wrong with it otherwise.

    429 asks for less, a 403 or 451 without JSON shuts the address out, other 4xx will stay wrong,
    and everything that is no answer of the venue's own (5xx, redirects, HTML, nothing at all) is
    worth another try later.
    """
    why = f"HTTP {reply.status}"
    if reply.status == 429:
        return Verdict("slow_down", retry_after_s(reply), why)
    if reply.status in (403, 451) and not looks_like_json(reply.body):
        return Verdict("ban", retry_after_s(reply) or EDGE_S, f"{why}: no JSON")
    if not looks_like_json(reply.body):
        return Verdict("broken", 0.0, f"{why}: no JSON")
    if reply.status == 200:
        return OK
    if 400 <= reply.status < 500:
        return Verdict("refused", 0.0, f"{why}: {reply.body[:120].decode('utf-8', 'replace')}")
    return Verdict("broken", 0.0, why)


def retry_after_s(reply: Reply, most_s: float = MOST_WAIT_S) -> float:
    """Seconds that the Retry-After header asks for, 0 where it says none; never over ``most_s``.

    A date is held against the venue's own Date header: our clock is another one.
    """
    told = reply.headers.get("retry-after", "").strip()
    if told.isascii() and told.isdigit():
        return min(float(told), most_s)
    until, now = moment_s(told), moment_s(reply.headers.get("date", ""))
    return 0.0 if until is None or now is None else min(max(until - now, 0.0), most_s)


def moment_s(header: str) -> float | None:
    """Unix seconds of an HTTP date, None when it is none."""
    try:
        found = parsedate_to_datetime(header)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def looks_like_json(body: bytes) -> bool:
    """Does it begin as an object or a list does?"""
    return body.lstrip()[:1] in (b"{", b"[")
