"""One evaluation a channel for all its clients: on change, at a cadence, on transition."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.log.rows import rows as table
from tests.serve.stream.fakes import SECOND, T0, Heads, Source, StillClock
from tideline.log.records import Commit
from tideline.log.schema import MEMORY
from tideline.serve.stream.channel import GapsKey, ReadingKey, ValuesKey, new_channel
from tideline.serve.stream.hub import READ_EVERY_S, Hub
from tideline.serve.stream.queue import Queue

F = "price.ret@5m"
G = "price.ret@1h"
R1, KIND = ("R1.state", "45m"), ("R3.kind", "45m")


class World:
    def __init__(self) -> None:
        self.source, self.heads, self.clock = Source(), Heads(), StillClock()
        self.hub = Hub(self.source, self.heads, self.clock)

    async def tick(self, seconds: float = 1.0, commits: int = 1) -> None:
        self.heads.move(seconds, commits)
        self.clock.advance(round(seconds * SECOND))
        await self.hub.round()


async def drained(queue: Queue) -> list[dict]:
    found = []
    while len(queue):
        found.append(json.loads(await queue.take()))
    return found


def values(key_every: int = 0, evidence: bool = False, features=(F, G), asset="BTC") -> ValuesKey:
    return ValuesKey(asset, features, key_every, evidence)


def test_a_thousand_clients_cost_one_evaluation_and_share_one_text():
    async def main():
        world, queues = World(), [Queue() for _ in range(1_000)]
        world.source.numbers["BTC", F] = 1.0
        for queue in queues:
            world.hub.join(values(), queue)
        await world.tick()
        texts = {id(await queue.take()) for queue in queues}
        return world.source.asked, texts

    asked, texts = asyncio.run(main())
    assert asked == {("BTC", (F, G), False): 1}
    assert len(texts) == 1


def test_on_change_only_and_each_bears_as_of_and_sequence():
    async def main():
        world, queue = World(), Queue()
        channel = world.hub.join(values(), queue)
        world.source.numbers["BTC", F] = 1.0
        await world.tick()
        await world.tick()  # the same numbers
        world.source.numbers["BTC", F] = None
        await world.tick(commits=5)
        return channel, [await queue.take() for _ in range(len(queue))], await drained(queue)

    channel, texts, _ = asyncio.run(main())
    found = [json.loads(text) for text in texts]
    # the second value replaced the first, and the skip is told
    assert [one["type"] for one in found] == ["skipped"]
    assert channel.frame
    last = json.loads(channel.frame)
    assert last == {
        "type": "values",
        "channel": channel.name,
        "seq": 8,
        "as_of": "2026-01-01T00:00:03.000000Z",
        "asset": "BTC",
        "values": [{"feature": F, "value": None}, {"feature": G, "value": None}],
    }


def test_at_a_cadence_once_each_multiple_though_nothing_changed():
    async def main():
        world, queue = World(), Queue()
        world.hub.join(values(10), queue)
        seen = []
        for _ in range(35):
            await world.tick()
            seen += [one["as_of"] for one in await drained(queue)]
        return seen

    seen = asyncio.run(main())
    assert [stamp[17:19] for stamp in seen] == ["01", "10", "20", "30"]


def test_evidence_is_fetched_only_when_something_changed():
    async def main():
        world, queue = World(), Queue()
        world.source.numbers["BTC", F] = 1.0
        world.hub.join(values(evidence=True, features=(F,)), queue)
        for _ in range(5):
            await world.tick()
        return world.source.asked, await drained(queue)

    asked, found = asyncio.run(main())
    assert asked[("BTC", (F,), True)] == 1
    assert found[0]["values"] == [{"feature": F, "value": 1.0, "head": T0 + SECOND}]


def test_who_joins_later_gets_the_newest_at_once_and_who_left_nothing_more():
    async def main():
        world, first, second = World(), Queue(), Queue()
        channel = world.hub.join(values(), first)
        world.source.numbers["BTC", F] = 1.0
        await world.tick()
        assert world.hub.join(values(), second) is channel
        joined = await drained(second)
        world.hub.leave(channel, first)
        world.source.numbers["BTC", F] = 2.0
        await world.tick()
        world.hub.leave(channel, second)
        await world.tick()
        return joined, await drained(first), world.source.asked

    joined, first, asked = asyncio.run(main())
    assert joined[0]["values"][0]["value"] == 1.0
    assert first == []
    assert asked["BTC", (F, G), False] == 2  # without clients nothing is evaluated


def test_a_channel_that_cannot_be_evaluated_does_not_stop_the_others():
    async def main():
        world, queue = World(), Queue()
        world.hub.join(values(), queue)
        world.source.broken = True
        await world.tick()
        world.source.broken = False
        world.source.numbers["BTC", F] = 3.0
        await world.tick()
        return await drained(queue)

    assert asyncio.run(main())[-1]["values"][0]["value"] == 3.0


def test_a_reading_is_told_when_it_changes_and_not_more_often_than_it_is_looked_at():
    async def main():
        world, queue = World(), Queue()
        world.hub.join(ReadingKey("BTC", "all@45m", (R1, KIND)), queue)
        world.source.states["BTC"] = {KIND: ("long_exit", "watch")}
        later = {
            12: {KIND: ("long_exit", "watch"), R1: ("short_covering", "watch")},
            17: {KIND: ("short_squeeze", "watch"), R1: ("short_covering", "extreme")},
            22: {},
        }
        seen = []
        for k in range(30):
            world.source.states["BTC"] = later.get(k, world.source.states["BTC"])
            await world.tick()
            seen += await drained(queue)
        return seen, world.source.read["BTC"]

    seen, read = asyncio.run(main())
    assert seen[0]["type"] == "standing"
    assert [(one["rule"], one["state"], one["severity"]) for one in seen[0]["states"]] == [
        ("R3.kind", "long_exit", "watch")
    ]
    assert [
        (one["rule"], one["change"], one["state"], one["severity"], one["was"]) for one in seen[1:]
    ] == [
        ("R1.state", "entered", "short_covering", "watch", None),
        ("R1.state", "severity", "short_covering", "extreme", None),
        ("R3.kind", "entered", "short_squeeze", "watch", "long_exit"),
        ("R1.state", "left", "short_covering", "none", None),
        ("R3.kind", "left", "short_squeeze", "none", None),
    ]
    assert {(one["reading"], one["window"]) for one in seen[1:]} == {("all@45m", "45m")}
    assert read == 30 / READ_EVERY_S


def test_a_track_of_many_channels_is_judged_once_and_told_to_those_who_asked_for_it():
    async def main():
        world, queues = World(), [Queue() for _ in range(3)]
        asked = [("price_oi@45m", (R1,)), ("R3@45m", (KIND,)), ("all@45m", (R1, KIND))]
        for queue, (name, tracks) in zip(queues, asked, strict=True):
            world.hub.join(ReadingKey("BTC", name, tracks), queue)
        await world.tick()
        world.source.states["BTC"] = {KIND: ("long_exit", "watch")}
        await world.tick(READ_EVERY_S)
        late = Queue()
        world.hub.join(ReadingKey("BTC", "R3@45m", (KIND,)), late)
        return world, [await drained(queue) for queue in (*queues, late)]

    world, told = asyncio.run(main())
    assert world.source.read["BTC"] == 2
    assert world.source.kept == {("BTC", R1), ("BTC", KIND)}
    assert [[one["type"] for one in mine] for mine in told] == [
        ["standing"], ["standing", "reading"], ["standing", "reading"], ["standing"]
    ]  # fmt: skip
    assert told[3][0]["states"][0]["state"] == "long_exit"


def gap_commit(seq: int = 7, asset: str = "BTC", end: int = T0 + 60 * SECOND) -> Commit:
    made = table([T0, T0], [1.0, float(end)], known=T0 + SECOND, asset=asset,
                 field=["open_interest", "gap.taker"])  # fmt: skip
    return Commit(seq, T0 + SECOND, 2, made)


@pytest.mark.parametrize("encoded", [False, True])
def test_a_gap_goes_to_those_who_asked_for_its_asset(encoded):
    async def main():
        world, queue, other = World(), Queue(), Queue()
        world.hub.join(GapsKey("BTC"), queue)
        world.hub.join(GapsKey("ETH"), other)
        running = asyncio.create_task(world.hub.run())
        await asyncio.sleep(0)
        commit = gap_commit()
        if encoded:
            names = {n: commit.table[n].dictionary_encode() for n in ("asset", "venue", "field")}
            whole = commit.table
            for name, column in names.items():
                whole = whole.set_column(whole.column_names.index(name), name, column)
            commit = Commit(commit.seq, commit.known_time, 2, whole)
        await asyncio.to_thread(world.hub.take, commit)
        await asyncio.to_thread(world.hub.take, gap_commit(8, end=0))
        await asyncio.to_thread(world.hub.take, Commit(9, T0, 0, MEMORY.empty_table()))
        await asyncio.sleep(0.01)
        running.cancel()
        return await drained(queue), await drained(other)

    mine, others = asyncio.run(main())
    assert others == []
    assert [(one["seq"], one["mended"]) for one in mine] == [(7, False), (8, True)]
    assert mine[0]["gap"] == {
        "asset": "BTC",
        "venue": "binance",
        "instrument": "BTCUSDT",
        "feed": "taker",
        "start": "2026-01-01T00:00:00.000000Z",
        "end": "2026-01-01T00:01:00.000000Z",
        "known": "2026-01-01T00:00:01.000000Z",
    }


def test_the_same_question_has_the_same_name_in_every_process():
    assert (
        new_channel(values()).name
        == new_channel(values()).name
        == "8f6a0c2d2d9b"[:0] + (new_channel(ValuesKey("BTC", (F, G), 0, False)).name)
    )
    names = {new_channel(key).name for key in (values(), values(5), values(0, True),
             values(asset="ETH"), values(features=(F,)), ReadingKey("BTC", "R1@45m", (R1,)),
             ReadingKey("BTC", "all@45m", (R1, KIND)), GapsKey("BTC"))}  # fmt: skip
    assert len(names) == 8


def test_heads_that_come_during_a_round_are_taken_together():
    async def main():
        world, queue = World(), Queue()
        world.hub.join(values(1), queue)
        running = asyncio.create_task(world.hub.run())
        await asyncio.sleep(0.05)
        before = sum(world.source.asked.values())
        for _ in range(50):
            world.heads.move(1)
        await asyncio.sleep(0.2)
        running.cancel()
        return sum(world.source.asked.values()) - before, await drained(queue)

    asked, found = asyncio.run(main())
    assert asked <= 3
    assert found[-1]["seq"] == 51
