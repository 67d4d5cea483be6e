"""The way out for requests: bans first, then buckets, then reach; what comes back is judged here.

Every request of a venue passes, so that the rules hold by construction: nothing is sent while a
ban holds, not even by a request that had waited for its tokens when the ban came.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tideline.collect.asking.bans import Bans
from tideline.collect.asking.buckets import Buckets
from tideline.collect.asking.reach import Reach
from tideline.collect.skew import Skew
from tideline.domain.time import Clock
from tideline.venues.declaration import Charge, Host, Venue
from tideline.venues.status import retry_after_s
from tideline.venues.transport import Socket, Transport, TransportError
from tideline.venues.wire import Reply, Request, Verdict

HANDSHAKE_S = 4.5
"""A connection that does not stand by then is given up: the next try may find the venue back."""
LONGEST_SAID_S = 30 * 86_400.0
"""A Retry-After beyond this is a slip of the venue's."""


class Answer(NamedTuple):
    """A reply, what it means, and when it was asked for and came (µs UTC)."""

    reply: Reply
    verdict: Verdict
    sent: int
    received: int


def all_charges(venue: Venue) -> list[Charge]:
    """What every kind of request of the venue costs."""
    found = [charge for poll in (*venue.listings, *venue.polls) for charge in poll.charges]
    found += [charge for history in venue.histories for charge in history.charges]
    return found + [charge for stream in venue.streams for charge in stream.charges]


class Door:
    """The requests and connections of one venue.

    ``patience``: how much longer than usual an answer may take, where time runs faster than here.
    """

    def __init__(
        self,
        venue: Venue,
        transport: Transport,
        bans: Bans,
        clock: Clock,
        rng: np.random.Generator,
        patience: float = 1.0,
    ) -> None:
        self._venue, self._transport, self._clock = venue, transport, clock
        self._patience = patience
        self.bans, self.skew = bans, Skew()
        self._buckets = Buckets(venue.buckets, all_charges(venue))
        self._reach = {host.name: Reach(rng, patience) for host in venue.hosts}
        self._reach_ws = {host.name: Reach(rng, patience) for host in venue.hosts}

    async def ask(
        self, request: Request, charges: Sequence[Charge], *, patient: bool = False
    ) -> Answer:
        """Wait until it may go, send it, judge the answer.

        Raises:
            TransportError: no answer.
        """
        host = self._venue.host(request.host)
        reach = self._reach[host.name]
        while True:
            await self.bans.wait(host.family)
            # First the turn, then the tokens: those who waited for a host that was away come
            # back one by one, as the limit has it.
            async with reach.turn():
                await self._buckets.take(charges, patient=patient)
                if self.bans.left_s(host.family) > 0:
                    continue
                return await self._send(host, reach, request, charges)

    async def _send(
        self, host: Host, reach: Reach, request: Request, charges: Sequence[Charge]
    ) -> Answer:
        sent = self._clock.now()
        try:
            async with asyncio.timeout(reach.patience_s()):
                reply = await self._transport.ask(host, request)
        except TransportError:
            reach.failed()
            raise
        except TimeoutError:
            reach.failed()
            raise TransportError("timeout", host.name, "no answer to a try") from None
        received = self._clock.now()
        verdict = self.judge(host, reply, charges)
        if verdict.kind == "broken":
            reach.failed()
        else:
            reach.answered()
            if "date" in reply.headers:
                self.skew.dated(reply.headers["date"], sent, received)
        return Answer(reply, verdict, sent, received)

    def judge(self, host: Host, reply: Reply, charges: Sequence[Charge]) -> Verdict:
        """The venue's verdict, with its consequences for bans and buckets."""
        verdict = self._venue.verdict(reply)
        self._buckets.heard(reply.headers, charges)
        if verdict.kind in ("ban", "slow_down"):
            wait_s = max(verdict.wait_s, retry_after_s(reply, LONGEST_SAID_S))
            self.bans.punish(host.family, verdict._replace(wait_s=wait_s))
        return verdict

    async def connect(self, host_name: str, target: str, charges: Sequence[Charge]) -> Socket:
        """Open a WebSocket when it may be opened; after a failure by one caller at a time.

        Raises:
            TransportError: it did not come about; a refusal has been judged.
        """
        host = self._venue.host(host_name)
        reach = self._reach_ws[host_name]
        while True:
            await self.bans.wait(host.family)
            async with reach.turn():
                await self._buckets.take(charges)
                if self.bans.left_s(host.family) > 0:
                    continue
                return await self._connect(host, reach, target, charges)

    async def _connect(
        self, host: Host, reach: Reach, target: str, charges: Sequence[Charge]
    ) -> Socket:
        try:
            async with asyncio.timeout(HANDSHAKE_S * self._patience):
                socket = await self._transport.connect(host, target)
        except TimeoutError:
            reach.failed()
            raise TransportError("timeout", host.name, "no handshake") from None
        except TransportError as error:
            if error.reply is None:
                reach.failed()
            else:
                reach.answered()
                self.judge(host, error.reply, charges)
            raise
        reach.answered()
        return socket
