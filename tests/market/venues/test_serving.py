import asyncio
import json

import pytest

from tests.market.venues.toy import LIVE, REST, ToyServer
from tideline.collect.transport import Limits, WebTransport
from tideline.market.venues.front import Broken, Front, Life, NoFaults
from tideline.market.venues.serving import Serving
from tideline.venues.transport import TransportError
from tideline.venues.wire import Reply, Request

LIMITS = Limits(connect_s=2.0, read_s=0.5, total_s=5.0, ping_s=0.4)


class Failing(NoFaults):
    """Everything fails the one way."""

    def __init__(self, broken: Broken | Reply) -> None:
        self.broken = broken

    def refuse(self, request, at):
        return self.broken

    def refuse_line(self, host, target, at):
        return self.broken


class Deaf(NoFaults):
    """Connections stand, and nobody is at the other end."""

    def deaf(self, host, at):
        return True

    def said(self, host, frames, at):
        return []


def _with(front, talk):
    async def main():
        async with (
            Serving([(REST, front), (LIVE, front)]) as serving,
            WebTransport(serving.urls["toy"], limits=LIMITS) as transport,
        ):
            return await talk(transport, serving)

    return asyncio.run(main())


def test_requests_and_frames_over_real_sockets():
    front = Front(ToyServer())

    async def talk(transport, serving):
        request = Request("toy", "/time", (("a", "x y"),), "POST", b'{"type":"meta"}')
        reply = await transport.ask(REST, request)
        said = json.loads(reply.body)
        assert said["params"] == [["a", "x y"]]
        assert said["body"] == '{"type":"meta"}'
        assert reply.headers["x-used"] == "3"
        assert (await transport.ask(REST, Request("toy", "/none"))).status == 404

        socket = await transport.connect(LIVE, "/ws?streams=!a@arr/b@1s")
        await socket.send("AAA")
        assert json.loads(await socket.receive()) == {"ack": "AAA"}
        assert json.loads(await socket.receive())["topic"] == "AAA"
        await socket.close()
        assert set(serving.urls["toy"]) == {"toy", "toy.ws"}
        assert serving.urls["toy"]["toy.ws"].startswith("ws://127.0.0.1:")
        assert serving.urls["toy"]["toy"] in serving.table()

    _with(front, talk)
    assert front.asked == {"toy": 2}
    assert front.opened == {"toy.ws": 1}


@pytest.mark.parametrize(
    ("broken", "kinds"),
    [
        (Broken("silence"), {"timeout"}),
        (Broken("too_large"), {"too_large"}),
        (Broken("bad_encoding"), {"bad_encoding", "closed"}),
        (Broken("closed"), {"closed"}),
        (Broken("connect"), {"closed", "connect"}),
        (Reply(302, b"", {"location": "http://10.0.0.1/"}), {"redirect"}),
    ],
    ids=["silence", "bomb", "half a gzip", "cut off", "refused", "redirect"],
)
def test_faults_of_the_line_are_real(broken, kinds):
    front = Front(ToyServer(), Failing(broken))

    async def talk(transport, serving):
        with pytest.raises(TransportError) as caught:
            await transport.ask(REST, Request("toy", "/time"))
        return caught.value.kind

    assert _with(front, talk) in kinds


def test_a_refused_handshake_carries_its_answer():
    front = Front(ToyServer(), Failing(Reply(429, b"slow down", {"retry-after": "7"})))

    async def talk(transport, serving):
        with pytest.raises(TransportError) as caught:
            await transport.connect(LIVE, "/ws")
        return caught.value

    error = _with(front, talk)
    assert (error.kind, error.reply.status) == ("refused", 429)
    assert error.reply.headers["retry-after"] == "7"


@pytest.mark.parametrize("broken", ["connect", "silence"])
def test_a_handshake_that_fails(broken):
    front = Front(ToyServer(), Failing(Broken(broken)))

    async def talk(transport, serving):
        with pytest.raises(TransportError) as caught:
            await transport.connect(LIVE, "/ws")
        return caught.value.kind

    assert _with(front, talk) in {"connect", "closed", "timeout"}


def test_a_dead_peer_is_noticed_by_the_ping_of_the_protocol():
    front = Front(ToyServer(), Deaf())

    async def talk(transport, serving):
        socket = await transport.connect(LIVE, "/ws")
        await socket.send("AAA")
        return await socket.receive()

    assert _with(front, talk) is None


def test_an_idle_connection_is_cut():
    front = Front(ToyServer(), life=Life(idle_s=0.3))

    async def talk(transport, serving):
        socket = await transport.connect(LIVE, "/ws")
        return await socket.receive()

    assert _with(front, talk) is None
    assert front.lines == []


def test_no_such_place():
    async def talk(transport, serving):
        with pytest.raises(TransportError) as caught:
            await transport.connect(LIVE, "/nowhere")
        return caught.value.reply.status

    assert _with(Front(ToyServer()), talk) == 404
