"""One connection: keys, limits, slow readers, closes (faults 55, 58, 59, 64, 67, 68)."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest

from tests.serve.alerts.stores import new_store
from tests.serve.stream.fakes import Heads, Socket, Source, StillClock, until
from tideline.domain.time import WallClock
from tideline.readings.catalogue import RULES
from tideline.readings.naming import tracks_called
from tideline.serve.buckets import Buckets
from tideline.serve.gate import Gate
from tideline.serve.keys.ring import KeyRing
from tideline.serve.keys.usage import Usage
from tideline.serve.readings import may_read
from tideline.serve.stream.desk import MOST_CHANNELS, Desk
from tideline.serve.stream.hub import Hub
from tideline.serve.stream.session import Limits, Session
from tideline.settings import plan_named
from tideline.store import open_store

F = "price.ret@1h"
QUICK = Limits(auth_s=0.1, watch_s=0.02, stuck_s=0.1)


class World:
    """A gate with keys, a hub, and sessions on them."""

    def __init__(self, path: Path, keys: bool = True) -> None:
        self.clock = WallClock()
        log, writer, _ = new_store(path / "store", ("BTC", "ETH"))
        writer.close()
        log.close()
        self.store = open_store(path / "store")
        self.ring = KeyRing(path / "keys.sqlite", self.clock) if keys else None
        usage = Usage(self.ring, self.clock) if self.ring else None
        self.gate = Gate(self.ring, Buckets(self.clock), usage)
        self.source, self.heads = Source(), Heads()
        self.hub = Hub(self.source, self.heads, StillClock())
        self.desk = Desk(self.hub, self.store, self.source)

    def key(self, plan: str = "quant", owner: str = "anne") -> str:
        assert self.ring is not None
        return self.ring.create(owner, plan)[0].text

    @contextlib.asynccontextmanager
    async def session(self, header: str | None = None, limits: Limits = QUICK):
        socket = Socket()
        session = Session(self.gate, self.desk, self.clock, socket.receive, socket.send, limits)
        task = asyncio.create_task(session.run(header))
        try:
            yield socket, session, task
        finally:
            socket.go()
            await asyncio.wait_for(task, 5)

    @contextlib.asynccontextmanager
    async def running(self):
        task = asyncio.create_task(self.hub.run())
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def close(self) -> None:
        self.gate.close()
        self.store.close()


@pytest.fixture
def world(tmp_path: Path):
    made = World(tmp_path)
    yield made
    made.close()


def subscribe(name: str = "a", **given):
    return {"op": "subscribe", "id": name, "assets": ["BTC"], "features": [F], **given}


def closed(world: World, header: str | None, *messages) -> Socket:
    """A connection that is closed from here."""

    async def main():
        async with world.session(header) as (socket, _, task):
            for message in messages:
                socket.say(message)
            await asyncio.wait_for(asyncio.shield(task), 5)
            return socket

    return asyncio.run(main())


def test_no_wrong_expired_or_revoked_key_is_closed_alike(world):
    """Fault 55 on the stream: one code, one reason, by header and by message."""
    good = world.key()
    revoked = world.key()
    world.ring.revoke(revoked[len("fk_live_") :][:8])
    wrong = good[:-1] + ("A" if good[-1] != "A" else "B")
    ends = set()
    for key in ("", "nonsense", wrong, revoked):
        by_header = closed(world, f"Bearer {key}")
        by_message = closed(world, None, {"op": "auth", "key": key})
        ends |= {(s.code, s.reason, len(s.told)) for s in (by_header, by_message)}
    not_first = closed(world, None, subscribe())
    ends.add((not_first.code, not_first.reason, len(not_first.told)))
    assert ends == {(4401, "a valid key is needed", 0)}


def test_whoever_says_nothing_is_closed_in_time(world):
    """Fault 68: ten seconds to authenticate (a tenth of one here)."""
    found = closed(world, None)
    assert (found.code, found.told) == (4401, [])
    assert Limits().auth_s == 10.0


def test_a_key_by_header_or_by_the_first_message(world):
    async def main():
        key = world.key("edge")
        async with world.session(f"Bearer {key}") as (one, _, _):
            await until(lambda: one.told)
        async with world.session() as (two, _, _):
            two.say({"op": "auth", "key": key})
            await until(lambda: two.told)
        return one.told[0], two.told[0]

    assert asyncio.run(main()) == ({"type": "ready", "plan": "edge", "seq": 1},) * 2


def test_a_revoked_key_closes_its_open_stream(world):
    """Fault 59: seen within the second that a lookup is believed and the watch's own."""

    async def main():
        key = world.key()
        async with world.session(f"Bearer {key}") as (socket, _, task):
            await until(lambda: socket.told)
            world.ring.revoke(key[len("fk_live_") :][:8])
            await asyncio.wait_for(asyncio.shield(task), 5)
            return socket.code

    assert asyncio.run(main()) == 4401


