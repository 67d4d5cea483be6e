"""Fault 67: of values the latest wins, events stay in order, every skip is counted and told."""

from __future__ import annotations

import asyncio
import json

from hypothesis import given
from hypothesis import strategies as st

from tideline.serve.stream.messages import told
from tideline.serve.stream.queue import MOST_EVENTS, Queue

CHANNELS = ("a", "b")


def drain(queue: Queue) -> list[str]:
    async def main():
        found = []
        while len(queue):
            found.append(await queue.take())
        return found

    return asyncio.run(main())


def test_the_latest_value_wins_and_the_skips_are_told_before_it():
    queue = Queue()
    for k in range(5):
        queue.offer_latest("a", f"a{k}")
    queue.offer_latest("b", "b0")
    assert len(queue) == 2
    assert drain(queue) == [told("skipped", channel="a", count=4), "a4", "b0"]
    queue.offer_latest("a", "a5")
    assert drain(queue) == ["a5"]


def test_events_keep_their_order_and_push_out_the_oldest():
    queue = Queue()
    for k in range(MOST_EVENTS + 3):
        queue.offer_event("a", f"e{k}")
    assert len(queue) == MOST_EVENTS
    found = drain(queue)
    assert found[0] == told("skipped", channel="a", count=3)
    assert found[1:] == [f"e{k}" for k in range(3, MOST_EVENTS + 3)]


def test_nothing_comes_of_a_channel_that_was_left():
    queue = Queue()
    queue.offer_latest("a", "1")
    queue.offer_latest("a", "2")
    queue.offer_event("a", "e")
    queue.offer_event("b", "f")
    queue.forget("a")
    assert drain(queue) == ["f"]


def test_take_waits_for_news():
    async def main():
        queue = Queue()
        task = asyncio.create_task(queue.take())
        await asyncio.sleep(0.01)
        assert not task.done()
        queue.say("hello")
        return await asyncio.wait_for(task, 1)

    assert asyncio.run(main()) == "hello"


offers = st.lists(
    st.one_of(
        st.tuples(st.just("latest"), st.sampled_from(CHANNELS)),
        st.tuples(st.just("event"), st.sampled_from(CHANNELS)),
        st.tuples(st.just("take"), st.just("")),
    ),
    max_size=60,
)


@given(offers)
def test_taken_and_skipped_make_up_what_was_offered(steps):
    """Whatever the order of offers and takes: nothing is lost unsaid, nothing comes twice."""
    queue = Queue(most_events=3)

    async def main():
        offered = {channel: [] for channel in CHANNELS}
        taken, number = [], 0
        for kind, channel in steps:
            if kind == "take":
                if len(queue):
                    taken.append(await queue.take())
                continue
            number += 1
            text = f"{kind[0]}{channel}{number}"
            offered[channel].append(text)
            (queue.offer_latest if kind == "latest" else queue.offer_event)(channel, text)
            assert len(queue) <= len(CHANNELS) + 3
        while len(queue):
            taken.append(await queue.take())
        return offered, taken

    offered, taken = asyncio.run(main())
    skipped = dict.fromkeys(CHANNELS, 0)
    sent = {channel: [] for channel in CHANNELS}
    for message in taken:
        if message.startswith("{"):
            found = json.loads(message)
            skipped[found["channel"]] += found["count"]
        else:
            sent[message[1]].append(message)
    for channel in CHANNELS:
        assert len(set(sent[channel])) == len(sent[channel])
        assert set(sent[channel]) <= set(offered[channel])
        assert len(sent[channel]) + skipped[channel] == len(offered[channel])
        for kind in ("l", "e"):
            mine = [m for m in sent[channel] if m[0] == kind]
            assert mine == [m for m in offered[channel] if m in mine]  # in the order offered
        values = [m for m in offered[channel] if m[0] == "l"]
        if values:
            assert values[-1] in sent[channel]
