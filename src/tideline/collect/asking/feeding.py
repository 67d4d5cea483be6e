"""What every feed of a venue works with, and how one reply becomes one record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np

from tideline.collect.asking.door import Answer, Door
from tideline.collect.asking.plan import Plan
from tideline.collect.inbox import Inbox
from tideline.collect.live.record import Frame
from tideline.collect.status import FeedStatus, VenueStatus
from tideline.domain.time import Clock
from tideline.venues.declaration import Charge
from tideline.venues.parsed import Parsed
from tideline.venues.transport import TransportError
from tideline.venues.wire import Request

MOST_PAGES = 50
"""Pages of one answer that are followed."""


class Brought(NamedTuple):
    """How a request went: ``ok`` with what was read, ``refused`` (it will stay so), ``failed``."""

    how: Literal["ok", "refused", "failed"]
    parsed: Parsed | None


FAILED = Brought("failed", None)


@dataclass(slots=True)
class Feeding:
    """The venue's own: door, inbox, counters, clock, and the plan that holds now.

    ``back`` is to be called when a feed of these fields is back after it was away: histories look
    for what was missed.
    """

    door: Door
    inbox: Inbox
    status: VenueStatus
    clock: Clock
    rng: np.random.Generator
    plan: Plan
    back: Callable[[Sequence[str]], None] = lambda _: None

    async def bring(
        self,
        feed: str,
        request: Request,
        charges: Sequence[Charge],
        *,
        purpose: str = "live",
        patient: bool = False,
    ) -> Brought:
        """Ask, hand the body over, say what was in it.

        Whatever the venue sent is handed over and kept; only the body of a ban is not.
        """
        status = self.status.feed(feed)
        try:
            answer = await self.door.ask(request, charges, patient=patient)
        except TransportError as error:
            status.error(error.kind)
            return FAILED
        kind = answer.verdict.kind
        if kind != "ok":
            status.error(kind)
        if kind in ("ban", "slow_down") or not answer.reply.body:
            return FAILED
        taken = await self.inbox.give(_frame(feed, request, answer, purpose))
        if taken.parsed is not None and taken.parsed.server_time is not None:
            self.door.skew.answered(taken.parsed.server_time, answer.sent, answer.received)
        if kind == "refused":
            return Brought("refused", None)
        return Brought("ok", taken.parsed) if kind == "ok" and taken.parsed else FAILED

    async def bring_all(self, feed: str, request: Request, charges: Sequence[Charge]) -> str:
        """``bring`` and the pages that follow by cursor; says how it went."""
        asked: Request | None = request
        for _ in range(MOST_PAGES):
            if asked is None:
                return "ok"
            brought = await self.bring(feed, asked, charges)
            if brought.parsed is None:
                return brought.how
            asked = next_page(asked, brought.parsed)
        self.status.feed(feed).error("endless pages")
        return "refused"

    def open_gap(self, feed: str, key: str) -> None:
        """Nothing comes from now on."""
        gaps = self.status.feed(feed).gaps_open
        gaps.setdefault(key, int(self.clock.now()))

    def close_gap(self, feed: str, key: str, fields: Sequence[str]) -> None:
        """It comes again; what was missed is looked for."""
        if self.status.feed(feed).gaps_open.pop(key, None) is not None:
            self.back(fields)

    def feed(self, name: str) -> FeedStatus:
        return self.status.feed(name)


def next_page(request: Request, parsed: Parsed) -> Request | None:
    """The request for the page after, if the answer said that there is one.

    A ``next`` word carries the cursor as its text; its parameter is its topic, or "cursor".
    """
    for control in parsed.controls:
        if control.kind == "next" and control.text:
            name = control.topics[0] if control.topics else "cursor"
            kept = tuple(item for item in request.params if item[0] != name)
            return replace(request, params=(*kept, (name, control.text)))
    return None


def _frame(feed: str, request: Request, answer: Answer, purpose: str) -> Frame:
    return Frame(answer.received, feed, answer.reply.body, 0, dict(request.params), purpose)
