"""The calls of alerts: rules that are watched, tried on the past, and their events."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict
from urllib.parse import quote

import polars as pl

from tideline.client.calls import Call, named, plain, timed

NOWHERE = "https://example.com/"
"""The channel of a rule that is only tried: nothing is sent."""


class RuleOptions(TypedDict, total=False):
    """What may be left out of an alert. ``until``: hysteresis; ``cooldown_s``, ``every_s``:
    seconds; ``name``: your words, in every message."""

    until: str
    cooldown_s: int
    every_s: int
    name: str


def create_alert(
    rule: str,
    assets: str | Sequence[str],
    channel: str | Mapping[str, str],
    options: RuleOptions,
) -> Call[dict[str, Any]]:
    """The saved alert, with its secret, which is shown this once, and its past."""
    return Call("POST", "/v1/alerts", plain, body=_spec(rule, assets, channel, options))


def try_rule(rule: str, assets: str | Sequence[str], options: RuleOptions) -> Call[dict[str, Any]]:
    """How often it would have fired; nothing is saved."""
    return Call("POST", "/v1/alerts/test", plain, body=_spec(rule, assets, NOWHERE, options))


def alerts() -> Call[pl.DataFrame]:
    """One row for each alert, oldest first."""
    return Call("GET", "/v1/alerts", _listed)


def alert(alert_id: str) -> Call[dict[str, Any]]:
    """One of them, as it stands in the interface."""
    return Call("GET", _path(alert_id), plain)


def alert_events(alert_id: str) -> Call[pl.DataFrame]:
    """One row for each of its newest events and how its delivery stands."""
    return Call("GET", _path(alert_id), named("events"))


def try_channel(alert_id: str) -> Call[dict[str, Any]]:
    """Whether the channel took a message that says it is a test."""
    return Call("POST", f"{_path(alert_id)}/test", plain)


def delete_alert(alert_id: str) -> Call[None]:
    """It is forgotten."""
    return Call("DELETE", _path(alert_id), lambda _: None)


def _path(alert_id: str) -> str:
    return f"/v1/alerts/{quote(alert_id, safe='')}"


def _spec(
    rule: str,
    assets: str | Sequence[str],
    channel: str | Mapping[str, str],
    options: Mapping[str, object],
) -> bytes:
    if isinstance(channel, str):
        web = channel.startswith(("https://", "http://"))
        channel = {"kind": "webhook" if web else "apprise", "url": channel}
    chosen = [assets] if isinstance(assets, str) else list(assets)
    return json.dumps(
        {"rule": rule, "assets": chosen, "channel": dict(channel), **options}
    ).encode()


def _listed(body: bytes) -> pl.DataFrame:
    return timed(pl.DataFrame(json.loads(body), infer_schema_length=None))