def test_values_flow_and_an_error_of_one_message_keeps_the_connection(world):
    async def main():
        async with world.running(), world.session(f"Bearer {world.key()}") as (socket, _, _):
            world.source.numbers["BTC", F] = 0.25
            socket.say("{")
            socket.say(
                {"op": "subscribe", "id": "x", "assets": ["BTC"], "features": ["price.rett@1h"]}
            )
            socket.say({"op": "subscribe", "id": "x", "assets": ["BTX"], "features": [F]})
            socket.say({"op": "subscribe", "id": "x", "assets": ["BTC"], "owner": "bob"})
            socket.say({"op": "subscribe", "id": "x", "assets": ["BTC"]})
            socket.say({"op": "unsubscribe", "id": "nope"})
            socket.say({"op": "ping"})
            socket.say(subscribe())
            await until(lambda: socket.of("values"))
            socket.say({"op": "unsubscribe", "id": "a"})
            await until(lambda: socket.of("unsubscribed"))
            count = len(socket.told)
            world.source.numbers["BTC", F] = 0.5
            world.heads.move()
            await asyncio.sleep(0.05)
            return socket, count

    socket, count = asyncio.run(main())
    assert len(socket.of("error")) == 6
    assert socket.of("error")[1]["nearest"] == "price.ret"
    assert socket.of("error")[2]["nearest"] == "BTC"
    assert len(socket.of("pong")) == 1
    assert socket.of("values")[0]["values"] == [{"feature": F, "value": 0.25}]
    assert len(socket.told) == count
    assert socket.code is None


@pytest.mark.parametrize(
    ("plan", "asked"),
    [
        ("discover", subscribe(features=["price.ret@5m"])),
        ("discover", subscribe(features=["price.ret@1h:zscore"])),
        ("discover", subscribe(features=[], readings=["price_oi@45m"])),
        ("signal", subscribe(features=[], readings=["R3@4h"])),
        ("signal", subscribe(features=[], readings=["R6.persistence@24h"])),
        ("signal", subscribe(features=[F, "flow.cvd@1h"])),
        ("edge", subscribe(features=["price.ret@1s"])),
    ],
)
def test_a_plan_is_asked_at_every_subscription(world, plan, asked):
    """Fault 58: also when the same connection asks again."""

    async def main():
        async with world.session(f"Bearer {world.key(plan)}") as (socket, _, _):
            socket.say(subscribe("fine"))
            socket.say(asked | {"id": "more"})
            await until(lambda: socket.of("error"))
            return socket

    socket = asyncio.run(main())
    assert [one["id"] for one in socket.of("subscribed")] == ["fine"]
    assert socket.of("error")[0]["plan"] == plan
    assert socket.of("error")[0]["unlocked_by"]


def test_all_readings_are_those_the_plan_may_ask(world):
    """Fault 58: the wildcard names nothing that would be refused by its name."""

    async def main():
        found = {}
        async with world.running():
            for plan in ("discover", "signal", "quant"):
                async with world.session(f"Bearer {world.key(plan)}") as (s, _, _):
                    s.say(subscribe("all", features=[], readings=["all@45m"]))
                    await until(lambda s=s: s.of("standing"))
                    found[plan] = {key for _, (key, _) in world.source.kept}
        return found

    found = asyncio.run(main())
    assert found["discover"] < found["signal"] < found["quant"]
    assert {key.partition(".")[0] for key in found["discover"]} == {"R7"}
    assert found["quant"] == {rule.key for rule in RULES}
    for plan, keys in found.items():
        mine = plan_named(plan)
        for key, window in tracks_called("all@45m"):
            assert (key in keys) >= may_read(mine, [(key, window)])
            if key in keys:
                tracks = [t for t in tracks_called("all@45m") if t[0] == key]
                assert any(may_read(mine, [track]) for track in tracks)


def test_a_resume_reaches_no_further_back_than_the_plan(world):
    """Fault 58: what was before the plan's days is not told by way of a sequence either."""

    async def main():
        first = 1
        assert world.store.log.commit_time(first) is not None
        world.heads.head = int(world.store.log.commit_time(first)) + 8 * 86_400_000_000
        found = []
        for plan in ("discover", "quant"):
            async with world.session(f"Bearer {world.key(plan)}") as (socket, _, _):
                socket.say(subscribe(since=first))
                await until(lambda s=socket: s.of("error") or s.of("subscribed"))
                found.append(socket.told[-1])
        return found

    refused, allowed = asyncio.run(main())
    assert refused["field"] == "as_of"
    assert refused["unlocked_by"] == "signal"
    assert allowed["missed"]["whole"]


def test_streams_of_an_owner_are_counted(world):
    """Fault 64: the plan's streams, over all keys of the owner; free again when one ends."""

    async def main():
        first, second = world.key("discover"), world.key("discover")
        async with world.session(f"Bearer {first}") as (one, _, _):
            await until(lambda: one.told)
            async with world.session(f"Bearer {second}") as (two, _, task):
                await asyncio.wait_for(asyncio.shield(task), 5)
                over = two.code
        async with world.session(f"Bearer {second}") as (three, _, _):
            await until(lambda: three.told)
        other = world.key("discover", "bob")
        async with world.session(f"Bearer {other}") as (four, _, _):
            await until(lambda: four.told)
        return over, world.desk.connections

    assert asyncio.run(main()) == (4429, 0)


