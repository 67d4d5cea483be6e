"""Fault 77: kill -9 while alerts are evaluated and delivered; every event arrives, by id once."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections import Counter
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.log.rows import MINUTE
from tests.log.rows import rows as table
from tests.serve.alerts.receiver import Receiver
from tests.serve.alerts.stores import spec
from tideline.domain.time import ManualClock, WallClock
from tideline.log import Log
from tideline.serve.alerts.alert import Alert, Channel
from tideline.serve.alerts.book import Book
from tideline.serve.alerts.delivery import AT_ONCE
from tideline.serve.alerts.message import event_id

EVERY_US = 5_000_000
CHILD = """
import asyncio, sys
from pathlib import Path
from tideline.domain.time import WallClock
from tideline.serve.alerts.book import Book
from tideline.serve.alerts.delivery import Delivery
from tideline.serve.alerts.keeper import Keeper
from tideline.serve.alerts.watch import Watch
from tideline.serve.alerts.webhook import Webhooks
from tideline.store import open_store

async def main():
    place, clock = Path(sys.argv[1]), WallClock()
    store, book = open_store(place / "store", clock), Book(place / "serve")
    async with Webhooks(anywhere=True) as hooks:
        keeper = Keeper(place / "serve", book, Watch(store, book), Delivery(book, hooks, clock),
                        clock)
        await keeper.run(pause_s=0.005)

asyncio.run(main())
"""


def filled(path: Path, minutes: int) -> tuple[int, list[int]]:
    """Minutes, ten hours ago, that rise above 100 every 20 s: its start and its rises."""
    begin = (WallClock().now() // MINUTE - 600) * MINUTE
    events = [begin + k * 2 * EVERY_US - 2_000_000 for k in range(minutes * 6)]
    values = [150.0 if k % 2 else 50.0 for k in range(len(events))]
    clock = ManualClock(events[-1] + 1_000_000)
    with Log.create(path / "store", clock) as log, log.writer() as writer:
        writer.append(table(events, values, known=[event + 1_000_000 for event in events]))
        writer.flush()
    rises = [event + 2_000_000 for event, value in zip(events, values, strict=True) if value > 100]
    return begin, rises


@pytest.mark.parametrize(
    ("kills", "minutes"), [(1, 40), pytest.param(60, 300, marks=pytest.mark.slow)]
)
def test_killed_at_any_moment_every_event_is_told_and_by_its_id_once(
    tmp_path: Path, kills: int, minutes: int
):
    begin, rises = filled(tmp_path, minutes)
    rng = np.random.default_rng(77)

    async def main():
        async with Receiver().serving() as receiver:
            alert = Alert("al_k", "a", "quant", 0, spec(every_s=5, channel=Channel(
                "webhook", receiver.url)), "whsec_k")  # fmt: skip
            book = Book(tmp_path / "serve")
            book.add(alert, 1, begin - 1)
            book.close()
            rounds = 0
            while len(ids(receiver)) < len(rises):
                rounds += 1
                assert rounds < kills + 40
                child = await asyncio.create_subprocess_exec(
                    sys.executable, "-c", CHILD, str(tmp_path)
                )
                before = len(receiver.came)
                while len(receiver.came) == before and child.returncode is None:
                    await asyncio.sleep(0.002)
                # the first is killed at its first message, so that one surely is killed midway
                midway = rng.uniform(0, 0.05) if rounds > 1 else 0.0
                more = midway if rounds <= kills else 20.0
                await told_or_late(receiver, len(rises), more)
                child.send_signal(signal.SIGKILL)
                await child.wait()
            return receiver, rounds

    receiver, rounds = asyncio.run(main())
    assert rounds > 1, "nothing was killed midway"
    seen = ids(receiver)
    print(f"{rounds - 1} kills, {len(rises)} events, {len(receiver.came)} messages")
    assert set(seen) == {event_id("al_k", "BTC", at) for at in rises}
    repeats = sum(seen.values()) - len(seen)
    assert repeats <= AT_ONCE * (rounds - 1)
    again = [headers for headers, _ in receiver.came if headers["Tideline-Attempt"] != "1"]
    assert len(again) >= repeats, "a repeat says that it may be one"
    book = Book(tmp_path / "serve")
    assert book.reopen() <= AT_ONCE
    book.close()


async def told_or_late(receiver: Receiver, all_of_them: int, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while loop.time() < end and len(ids(receiver)) < all_of_them:
        await asyncio.sleep(0.002)


def ids(receiver: Receiver) -> Counter[str]:
    return Counter(msgspec.json.decode(body)["id"] for _, body in receiver.came)
