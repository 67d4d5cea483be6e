"""What a caller may do with alerts. Another owner's alert is the same as none."""

from __future__ import annotations

import secrets

import msgspec

from tideline.domain.time import DAY, Clock, format_time
from tideline.serve import entitlement
from tideline.serve.alerts.alert import Alert, AlertSpec, Checked, addresses_of, check_spec, parsed
from tideline.serve.alerts.book import Book
from tideline.serve.alerts.delivery import Delivery
from tideline.serve.alerts.message import trial_event
from tideline.serve.alerts.past import Past, on_the_past, span_of
from tideline.serve.alerts.signing import new_secret
from tideline.serve.caller import Caller
from tideline.serve.cost import Ask, check_cost, cost_of
from tideline.serve.refusals import NotThere, TooMany
from tideline.settings import Plan
from tideline.store import Store
from tideline.store.ruling import tracks_of

DAY_S = 86_400
CHOSEN_BY = "positioning.oi_usdtm_coin"
"""What every reading reads, to see which groups may speak; it shows none of it."""


class Delivered(msgspec.Struct, frozen=True):
    """One event and how its delivery stands: pending, sending, sent or dead."""

    event: str
    as_of: str
    state: str
    attempts: int
    note: str


class ChannelView(msgspec.Struct, frozen=True):
    """A channel as it is shown: the address is a secret, of which the beginning is enough."""

    kind: str
    url: str
    disabled: str | None


class AlertView(msgspec.Struct, frozen=True):
    """An alert as its owner sees it. ``secret`` and ``past`` only when it is made."""

    id: str
    created: str
    name: str
    rule: str
    until: str | None
    assets: list[str]
    cooldown_s: int
    every_s: int
    channel: ChannelView
    secret: str | None = None
    past: Past | None = None
    events: list[Delivered] | None = None


class Trial(msgspec.Struct, frozen=True):
    """What came of a message sent to try a channel."""

    taken: bool
    note: str


class Desk:
    """Alerts of one store. Methods that read the store block: call them in a thread."""

    def __init__(
        self, store: Store, book: Book, delivery: Delivery, clock: Clock, *, anywhere: bool = False
    ) -> None:
        self._store, self._book, self._delivery = store, book, delivery
        self._clock, self._anywhere = clock, anywhere

    def past(self, caller: Caller, spec: AlertSpec) -> Past:
        """How the rule would have fared; nothing is saved.

        Raises:
            BadRule, UnknownName, BadInput, NotEntitled.
        """
        return past_of(self._store, caller, spec, anywhere=self._anywhere)

    def create(self, caller: Caller, spec: AlertSpec) -> AlertView:
        """Check it, test it against the past, save it.

        Raises:
            BadRule, UnknownName, BadInput, NotEntitled; TooMany: the plan's number of alerts.
        """
        past = past_of(self._store, caller, spec, anywhere=self._anywhere)
        now = int(self._clock.now())
        alert = Alert(
            "al_" + secrets.token_hex(12), caller.owner, caller.plan.name, now, spec, new_secret()
        )
        if not self._book.add(alert, caller.plan.alerts, int(self._store.head())):
            raise TooMany(f"plan {caller.plan.name} has {caller.plan.alerts} alerts", DAY_S)
        return self._view(alert, secret=alert.secret, past=past)

    def mine(self, caller: Caller) -> list[AlertView]:
        """The caller's alerts, oldest first."""
        return [self._view(alert) for alert in self._book.alerts(caller.owner)]

    def get(self, caller: Caller, alert: str) -> AlertView:
        """One of the caller's alerts and its newest events.

        Raises:
            NotThere: no such alert, or somebody else's.
        """
        found = self._own(caller, alert)
        events = [
            Delivered(told.event, format_time(told.as_of), told.state, told.attempts, told.note)
            for told in self._book.told(alert)
        ]
        return self._view(found, events=events)

    def delete(self, caller: Caller, alert: str) -> None:
        """Forget it, with what of it was still to be told.

        Raises:
            NotThere.
        """
        self._book.remove(self._own(caller, alert).id)

    async def trial(self, caller: Caller, alert: str) -> Trial:
        """Send a message that says it is a test; if it is taken, the channel is on again.

        Raises:
            NotThere.
        """
        found = self._own(caller, alert)
        event = trial_event(found, parsed(found.spec), int(self._clock.now()))
        outcome = await self._delivery.trial(found, event)
        return Trial(outcome.taken, outcome.note)

    def _own(self, caller: Caller, alert: str) -> Alert:
        found = self._book.alert(alert)
        if found is None or found.owner != caller.owner:
            raise NotThere("alert")
        return found

    def _view(
        self, alert: Alert, *, secret: str | None = None, past: Past | None = None,
        events: list[Delivered] | None = None,
    ) -> AlertView:  # fmt: skip
        spec = alert.spec
        channel = ChannelView(
            spec.channel.kind, shown(spec.channel.url), self._book.disabled(alert.id) or None
        )
        return AlertView(
            alert.id, format_time(alert.created), spec.name, spec.rule, spec.until or None,
            spec.assets, spec.cooldown_s, spec.every_s, channel, secret, past, events,
        )  # fmt: skip


def past_of(store: Store, caller: Caller, spec: AlertSpec, *, anywhere: bool = False) -> Past:
    """The spec held against the catalogue and the caller's plan, then tested on the past.

    Raises:
        BadRule, UnknownName, BadInput, NotEntitled; TooExpensive: the past would cost too much.
    """
    checked = check_spec(spec, store.assets(), anywhere=anywhere)
    addresses = addresses_of(checked)
    entitlement.require(caller.plan, addresses=addresses)
    head, days = int(store.head()), caller.plan.history_days
    span = span_of(store, checked, head, None if days is None else head - days * DAY)
    asks = [Ask(name, span.size, span.first, head) for name in spec.assets]
    read = (*addresses, *(f"{CHOSEN_BY}@{window}:rate" for _, window in tracks_of(checked.rules)))
    check_cost(caller.plan, cost_of(store.log, asks, read, columns=False, told=False))
    return on_the_past(store, checked, span)


def still_allowed(alert: Alert, checked: Checked, plans: dict[str, Plan]) -> bool:
    """Does the plan it was made with still allow what it asks?"""
    plan = plans.get(alert.plan)
    return plan is not None and all(entitlement.allowed(plan, a) for a in addresses_of(checked))


def shown(url: str) -> str:
    """Scheme and host of a channel; the rest may be a password."""
    scheme, _, rest = url.partition("://")
    if scheme in ("https", "http"):
        return f"{scheme}://{rest.partition('/')[0].partition('?')[0]}/…"
    return f"{url.partition(':')[0]}:…"