def test_streams_of_one_plan_leave_those_of_another_alone(world):
    async def main():
        small, large = world.key("discover"), world.key("signal")
        async with contextlib.AsyncExitStack() as stack:
            held = [
                await stack.enter_async_context(world.session(f"Bearer {key}"))
                for key in (large, large, small, large, large, large, large, small)
            ]
            await until(lambda: all(s.told or s.code for s, _, _ in held))
            return [socket.code for socket, _, _ in held]

    assert asyncio.run(main()) == [None, None, None, None, None, None, 4429, 4429]


def test_connections_cost_tokens(world):
    """Fault 64: opening a stream is a request like any other."""

    async def main():
        header, codes = f"Bearer {world.key('discover')}", []
        for _ in range(15):  # a minute's 60, ten seconds of it at once
            async with world.session(header) as (socket, _, _):
                await until(lambda s=socket: s.told or s.code)
                codes.append(socket.code)
        return codes

    codes = asyncio.run(main())
    assert codes[0] is None
    assert codes[-1] == 4429


def test_giant_frames_and_floods_are_closed(world):
    """Fault 68: caps on the size of a frame, on bad ones, on all of them."""
    header = f"Bearer {world.key()}"
    assert closed(world, header, "x" * 16_385).code == 1009
    assert closed(world, header, *["{"] * 10).code == 1008
    assert closed(world, header, "[" * 10_000, *["[" * 10_000] * 9).code == 1008
    assert closed(world, header, *[{"op": "ping"}] * 601).code == 1008


def test_subscriptions_have_an_end(world):
    """Fault 68: a million subscriptions are refused at the four hundred and first channel."""

    async def main():
        async with world.session(f"Bearer {world.key()}") as (socket, _, _):
            both = {"assets": ["BTC", "ETH"]}
            for k in range(1, MOST_CHANNELS // 2 + 2):
                socket.say(subscribe(str(k), every_s=k, **both))
            await until(lambda: socket.of("error"))
            socket.say(
                subscribe("many", features=[f"price.ret@1h:rate[{k}]" for k in range(1, 202)])
            )
            await until(lambda: len(socket.of("error")) == 2)
            return socket

    socket = asyncio.run(main())
    assert len(socket.of("subscribed")) == MOST_CHANNELS // 2
    assert f"more than {MOST_CHANNELS} channels" in socket.of("error")[0]["detail"]


def test_a_client_that_takes_nothing_is_closed_and_others_go_on(world):
    """Fault 67: its queue stays small, nobody waits for it, then 1013."""

    async def main():
        header = f"Bearer {world.key()}"
        patient = Limits(stuck_s=30.0, watch_s=0.02)
        async with (
            world.running(),
            world.session(header, patient) as (stuck, session, task),
            world.session(header) as (lively, _, _),
        ):
            for socket in (stuck, lively):
                socket.say(subscribe())
            await until(lambda: stuck.of("values") and lively.of("values"))
            stuck.blocked = asyncio.Event()
            for k in range(100):
                world.source.numbers["BTC", F] = float(k)
                world.heads.move()
                await until(lambda k=k: lively.of("values")[-1]["values"][0]["value"] == k)
                assert len(session.queue) <= 1
            skips = session.queue.skips
            session._limits = QUICK
            await asyncio.wait_for(asyncio.shield(task), 5)
            return stuck.code, skips, len(lively.of("values"))

    code, skips, lively = asyncio.run(main())
    assert code == 1013
    assert skips == 98  # a hundred less the one in flight and the one that waits
    assert lively == 101


def test_a_slow_client_gets_the_latest_and_is_told_what_it_missed(world):
    async def main():
        header = f"Bearer {world.key()}"
        patient = Limits(stuck_s=30.0, watch_s=0.02)
        async with world.running(), world.session(header, patient) as (slow, _, _):
            slow.say(subscribe())
            await until(lambda: slow.of("values"))
            slow.blocked = asyncio.Event()
            for k in range(50):
                world.source.numbers["BTC", F] = float(k)
                world.heads.move()
                (channel,) = world.hub._channels.values()
                await until(lambda: channel.at == world.heads.head)
            slow.blocked.set()
            await until(lambda: slow.of("values")[-1]["values"][0]["value"] == 49.0)
            return slow

    slow = asyncio.run(main())
    assert [one["count"] for one in slow.of("skipped")] == [48]
    assert slow.told[-2]["type"] == "skipped"
    assert len(slow.of("values")) == 3


def test_going_away_is_said(world):
    async def main():
        async with world.session(f"Bearer {world.key()}") as (socket, _, task):
            await until(lambda: socket.told)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            return socket.code

    with contextlib.suppress(asyncio.CancelledError):
        assert asyncio.run(main()) == 1001
    assert world.desk.connections == 0


def test_without_keys_everybody_is_local(tmp_path):
    world = World(tmp_path, keys=False)

    async def main():
        async with world.session() as (socket, _, _):
            await until(lambda: socket.told)
            return socket.told[0]

    assert asyncio.run(main())["plan"] == "quant"
    world.close()
