"""The watch says what the test on the past says, once, whatever comes in between."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tests.log.rows import MINUTE
from tests.serve.alerts.stores import HIGH, OI, START, append, new_store, saved, square, squares
from tests.serve.alerts.stores import spec as spec_of
from tideline.domain.time import format_time
from tideline.serve.alerts.alert import Checked, parsed
from tideline.serve.alerts.book import Book
from tideline.serve.alerts.message import Event
from tideline.serve.alerts.past import Past, on_the_past, span_of
from tideline.serve.alerts.watch import MISSED_US, Watch
from tideline.store import Store, open_store


@pytest.fixture
def world(tmp_path: Path):
    log, writer, clock = new_store(tmp_path / "store", ("BTC", "ETH"))
    book = Book(tmp_path / "serve")
    with open_store(tmp_path / "store", clock) as store:
        yield store, writer, clock, book
    book.close()
    writer.close()
    log.close()


def held_against(store: Store, checked: Checked, oldest: int | None = None) -> Past:
    return on_the_past(store, checked, span_of(store, checked, int(store.head()), oldest))


def told(book: Book, alert: str) -> list[int]:
    """When its events were, oldest first, in minutes after START."""
    return sorted((one.as_of - START) // MINUTE for one in book.told(alert))


def test_every_rise_is_one_event_and_the_past_agrees(world):
    store, writer, clock, book = world
    alert = saved(book, store)
    watch = Watch(store, book)
    for minute in range(1, 60):
        append(writer, clock, [minute], square)
        watch.advance()
        watch.advance()  # asked again, nothing new
    assert told(book, alert.id) == squares(60)
    past = held_against(store, parsed(alert.spec))
    assert (past.fired, past.step_s) == (3, 60)
    assert past.last == format_time(START + 50 * MINUTE)
    assert "would have fired 3 times" in past.text


def test_a_restart_at_any_moment_neither_doubles_nor_loses(world):
    """Fault 77: the watch is new after every minute, as after a crash."""
    store, writer, clock, book = world
    alert = saved(book, store)
    for minute in range(1, 60):
        append(writer, clock, [minute], square)
        if minute % 7 == 0:  # down for some minutes, then made up for
            Watch(store, book).advance()
    Watch(store, book).advance()
    assert told(book, alert.id) == squares(60)


def test_two_watches_at_once_put_an_event_down_once(world):
    store, writer, clock, book = world
    alert = saved(book, store)
    append(writer, clock, list(range(1, 40)), square)
    before = book.progress()
    assert Watch(store, book).advance() == 2
    late = Watch(store, book)
    tasks = late._due(int(store.head()))
    assert tasks == {}
    stale = before[alert.id, "BTC"]
    after = book.progress()[alert.id, "BTC"]
    assert not book.advance(alert.id, "BTC", stale, after, [("other", START, b"{}")])
    assert told(book, alert.id) == squares(40)


def test_each_asset_is_watched_on_its_own(world):
    store, writer, clock, book = world
    alert = saved(book, store, assets=["BTC", "ETH"])
    for minute in range(1, 60):
        append(writer, clock, [minute], square)
        append(writer, clock, [minute], lambda m: 500.0, "ETH")
    Watch(store, book).advance()
    by_asset: dict[str, int] = {}
    for one in book.told(alert.id):
        asset = one.event.split(":")[1]
        by_asset[asset] = by_asset.get(asset, 0) + 1
    assert by_asset == {"BTC": 3, "ETH": 1}


def test_an_event_bears_the_numbers_known_at_its_moment(world):
    store, writer, clock, book = world
    saved(book, store, ident="al_x", until=f"{OI} < 60")
    append(writer, clock, list(range(1, 12)), square)
    assert Watch(store, book).advance() == 1
    (waiting,) = book.take(int(clock.now()), 10)
    event = msgspec.json.decode(waiting.body, type=Event)
    assert event.id == waiting.event == f"al_x:BTC:{START + 10 * MINUTE}"
    assert event.values == {OI: 150.0}
    assert event.rule == f"{OI} > 100.0, until {OI} < 60.0"
    assert event.as_of == format_time(START + 10 * MINUTE)
    assert not event.simulated


def test_what_a_plan_no_longer_allows_is_not_evaluated(world):
    store, writer, clock, book = world
    alert = saved(book, store)
    append(writer, clock, list(range(1, 30)), square)
    assert Watch(store, book, lambda *_: False).advance() == 0
    assert told(book, alert.id) == []


def test_one_alert_that_fails_does_not_hold_up_the_others(world, monkeypatch):
    store, writer, clock, book = world
    good = saved(book, store, ident="al_good")
    saved(book, store, ident="al_bad", rule=f"{OI} > 77")
    saved(book, store, ident="al_old", rule="positioning.no_longer@5m > 1")
    append(writer, clock, list(range(1, 40)), square)
    watch = Watch(store, book)
    whole = watch._together

    def failing(asset, moments, tasks):
        if any(task.alert.id == "al_bad" for task in tasks):
            raise RuntimeError("not this one")
        return whole(asset, moments, tasks)

    monkeypatch.setattr(watch, "_together", failing)
    assert watch.advance() == len(squares(40))
    assert told(book, good.id) == squares(40)
    assert book.progress()["al_bad", "BTC"].upto < START + MINUTE
    assert "cannot be read any more" in book.disabled("al_old")


def test_older_than_a_day_is_not_made_up_for(world):
    store, writer, clock, book = world
    alert = saved(book, store, since=START)
    append(writer, clock, list(range(1, 12)), square)
    far = MISSED_US // MINUTE + 600
    append(writer, clock, [far], lambda m: 150.0)
    watch = Watch(store, book)
    for _ in range(10):
        watch.advance()
    assert told(book, alert.id) == [far]
    assert book.progress()[alert.id, "BTC"].upto == START + far * MINUTE


def test_the_past_says_how_coarse_it_looked(world):
    store: Store
    store, writer, clock, _ = world
    append(writer, clock, list(range(1, 12_000, 1)), square)
    checked = parsed(spec_of(rule=HIGH))
    past = held_against(store, checked)
    assert past.step_s == 300
    assert "looked at every 300 s" in past.text
    fine = held_against(store, checked, oldest=int(store.head()) - 619 * MINUTE)
    assert fine.step_s == 60
    assert fine.fired == len(squares(12_000)) - len(squares(12_000 - 619))
