import asyncio
import json

import pytest

from tests.market.venues.toy import LIVE, REST, ToyServer
from tideline.domain.errors import UnknownName, WireError
from tideline.domain.time import MINUTE, SECOND, ManualClock, parse_time
from tideline.market.venues.faults.fault import Fault, Step
from tideline.market.venues.faults.lines import NOTICES
from tideline.market.venues.faults.refusals import banned, too_many
from tideline.market.venues.faults.values import VALUES
from tideline.market.venues.front import Broken, Front, Life
from tideline.market.venues.in_process import InProcess
from tideline.market.venues.script import KINDS, Script
from tideline.market.virtual_time import run
from tideline.venues import strict
from tideline.venues.transport import TransportError
from tideline.venues.wire import Reply, Request

START = parse_time("2026-11-20T00:00:00Z")
TIME = Request("toy", "/time")


class Speaking(ToyServer):
    """The toy, in frames that look like data."""

    def open(self, host, target, now):
        session = super().open(host, target, now)
        push = session.push

        def data(now):
            return [
                json.dumps(
                    {"topic": t["topic"], "data": {"symbol": t["topic"], "openInterest": "5.0"}}
                )
                for t in map(json.loads, push(now))
            ]

        session.push = data
        return session


def _world(*steps, venue="toy", life=None):
    clock = ManualClock(START)
    script = Script(venue, steps)
    front = Front(Speaking(), script, life=life or Life())
    return clock, script, InProcess([(REST, front), (LIVE, front)], clock, 1000)


def _step(kind, start=10, end=20, **more):
    return Step(kind, START + start * SECOND, START + end * SECOND, **more)


