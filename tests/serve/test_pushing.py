"""Streams and alerts as a service has them: wired, running, and only for owners who still exist."""

from __future__ import annotations

import asyncio
import io
from functools import partial
from pathlib import Path

import msgspec

from tests.serve.alerts.receiver import Receiver
from tests.serve.alerts.stores import HIGH, OI, append, new_store, spec, square
from tests.serve.stream.fakes import until
from tideline.domain.time import ManualClock, WallClock
from tideline.serve.alerts.alert import Alert, Channel, parsed
from tideline.serve.alerts.eyes import live_eyes
from tideline.serve.buckets import Buckets
from tideline.serve.caller import local_caller
from tideline.serve.gate import Gate
from tideline.serve.keys.ring import KeyRing
from tideline.serve.logs import JsonLogger
from tideline.serve.pushing import OWNERS_EVERY_S, Allowed
from tideline.serve.service import Options, open_service
from tideline.settings import PLANS, plan_named
from tideline.store.ruling import numbers_at


def test_an_alert_goes_from_the_log_to_its_webhook(tmp_path: Path):
    """Nothing but the service: its keeper evaluates and delivers while rows come in."""
    log, writer, clock = new_store(tmp_path / "store")
    service = open_service(
        Options(store=tmp_path / "store"), clock, JsonLogger(clock, io.StringIO())
    )
    caller = local_caller(plan_named("quant"))
    service.start()

    async def main():
        async with Receiver().serving() as receiver, service.pushing.running():
            hook = Channel("webhook", receiver.url)
            made = service.pushing.alerts.create(caller, spec(channel=hook, name="high"))
            await asyncio.to_thread(append, writer, clock, list(range(1, 32)), square)
            await until(lambda: len(receiver.came) == 2, 20)
            trial = await service.pushing.alerts.trial(caller, made.id)
            return receiver.came, trial, service.pushing.alerts.get(caller, made.id)

    came, trial, view = asyncio.run(main())
    service.stop()
    writer.close()
    log.close()
    bodies = [msgspec.json.decode(body) for _, body in came]
    assert {body["name"] for body in bodies} == {"high"}
    assert trial.taken
    assert [event.state for event in view.events or []] == ["sent", "sent"]
    assert bodies[2]["text"].startswith("A test of the channel")


def test_the_rows_in_memory_say_what_the_log_says(tmp_path: Path):
    """Moment by moment while rows come in, a little behind the head, as the watch looks."""
    log, writer, clock = new_store(tmp_path / "store")
    options = Options(store=tmp_path / "store")
    service = open_service(options, clock, JsonLogger(clock, io.StringIO()))
    features = [OI, "positioning.oi_usdtm_coin@5m:delta", "positioning.oi_usdtm_coin@1m:zscore[5]"]
    from_log = partial(numbers_at, service.store)
    eyes = live_eyes(lambda: service.follower.head, service.live, from_log)
    numbers = 0
    for minute in range(1, 60):
        append(writer, clock, [minute], square)
        service.follower.step()
        moments = [eyes.head() - k * 20_000_000 for k in (3, 2, 1, 0)]
        assert eyes.numbers_of is not None
        seen, wanted = eyes.numbers_of("BTC", moments, features), from_log("BTC", moments, features)
        for name in features:
            assert list(seen[name]) == list(wanted[name]), (minute, name)
            numbers += sum(value is not None for value in seen[name])
    assert numbers > 500
    service.stop()
    writer.close()
    log.close()


def test_alerts_of_an_owner_without_a_valid_key_are_not_evaluated(tmp_path: Path):
    clock = ManualClock(WallClock().now())
    ring = KeyRing(tmp_path / "keys.sqlite", clock)
    key, _ = ring.create("anne", "quant")
    gate = Gate(ring, Buckets(clock), None)
    allowed = Allowed(gate, PLANS, clock)
    checked = parsed(spec())
    anne = Alert("al_1", "anne", "quant", 0, spec(), "s")
    assert allowed(anne, checked)
    assert not allowed(Alert("al_2", "bob", "quant", 0, spec(), "s"), checked)
    ring.revoke(key.prefix)
    clock.advance(round(OWNERS_EVERY_S * 1_000_000))
    assert not allowed(anne, checked)
    ring.close()


def test_a_plan_that_lost_what_an_alert_asks_stops_it(tmp_path: Path):
    gate = Gate(None, Buckets(WallClock()), None)
    checked = parsed(spec(rule=HIGH))
    for plan, wanted in (("quant", True), ("discover", False), ("gone", False)):
        alert = Alert("al_1", "local", plan, 0, spec(), "s")
        assert Allowed(gate, PLANS, WallClock())(alert, checked) is wanted
