"""A source, heads and a socket that do what the test says."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from tideline.domain.errors import StoreDamaged
from tideline.domain.time import ManualClock
from tideline.readings.asking import Track
from tideline.readings.transitions import Standing, Transition

T0 = 1_767_225_600_000_000
SECOND = 1_000_000


class Heads:
    """A follower that moves when told."""

    def __init__(self) -> None:
        self.head, self.applied = T0, 1
        self.heard: list[Callable[[int], None]] = []

    def listen(self, heard: Callable[[int], None]) -> Callable[[], None]:
        self.heard.append(heard)
        return lambda: self.heard.remove(heard)

    def move(self, seconds: float = 1.0, commits: int = 1) -> None:
        self.head += round(seconds * SECOND)
        self.applied += commits
        for heard in list(self.heard):
            heard(self.head)


class Source:
    """Numbers and states by name; counts what was asked."""

    def __init__(self) -> None:
        self.numbers: dict[tuple[str, str], float | None] = {}
        self.states: dict[str, dict[Track, tuple[str, str]]] = {}
        self.told: dict[str, dict[Track, Standing]] = {}
        self.kept: set[tuple[str, Track]] = set()
        self.asked: Counter[tuple[str, tuple[str, ...], bool]] = Counter()
        self.read: Counter[str] = Counter()
        self.broken = False

    def values(self, asset: str, features: Sequence[str], head: int, evidence: bool) -> list[bytes]:
        self.asked[asset, tuple(features), evidence] += 1
        if self.broken:
            raise StoreDamaged("a file")
        found = [self.numbers.get((asset, name)) for name in features]
        if evidence:
            return [json.dumps({"feature": name, "value": value, "head": head}).encode()
                    for name, value in zip(features, found, strict=True)]  # fmt: skip
        return [json.dumps(value).encode() for value in found]

    def move(self, asset: str, tracks: Sequence[Track], head: int) -> list[Transition]:
        self.read[asset] += 1
        if self.broken:
            raise StoreDamaged("a file")
        before, now = self.told.get(asset, {}), dict(self.stood(asset, tracks, head))
        begun = asset in self.told
        self.told[asset] = now
        found = []
        for track in tracks:
            was, one = before.get(track), now.get(track)
            if not begun or was == one:
                continue
            if one is None:
                found.append(Transition(asset, *track, head, "left", was.name, "none"))
            else:
                change = "severity" if was and was.name == one.name else "entered"
                found.append(Transition(asset, *track, head, change, one.name, one.severity,
                                        was.name if was and change == "entered" else "",
                                        1.5, "because"))  # fmt: skip
        return found

    def standing(self, asset: str, tracks: Sequence[Track]):
        told = self.told.get(asset, {})
        return tuple((track, told[track]) for track in tracks if track in told)

    def keep(self, wanted) -> None:
        self.kept = set(wanted)

    def stood(self, asset: str, tracks: Sequence[Track], as_of: int):
        states = self.states.get(asset, {})
        return tuple((t, Standing(*states[t], T0)) for t in tracks if t in states)


class Socket:
    """An ASGI WebSocket: what the client says is put in, what it is told is kept."""

    def __init__(self) -> None:
        self.incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.told: list[dict[str, Any]] = []
        self.code: int | None = None
        self.reason = ""
        self.blocked: asyncio.Event | None = None

    def say(self, message: Any) -> None:
        text = message if isinstance(message, str) else json.dumps(message)
        self.incoming.put_nowait({"type": "websocket.receive", "text": text})

    def go(self) -> None:
        self.incoming.put_nowait({"type": "websocket.disconnect", "code": 1000})

    async def receive(self) -> dict[str, Any]:
        return await self.incoming.get()

    async def send(self, event: dict[str, Any]) -> None:
        if event["type"] == "websocket.close":
            self.code, self.reason = event["code"], event["reason"]
            return
        if self.blocked is not None:
            await self.blocked.wait()
        self.told.append(json.loads(event["text"]))

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [one for one in self.told if one["type"] == kind]


async def until(holds: Callable[[], object], seconds: float = 5.0) -> None:
    """Wait for something that is about to be so."""
    for _ in range(round(seconds / 0.005)):
        if holds():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it did not come")


class StillClock(ManualClock):
    """Moves only when told, starting at T0."""

    def __init__(self) -> None:
        super().__init__(T0)
