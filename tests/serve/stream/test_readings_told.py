"""From the rows of a store to the messages: what a stream tells is what a replay says."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from tests.planted import PLANTED
from tests.serve.stream.fakes import Heads, StillClock
from tests.serve.world import Growing, planted_rows
from tideline.domain.time import MINUTE, format_time
from tideline.readings.naming import tracks_called
from tideline.serve.stream.channel import GapsKey, ReadingKey
from tideline.serve.stream.hub import READ_EVERY_S, Hub
from tideline.serve.stream.queue import Queue
from tideline.serve.stream.resume import missed
from tideline.serve.stream.source import StoreSource
from tideline.store import Store
from tideline.store.judging import replay
from tideline.store.tracking import instant_of, stood_at

STEP_US = 5_000_000
PUSH = PLANTED[0]
NAME = "all@45m"


async def told(source: StoreSource, growing: Growing, last: int) -> list[dict]:
    """Everything a client hears while the store grows from instant to instant."""
    heads, clock, queue = Heads(), StillClock(), Queue()
    hub = Hub(source, heads, clock)
    hub.join(ReadingKey(PUSH.asset, NAME, tracks_called(NAME)), queue)
    found = []
    while True:
        heads.head = int(growing.log.head())
        await hub.round()
        clock.advance(round(READ_EVERY_S * 1_000_000))
        while len(queue):
            found.append(json.loads(await queue.take()))
        if growing.clock.at >= last:
            return found
        growing.advance(STEP_US)


def test_states_are_told_as_they_are_entered_left_and_changed(tmp_path: Path):
    first, last = (
        instant_of(int(PUSH.end) - 25 * MINUTE - 30_000_000 + on * MINUTE) for on in (0, 9)
    )
    growing = Growing(tmp_path / "store", planted_rows(PUSH.asset, last))
    growing.live_until(first)
    log = growing.log
    source = StoreSource(Store(log), None)  # type: ignore[arg-type]
    found = asyncio.run(told(source, growing, last))
    tracks = tracks_called(NAME)
    begun = stood_at(log, PUSH.asset, tracks, first)
    changes = [
        one
        for one in replay(log, first, last, windows=("45m",), assets=[PUSH.asset])
        if (one.rule, one.window) in tracks and _not_begun(one, dict(begun))
    ]
    seq = log.viewer.state().last_seq
    keys = [ReadingKey(PUSH.asset, NAME, tracks), GapsKey(PUSH.asset)]
    late = missed(log, source, keys, seq, seq, last)
    growing.close()
    assert found[0]["type"] == "standing"
    assert [(s["rule"], s["state"], s["severity"]) for s in found[0]["states"]] == [
        (rule, one.name, one.severity) for (rule, _), one in begun
    ]
    assert [
        (m["as_of"], m["rule"], m["window"], m["change"], m["state"], m["severity"], m["because"])
        for m in found[1:]
    ] == [
        (f"{format_time(o.as_of)[:19]}.000000Z", o.rule, o.window, o.change, o.name, o.severity,
         o.because)
        for o in changes
    ]  # fmt: skip
    assert {m["change"] for m in found[1:]} == {"entered", "severity", "left"}
    assert late.frames == []


def _not_begun(one, begun) -> bool:
    """A replay from the first instant on enters what already stood there."""
    standing = begun.get((one.rule, one.window))
    return not (standing and one.change == "entered" and one.name == standing.name)
