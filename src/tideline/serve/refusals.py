"""What the service refuses, each with its facts. None knows its HTTP status (:mod:`.problems`).

TidelineError
└── Refusal
    ├── Unauthorised      no key, or not a key that is valid now: one message for all of them
    ├── NotEntitled       the plan does not allow it; names the one that does
    ├── TooMany           over the rate or over a count; when to come again
    ├── TooExpensive      would cost more than the plan allows
    ├── TooLong           took longer than any answer may
    ├── NotThere          no such thing for this caller
    ├── NotAcceptable     none of the media types asked for
    └── WrongHost         a Host this service does not answer to
"""

from __future__ import annotations

from collections.abc import Iterable

from tideline.domain.errors import TidelineError


class Refusal(TidelineError):
    """The service will not answer this."""


class Unauthorised(Refusal):
    """Absent, malformed, unknown, expired or revoked: which of them is not told."""

    def __init__(self) -> None:
        super().__init__("a valid key is needed: Authorization: Bearer fk_live_…")


class NotEntitled(Refusal):
    """``what`` the plan lacks, ``field`` where it was asked, ``unlocked_by`` a plan or None."""

    def __init__(self, field: str, what: str, plan: str, unlocked_by: str | None) -> None:
        self.field, self.what, self.plan, self.unlocked_by = field, what, plan, unlocked_by
        way = f"; plan {unlocked_by} unlocks it" if unlocked_by else "; no plan unlocks it"
        super().__init__(f"{field}: {what} is not in plan {plan}{way}")


class TooMany(Refusal):
    """``retry_after_s``: whole seconds until one more is allowed."""

    def __init__(self, what: str, retry_after_s: int) -> None:
        self.what, self.retry_after_s = what, retry_after_s
        super().__init__(f"{what}: try again in {retry_after_s} s")


class TooExpensive(Refusal):
    """``cost`` and ``limit`` in the units of :mod:`tideline.serve.cost`."""

    def __init__(self, cost: int, limit: int, made_of: str) -> None:
        self.cost, self.limit, self.made_of = cost, limit, made_of
        super().__init__(f"this would cost {cost:,} ({made_of}); the plan allows {limit:,}")


class TooLong(Refusal):
    """The hard time-out."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"no answer within {seconds:g} s; ask for less at a time")


class NotThere(Refusal):
    """Unknown here, or somebody else's: which of them is not told."""

    def __init__(self, what: str) -> None:
        super().__init__(f"there is no such {what}")


class NotAcceptable(Refusal):
    """No media type in common."""

    def __init__(self, asked: str, offered: Iterable[str]) -> None:
        self.asked, self.offered = asked, tuple(offered)
        super().__init__(f"Accept: {asked!r} names none of {', '.join(self.offered)}")


class WrongHost(Refusal):
    """The Host header is none of the trusted ones."""

    def __init__(self) -> None:
        super().__init__("this service does not answer to that Host")
