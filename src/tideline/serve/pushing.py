"""What runs beside the requests of one process: streams, alerts, the tools of assistants."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from tideline.domain.time import Clock
from tideline.serve.alerts.alert import Alert, Checked
from tideline.serve.alerts.book import Book
from tideline.serve.alerts.delivery import Delivery
from tideline.serve.alerts.desk import Desk as AlertDesk
from tideline.serve.alerts.desk import still_allowed
from tideline.serve.alerts.eyes import live_eyes
from tideline.serve.alerts.keeper import Keeper
from tideline.serve.alerts.watch import Watch
from tideline.serve.alerts.webhook import Webhooks
from tideline.serve.following import Follower
from tideline.serve.gate import Gate
from tideline.serve.logs import Logger
from tideline.serve.seats import Seats
from tideline.serve.stream.desk import Desk as StreamDesk
from tideline.serve.stream.hub import Hub
from tideline.serve.stream.source import StoreSource, Values
from tideline.settings import Plan
from tideline.store import Store
from tideline.store.ruling import numbers_at

if TYPE_CHECKING:
    from tideline.serve.mcp.http import HttpTools

OWNERS_EVERY_S = 5.0


class Pushing:
    """Made once a process. Without keys whoever asks is the operator: any channel may be named."""

    def __init__(
        self,
        store: Store,
        live: Values,
        follower: Follower,
        gate: Gate,
        clock: Clock,
        directory: Path,
        plans: tuple[Plan, ...],
        mail_server: str = "",
        log: Logger | None = None,
        seats: Seats | None = None,
    ) -> None:
        source = StoreSource(store, live)
        self.hub = Hub(source, follower, clock, log)
        self._seats = seats or Seats()
        self.streams = StreamDesk(self.hub, store, source, self._seats)
        self._webhooks = Webhooks(anywhere=gate.ring is None)
        self._book = Book(directory)
        delivery = Delivery(self._book, self._webhooks, clock, mail_server=mail_server, log=log)
        eyes = live_eyes(lambda: follower.head, live, partial(numbers_at, store))
        watch = Watch(store, self._book, Allowed(gate, plans, clock), log, eyes)
        self.alerts = AlertDesk(store, self._book, delivery, clock, anywhere=gate.ring is None)
        self.keeper = Keeper(directory, self._book, watch, delivery, clock, log)
        self.tools = _tools(store)
        follower.hand_to(self.hub.take)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The hub and the keeper, until it ends."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._webhooks)
            tasks = [asyncio.create_task(self.hub.run()), asyncio.create_task(self.keeper.run())]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                for task in tasks:
                    with suppress(asyncio.CancelledError):
                        await task

    def close(self) -> None:
        """Let go of the files."""
        self._book.close()
        self._seats.close()


def _tools(store: Store) -> HttpTools | None:
    """The tools, if the library of their protocol is installed."""
    if find_spec("mcp") is None:
        return None
    from tideline.serve.mcp.http import HttpTools
    from tideline.serve.mcp.questions import Questions

    return HttpTools(Questions(store))


class Allowed:
    """Is an alert's owner still somebody, and does the plan still allow what the alert asks?"""

    def __init__(self, gate: Gate, plans: tuple[Plan, ...], clock: Clock) -> None:
        self._gate, self._clock = gate, clock
        self._plans = {plan.name: plan for plan in plans}
        self._owners: frozenset[str] = frozenset()
        self._looked: float | None = None

    def __call__(self, alert: Alert, checked: Checked) -> bool:
        if not still_allowed(alert, checked, self._plans):
            return False
        return self._gate.ring is None or alert.owner in self._known()

    def _known(self) -> frozenset[str]:
        """Owners with a key that is valid, as of a few seconds ago."""
        now = self._clock.monotonic()
        if self._looked is None or now - self._looked >= OWNERS_EVERY_S:
            at = int(self._clock.now())
            records = self._gate.ring.records() if self._gate.ring is not None else []
            self._owners = frozenset(record.owner for record in records if record.valid(at))
            self._looked = now
        return self._owners
