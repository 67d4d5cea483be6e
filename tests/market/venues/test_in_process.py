import asyncio
import json

import pytest

from tests.market.venues.toy import LIVE, REST, ToyServer
from tideline.domain.time import SECOND, ManualClock, parse_time
from tideline.market.venues.front import Front, Life
from tideline.market.venues.in_process import InProcess
from tideline.market.virtual_time import run
from tideline.venues.declaration import Host
from tideline.venues.transport import TransportError
from tideline.venues.wire import Request

START = parse_time("2026-11-20T00:00:00Z")


def _world(life: Life | None = None, latency_us: int = 20_000):
    clock = ManualClock(START)
    front = Front(ToyServer(), life=life)
    return clock, front, InProcess([(REST, front), (LIVE, front)], clock, latency_us)


def test_a_request_travels_there_and_back():
    clock, front, transport = _world()

    async def main():
        reply = await transport.ask(REST, Request("toy", "/time", (("b", "2"), ("a", "1"))))
        return reply, clock.now()

    reply, after = run(main(), clock)
    said = json.loads(reply.body)
    assert said["time"] == START + 20_000  # when it arrived there
    assert after == START + 40_000  # when the answer was back here
    assert said["params"] == [["b", "2"], ["a", "1"]]
    assert reply.headers["x-used"] == "3"
    assert front.asked == {"toy": 1}


@pytest.mark.parametrize(
    ("path", "kind"), [("/giant", "too_large"), ("/moved", "redirect")], ids=["giant", "moved"]
)
def test_answers_beyond_the_limits_are_transport_errors(path, kind):
    clock, _, transport = _world()
    with pytest.raises(TransportError) as caught:
        run(transport.ask(REST, Request("toy", path)), clock)
    assert caught.value.kind == kind


def test_frames_come_when_they_are_due_and_answers_at_once():
    clock, _, transport = _world()
    seen = []

    async def main():
        socket = await transport.connect(LIVE, "/ws")
        await socket.send("AAA")
        for _ in range(4):
            frame = json.loads(await socket.receive())
            seen.append((clock.now(), frame))
        await socket.close()
        assert await socket.receive() is None
        with pytest.raises(TransportError):
            await socket.send("late")

    run(main(), clock)
    assert seen[0] == (START + 80_000, {"ack": "AAA"})
    for step, (at, frame) in enumerate(seen[1:], start=1):
        assert frame["ts"] == START + step * SECOND
        assert 0 <= at - frame["ts"] - 20_000 <= 2  # timers are set in floats of seconds


def test_the_same_run_twice_is_the_same():
    def once():
        clock, _, transport = _world(latency_us=7_001)
        seen = []

        async def listen(name, wait):
            await asyncio.sleep(wait)
            socket = await transport.connect(LIVE, "/ws?name=" + name)
            await socket.send(name)
            for _ in range(20):
                frame = await socket.receive()
                seen.append((clock.now(), frame))

        async def main():
            await asyncio.gather(*(listen(f"S{n}", n * 0.333) for n in range(5)))

        run(main(), clock)
        return seen

    first = once()
    assert len(first) == 100
    assert first == once()


def test_an_idle_connection_is_closed_and_a_ping_keeps_it():
    clock, front, transport = _world(Life(idle_s=30.0))

    async def main():
        quiet = await transport.connect(LIVE, "/ws")
        talking = await transport.connect(LIVE, "/ws")
        opened = clock.now()
        waiting = asyncio.create_task(quiet.receive())
        for _ in range(5):
            await asyncio.sleep(20)
            await talking.send("ping")
            assert await talking.receive() == b"pong"
        assert await waiting is None
        assert len(front.lines) == 1
        assert await talking.receive() is None
        return clock.now() - opened

    lasted = run(main(), clock)
    assert abs(lasted - 130 * SECOND) < SECOND
    assert front.lines == []


def test_a_connection_is_cut_after_its_life():
    clock, _, transport = _world(Life(whole_s=5.0))

    async def main():
        socket = await transport.connect(LIVE, "/ws")
        await socket.send("AAA")
        frames = []
        while (frame := await socket.receive()) is not None:
            frames.append(frame)
        return len(frames), clock.now()

    frames, ended = run(main(), clock)
    assert frames == 1 + 5
    assert abs(ended - START - 5 * SECOND) < 100_000


def test_no_such_place_and_no_such_host():
    clock, _, transport = _world()
    with pytest.raises(TransportError) as caught:
        run(transport.connect(LIVE, "/nowhere"), clock)
    assert caught.value.kind == "refused"
    assert caught.value.reply.status == 404
    with pytest.raises(TransportError) as caught:
        run(transport.ask(Host("other", "https://x.test", "x"), Request("other", "/")), clock)
    assert caught.value.kind == "connect"


def test_a_client_that_never_fetches_is_given_up():
    clock, front, transport = _world()

    async def main():
        socket = await transport.connect(LIVE, "/ws")
        await socket.send("burst 100001")
        await asyncio.sleep(1)
        assert front.lines == []
        count = 0
        while await socket.receive() is not None:
            count += 1
        return count

    assert run(main(), clock) == 100_001
