"""What the status line of an answer says, whoever the venue: the part all verdicts share."""

from __future__ import annotations

from tideline.venues.wire import OK, Reply, Verdict

MOST_WAIT_S = 3600.0


def of_status(reply: Reply) -> Verdict:
    """``ok`` for a 200 that looks like JSON; what is wrong with it otherwise.

    429 asks for less, other 4xx will stay wrong, and everything that is no answer of the venue's
    own (5xx, redirects, HTML, nothing at all) is worth another try later.
    """
    why = f"HTTP {reply.status}"
    if reply.status == 429:
        return Verdict("slow_down", wait_s(reply), why)
    if not looks_like_json(reply.body):
        return Verdict("broken", 0.0, f"{why}: no JSON")
    if reply.status == 200:
        return OK
    if 400 <= reply.status < 500:
        return Verdict("refused", 0.0, f"{why}: {reply.body[:120].decode('utf-8', 'replace')}")
    return Verdict("broken", 0.0, why)


def wait_s(reply: Reply) -> float:
    """Seconds of the Retry-After header, 0 where it says none; never more than an hour."""
    text = reply.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return min(float(text), MOST_WAIT_S)
    return 0.0


def looks_like_json(body: bytes) -> bool:
    """Does it begin as an object or a list does?"""
    return body.lstrip()[:1] in (b"{", b"[")
