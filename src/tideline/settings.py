"""Settings: one frozen table, each with its unit in the name, its default and a line of help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from tideline.domain.errors import BadInput, UnknownName


def _setting(default: Any, env: str, text: str, most: int = 0) -> Any:
    return field(default=default, metadata={"env": env, "help": text, "most": most})


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set from outside. Read once, handed down, never changed at run time."""

    store: str = _setting("./tideline-store", "TIDELINE_STORE", "directory of the store")
    window: str = _setting("45m", "TIDELINE_WINDOW", "window of readings")
    threads: int = _setting(
        1, "TIDELINE_THREADS", "threads of a batch; answers do not depend on it", 1024
    )
    host: str = _setting("127.0.0.1", "TIDELINE_HOST", "address to serve on")
    port: int = _setting(8787, "TIDELINE_PORT", "port to serve on", 65_535)
    workers: int = _setting(1, "TIDELINE_WORKERS", "processes that serve one store", 256)
    mail: str = _setting("none", "TIDELINE_MAIL", "Apprise address of the mail server of alerts")


class Line(NamedTuple):
    """One printed line of the table."""

    name: str
    env: str
    default: str
    help: str


def lines() -> tuple[Line, ...]:
    """The table as printed by the docs."""
    return tuple(
        Line(item.name, item.metadata["env"], str(item.default), item.metadata["help"])
        for item in fields(Settings)
    )


def from_environment(environment: Mapping[str, str]) -> Settings:
    """Settings with what the environment gives.

    Raises:
        BadInput: a number is expected and something else was given.
    """
    given: dict[str, Any] = {}
    for item in fields(Settings):
        text = environment.get(item.metadata["env"])
        if not text:
            continue
        most = item.metadata["most"]
        given[item.name] = _number(item.metadata["env"], text, most) if most else text
    return Settings(**given)


def _number(name: str, text: str, most: int) -> int:
    if not text.isdecimal() or len(text) > 9 or not 1 <= int(text) <= most:
        raise BadInput(name, text, f"is not a number from 1 to {most}", "1")
    return int(text)


EVERY = "*"
"""In a plan: all there is."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a key may ask. Edit the table below; a key carries the name alone.

    Attributes:
        signals: exact names, or ``category.*``, or ``*``.
        windows, transforms: names of the address grammar, or ``*``.
        history_days: how far before the head an as_of may lie; None: all there is.
        requests_per_minute: steady rate of an owner, over all keys of this plan; 0: no limit.
        streams: open streams of an owner at a time, likewise, over all worker processes.
        alerts: alert rules of an owner, likewise.
        cost_limit: largest cost of one question (:mod:`tideline.serve.cost`), about µs of a core.
        metrics: may read the service's own counters.
    """

    name: str
    signals: tuple[str, ...]
    windows: tuple[str, ...]
    transforms: tuple[str, ...]
    history_days: int | None
    requests_per_minute: int
    streams: int
    alerts: int
    cost_limit: int
    metrics: bool = False


_FREE = ("positioning.oi_usdtm", "funding.funding_avg", "price.ret")
_CORE = ("positioning.*", "funding.*", "price.*")
_INTRADAY = ("5m", "15m", "30m", "45m", "1h")
_ALL_BUT_1S = ("5s", "15s", "30s", "1m", *_INTRADAY, "2h", "4h", "12h", "24h")

PLANS: tuple[Plan, ...] = (
    Plan("discover", _FREE, ("1h",), ("level",), 7, 60, 1, 1, 50_000),
    Plan("signal", _CORE, _INTRADAY, (EVERY,), 90, 600, 5, 20, 500_000),
    Plan("edge", _CORE, _ALL_BUT_1S, (EVERY,), 730, 3_000, 20, 100, 1_000_000),
    Plan("quant", (EVERY,), (EVERY,), (EVERY,), None, 30_000, 100, 1_000, 2_000_000, metrics=True),
)
"""From the smallest to the largest: a refusal names the first that would allow what was asked."""


def plan_named(name: str, plans: tuple[Plan, ...] = PLANS) -> Plan:
    """The plan of that name.

    Raises:
        UnknownName: there is none.
    """
    for plan in plans:
        if plan.name == name:
            return plan
    raise UnknownName("plan", name, [plan.name for plan in plans])
