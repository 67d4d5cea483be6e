"""What an owner asks for: a rule, its assets, how often it is looked at, and where to tell."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from tideline.domain.errors import BadInput, UnknownName
from tideline.features.rule import Rule, features_of, print_rule
from tideline.serve.alerts.apprised import check_apprise
from tideline.serve.alerts.destination import check_url
from tideline.serve.readings import track_addresses
from tideline.store.ruling import read_rule, tracks_of

KINDS: Final = ("webhook", "apprise")
EVERY_S: Final = (5, 3_600)
READ_EVERY_S: Final = 60
"""A rule that asks a reading is not looked at more often: a reading costs milliseconds."""
COOLDOWN_S: Final = (0, 7 * 86_400)
MOST_ASSETS: Final = 50
MOST_NAME: Final = 80


class Channel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where an alert is delivered. ``kind`` webhook: an https address that gets a signed POST.
    ``kind`` apprise: an Apprise address of a messenger, e.g. ``tgram://token/chat``."""

    kind: str
    url: str


class AlertSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a request for an alert.

    Attributes:
        rule: fires when it becomes true.
        assets: each is watched on its own.
        channel: where it is delivered.
        until: it has to be true before ``rule`` may fire again (hysteresis); empty: that ``rule``
            is false.
        cooldown_s: at least so long between two messages for one asset.
        every_s: the rule is evaluated at every multiple of it, UTC.
        name: free text, in every message.
    """

    rule: str
    assets: list[str]
    channel: Channel
    until: str = ""
    cooldown_s: int = 900
    every_s: int = 60
    name: str = ""


class Alert(msgspec.Struct, frozen=True):
    """A saved alert. ``secret`` signs its webhooks; ``plan`` is the owner's when it was made."""

    id: str
    owner: str
    plan: str
    created: int
    spec: AlertSpec
    secret: str


class Checked(msgspec.Struct, frozen=True):
    """A spec that can be evaluated: its rules, parsed."""

    spec: AlertSpec
    rule: Rule
    until: Rule | None

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rule, and what ends it where that is another one."""
        return (self.rule,) if self.until is None else (self.rule, self.until)


def check_spec(spec: AlertSpec, known_assets: Iterable[str], *, anywhere: bool = False) -> Checked:
    """Read the rules and hold every field against what it may be.

    Args:
        known_assets: the assets of the store.
        anywhere: the owner is the operator: channels of this machine and network are allowed.

    Raises:
        BadRule, UnknownName, BadInput: names the field and the nearest valid choice.
    """
    _check_numbers(spec)
    known = set(known_assets)
    if not 1 <= len(spec.assets) <= MOST_ASSETS:
        raise BadInput("assets", len(spec.assets), f"are not 1 to {MOST_ASSETS} names")
    for name in spec.assets:
        if name not in known:
            raise UnknownName("assets", name, known)
    if len(set(spec.assets)) < len(spec.assets):
        raise BadInput("assets", ", ".join(spec.assets), "name one twice")
    checked = parsed(spec)
    if tracks_of(checked.rules) and spec.every_s < READ_EVERY_S:
        problem = "is too often for a rule that asks a reading"
        raise BadInput("every_s", spec.every_s, problem, str(READ_EVERY_S))
    check_channel(spec.channel, anywhere=anywhere)
    return checked


def parsed(spec: AlertSpec) -> Checked:
    """The spec with its rules read."""
    until = read_rule(spec.until) if spec.until.strip() else None
    return Checked(spec, read_rule(spec.rule), until)


def check_channel(channel: Channel, *, anywhere: bool = False) -> None:
    """Is it a channel that may be used?

    Raises:
        BadInput, UnknownName: the field and why.
    """
    if channel.kind not in KINDS:
        raise UnknownName("channel.kind", channel.kind, KINDS)
    if channel.kind == "webhook":
        check_url(channel.url, anywhere=anywhere)
    else:
        check_apprise(channel.url, anywhere=anywhere)


def addresses_of(checked: Checked) -> tuple[str, ...]:
    """Every feature address an alert rests on, those of its readings included."""
    found: list[str] = []
    for rule in checked.rules:
        found += features_of(rule)
    for track in tracks_of(checked.rules):
        found += track_addresses(track)
    return tuple(dict.fromkeys(found))


def described(checked: Checked) -> str:
    """The rule as it was understood."""
    text = print_rule(checked.rule)
    return text if checked.until is None else f"{text}, until {print_rule(checked.until)}"


def _check_numbers(spec: AlertSpec) -> None:
    bounds = (("every_s", spec.every_s, EVERY_S), ("cooldown_s", spec.cooldown_s, COOLDOWN_S))
    for field, value, (low, high) in bounds:
        if not low <= value <= high:
            near = str(min(max(value, low), high))
            raise BadInput(field, value, f"is not {low} to {high} seconds", near)
    if len(spec.name) > MOST_NAME or not spec.name.isprintable():
        raise BadInput("name", spec.name[:MOST_NAME], f"is not {MOST_NAME} printable characters")