def _listen(world, seconds=30, topics=("AAA", "BBB")):
    """What comes each second: (second, text)."""
    clock, _, transport = world
    seen = []

    async def main():
        socket = await transport.connect(LIVE, "/ws")
        for topic in topics:
            await socket.send(topic)
        try:
            async with asyncio.timeout(seconds - 0.5):
                while (frame := await socket.receive()) is not None:
                    seen.append(((clock.now() - START) // SECOND, frame.decode()))
                seen.append(((clock.now() - START) // SECOND, "closed"))
        except TimeoutError:
            pass

    run(main(), clock)
    return [one for one in seen if '"ack"' not in one[1]]


def _ask(world, at, request=TIME):
    clock, _, transport = world

    async def main():
        await asyncio.sleep(at - (clock.now() - START) / SECOND)
        return await transport.ask(REST, request)

    return run(main(), clock)


def _seconds(seen, word):
    return [second for second, text in seen if (text == word if word == "closed" else word in text)]


def test_a_mute_venue_says_nothing_but_keeps_the_line():
    seen = _listen(_world(_step("mute")))
    assert _seconds(seen, "AAA") == [*range(1, 10), *range(20, 30)]
    assert _seconds(seen, "closed") == []


def test_a_mute_venue_still_acknowledges_and_pongs():
    clock, _, transport = _world(_step("mute", 0, 100))

    async def main():
        socket = await transport.connect(LIVE, "/ws")
        await socket.send("AAA")
        assert json.loads(await socket.receive()) == {"ack": "AAA"}
        await socket.send("ping")
        assert await socket.receive() == b"pong"

    run(main(), clock)


def test_one_symbol_is_mute_among_others():
    world = _world(_step("mute_symbol", symbols=("BBB",)))
    seen = _listen(world)
    assert _seconds(seen, "AAA") == list(range(1, 30))
    assert _seconds(seen, "BBB") == [*range(1, 10), *range(20, 30)]
    world = _world(_step("mute_symbol", symbols=("BBB",)))
    assert b"BBB" in _ask(world, 15).body


def test_an_absent_symbol_is_missing_from_lists():
    world = _world(_step("absent_symbol", symbols=("BBB",)))
    rows = json.loads(_ask(world, 15).body)["list"]
    assert [row["symbol"] for row in rows] == ["AAA"]
    assert len(json.loads(_ask(world, 25).body)["list"]) == 2


def test_a_half_open_line_is_dead_and_the_next_one_lives():
    world = _world(_step("half_open", 10, 1000))
    seen = _listen(world, 40)
    assert max(_seconds(seen, "AAA")) == 9
    clock, _, transport = world

    async def again():
        socket = await transport.connect(LIVE, "/ws")
        await socket.send("AAA")
        return await socket.receive()

    assert json.loads(run(again(), clock)) == {"ack": "AAA"}


def test_a_venue_that_stops_reading_forgets_a_client_that_pings():
    clock, _, transport = _world(_step("stop_reading", 5, 100), life=Life(idle_s=10))

    async def main():
        socket = await transport.connect(LIVE, "/ws")
        await socket.send("AAA")
        data = 0
        ping = asyncio.create_task(_pings(socket))
        while (frame := await socket.receive()) is not None:
            data += b"data" in frame
        ping.cancel()
        return data, clock.now() - START

    async def _pings(socket):
        while True:
            await asyncio.sleep(2)
            await socket.send("ping")

    data, ended = run(main(), clock)
    assert 13 <= ended / SECOND <= 15  # 10 s after the last ping that was read, at second 4
    assert data >= 12


@pytest.mark.parametrize(
    ("kind", "fails"),
    [("refuse", "connect"), ("unanswered", "timeout"), ("blackhole", "timeout")],
)
def test_lines_that_do_not_get_through(kind, fails):
    world = _world(_step(kind))
    assert _ask(world, 5).status == 200
    with pytest.raises(TransportError) as caught:
        _ask(world, 12)
    assert caught.value.kind == fails
    clock, script, transport = world
    clock.at = START + 15 * SECOND
    with pytest.raises(TransportError) as caught:
        run(transport.connect(LIVE, "/ws"), clock)
    assert caught.value.kind == fails
    assert script.faults[0].acted == 2
    assert _ask(world, 40).status == 200


def test_a_blackhole_swallows_frames_and_lets_go():
    seen = _listen(_world(_step("blackhole")))
    assert _seconds(seen, "AAA") == [*range(1, 10), *range(20, 30)]


def test_lines_are_dropped_once_or_again_and_again():
    assert _seconds(_listen(_world(_step("drop"))), "closed") == [10]
    clock, _, transport = _world(_step("drop", amount=4))

    async def main():
        ends = []
        while clock.now() < START + 30 * SECOND:
            socket = await transport.connect(LIVE, "/ws")
            try:
                async with asyncio.timeout(25):
                    while await socket.receive() is not None:
                        pass
            except TimeoutError:
                break
            ends.append((clock.now() - START) // SECOND)
        return ends

    assert run(main(), clock) == [10, 14, 18]


def test_an_unheard_subscription_is_never_acknowledged():
    clock, _, transport = _world(_step("unacked", 0, 10))

    async def main():
        socket = await transport.connect(LIVE, "/ws")
        await socket.send("subscribe AAA")
        await socket.send("ping")
        assert await socket.receive() == b"pong"
        await asyncio.sleep(12)
        await socket.send("subscribe BBB")
        return await socket.receive()

    assert json.loads(run(main(), clock)) == {"ack": "subscribe BBB"}


@pytest.mark.parametrize("venue", NOTICES)
def test_a_notice_comes_before_the_cut(venue):
    seen = _listen(_world(_step("notice"), venue=venue))
    told = _seconds(seen, "64008" if venue == "okx" else "serverShutdown")
    assert told == [10]
    assert _seconds(seen, "closed") == [20]
    assert len(_seconds(seen, "AAA")) >= 19


def test_a_ban_counts_who_asks_all_the_same():
    world = _world(_step("ban", amount=60), venue="binance")
    reply = _ask(world, 12)
    assert reply.status == 418
    assert reply.headers["retry-after"] == "60"
    until = START // 1000 + 12_000 + 1 + 60_000
    assert str(until)[:-2] in json.loads(reply.body)["msg"]
    script = world[1]
    assert script.during_bans == 0
    assert _ask(world, 13).status == 418  # on its way already
    assert script.during_bans == 0
    assert _ask(world, 60).status == 418  # after the step's end the ban goes on
    assert script.during_bans == 1
    assert _ask(world, 73).status == 200
    assert script.during_bans == 1


def test_a_ban_that_nobody_ran_into_is_none():
    world = _world(_step("ban", amount=60), venue="binance")
    assert _ask(world, 25).status == 200


@pytest.mark.parametrize("venue", ["binance", "bybit", "okx", "bitget", "hyperliquid", "coinbase"])
def test_refusals_are_in_the_words_of_the_venue(venue):
    world = _world(_step("slow_down", amount=7), venue=venue)
    reply = _ask(world, 12)
    assert reply == too_many(venue, 7, START + 12 * SECOND + 1000)
    strict.decode(reply.body)
    assert banned(venue, 7, START).status in (418, 403, 429)
    assert reply.headers["retry-after"] == "7"


@pytest.mark.parametrize("status", [403, 500, 502, 503])
def test_broken_servers_answer_with_pages(status):
    reply = _ask(_world(_step("status", amount=status)), 12)
    assert reply.status == status
    assert b"<" in reply.body
    with pytest.raises(WireError):
        strict.decode(reply.body)


@pytest.mark.parametrize("kind", ["page", "truncated", "empty"])
def test_bodies_that_are_no_json(kind):
    world = _world(_step(kind))
    reply = _ask(world, 12)
    assert reply.status == 200
    with pytest.raises(WireError):
        strict.decode(reply.body)
    assert strict.decode(_ask(world, 22).body)["list"]


@pytest.mark.parametrize(
    ("kind", "fails"),
    [
        ("bomb", "too_large"),
        ("bad_gzip", "bad_encoding"),
        ("cut_off", "closed"),
        ("redirect", "redirect"),
    ],
)
def test_bodies_that_do_not_arrive(kind, fails):
    with pytest.raises(TransportError) as caught:
        _ask(_world(_step(kind)), 12)
    assert caught.value.kind == fails


def test_steps_meet_the_paths_and_symbols_they_name():
    only = _world(_step("page", path="/time", symbols=("AAA",)))
    assert b"<html>" not in _ask(only, 12).body
    assert b"<html>" in _ask(only, 13, Request("toy", "/time", (("symbol", "AAA"),))).body
    other = _world(_step("page", path="/other"))
    assert b"<html>" not in _ask(other, 12).body
    elsewhere = _world(_step("page", hosts=("toy.ws",)))
    assert b"<html>" not in _ask(elsewhere, 12).body


def test_late_rows_short_pages_and_shifted_labels():
    late = json.loads(_ask(_world(_step("late", amount=300)), 12).body)
    assert late["time"] == START + 12 * SECOND + 1000 - 300 * SECOND
    assert len(json.loads(_ask(_world(_step("short")), 12).body)["list"]) == 1

    class Labelled(ToyServer):
        def answer(self, request, now):
            rows = [[str(now // 1000), "7"], {"timestamp": now // 1000, "oi": "1795132800000"}]
            return Reply(200, json.dumps({"list": rows}).encode())

    script = Script("toy", [_step("shifted", amount=300)])
    reply = Front(Labelled(), script).answer(TIME, START + 12 * SECOND)
    rows = json.loads(reply.body)["list"]
    assert rows[0] == [str(START // 1000 + 312_000), "7"]
    assert rows[1]["timestamp"] == START // 1000 + 312_000


def test_a_skewed_clock_is_in_what_the_venue_says():
    world = _world(_step("skew", amount=-3600))
    assert json.loads(_ask(world, 12).body)["time"] == START + 12 * SECOND + 1000 - 3600 * SECOND
    assert json.loads(_ask(world, 25).body)["time"] == START + 25 * SECOND + 1000


@pytest.mark.parametrize("kind", VALUES)
def test_bad_values_are_written_as_they_say(kind):
    seen = _listen(_world(_step(kind, symbols=("AAA",))), 25)
    bad = [text for second, text in seen if 10 <= second < 20 and "AAA" in text]
    good = [text for second, text in seen if not 10 <= second < 20 or "BBB" in text]
    assert bad
    for text in good:
        assert strict.decode(text.encode())["data"]["openInterest"] == "5.0"
    for text in bad:
        try:
            found = strict.decode(text.encode())["data"]["openInterest"]
            value = strict.number(found, "openInterest")
        except WireError:
            assert kind not in ("zero", "negative", "absurd")
        else:
            assert kind in ("zero", "negative", "absurd")
            assert value != 5


def test_only_every_nth_value_is_bad():
    seen = _listen(_world(_step("underscore", symbols=("AAA",), amount=5)), 25)
    assert len([text for _, text in seen if "1_000" in text]) == 2


def test_bad_values_in_answers():
    class Quoting(ToyServer):
        def answer(self, request, now):
            return Reply(
                200, b'{"list":[{"symbol":"AAA","openInterest":"5"},{"symbol":"BBB","oi":"6"}]}'
            )

    front = Front(Quoting(), Script("toy", [_step("twice", symbols=("BBB",))]))
    body = front.answer(TIME, START + 12 * SECOND).body
    assert b'{"symbol":"BBB","oi":"1","oi":"2"}' in body
    assert b'"openInterest":"5"' in body


def test_repetition_and_poison():
    seen = _listen(_world(_step("repeat", amount=50)), 25, ("AAA",))
    assert len([1 for second, _ in seen if second == 12]) == 50
    world = _world(_step("poison"))
    seen = _listen(world, 25, ("AAA",))
    assert _seconds(seen, '"symbol": "AAA"') == list(range(1, 25))
    assert world[1].faults[0].acted == 10
    assert len(seen) == 24 + 10


def test_steps_may_be_added_while_it_runs_and_taken_away():
    script = Script("toy")
    front = Front(ToyServer(), script)
    assert isinstance(front.answer(TIME, START), Reply)
    fault = script.add(Step("refuse", START, START + MINUTE))
    assert isinstance(fault, Fault)
    assert front.answer(TIME, START) == Broken("connect")
    line = front.open(LIVE.name, "/ws", START + 2 * MINUTE)
    assert line.ends() is None
    script.add(Step("drop", START + 3 * MINUTE, START + 4 * MINUTE))
    assert line.ends() == START + 3 * MINUTE
    script.clear()
    assert line.ends() is None
    assert isinstance(front.answer(TIME, START), Reply)


def test_kinds_that_do_not_exist_are_refused():
    with pytest.raises(UnknownName):
        Script("toy", [_step("gremlins")])
    for kind, what in KINDS.items():
        assert what.__doc__, kind
