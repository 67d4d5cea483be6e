"""Fault 70: patience, the switch, and what is sent when."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest
from aiohttp import web

from tests.serve.alerts.receiver import Receiver
from tests.serve.alerts.stores import START, append, new_store, saved, square
from tideline.domain.time import SECOND
from tideline.serve.alerts.alert import Channel, parsed
from tideline.serve.alerts.book import Book
from tideline.serve.alerts.delivery import MOST_FAILURES, WAITS_US, Delivery
from tideline.serve.alerts.keeper import Keeper
from tideline.serve.alerts.message import trial_event
from tideline.serve.alerts.signing import HEADER, verify
from tideline.serve.alerts.watch import Watch
from tideline.serve.alerts.webhook import Webhooks
from tideline.store import open_store


@pytest.fixture
def world(tmp_path: Path):
    log, writer, clock = new_store(tmp_path / "store")
    book = Book(tmp_path / "serve")
    with open_store(tmp_path / "store", clock) as store:
        yield store, writer, clock, book
    book.close()
    writer.close()
    log.close()


def hook(receiver: Receiver) -> Channel:
    return Channel("webhook", receiver.url)


@contextlib.asynccontextmanager
async def delivering(book, clock, notifier=None):
    async with Receiver().serving() as receiver, Webhooks(anywhere=True) as hooks:
        given = {} if notifier is None else {"notifier": notifier}
        yield receiver, Delivery(book, hooks, clock, **given)


def test_an_event_is_delivered_once_and_signed(world):
    store, writer, clock, book = world

    async def main():
        async with delivering(book, clock) as (receiver, delivery):
            saved(book, store, channel=hook(receiver))
            append(writer, clock, list(range(1, 12)), square)
            assert Watch(store, book).advance() == 1
            assert await delivery.run_once() == 1
            assert await delivery.run_once() == 0
            return receiver.came

    ((headers, body),) = asyncio.run(main())
    assert verify("whsec_test", body, headers[HEADER], int(clock.now()) // SECOND)
    assert not verify("whsec_other", body, headers[HEADER], int(clock.now()) // SECOND)
    assert headers["Tideline-Event"].encode() in body
    assert headers["Tideline-Attempt"] == "1"
    assert [one.state for one in book.told("al_1")] == ["sent"]


def test_a_refused_event_waits_longer_each_time_and_then_is_dead(world):
    store, writer, clock, book = world

    async def main():
        waited, attempts = [], []
        async with delivering(book, clock) as (receiver, delivery):
            receiver.answer = lambda *_: web.Response(status=503)
            saved(book, store, channel=hook(receiver))
            append(writer, clock, list(range(1, 12)), square)
            Watch(store, book).advance()
            await delivery.run_once()
            for wait in WAITS_US:
                clock.advance(wait - 1)
                waited.append(await delivery.run_once())
                before = len(receiver.came)
                clock.advance(1)
                await delivery.run_once()
                attempts.append(len(receiver.came) - before)
            clock.advance(10 * WAITS_US[-1])
            await delivery.run_once()
            return waited, attempts, receiver.came

    waited, attempts, came = asyncio.run(main())
    assert waited == [0] * len(WAITS_US)
    assert attempts == [1] * len(WAITS_US)
    assert [headers["Tideline-Attempt"] for headers, _ in came] == [
        str(k) for k in range(1, len(WAITS_US) + 2)
    ]
    assert len({headers["Tideline-Event"] for headers, _ in came}) == 1
    assert [(one.state, one.note) for one in book.told("al_1")] == [("dead", "503")]


def test_a_channel_that_only_fails_is_switched_off_and_a_trial_switches_it_on(world):
    store, writer, clock, book = world

    async def main():
        async with delivering(book, clock) as (receiver, delivery):
            receiver.answer = lambda *_: web.Response(status=500)
            alert = saved(book, store, channel=hook(receiver))
            append(writer, clock, list(range(1, 1_000)), square)
            watch = Watch(store, book)
            while watch.advance():
                pass
            for _ in range(5):
                await delivery.run_once()
            tried = len(receiver.came)
            off = book.disabled(alert.id)
            event = trial_event(alert, parsed(alert.spec), START)
            assert not (await delivery.trial(alert, event)).taken
            assert book.disabled(alert.id) == off
            receiver.answer = lambda *_: web.Response(status=200)
            assert (await delivery.trial(alert, event)).taken
            assert book.disabled(alert.id) == ""
            clock.advance(WAITS_US[0])
            return tried, off, await delivery.run_once()

    tried, off, after = asyncio.run(main())
    assert tried == MOST_FAILURES
    assert f"{MOST_FAILURES} attempts in a row" in off
    assert after > 0


def test_gone_switches_off_at_once(world):
    store, writer, clock, book = world

    async def main():
        async with delivering(book, clock) as (receiver, delivery):
            receiver.answer = lambda *_: web.Response(status=410)
            alert = saved(book, store, channel=hook(receiver))
            append(writer, clock, list(range(1, 12)), square)
            Watch(store, book).advance()
            await delivery.run_once()
            return book.disabled(alert.id)

    assert "410" in asyncio.run(main())


def test_a_messenger_gets_one_sentence(world):
    store, writer, clock, book = world
    told: list[tuple[str, str, str]] = []

    def notifier(url: str, title: str, body: str) -> bool:
        told.append((url, title, body))
        return len(told) > 1  # the first time the service is down

    async def main():
        async with delivering(book, clock, notifier) as (_, delivery):
            saved(book, store, channel=Channel("apprise", "tgram://t/c"), name="oi high")
            append(writer, clock, list(range(1, 12)), square)
            Watch(store, book).advance()
            await delivery.run_once()
            clock.advance(WAITS_US[0])
            await delivery.run_once()

    asyncio.run(main())
    assert [url for url, _, _ in told] == ["tgram://t/c"] * 2
    assert told[0][1] == "tideline: BTC oi high"
    assert "became true. positioning.oi_usdtm_coin@5m = 150" in told[0][2]
    assert told[1][2].endswith("(sent again: an earlier attempt may have arrived)")
    assert [one.state for one in book.told("al_1")] == ["sent"]


def test_an_attempt_that_fails_in_an_unforeseen_way_is_made_again(world, monkeypatch):
    store, writer, clock, book = world

    async def main():
        async with delivering(book, clock) as (receiver, delivery):
            saved(book, store, channel=hook(receiver))
            append(writer, clock, list(range(1, 12)), square)
            Watch(store, book).advance()
            whole = delivery._send

            async def broken(*_):
                raise KeyError("unforeseen")

            monkeypatch.setattr(delivery, "_send", broken)
            assert await delivery.run_once() == 0
            first = book.told("al_1")[0]
            monkeypatch.setattr(delivery, "_send", whole)
            clock.advance(WAITS_US[0])
            assert await delivery.run_once() == 1
            return first, len(receiver.came)

    first, came = asyncio.run(main())
    assert (first.state, first.note) == ("pending", "KeyError")
    assert came == 1


def test_what_was_being_sent_when_a_process_died_is_sent_again_under_the_same_id(world):
    store, writer, clock, book = world
    saved(book, store)
    append(writer, clock, list(range(1, 12)), square)
    Watch(store, book).advance()
    (first,) = book.take(int(clock.now()), 10)
    assert book.take(int(clock.now()), 10) == []
    assert book.reopen() == 1
    (second,) = book.take(int(clock.now()), 10)
    assert (second.event, second.attempts) == (first.event, first.attempts + 1)


def test_one_process_keeps_the_alerts_and_another_takes_over(world, tmp_path):
    store, writer, clock, book = world
    directory = tmp_path / "serve"

    async def main():
        async with delivering(book, clock) as (receiver, delivery):
            saved(book, store, channel=hook(receiver))
            keepers = [Keeper(directory, book, Watch(store, book), delivery, clock)
                       for _ in range(2)]  # fmt: skip
            append(writer, clock, list(range(1, 12)), square)
            taken = [await keeper.turn() for keeper in keepers]
            leading = [keeper.leading for keeper in keepers]
            keepers[0].release()
            append(writer, clock, list(range(12, 32)), square)
            taken.append(await keepers[1].turn())
            keepers[1].release()
            return taken, leading

    assert asyncio.run(main()) == ([1, 0, 1], [True, False])


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_apprise_itself_delivers(world):
    """The library, to a receiver on this machine: title and body arrive."""
    from tideline.serve.alerts.apprised import notify

    async def main():
        async with Receiver().serving() as receiver:
            url = f"json://127.0.0.1:{receiver.port}/x"
            return await asyncio.to_thread(notify, url, "a title", "a body"), receiver.came

    taken, came = asyncio.run(main())
    assert taken
    assert b"a title" in came[0][1]
    assert b"a body" in came[0][1]
    assert not notify("nonsense", "t", "b")
