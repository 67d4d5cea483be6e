"""Bans and pauses, per family of hosts: no request and no connection until they are over.

A ban outlives the process: it is written down before anything else happens, as a moment of the
wall clock. While the process lives the loop's time counts, so that a clock that is set forward
does not end a ban early.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from tideline.collect.kept import keep, kept
from tideline.domain.time import SECOND, Clock
from tideline.venues.wire import Verdict

UNSAID_S = {"ban": 120.0, "slow_down": 5.0}
"""When the venue does not say how long."""
LONGEST_DOUBLED_S = {"ban": 6 * 3600.0, "slow_down": 300.0}
"""Repetitions double the wait up to here; what the venue itself says is kept whatever it is."""
FORGOTTEN_S = {"ban": 24 * 3600.0, "slow_down": 300.0}
"""A ban this long after the end of the last one counts as the first again."""


class Ban(msgspec.Struct, frozen=True):
    """One pause. ``until`` and ``since`` are µs UTC; ``strikes`` counts repetitions."""

    since: int
    until: int
    strikes: int
    why: str


class Bans:
    """Who must not be asked, and until when. ``path`` None: nothing is written down."""

    def __init__(self, path: Path | None, clock: Clock) -> None:
        self._path, self._clock = path, clock
        self._bans: dict[str, dict[str, Ban]] = {}
        self._deadlines: dict[tuple[str, str], float] = {}
        self._unsaved = False
        if path is not None:
            self._bans = kept(path, dict[str, dict[str, Ban]], {})
        now, loop_now = clock.now(), asyncio.get_running_loop().time()
        for family, bans in self._bans.items():
            for kind, ban in bans.items():
                # A wall clock that was set back must not make a ban longer than it was.
                left = min(ban.until - now, ban.until - ban.since)
                self._deadlines[family, kind] = loop_now + left / SECOND

    def punish(self, family: str, verdict: Verdict) -> Ban:
        """Take note of a ``ban`` or ``slow_down``; several at once are one."""
        kind, now = verdict.kind, self._clock.now()
        loop_now = asyncio.get_running_loop().time()
        said = verdict.wait_s or UNSAID_S[kind]
        before = self._bans.get(family, {}).get(kind)
        left = self._deadlines.get((family, kind), loop_now) - loop_now
        strikes, wait = 1, said
        if before is not None and left > 0:
            strikes, wait = before.strikes, max(said, left)
        elif before is not None and -left < FORGOTTEN_S[kind]:
            strikes = min(before.strikes + 1, 20)
            wait = max(said, min(said * 2.0 ** (strikes - 1), LONGEST_DOUBLED_S[kind]))
        ban = Ban(now, now + round(wait * SECOND), strikes, verdict.why[:200])
        self._bans.setdefault(family, {})[kind] = ban
        self._deadlines[family, kind] = loop_now + wait
        self._unsaved = True
        self.save()
        return ban

    def left_s(self, family: str) -> float:
        """How long nothing may go to these hosts; 0: it may."""
        loop_now = asyncio.get_running_loop().time()
        ends = [self._deadlines.get((family, kind), loop_now) for kind in UNSAID_S]
        return max(0.0, max(ends) - loop_now)

    def until(self, family: str) -> int | None:
        """The end of the ban that holds now, µs UTC."""
        left = self.left_s(family)
        return self._clock.now() + round(left * SECOND) if left > 0 else None

    async def wait(self, family: str) -> None:
        """Return when there is no ban."""
        while (left := self.left_s(family)) > 0:
            self.save()
            await asyncio.sleep(min(left, 60.0))

    def save(self) -> None:
        """Write down what is not yet; a disk that is full is tried again at the next occasion."""
        if self._path is None or not self._unsaved:
            return
        try:
            keep(self._path, self._bans, durable=True)
            self._unsaved = False
        except OSError:
            self._unsaved = True
