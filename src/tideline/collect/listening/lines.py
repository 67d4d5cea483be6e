"""All lines of one stream: topics dealt out to connections, and dealt anew when listings change."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tideline.collect.listening.line import Ground, Line
from tideline.domain.instrument import Instrument


class Lines:
    """One stream of one venue. ``follow`` may be called at any time, also before ``run``."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        ground.changed = self._report
        self._lines: list[Line] = []
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._count = 0
        self._dealt = asyncio.Event()

    def follow(self, instruments: Sequence[Instrument]) -> None:
        """These instruments from now on. Topics stay on the line that has them."""
        stream = self._ground.stream
        wanted = {
            topic.name: topic
            for topic in stream.topics([one for one in instruments if stream.selects(one)])
        }
        hands = [
            [wanted.pop(topic.name) for topic in line.topics if topic.name in wanted]
            for line in self._lines
        ]
        rest = list(wanted.values())
        for hand in hands:
            room = stream.topics_per_connection - len(hand) if hand else 0
            hand.extend(rest[:room])
            rest = rest[room:]
        for line, hand in zip(self._lines, hands, strict=True):
            line.follow(hand)
        while rest:
            self._count += 1
            part, rest = (
                rest[: stream.topics_per_connection],
                rest[stream.topics_per_connection :],
            )
            self._lines.append(Line(self._ground, tuple(part), self._count))
        self._dealt.set()

    async def run(self) -> None:
        """For ever; a crash of one line ends this, and the supervisor starts it again."""
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    self._dealt.clear()
                    for line in list(self._lines):
                        await self._start_or_end(line, group)
                    await self._dealt.wait()
        finally:
            self._tasks.clear()

    async def stop(self, why: str) -> None:
        """Close every connection, in order. ``run`` has ended."""
        for line in self._lines:
            await line.stop(why)

    async def _start_or_end(self, line: Line, group: asyncio.TaskGroup) -> None:
        if line.topics and line.index not in self._tasks:
            self._tasks[line.index] = group.create_task(line.run())
        elif not line.topics:
            task = self._tasks.pop(line.index, None)
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            await line.stop("nothing left to follow")
            self._ground.status.gaps_open.pop(line.key, None)
            self._lines.remove(line)

    def _report(self) -> None:
        """The counters of all lines together."""
        status, links = self._ground.status, [line.link for line in self._lines if line.link]
        status.unacked = _joined(tuple(link.topics.unacked() for link in links))
        status.refused = _joined(tuple(link.topics.refused() for link in links))
        status.stale = _joined(tuple(link.silent for link in links))


def _joined(parts: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(sorted({name for part in parts for name in part}))
