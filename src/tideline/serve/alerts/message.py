"""What is told: one JSON body for webhooks, one sentence for people."""

from __future__ import annotations

import msgspec

from tideline.domain.time import format_time
from tideline.features.rule import features_of
from tideline.serve.alerts.alert import Alert, Checked, described
from tideline.store import Store
from tideline.store.ruling import readings_at, tracks_of


class Event(msgspec.Struct, frozen=True):
    """One time a rule became true for one asset. ``id`` is the same however often it is sent."""

    id: str
    alert: str
    name: str
    asset: str
    as_of: str
    rule: str
    values: dict[str, float | None]
    readings: dict[str, str]
    simulated: bool
    text: str


def event_id(alert: str, asset: str, as_of: int) -> str:
    """The name of an event: evaluated again, it is the same."""
    return f"{alert}:{asset}:{as_of}"


def make_event(
    store: Store, alert: Alert, checked: Checked, asset: str, as_of: int, *, simulated: bool
) -> Event:
    """The event with the numbers it rests on, as known at its moment."""
    names = list(dict.fromkeys(name for rule in checked.rules for name in features_of(rule)))
    values: dict[str, float | None] = {}
    if names:
        row = store.historical(asset=asset, as_of=as_of, features=names).row(0, named=True)
        values = {name: row[name] for name in names}
    tracks = tracks_of(checked.rules)
    told = readings_at(store, asset, as_of, tracks) if tracks else {}
    readings = {
        f"{rule}@{window}": f"{said.name} ({said.severity}): {said.because}"
        for (rule, window), said in told.items()
    }
    stamp = format_time(as_of)
    return Event(
        id=event_id(alert.id, asset, as_of),
        alert=alert.id,
        name=alert.spec.name,
        asset=asset,
        as_of=stamp,
        rule=described(checked),
        values=values,
        readings=readings,
        simulated=simulated,
        text=_sentence(asset, stamp, described(checked), values, readings, simulated),
    )


def trial_event(alert: Alert, checked: Checked, now: int) -> Event:
    """A message that says it is only a test."""
    stamp = format_time(now)
    text = f"A test of the channel of alert {alert.id}: {described(checked)}. Nothing happened."
    return Event(
        f"{alert.id}:test:{now}", alert.id, alert.spec.name, alert.spec.assets[0], stamp,
        described(checked), {}, {}, False, text,
    )  # fmt: skip


def title_of(event: Event) -> str:
    """The subject line."""
    return f"tideline: {event.asset} {event.name}".strip()


def _sentence(
    asset: str, stamp: str, rule: str, values: dict[str, float | None], readings: dict[str, str],
    simulated: bool,
) -> str:  # fmt: skip
    shown = [f"{name} = {'null' if v is None else f'{v:.6g}'}" for name, v in values.items()]
    shown += [f"{name} = {said}" for name, said in readings.items()]
    head = "SIMULATED. " if simulated else ""
    return f"{head}{asset} at {stamp}: {rule} became true. {'; '.join(shown)}"
