"""A poll: its requests spread evenly over its cadence, again and again.

The first instruments by open interest go at the cadence of the top, the others at that of the
tail. A request that fails is asked again until its next turn comes; sweeps that could not be
started in time are skipped and counted, never caught up: a snapshot of then cannot be had now.
"""

from __future__ import annotations

import asyncio

from tideline.collect.asking.feeding import Feeding
from tideline.collect.asking.plan import Group, Sweep
from tideline.collect.listening.backoff import full_jitter_s
from tideline.collect.live.record import Watch
from tideline.venues.declaration import Poll
from tideline.venues.wire import Request

AT_ONCE = 8
"""Requests of one group that may be under way together."""
PHASE_S = 3.0
"""Feeds begin at random within this time, so that they do not all ask at once."""
IDLE_S = 60.0
"""How often a group without instruments is looked at."""
RETRY_S = 4.0
"""Longest wait between two tries of a request; a host out of reach adds its own."""


class Poller:
    """One poll of one venue. The instruments are those of the plan that holds at each sweep."""

    def __init__(self, poll: Poll, feeding: Feeding) -> None:
        self._poll, self._feeding = poll, feeding
        self._told: dict[Group, tuple[tuple[str, ...], float]] = {}

    async def run(self) -> None:
        """For ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._sweeps("top"))
            group.create_task(self._sweeps("tail"))

    async def _sweeps(self, name: Group) -> None:
        loop = asyncio.get_running_loop()
        room = asyncio.Semaphore(AT_ONCE)
        await asyncio.sleep(float(self._feeding.rng.uniform(0.0, PHASE_S)))
        start = loop.time()
        async with asyncio.TaskGroup() as group:
            while True:
                sweep = self._feeding.plan.sweep(self._poll.name, name)
                if sweep is None:
                    self._forget_gaps(name, 0)
                    await asyncio.sleep(IDLE_S)
                    start = loop.time()
                    continue
                self._tell(name, sweep)
                requests = self._poll.ask(sweep.instruments)
                self._forget_gaps(name, len(requests))
                for at, request in enumerate(requests):
                    due = start + at * sweep.cadence_s / len(requests)
                    await asyncio.sleep(max(0.0, due - loop.time()))
                    await room.acquire()
                    until = max(due, loop.time()) + sweep.cadence_s
                    task = group.create_task(self._one(name, at, request, until))
                    task.add_done_callback(lambda _: room.release())
                start += sweep.cadence_s
                late = int((loop.time() - start) // sweep.cadence_s)
                if late > 0:
                    self._feeding.feed(self._poll.name).missed += late
                    start += late * sweep.cadence_s
                await asyncio.sleep(max(0.0, start - loop.time()))

    async def _one(self, name: Group, at: int, request: Request, until: float) -> None:
        """One request, asked again while it fails and its time is not over."""
        feeding, poll, key = self._feeding, self._poll, f"{name} {at}"
        loop = asyncio.get_running_loop()
        tries = 0
        while True:
            how = await feeding.bring_all(poll.name, request, poll.charges)
            if how == "ok":
                feeding.close_gap(poll.name, key, poll.fields)
                return
            feeding.open_gap(poll.name, key)
            if how == "refused":
                return
            await asyncio.sleep(full_jitter_s(tries, RETRY_S, feeding.rng))
            tries += 1
            if loop.time() >= until:
                return

    def _forget_gaps(self, name: Group, count: int) -> None:
        """What is not asked any more is not missing any more."""
        gaps = self._feeding.feed(self._poll.name).gaps_open
        for key in list(gaps):
            group, _, at = key.partition(" ")
            if group == name and int(at) >= count:
                del gaps[key]

    def _tell(self, name: Group, sweep: Sweep) -> None:
        """Say which legs are expected, when that has changed."""
        symbols = tuple(one.symbol for one in sweep.instruments)
        if self._told.get(name) == (symbols, sweep.cadence_s):
            return
        self._told[name] = (symbols, sweep.cadence_s)
        feeding = self._feeding
        feeding.feed(self._poll.name).cadence_s = sweep.cadence_s
        feeding.inbox.tell(
            Watch(
                feeding.clock.now(),
                self._poll.name,
                0,
                symbols,
                self._poll.fields,
                sweep.cadence_s,
                sweep.cadence_s,
            )
        )
