"""What a caller may do with alerts, and that another owner's are not there (fault 56, 57, 58)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from tests.serve.alerts.stores import HIGH, append, new_store, spec, square
from tideline.domain.errors import BadInput, BadRule, UnknownName
from tideline.serve.alerts.alert import AlertSpec, Channel
from tideline.serve.alerts.book import FILE, Book
from tideline.serve.alerts.delivery import Delivery
from tideline.serve.alerts.desk import Desk, shown
from tideline.serve.alerts.webhook import Webhooks
from tideline.serve.caller import Caller
from tideline.serve.refusals import NotEntitled, NotThere, TooMany
from tideline.settings import plan_named
from tideline.store import open_store

ANNE, BOB = Caller("anne", plan_named("quant")), Caller("bob", plan_named("quant"))
FREE = Caller("carl", plan_named("discover"))


@pytest.fixture
def desk(tmp_path: Path):
    log, writer, clock = new_store(tmp_path / "store")
    append(writer, clock, list(range(1, 60)), square)
    book = Book(tmp_path / "serve")
    with open_store(tmp_path / "store", clock) as store:
        yield Desk(store, book, Delivery(book, Webhooks(), clock), clock)
    book.close()
    writer.close()
    log.close()


def test_an_alert_is_tested_on_the_past_saved_and_read_back(desk):
    made = desk.create(ANNE, spec(name="high"))
    assert made.past is not None
    assert made.past.text.startswith("would have fired 3 times")
    assert made.secret is not None
    assert made.channel.url == "https://hooks.example.com/…"
    assert [one.id for one in desk.mine(ANNE)] == [made.id]
    read = desk.get(ANNE, made.id)
    assert (read.secret, read.past, read.events) == (None, None, [])
    assert made.secret.encode() not in msgspec.json.encode([read, desk.mine(ANNE)])
    desk.delete(ANNE, made.id)
    assert desk.mine(ANNE) == []


def test_asking_the_past_saves_nothing(desk):
    assert desk.past(ANNE, spec()).fired == 3
    assert desk.mine(ANNE) == []


def test_another_owners_alert_is_not_there(desk):
    made = desk.create(ANNE, spec())
    assert desk.mine(BOB) == []
    for ask in (
        lambda who: desk.get(who, made.id),
        lambda who: desk.delete(who, made.id),
        lambda who: asyncio.run(desk.trial(who, made.id)),
    ):
        with pytest.raises(NotThere) as others:
            ask(BOB)
        with pytest.raises(NotThere) as none:
            desk.get(BOB, "al_none")
        assert str(others.value) == str(none.value)
    assert desk.get(ANNE, made.id).id == made.id


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"rule": "price.rett@1h > 0"}, BadRule),
        ({"until": "price.ret@1h >"}, BadRule),
        ({"assets": ["BTX"]}, UnknownName),
        ({"assets": []}, BadInput),
        ({"assets": ["BTC", "BTC"]}, BadInput),
        ({"every_s": 4}, BadInput),
        ({"cooldown_s": -1}, BadInput),
        ({"rule": "price_oi@45m == balanced", "every_s": 59}, BadInput),
        ({"name": "a\nb"}, BadInput),
        ({"channel": Channel("pigeon", "x")}, UnknownName),
        ({"channel": Channel("webhook", "http://169.254.169.254/")}, BadInput),
        ({"channel": Channel("apprise", "json://10.0.0.1/")}, UnknownName),
        ({"rule": "price_oi@1m == balanced"}, BadRule),
    ],
)
def test_what_cannot_be_used_is_refused_before_it_is_saved(desk, given, error):
    with pytest.raises(error):
        desk.create(ANNE, spec(**given))
    assert desk.mine(ANNE) == []


def test_a_plan_allows_what_it_allows(desk):
    for rule in (HIGH, "price_oi@1h == balanced", "R6@24h == structural"):
        with pytest.raises(NotEntitled) as caught:
            desk.create(FREE, spec(rule=rule))
        assert caught.value.unlocked_by is not None
        with pytest.raises(NotEntitled):
            desk.past(FREE, spec(rule=rule))
    free = spec(rule="price.ret@1h > 0 or positioning.oi_usdtm@1h > 0")
    desk.create(FREE, free)
    with pytest.raises(TooMany, match="discover has 1 alerts"):
        desk.create(FREE, free)


@pytest.mark.parametrize("extra", ["owner", "id", "secret", "plan"])
def test_nobody_sets_what_is_not_theirs_to_set(extra):
    """Mass assignment (fault 57)."""
    body = msgspec.to_builtins(spec())
    assert msgspec.convert(body, AlertSpec) == spec()
    with pytest.raises(msgspec.ValidationError, match=extra):
        msgspec.convert({**body, extra: "x"}, AlertSpec)


def test_the_book_is_the_owners_alone_to_read(desk, tmp_path):
    assert (tmp_path / "serve" / FILE).stat().st_mode & 0o077 == 0


def test_an_address_is_shown_without_its_secrets():
    assert shown("https://hooks.example.com/services/T00/B00/secret?x=1") == (
        "https://hooks.example.com/…"
    )
    assert shown("https://hooks.example.com?token=secret") == "https://hooks.example.com/…"
    assert shown("tgram://123:token/chat") == "tgram:…"
    assert shown("mailto:a@b.com") == "mailto:…"
